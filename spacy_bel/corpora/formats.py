"""Which reader reads a file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Protocol

from spacy_bel.corpora.bioc import check_offsets
from spacy_bel.corpora.bioc_json import read_bioc_json
from spacy_bel.corpora.bioc_xml import read_bioc_xml
from spacy_bel.corpora.document import GoldDocument
from spacy_bel.corpora.jsonl import read_jsonl
from spacy_bel.corpora.psytar import COLUMNS, read_psytar
from spacy_bel.corpora.pubtator import HEADER, read_pubtator
from spacy_bel.corpora.report import ReadReport
from spacy_bel.corpora.xlbel import read_xlbel
from spacy_bel.errors import Errors
from spacy_bel.kb.readers.textfile import head


class CorpusReader(Protocol):
    """A generator of documents from a file."""

    def __call__(
        self, path: Path, *, lang: str = "", prefix: str = "", report: ReadReport | None = None
    ) -> Iterator[GoldDocument]:
        """The documents of a file; the arguments are those of ``read_corpus``."""
        ...


READERS: dict[str, CorpusReader] = {
    "pubtator": read_pubtator,
    "bioc-xml": read_bioc_xml,
    "bioc-json": read_bioc_json,
    "xlbel": read_xlbel,
    "psytar": read_psytar,
    "jsonl": read_jsonl,
}
"""The readers by the name of their format."""

_IN_BYTES: dict[str, CorpusReader] = {
    "bioc-xml": partial(read_bioc_xml, offsets="bytes"),
    "bioc-json": partial(read_bioc_json, offsets="bytes"),
}
"""Readers of offsets that count bytes, for the formats in which some corpora have them."""

_SNIFFED_LINES = 20


def sniff(path: Path) -> str:
    """The format of a corpus file, told from its first lines.

    Args:
        path: A plain or gzip-compressed file.

    Returns:
        A key of ``READERS``.

    Raises:
        BelError: The file cannot be read, is empty or no text, or its format is not known.
    """
    beginning = head(path)
    lines = [line for line in beginning.split("\n") if line.strip()]
    if "<collection" in beginning and lines[0].lstrip().startswith("<"):
        return "bioc-xml"
    if '"passages"' in beginning and lines[0].lstrip().startswith(("{", "[")):
        return "bioc-json"
    if set(COLUMNS) <= set(lines[0].split("\t")):
        return "psytar"
    for line in lines[:_SNIFFED_LINES]:
        if line.lstrip().startswith("{"):
            return "jsonl"
        if HEADER.fullmatch(line):
            return "pubtator"
        if line.count("||") > 1 and "<tgt>" in line:
            return "xlbel"
    reason = f"its first line is {lines[0][:80]!r}"
    raise Errors.B001(path=path, reason=reason, formats=", ".join(READERS))


def read_corpus(
    path: Path,
    *,
    file_format: str = "auto",
    lang: str = "",
    prefix: str = "",
    report: ReadReport | None = None,
    offsets: str = "characters",
) -> Iterator[GoldDocument]:
    """The documents of an annotated corpus.

    Args:
        path: A plain or gzip-compressed file.
        file_format: A key of ``READERS``, or ``auto`` to tell it from the file.
        lang: ISO 639-1 code of texts whose file does not say it.
        prefix: The vocabulary of bare identifiers; empty to tell it from their shape and label.
        report: Where repairs and malformed lines are counted.
        offsets: Whether the offsets of a BioC file count ``characters`` or ``bytes`` of UTF-8.

    Returns:
        Documents in the file's order.

    Raises:
        BelError: The format is not known, or as the reader says.
    """
    name = sniff(path) if file_format == "auto" else file_format
    if name not in READERS:
        raise Errors.B206(format=name, formats=", ".join(["auto", *READERS]))
    reader = READERS[name]
    if check_offsets(offsets) == "bytes":
        if name not in _IN_BYTES:
            raise Errors.B230(path=path, format=name, formats=" and ".join(_IN_BYTES))
        reader = _IN_BYTES[name]
    return reader(path, lang=lang, prefix=prefix, report=report)
