"""BioC in JSON: a collection, documents one on each line, or the answer of PubTator's server.

Comeau et al. 2019, PMC text mining subset in BioC. https://doi.org/10.1093/bioinformatics/btz070
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spacy_bel.corpora.bioc import Annotation, Draft, Passage, check_offsets, finish
from spacy_bel.corpora.document import GoldDocument
from spacy_bel.corpora.lines import read_lines
from spacy_bel.corpora.report import ReadReport
from spacy_bel.kb.readers.textfile import TextFile

COLLECTIONS = ("documents", "PubTator3")
"""Keys under which a collection holds its documents."""


def read_bioc_json(
    path: Path,
    *,
    lang: str = "",
    prefix: str = "",
    report: ReadReport | None = None,
    offsets: str = "characters",
) -> Iterator[GoldDocument]:
    """The documents of a BioC JSON file.

    A collection is in memory as a whole while it is read; documents on lines of their own are
    not.

    Args:
        path: A plain or compressed file.
        lang: ISO 639-1 code of the texts; English unless given.
        prefix: The vocabulary of bare identifiers; empty to tell it from their key, shape or type.
        report: Where repairs, malformed annotations and malformed documents are counted.
        offsets: Whether the file's offsets count ``characters`` or ``bytes`` of UTF-8.

    Yields:
        Documents in the file's order.

    Raises:
        BelError: The file cannot be read, or has too many malformed parts.
    """
    unit = check_offsets(offsets)
    report = report or ReadReport()
    for line, value in _values(path, report):
        draft = _draft(value, path, line, report)
        if draft is None:
            continue
        document = finish(
            draft, lang=lang, prefix=prefix, path=path, line=line, report=report, offsets=unit
        )
        if document is not None:
            yield document


def _values(path: Path, report: ReadReport) -> Iterator[tuple[int, Any]]:
    """The documents as JSON values, each with its line."""
    on_lines = False
    for number, line in read_lines(path, report):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            if not on_lines:  # what one line begins, others go on with
                yield from _whole(path, report)
                return
            report.bad_line(path, number, f"not valid JSON: {error}")
        else:
            on_lines = True
            for document in _documents(value):
                yield number, document


def _whole(path: Path, report: ReadReport) -> Iterator[tuple[int, Any]]:
    file = TextFile(path, lambda problem: report.bad_line(path, problem.line, problem.message))
    try:
        value = json.loads("".join(file.chunks()))
    except (json.JSONDecodeError, RecursionError) as error:
        report.bad_line(path, getattr(error, "lineno", 1), f"not valid JSON: {error}")
    else:
        for document in _documents(value):
            yield 1, document


def _documents(value: Any) -> list[Any]:
    if isinstance(value, dict):
        for key in COLLECTIONS:
            if isinstance(value.get(key), list):
                return list(value[key])
    return value if isinstance(value, list) else [value]


def _draft(value: Any, path: Path, line: int, report: ReadReport) -> Draft | None:
    """A document; None for a malformed one, whose malformed annotations alone are left out."""
    try:
        id_ = str(value["id"])
        passages = tuple(part for passage in value["passages"] for part in _passages(passage))
        annotated = [
            annotation
            for holder in (value, *value["passages"], *_sentences(value["passages"]))
            for annotation in holder.get("annotations") or ()
        ]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        report.bad_line(path, line, f"not a document of BioC: {type(error).__name__}: {error}")
        return None
    annotations = []
    for annotation in annotated:
        try:
            annotations.append(_annotation(annotation))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            reason = f"an annotation of document {id_!r}: {type(error).__name__}: {error}"
            report.bad_line(path, line, reason)
    return Draft(id_, passages, tuple(annotations))


def _sentences(passages: Any) -> Iterator[Any]:
    for passage in passages:
        yield from passage.get("sentences") or ()


def _passages(passage: Any) -> Iterator[Passage]:
    sentences = passage.get("sentences") or ()
    if passage.get("text") or not sentences:
        yield Passage(_offset(passage), _text(passage))
        return
    for number, sentence in enumerate(sentences):
        yield Passage(_offset(sentence), _text(sentence), " " if number else "\n")


def _offset(value: Any) -> int | None:
    return None if value.get("offset") is None else int(value["offset"])


def _text(value: Any) -> str:
    text = value.get("text") or ""
    if not isinstance(text, str):
        raise TypeError(f"{text!r} where a text is expected")
    return text


def _annotation(value: Any) -> Annotation:
    locations = tuple(
        (int(location["offset"]), int(location["length"])) for location in value["locations"]
    )
    if not locations:
        raise ValueError("it has no location")
    infons = {str(key): str(text) for key, text in value["infons"].items() if text is not None}
    return Annotation(locations, _text(value), infons)
