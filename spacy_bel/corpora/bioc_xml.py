"""BioC in XML, the format of BioCreative's corpora and of PubTator's export.

The elements are those of ``BioC.dtd`` (https://bioc.sourceforge.net/).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from spacy_bel.corpora.bioc import Annotation, Draft, Passage, check_offsets, finish
from spacy_bel.corpora.document import GoldDocument
from spacy_bel.corpora.report import ReadReport
from spacy_bel.kb.readers.textfile import TextFile
from spacy_bel.kb.readers.xml_stream import elements, text_of


def read_bioc_xml(
    path: Path,
    *,
    lang: str = "",
    prefix: str = "",
    report: ReadReport | None = None,
    offsets: str = "characters",
) -> Iterator[GoldDocument]:
    """The documents of a BioC XML file, which is never in memory as a whole.

    Args:
        path: A plain or compressed file.
        lang: ISO 639-1 code of the texts; English unless given.
        prefix: The vocabulary of bare identifiers; empty to tell it from their key, shape or type.
        report: Where repairs and malformed annotations are counted, with the line near which
            their document ends.
        offsets: Whether the file's offsets count ``characters`` or ``bytes`` of UTF-8.

    Yields:
        Documents in the file's order.

    Raises:
        BelError: The file cannot be read, is no whole XML document, or has too many malformed
            annotations.
    """
    unit = check_offsets(offsets)
    report = report or ReadReport()
    file = TextFile(path, lambda problem: report.bad_line(path, problem.line, problem.message))
    for element in elements(file, ("document",)):
        annotations = []
        for annotated in element.iter("annotation"):
            try:
                annotations.append(_annotation(annotated))
            except ValueError as error:
                report.bad_line(path, file.line, f"annotation {annotated.get('id', '')!r}: {error}")
        try:
            passages = tuple(_passages(element))
        except ValueError as error:
            report.bad_line(path, file.line, f"document {text_of(element, 'id')!r}: {error}")
            continue
        draft = Draft(text_of(element, "id").strip(), passages, tuple(annotations))
        document = finish(
            draft, lang=lang, prefix=prefix, path=path, line=file.line, report=report, offsets=unit
        )
        if document is not None:
            yield document


def _passages(document: Element) -> Iterator[Passage]:
    for passage in document.iterfind("passage"):
        if passage.find("text") is not None:
            yield Passage(_offset(passage), text_of(passage, "text"))
        else:
            for number, sentence in enumerate(passage.iterfind("sentence")):
                joint = " " if number else "\n"
                yield Passage(_offset(sentence), text_of(sentence, "text"), joint)


def _offset(element: Element) -> int | None:
    return int(text_of(element, "offset")) if element.find("offset") is not None else None


def _annotation(element: Element) -> Annotation:
    locations = tuple(
        (int(location.get("offset", "")), int(location.get("length", "")))
        for location in element.iterfind("location")
    )
    if not locations:
        raise ValueError("it has no location")
    infons = {infon.get("key", ""): text_of(infon) for infon in element.iterfind("infon")}
    return Annotation(locations, text_of(element, "text"), infons)
