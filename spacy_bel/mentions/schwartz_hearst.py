"""Finding the short forms that a text defines.

The method is that of Schwartz & Hearst (2003), "A simple algorithm for identifying abbreviation
definitions in biomedical text": a definition stands next to a bracket, and the long form has the
letters of the short form in order, the first one at the beginning of a word. Two alignments by
the initials of the words are added to theirs. Offsets are characters of the text throughout.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from spacy_bel.mentions.alignment import ALIGNMENTS, STOP_WORDS, Offsets, fold, in_order

_CLOSING = {")": "(", "]": "[", "）": "（"}
_BRACKET = re.compile(r"[()\[\]（）]")
_LONGEST_BRACKET = 200
_LONGEST_WINDOW = 300

# What separates a short form from other text in its bracket: "(HH; OMIM 235200)".
_SEPARATOR = re.compile(r"[;；，：]|[,:=]\s|\s(?:or|and|see|in)\s")
# What introduces a form in a bracket: "(abbreviated AT)", "(or HD)".
_CUE = re.compile(
    r"(?:(?:abbreviated|abbr\.?|i\.\s?e\.|e\.\s?g\.|also|hereafter|henceforth|known|called|termed"
    r"|designated|referred|to|as|or|the|an?|named)[\s,:]+)+",
    re.IGNORECASE,
)
_AROUND = " \t\r\n,;:\"'“”‘’`*"
_LAST_WORD = re.compile(r"([^\s\"“”‘’`*()\[\]（）]+)[\s\"'“”‘’`*]*$")
# What a short form ends with that is put together of two: "(TB-ALF)".
_LAST_PART = re.compile(r"(?<=[^\W\d_]-)[A-Z]{2,5}$")
_JOINT = re.compile(r"\s*(?:/|,|\band\b|\bor\b)\s*$")
_BOUNDARY = re.compile(r"[.!?][\"'”’)\]]*\s+(?=[-–(\[\"'“]*[^\W_a-z])|[。！？]|\n\s*\n")
# A full stop behind these ends no sentence, nor does one behind a single letter.
_ABBREVIATED = frozenset(
    re.findall(
        r"\S+",
        "al approx ca cf corp dept dr e.g eg eq et etc ex fig figs i.e ie inc incl jr ltd max min"
        " mr mrs ms no nos nr op p.o pp prof ref refs resp sec sp spp sr st subsp tab var viz vol"
        " vs",
    )
)


@dataclass(frozen=True, slots=True)
class Abbreviation:
    """One definition of a short form.

    Args:
        short: The short form, such as ``APC``.
        long: The long form, such as ``adenomatous polyposis coli``.
        short_start: Offset of the short form in the text, in characters.
        short_end: Offset behind the short form.
        long_start: Offset of the long form.
        long_end: Offset behind the long form.
    """

    short: str
    long: str
    short_start: int
    short_end: int
    long_start: int
    long_end: int


def find_abbreviations(text: str) -> list[Abbreviation]:
    """Find the definitions of short forms in a text.

    Both ``long (SHORT)`` and ``SHORT (long)`` are found, in round or square brackets, also
    where the bracket holds more, as in ``(SHORT; other text)``. A definition lies within one
    sentence. Of two readings of one short form at one place the inner bracket's counts.

    Args:
        text: A document.

    Returns:
        The definitions in the order of their short forms.
    """
    found: dict[int, Abbreviation] = {}
    for definition, _ in definitions(text):
        found.setdefault(definition.short_start, definition)
    return [found[start] for start in sorted(found)]


def definitions(text: str) -> Iterator[tuple[Abbreviation, Offsets]]:
    """Find definitions and the brackets that make them.

    Args:
        text: A document.

    Yields:
        A definition and the offsets of the opening and the closing bracket.
    """
    folded = fold(text)
    for opening, closing in brackets(text):
        if closing - opening <= _LONGEST_BRACKET:
            found = list(_short_inside(text, folded, opening, closing))
            for definition in found or _long_inside(text, folded, opening, closing):
                yield definition, (opening, closing)


def brackets(text: str) -> Iterator[Offsets]:
    """Find pairs of matching brackets.

    Args:
        text: Any text.

    Yields:
        Offsets of the opening and the closing bracket, inner pairs first.
    """
    stack: list[int] = []
    for match in _BRACKET.finditer(text):
        bracket = match.group()
        if bracket not in _CLOSING:
            stack.append(match.start())
        elif stack and text[stack[-1]] == _CLOSING[bracket]:
            yield stack.pop(), match.start()


def _short_inside(text: str, folded: str, opening: int, closing: int) -> Iterator[Abbreviation]:
    """The definition ``long (SHORT)``; of ``long/long (SHORT/SHORT)`` each one."""
    segments = _segments(text, opening + 1, closing)
    for whole in segments[:1]:
        yield from _last_part_inside(text, folded, whole, opening)
    # Last of all the first word alone, as in "(APC gene)".
    for start, end in segments[:1]:
        word = text[start:end].split(maxsplit=1)[0]
        segments += [(start, start + len(word))] if start + len(word) < end else []
    for start, end in segments:
        limit, found = opening, False
        # From the right: the last long form ends at the bracket, the one before it ends there
        # or before the last.
        for short in _shorts(text, start, end):
            long = _long_before(text, folded, short, limit)
            if long is None and limit < opening:
                long = _long_before(text, folded, short, opening)
            if long is not None:
                found, limit = True, _before_joint(text, long[0])
                yield _abbreviation(text, short, long)
        if found:
            return


def _last_part_inside(text: str, folded: str, short: Offsets, end: int) -> Iterator[Abbreviation]:
    """What ALF stands for in ``tuberculosis-associated acute liver failure (TB-ALF)``."""
    part = _LAST_PART.search(text, *short)
    long = _long_before(text, folded, part.span(), end) if part else None
    if part and long is not None:
        yield _abbreviation(text, part.span(), long)


def _before_joint(text: str, start: int) -> int:
    """Where the text before "and", "or" or a slash ends."""
    joint = _JOINT.search(text, max(start - 10, 0), start)
    return joint.start() if joint else start


def _long_inside(text: str, folded: str, opening: int, closing: int) -> Iterator[Abbreviation]:
    """The definition ``SHORT (long)``."""
    word = _LAST_WORD.search(text, max(opening - 30, 0), opening)
    if word is None or not _is_short_form(word[1]):
        return
    short = word.span(1)
    whole, *parts = _segments(text, opening + 1, closing) or [(closing, closing)]
    for start, end in (*parts, whole):
        if (
            len(text[start:end].split()) <= _most_words(len(word[1]))
            and in_order(folded, short, (start, end)) == start
            and _fits(text, short, (start, end))
        ):
            yield _abbreviation(text, short, (start, end))
            return


def _segments(text: str, start: int, end: int) -> list[Offsets]:
    """Offsets of a bracket's whole content, then of its parts, without what introduces them."""
    cuts = [cut.span() for cut in _SEPARATOR.finditer(text, start, end)]
    starts, ends = [start, *(cut[1] for cut in cuts)], [*(cut[0] for cut in cuts), end]
    segments = []
    for first, last in [(start, end), *zip(starts, ends, strict=True)]:
        cue = _CUE.match(text, first, last)
        bare_from = cue.end() if cue else first
        bare = text[bare_from:last].strip(_AROUND)
        if bare:
            bare_from = text.index(bare, bare_from)
            segments.append((bare_from, bare_from + len(bare)))
    return segments


