"""The text around a mention, counted in characters.

Characters and not sentences, because two pipelines may split the same text into different
sentences.
"""

from __future__ import annotations

import re

from spacy_bel.errors import Errors

_SPACE = re.compile(r"\s+")


def context_window(text: str, start: int, end: int, *, size: int = 128) -> tuple[str, int, int]:
    """Cut a window out of a text around a mention.

    The window begins and ends at words. A word that alone exceeds the size is cut, as is text
    without spaces, so that the window never holds more than ``size`` characters on either side.

    Args:
        text: A document.
        start: Where the mention starts, in characters.
        end: Where the mention ends, in characters.
        size: The most characters before and behind the mention.

    Returns:
        The window, and where the mention starts and ends in it: ``window[start:end]`` is the
        mention.

    Raises:
        BelError: The offsets are not in the text, or the size is negative.
    """
    if not 0 <= start <= end <= len(text):
        raise Errors.B301(start=start, end=end, length=len(text))
    if size < 0:
        raise Errors.B302(size=size)
    left = _left_edge(text, start, size)
    right = _right_edge(text, end, size)
    return text[left:right], start - left, end - left


def _left_edge(text: str, start: int, size: int) -> int:
    """Where the first whole word of the window starts."""
    edge = max(start - size, 0)
    if edge == 0 or text[edge - 1].isspace():
        return edge
    space = _SPACE.search(text, edge, start)
    return space.end() if space else edge


def _right_edge(text: str, end: int, size: int) -> int:
    """Where the last whole word of the window ends."""
    edge = min(end + size, len(text))
    if edge == len(text) or text[edge].isspace():
        return edge
    spaces = list(_SPACE.finditer(text, end, edge))
    return spaces[-1].start() if spaces else edge
