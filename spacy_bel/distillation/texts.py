"""Unannotated texts from files of any size, in pieces that a pipeline can work on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from spacy.vocab import Vocab

from spacy_bel.corpora.docs import doc_id
from spacy_bel.corpora.formats import read_corpus, sniff
from spacy_bel.corpora.reader import read_docs
from spacy_bel.errors import BelError, Errors
from spacy_bel.kb.readers.textfile import ReadProblem, TextFile

PIECE = 20_000
"""Most characters of a text that are worked on at a time."""

_ANNOTATED = ("pubtator", "bioc-xml", "bioc-json")
_ENDS = ("\n", ". ", "。", " ")


@dataclass(frozen=True, slots=True)
class Text:
    """A text, or a piece of a long one.

    Args:
        doc_id: The document's id; where its file has none, the file's name and the line.
        content: The text.
        offset: Where the piece starts in its document, in characters.
    """

    doc_id: str
    content: str
    offset: int = 0


def read_texts(paths: Iterable[Path]) -> Iterator[Text]:
    """The texts of files, one after the other; blank ones are left out.

    Args:
        paths: Plain text with one document a line, JSON lines with a ``text`` (and perhaps an
            ``id``), ``.spacy`` files, PubTator or BioC. All but ``.spacy`` may be compressed.

    Yields:
        Texts of at most ``PIECE`` characters. What annotations say is not looked at.

    Raises:
        BelError: A file cannot be read, or there is no text in any.
    """
    found = False
    for path in paths:
        for text in _texts(path):
            if text.content.strip():
                found = True
                yield text
    if not found:
        raise Errors.B800(path=", ".join(map(str, paths)), reason="there is no text in it")


def pieces(doc_id: str, content: str, offset: int = 0) -> Iterator[Text]:
    """A text in pieces that end at paragraphs, sentences or words where there are any.

    Args:
        doc_id: The document's id.
        content: The text.
        offset: Where it starts in its document.

    Yields:
        Pieces of at most ``PIECE`` characters, which together are the text.
    """
    begin = 0
    while len(content) - begin > PIECE:
        end = _cut(content, begin)
        yield Text(doc_id, content[begin:end], offset + begin)
        begin = end
    yield Text(doc_id, content[begin:], offset + begin)


def _texts(path: Path) -> Iterator[Text]:
    name = path.name.removesuffix(".gz")
    if name.endswith(".spacy"):
        return _of_docs(path)
    kind = "jsonl" if name.endswith(".jsonl") else _kind(path)
    if kind in _ANNOTATED:
        return _of_corpus(path, kind)
    return _of_json(path) if kind == "jsonl" else _of_lines(path)


def _kind(path: Path) -> str:
    try:
        return sniff(path)
    except BelError as error:
        if str(error).startswith(f"[{Errors.B001.name}]"):
            return "text"
        raise


def _of_docs(path: Path) -> Iterator[Text]:
    for number, doc in enumerate(read_docs(path, Vocab()), 1):
        yield from pieces(doc_id(doc) or f"{path.name}:{number}", doc.text)


def _of_corpus(path: Path, kind: str) -> Iterator[Text]:
    for document in read_corpus(path, file_format=kind):
        yield from pieces(document.id, document.text)


def _of_json(path: Path) -> Iterator[Text]:
    file = TextFile(path, _refuse)
    for line in file:
        if not line.strip():
            continue
        record = file.json_object(line) or {}
        text = record.get("text")
        if not isinstance(text, str):
            raise Errors.B800(path=path, reason=f'line {file.line} has no "text"')
        yield from pieces(str(record.get("id") or f"{path.name}:{file.line}"), text)


def _of_lines(path: Path) -> Iterator[Text]:
    """Lines of plain text; a line of any length is never in memory as a whole."""
    number, offset, rest = 1, 0, ""
    for chunk in TextFile(path, _refuse).chunks():
        *ended, rest = (rest + chunk).split("\n")
        for line in ended:
            yield from pieces(f"{path.name}:{number}", line.removesuffix("\r"), offset)
            number, offset = number + 1, 0
        begin = 0
        while len(rest) - begin > PIECE:
            end = _cut(rest, begin)
            yield Text(f"{path.name}:{number}", rest[begin:end], offset + begin)
            begin = end
        offset, rest = offset + begin, rest[begin:]
    yield Text(f"{path.name}:{number}", rest, offset)


def _cut(text: str, begin: int) -> int:
    """Where a piece ends: behind the last paragraph, sentence or word in its second half."""
    end = begin + PIECE
    for mark in _ENDS:
        place = text.rfind(mark, begin + PIECE // 2, end)
        if place >= 0:
            return place + len(mark)
    return end


def _refuse(problem: ReadProblem) -> None:
    raise Errors.B800(path=problem.path, reason=f"line {problem.line}: {problem.message}")