def _shorts(text: str, start: int, end: int) -> list[Offsets]:
    """Offsets of the short forms that a segment of a bracket consists of, the last one first."""
    parts = [
        (start + part.start(), start + part.end())
        for part in re.finditer(r"[^/]+", text[start:end])
    ]
    if all(_is_short_form(text[slice(*part)]) for part in parts):
        return parts[::-1]
    return [(start, end)] if _is_short_form(text[start:end]) else []


def _is_short_form(form: str) -> bool:
    """Whether a text has the shape of a short form: 2 to 10 characters, at most two words."""
    return (
        2 <= len(form) <= 10
        and form[0].isalnum()
        and len(form.split()) <= 2
        and any(map(str.isalpha, form))
        # All in lower case it is a word, such as "rats".
        and any(not char.islower() for char in form if char.isalnum())
        and not _SEPARATOR.search(form)
        and not _BRACKET.search(form)
    )


def _most_words(length: int) -> int:
    """How many words the long form of a short form of this length may have."""
    return min(length + 5, 2 * length)


def _long_before(text: str, folded: str, short: Offsets, limit: int) -> Offsets | None:
    """Offsets of the long form that ends at a limit; None where there is none."""
    window = _window(text, limit, _most_words(short[1] - short[0]))
    # The plural s of "(CTs)" may be missing in the long form.
    ends = (short[1], short[1] - 1) if text[short[1] - 1] == "s" else (short[1],)
    for end in ends:
        letters = (short[0], end)
        for align in ALIGNMENTS:
            start = align(folded, letters, window)
            if start is not None:
                long = _with_locants(text, window[0], start), window[1]
                if _fits(text, short, long):
                    return long
    return None


