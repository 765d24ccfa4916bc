"""What the short forms of a document stand for, at every place in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Any

from spacy.tokens import Doc, Span

from spacy_bel.mentions.alignment import by_initials, fold
from spacy_bel.mentions.composites import split_composite
from spacy_bel.mentions.schwartz_hearst import (
    Abbreviation,
    brackets,
    definitions,
    find_abbreviations,
)

__all__ = [
    "Abbreviation",
    "AbbreviationMap",
    "document_expansions",
    "expansions",
    "find_abbreviations",
]

_WORD = re.compile(r"[^\s/,;()\[\]（）'’]+")
_REPEATED = re.compile(r"(?<!\S)(\S+(?:\s+\S+){0,2})\s+(\1s?)(?!\S)", re.IGNORECASE)


def expansions(found: Iterable[Abbreviation]) -> dict[str, str]:
    """The long form of each short form.

    Args:
        found: What a document defines.

    Returns:
        Short form to long form; of several definitions the first one counts.
        `AbbreviationMap` tells them apart by position.
    """
    longs: dict[str, str] = {}
    for definition in sorted(found, key=_position):
        longs.setdefault(definition.short, definition.long)
    return longs


class AbbreviationMap:
    """What a document's short forms stand for, at every place in the document.

    A definition holds from its own place on until the next definition of the same short form;
    the first one also holds for what precedes it.

    Args:
        found: What the document defines.
    """

    def __init__(self, found: Iterable[Abbreviation] = ()) -> None:
        self._starts: dict[str, list[int]] = {}
        self._longs: dict[str, list[str]] = {}
        for definition in sorted(found, key=_position):
            self._starts.setdefault(definition.short, []).append(definition.short_start)
            long = _own_part(definition.short, definition.long)
            self._longs.setdefault(definition.short, []).append(long)

    def __len__(self) -> int:
        """Number of distinct short forms."""
        return len(self._longs)

    def long_form(self, short: str, position: int = 0) -> str | None:
        """What a short form stands for.

        Args:
            short: The short form, or its plural with an s, in the document's own spelling.
            position: Where it stands in the document, in characters.

        Returns:
            The long form; None for what the document does not define.
        """
        singular = short[:-1] if len(short) > 2 and short[-1] == "s" else short
        for form in (short, singular, f"{short}s"):
            if form in self._longs:
                index = bisect_right(self._starts[form], position) - 1
                return self._longs[form][max(index, 0)]
        return None

    def expand(self, mention: str, position: int = 0) -> str:
        """The text to look up for a mention.

        Args:
            mention: The mention's text: a short form (``APC``), one with other words around it
                (``sporadic APC tumours``, ``DMD/BMD``), or a long form with its definition
                (``ataxia-telangiectasia (A-T)``).
            position: Where the mention starts in the document, in characters.

        Returns:
            The mention with its short forms written out; the mention itself where it has none.
        """
        long = self.long_form(mention, position)
        if long is not None:
            return long
        text = self._without_definitions(mention, position)
        written = _WORD.sub(lambda word: self._expand_word(word.group(), position), text)
        # "VHL disease" would end in "disease disease".
        return text if written == text else _REPEATED.sub(r"\2", written)

    def _expand_word(self, word: str, position: int) -> str:
        """A word with the short form that it is, or has between hyphens, written out."""
        long = self.long_form(word, position)
        if long is not None or "-" not in word:
            return long or word
        return "-".join(self.long_form(part, position) or part for part in word.split("-"))

    def _without_definitions(self, mention: str, position: int) -> str:
        """A mention without the short forms that its own brackets define."""
        removed: list[tuple[int, int]] = []
        for definition, (opening, closing) in definitions(mention):
            if definition.short_start > opening:
                removed.append((opening, closing + 1))
            else:
                removed += [
                    (definition.short_start, definition.long_start),
                    (definition.long_end, closing + 1),
                ]
        for opening, closing in brackets(mention):
            if self.long_form(mention[opening + 1 : closing].strip(), position) is not None:
                removed.append((opening, closing + 1))
        if not removed:
            return mention
        kept: list[str] = []
        end = 0
        for start, stop in sorted(removed):
            kept.append(mention[end:start])
            end = max(end, stop)
        return " ".join(" ".join((*kept, mention[end:])).split()) or mention


def _own_part(short: str, long: str) -> str:
    """Of "Duchenne and Becker muscular dystrophy" the part that DMD alone stands for."""
    start = len(short) + 1
    for part in split_composite(long):
        folded = fold(f"{short} {part}")
        if by_initials(folded, (0, len(short)), (start, len(folded))) == start:
            return part
    return long


def document_expansions(doc: Doc) -> AbbreviationMap:
    """The short forms of a document.

    Where scispaCy's ``abbreviation_detector`` ran before (``doc._.abbreviations``, as spans
    or in its serialisable form), its definitions are taken; otherwise `find_abbreviations` runs.

    Args:
        doc: A document; it is not changed.

    Returns:
        What the short forms stand for.
    """
    entries = _detected(doc)
    read = [found for found in (_from_scispacy(doc, entry) for entry in entries) if found]
    # Another component may keep something else under this name: then it is not for us.
    if entries and len(read) == len(entries):
        return AbbreviationMap(read)
    return AbbreviationMap(find_abbreviations(doc.text))


def _detected(doc: Doc) -> list[object]:
    """What scispaCy's ``abbreviation_detector`` left in a document."""
    # Read as data: ``doc._.abbreviations`` would write its default into the document.
    user_data: dict[Any, Any] = doc.user_data
    entries = user_data.get(("._.", "abbreviations", None, None))
    return list(entries) if isinstance(entries, list | tuple) else []


def _from_scispacy(doc: Doc, entry: object) -> Abbreviation | None:
    """A definition from one entry of ``doc._.abbreviations``; None where it is no such entry."""
    if isinstance(entry, Span):
        long = entry._.long_form if Span.has_extension("long_form") else None
        return _from_spans(entry, long) if isinstance(long, Span) else None
    if not isinstance(entry, Mapping):
        return None
    keys = ("short_start", "short_end", "long_start", "long_end")
    tokens = [entry.get(key) for key in keys]
    if not all(isinstance(token, int) and 0 <= token <= len(doc) for token in tokens):
        return None
    return _from_spans(doc[tokens[0] : tokens[1]], doc[tokens[2] : tokens[3]])


def _from_spans(short: Span, long: Span) -> Abbreviation:
    offsets = (short.start_char, short.end_char, long.start_char, long.end_char)
    return Abbreviation(short.text, long.text, *offsets)


def _position(abbreviation: Abbreviation) -> int:
    return abbreviation.short_start
