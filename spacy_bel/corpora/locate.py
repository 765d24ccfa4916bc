"""Finding an annotated mention in its text where the offsets are wrong."""

from __future__ import annotations

import re
from pathlib import Path

from spacy_bel.corpora.document import GoldMention
from spacy_bel.corpora.gold import GoldMode
from spacy_bel.corpora.report import ReadReport, Repair

WINDOW = 50
"""How far from its offsets an annotated text is looked for, in characters."""


def locate(text: str, start: int, end: int, expected: str) -> tuple[int, int, Repair | None] | None:
    """Where a mention lies in its document.

    In this order: the annotated text at the offsets; the annotated text overlapping them; text
    at the offsets that differs in case, spacing or punctuation only; the nearest occurrence of
    the annotated text within ``WINDOW`` characters, in any case; whatever the offsets hold.

    Args:
        text: The document.
        start: Annotated offset, in characters.
        end: Annotated offset behind the mention.
        expected: The annotated text; empty where the corpus gives offsets alone.

    Returns:
        Start, end, and what was repaired (None for nothing); None where neither the offsets nor
        the annotated text lead to a mention.
    """
    found = text[start:end] if 0 <= start < end <= len(text) else ""
    core, wanted = found.strip(), expected.strip()
    trimmed = start + len(found) - len(found.lstrip())
    if core and wanted in (core, ""):
        return trimmed, trimmed + len(core), None if core == found else "trimmed"
    near = _nearest(text, start, wanted) if wanted else None  # nothing is everywhere
    if near is not None and abs(near - start) < len(wanted):
        return near, near + len(wanted), "moved"
    if core and _letters(core) == _letters(wanted) != "":
        return trimmed, trimmed + len(core), "respelled"
    if near is not None:
        return near, near + len(wanted), "moved"
    return (trimmed, trimmed + len(core), "unmatched") if core else None


def place_mention(
    text: str,
    offsets: tuple[int, int],
    expected: str,
    label: str,
    gold: tuple[tuple[str, ...], GoldMode],
    *,
    path: Path,
    line: int,
    report: ReadReport,
) -> GoldMention | None:
    """A mention at its true place, with any repair reported.

    Args:
        text: The document.
        offsets: Annotated start and end, in characters.
        expected: The annotated text.
        label: The mention's type.
        gold: Its identifiers and how they belong together.
        path: The file that annotates the mention.
        line: The line that does.
        report: Where repairs and mentions without a place are counted.

    Returns:
        The mention; None for one without a place, which is counted as a malformed line.

    Raises:
        BelError: There are too many malformed lines.
    """
    place = locate(text, *offsets, expected)
    if place is None:
        report.bad_line(
            path, line, f"no mention {expected!r} at {offsets} in a text of {len(text)} characters"
        )
        return None
    start, end, repair = place
    if repair is not None:
        report.repaired(path, line, repair, expected)
    return GoldMention(start, end, text[start:end], label, *gold)


def _nearest(text: str, start: int, wanted: str) -> int | None:
    low = max(0, start - WINDOW)
    high = max(0, start) + WINDOW + len(wanted)
    for flags in (re.NOFLAG, re.IGNORECASE):
        # A lookahead, so that occurrences may overlap.
        pattern = re.compile(f"(?={re.escape(wanted)})", flags)
        places = [low + match.start() for match in pattern.finditer(text[low:high])]
        if places:
            return min(places, key=lambda place: (abs(place - start), place))
    return None


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
