"""Aligning the letters of a short form with the words of a long form.

Texts are compared folded, one character for one, so that offsets hold in the text itself.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

Offsets = tuple[int, int]
"""Where a piece of text starts, and where it ends, in characters."""

STOP_WORDS = frozenset(
    re.findall(r"\w+", "a also an and as at both by for from in is of on or the to was with")
)
"""Words whose initials a short form may leave out, and that no long form begins or ends with."""

_WORD = re.compile(r"[^\W_]+")

# Greek letters and the first letters of their names, so that "IFN-γ" is read in "interferon
# gamma" and "TNFa" in "tumour necrosis factor α".
_GREEK = dict(zip("αβγδεζηθικλμνξοπρσςτυφχψω", "abgdezhtiklmnxoprsstufcpo", strict=True))


def fold(text: str) -> str:
    """Lower case, without accents, Greek letters as Latin ones.

    Args:
        text: Any text.

    Returns:
        A text of the same length.
    """
    return "".join(map(_fold, text))


def in_order(folded: str, short: Offsets, long: Offsets) -> int | None:
    """Align as Schwartz & Hearst (2003, figure 2): letters in order, the first begins a word.

    Args:
        folded: A folded text.
        short: Where the short form is; it starts with a letter or digit.
        long: Where the long form is looked for; it is matched from the right.

    Returns:
        Where the long form starts; None where the letters cannot be found.
    """
    lowest, position = long
    for index in range(short[1] - 1, short[0] - 1, -1):
        char = folded[index]
        if not char.isalnum():
            continue
        position = folded.rfind(char, lowest, position)
        while index == short[0] and position > lowest and not _begins_word(folded, position):
            position = folded.rfind(char, lowest, position)
        if position < 0:
            return None
    return position


def by_initials(folded: str, short: Offsets, long: Offsets) -> int | None:
    """Align the last words by their initials, so that HH is "hereditary hemochromatosis".

    Args:
        folded: A folded text.
        short: Where the short form is.
        long: Where the long form is looked for, at the end.

    Returns:
        Where the long form starts; None where the initials are not the short form.
    """
    return _aligned_initials(folded, short, long, any_order=False)


def by_any_initials(folded: str, short: Offsets, long: Offsets) -> int | None:
    """Align the last words by their initials in any order.

    Many short forms keep the order of Latin or French: DM is "myotonic dystrophy".

    Args:
        folded: A folded text.
        short: Where the short form is.
        long: Where the long form is looked for, at the end.

    Returns:
        Where the long form starts; None where the initials are not those of the short form.
    """
    return _aligned_initials(folded, short, long, any_order=True)


ALIGNMENTS = (by_initials, in_order, by_any_initials)
"""Every alignment, most trusted first."""


def _aligned_initials(folded: str, short: Offsets, long: Offsets, any_order: bool) -> int | None:
    """Where the last words start whose initials are the letters of the short form."""
    letters = [char for char in folded[slice(*short)] if char.isalnum()]
    words = list(_WORD.finditer(folded, *long))
    content = [word for word in words if word.group() not in STOP_WORDS]
    for last in (words[-len(letters) :], content[-len(letters) :]):
        initials = [word.group()[0] for word in last]
        if initials == letters or (any_order and sorted(initials) == sorted(letters)):
            return last[0].start()
    return None


def _begins_word(text: str, offset: int) -> bool:
    """Whether a word begins at an offset; in scripts without case any character may begin one."""
    char = text[offset]
    return not text[offset - 1].isalnum() or not (char.islower() or char.isdigit())


@lru_cache(maxsize=4096)
def _fold(char: str) -> str:
    """One character for one: lower case, without accent, Greek as Latin; offsets stay."""
    bare = unicodedata.normalize("NFD", char)[0]
    lowered = (bare if bare.isascii() else char).lower()
    return _GREEK.get(lowered, lowered if len(lowered) == 1 else char)