def _window(text: str, end: int, words: int) -> Offsets:
    """Offsets of the last words before an end, in the same sentence and the same bracket."""
    lowest = max(end - _LONGEST_WINDOW, 0)
    before = text[lowest:end].rstrip(_AROUND)
    start = 0
    for boundary in _BOUNDARY.finditer(before):
        if _ends_sentence(before, boundary.start()):
            start = boundary.end()
    depth = 0
    for bracket in reversed(list(_BRACKET.finditer(before, start))):
        depth += 1 if bracket.group() in _CLOSING else -1
        if depth < 0:
            start = bracket.end()
            break
    last = [word.start() for word in re.finditer(r"\S+", before[start:])][-words:]
    return lowest + start + (last[0] if last else 0), lowest + len(before)


def _ends_sentence(text: str, offset: int) -> bool:
    """Whether the punctuation at an offset ends a sentence, and not an abbreviated word."""
    if text[offset] != ".":
        return True
    word = re.search(r"[^\s(\[\"'“]*$", text[:offset])
    last = word.group().lower() if word else ""
    return not (last in _ABBREVIATED or (len(last) == 1 and last.isalpha()))


def _with_locants(text: str, lowest: int, start: int) -> int:
    """The start of a chemical's name with what precedes its letters, as in "3-mercapto..."."""
    prefix = re.split(r"\s", text[lowest:start])[-1]
    letters = re.findall(r"[^\W\d_]+", prefix)
    if prefix.endswith(("-", "(", "[")) and all(len(run) <= 2 for run in letters):
        return start - len(prefix)
    return start


def _fits(text: str, short: Offsets, long: Offsets) -> bool:
    """Whether a match can be a long form.

    It is longer than the short form and does not contain it, closes the brackets that it opens,
    and neither begins nor ends with a word such as "and".
    """
    form, words = text[slice(*short)], text[slice(*long)]
    ends = re.findall(r"\w+", words)
    return (
        len(words) > len(form)
        and re.search(rf"(?<!\w){re.escape(form)}(?!\w)", words) is None
        and _is_balanced(words)
        and _is_balanced(words.split()[0])
        and bool(ends)
        and ends[0] not in STOP_WORDS
        and ends[-1] not in STOP_WORDS
    )


def _is_balanced(text: str) -> bool:
    """Whether a text has as many closing brackets as opening ones."""
    found = _BRACKET.findall(text)
    return 2 * sum(bracket in _CLOSING for bracket in found) == len(found)


def _abbreviation(text: str, short: Offsets, long: Offsets) -> Abbreviation:
    return Abbreviation(text[slice(*short)], text[slice(*long)], *short, *long)
