"""What BioC's two syntaxes have in common: passages, annotations, and where these lie.

A document is passages, or sentences in passages, each with its offset in the document;
annotations lie at one or more locations, whose offsets count from the beginning of the document.
What an annotation means is in its "infons", pairs of a key and a text.

Comeau et al. 2013, BioC: a minimalist approach to interoperability for biomedical text
processing. https://doi.org/10.1093/database/bat064
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from spacy_bel.corpora.document import UNTYPED, GoldDocument
from spacy_bel.corpora.gold import GoldMode, read_ids
from spacy_bel.corpora.locate import place_mention
from spacy_bel.corpora.report import ReadReport
from spacy_bel.curies import canonical_prefix, known_prefix
from spacy_bel.errors import BelError, Errors
from spacy_bel.types import NIL

Offsets = Literal["characters", "bytes"]
"""What the offsets of a file count: characters, or bytes of UTF-8."""

OFFSETS: tuple[Offsets, ...] = ("characters", "bytes")
"""All that offsets may count."""

_ID_KEY = re.compile(r"(.*?)[ _]?(?:identifiers?|ids?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage, or a sentence of one.

    Args:
        offset: Where it begins in the document; None where the file does not say, which means
            one character behind the passage before it.
        text: Its text.
        joint: What separates it from the text before it.
    """

    offset: int | None
    text: str
    joint: str = "\n"


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation, which may consist of several pieces of text.

    Args:
        locations: Offset and length of each piece.
        text: The annotated text; empty where the file does not give it.
        infons: What is said of it.
    """

    locations: tuple[tuple[int, int], ...]
    text: str
    infons: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Draft:
    """A document as its file holds it."""

    id: str
    passages: tuple[Passage, ...]
    annotations: tuple[Annotation, ...]


def check_offsets(offsets: str) -> Offsets:
    """What the offsets count, as a user wrote it.

    Raises:
        BelError: It is not one of ``OFFSETS``.
    """
    for known in OFFSETS:
        if offsets == known:
            return known
    raise Errors.B231(offsets=offsets, allowed=" or ".join(OFFSETS))


def finish(
    draft: Draft,
    *,
    lang: str,
    prefix: str,
    path: Path,
    line: int,
    report: ReadReport,
    offsets: Offsets,
) -> GoldDocument | None:
    """A document with its mentions at their places.

    Passages are joined by line feeds and sentences by blanks, whatever lies between their
    offsets. A mention in several pieces reaches from the first to the last of them.

    Args:
        draft: The document as its file holds it.
        lang: ISO 639-1 code of the text; English where empty.
        prefix: The vocabulary of bare identifiers; empty to tell it from the infon's key, or from
            their shape and type.
        path: The file.
        line: The line near which the document ends.
        report: Where repairs and mentions without a place are counted.
        offsets: What the offsets count.

    Returns:
        The document; None for one that is not valid Unicode, which is counted.

    Raises:
        BelError: There is more malformed than the report allows.
    """
    text = _Text(draft.passages, offsets)
    try:
        GoldDocument(draft.id, text.whole)
    except BelError as error:
        report.bad_line(path, line, str(error))
        return None
    place = partial(place_mention, text.whole, path=path, line=line, report=report)
    mentions = []
    for annotation in draft.annotations:
        start = min(offset for offset, _ in annotation.locations)
        end = max(offset + length for offset, length in annotation.locations)
        # Pieces make no text that could be looked for, only places.
        expected = annotation.text if len(annotation.locations) == 1 else ""
        label = annotation.infons.get("type", "").strip() or UNTYPED
        mention = place(
            (text.start(start), text.end(end)), expected, label, _gold(annotation, label, prefix)
        )
        if mention is not None:
            mentions.append(mention)
    return GoldDocument(draft.id, text.whole, lang or "en", tuple(mentions))


class _Text:
    """The text of a document, and where the file's offsets lie in it."""

    def __init__(self, passages: tuple[Passage, ...], offsets: Offsets) -> None:
        self._in_bytes = offsets == "bytes"
        self._passages: list[tuple[int, int, str]] = []
        behind = 0
        placed: list[tuple[int, Passage]] = []
        for passage in passages:
            offset = behind if passage.offset is None else passage.offset
            placed.append((offset, passage))
            behind = offset + self._length(passage.text) + 1
        self.whole = ""
        for offset, passage in sorted(placed, key=lambda pair: pair[0]):
            self.whole += passage.joint * bool(self.whole) + passage.text
            self._passages.append((offset, len(self.whole) - len(passage.text), passage.text))
        self._offsets = [offset for offset, _, _ in self._passages]

    def start(self, offset: int) -> int:
        """The character at which a mention with this offset starts."""
        return self._character(bisect_right(self._offsets, offset) - 1, offset)

    def end(self, offset: int) -> int:
        """The character behind a mention that ends with this offset."""
        return self._character(bisect_left(self._offsets, offset) - 1, offset)

    def _character(self, number: int, offset: int) -> int:
        if number < 0:
            return -1  # nothing lies before the first passage
        begin, first, text = self._passages[number]
        within = offset - begin
        if self._in_bytes:
            before = text.encode()[:within].decode(errors="ignore")
            within = len(before) + max(0, within - self._length(text))
        return first + within

    def _length(self, text: str) -> int:
        return len(text.encode(errors="replace")) if self._in_bytes else len(text)


def _gold(annotation: Annotation, label: str, prefix: str) -> tuple[tuple[str, ...], GoldMode]:
    """The identifiers of an annotation, under whatever keys corpora keep them."""
    found: list[str] = []
    modes: set[GoldMode] = set()
    for key, value in annotation.infons.items():
        vocabulary = _vocabulary(key)
        if vocabulary is not None:
            ids, mode = read_ids(value, label=label, prefix=prefix or vocabulary)
            found += [NIL if id_.endswith((":-", ":-1")) else id_ for id_ in ids]
            modes.add(mode)
    ids = tuple(dict.fromkeys(found))
    return ids, "all" if modes == {"all"} and len(ids) > 1 else "any"


def _vocabulary(key: str) -> str | None:
    """The prefix of the identifiers under a key, empty for any; None for a key without any.

    ``identifier``, ``MESH``, ``NCBI Gene`` and ``NCBI Gene identifier`` are such keys.
    """
    match = _ID_KEY.fullmatch(key.strip())
    name = (match[1] if match else key).strip()
    if match and not name:
        return "" if key.strip().casefold().startswith("identifier") else None
    for spelling in (name, name.replace(" ", "_"), name.replace(" ", "")):
        if known_prefix(spelling):
            return canonical_prefix(spelling)
    return None
