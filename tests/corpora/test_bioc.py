"""BioC in both syntaxes, which must read alike."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.vocab import Vocab
from typer.testing import CliRunner

from spacy_bel.cli.app import app
from spacy_bel.corpora import GOLD_KEY, GoldDocument, read_corpus
from spacy_bel.corpora.reader import read_docs
from spacy_bel.corpora.report import ReadReport
from spacy_bel.errors import BelError

Document = dict[str, Any]
Write = Callable[[Path, list[Document]], Path]


def annotation(
    text: str, *places: tuple[int, int], label: str | None = "Disease", **infons: str
) -> Document:
    kind = {} if label is None else {"type": label}
    spelled = {key.replace("_", " "): value for key, value in infons.items()}
    locations = [{"offset": offset, "length": length} for offset, length in places]
    return {"id": "0", "infons": kind | spelled, "text": text, "locations": locations}


def passage(offset: int | None, text: str, *annotations: Document) -> Document:
    return {"offset": offset, "infons": {}, "text": text, "annotations": list(annotations)}


def document(*passages: Document, name: str = "12") -> Document:
    return {"id": name, "infons": {}, "passages": list(passages)}


def write_json(folder: Path, documents: list[Document]) -> Path:
    path = folder / "corpus.json"
    path.write_text(json.dumps({"source": "x", "documents": documents}, indent=1))
    return path


def write_lines(folder: Path, documents: list[Document]) -> Path:
    path = folder / "corpus.jsonl"
    path.write_text("\n\n".join(map(json.dumps, documents)))
    return path


def write_answer(folder: Path, documents: list[Document]) -> Path:
    path = folder / "answer.json"
    path.write_text(json.dumps({"PubTator3": documents}))
    return path


def write_xml(folder: Path, documents: list[Document]) -> Path:
    path = folder / "corpus.xml"
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE collection SYSTEM "BioC.dtd">\n'
    body = "\n".join(map(_xml_document, documents))
    path.write_text(f"{head}<collection><source>x</source>\n{body}</collection>", encoding="utf-8")
    return path


def _xml_document(document: Document) -> str:
    passages = "\n".join(_xml_text("passage", passage) for passage in document["passages"])
    return f"<document><id>{document['id']}</id>\n{passages}\n</document>"


def _xml_text(tag: str, part: Document) -> str:
    offset = "" if part["offset"] is None else f"<offset>{part['offset']}</offset>"
    text = f"<text>{escape(part['text'])}</text>" if "text" in part else ""
    sentences = "".join(_xml_text("sentence", sentence) for sentence in part.get("sentences", ()))
    annotations = "".join(map(_xml_annotation, part.get("annotations", ())))
    return f"<{tag}>{offset}{text}{sentences}{annotations}</{tag}>"


def _xml_annotation(annotation: Document) -> str:
    infons = "".join(
        f"<infon key={quoteattr(key)}>{escape(value)}</infon>"
        for key, value in annotation["infons"].items()
    )
    locations = "".join(
        f'<location offset="{place["offset"]}" length="{place["length"]}"/>'
        for place in annotation["locations"]
    )
    text = escape(annotation["text"])
    return f'<annotation id="0">{infons}{locations}<text>{text}</text></annotation>'


every_syntax = pytest.mark.parametrize("write", [write_json, write_lines, write_answer, write_xml])

TITLE, ABSTRACT = "Naïve breast cancer", "Breast and ovarian cancer with BRCA1"


def corpus() -> list[Document]:
    return [
        document(
            passage(0, TITLE, annotation("breast cancer", (6, 13), MESH="D001943")),
            passage(
                20,
                ABSTRACT,
                annotation("Breast and ovarian cancer", (20, 25), identifier="D001943|D010051"),
                annotation("ovarian cancer", (31, 14), identifier="MESH:D010051,OMIM:167000"),
                annotation("Breast cancer", (20, 6), (39, 6), identifier="-"),
                annotation("BRCA1", (51, 5), label="Gene", NCBI_Gene_identifier="672;673"),
                annotation("with", (46, 4), label=None, note="D000001"),
            ),
        ),
        document(passage(0, "Nothing"), name="13"),
    ]


@every_syntax
def test_documents_and_mentions(write: Write, tmp_path: Path) -> None:
    report = ReadReport()
    first, second = read_corpus(write(tmp_path, corpus()), report=report)
    assert (first.id, first.lang, first.text) == ("12", "en", f"{TITLE}\n{ABSTRACT}")
    assert [(m.start, m.text, m.label, m.kb_id) for m in first.mentions] == [
        (6, "breast cancer", "Disease", "MESH:D001943"),
        (20, "Breast and ovarian cancer", "Disease", "MESH:D001943|MESH:D010051"),
        (31, "ovarian cancer", "Disease", "MESH:D010051|OMIM:167000"),
        (20, "Breast and ovarian cancer", "Disease", "NIL"),
        (51, "BRCA1", "Gene", "NCBIGene:672|NCBIGene:673"),
        (46, "with", "ENTITY", ""),
    ]
    assert second == GoldDocument("13", "Nothing")
    assert not report.repairs and not report.bad_lines


@every_syntax
def test_offsets_in_bytes(write: Write, tmp_path: Path) -> None:
    documents = [
        document(
            passage(0, TITLE, annotation("breast cancer", (7, 13), MESH="D001943")),
            passage(21, "Ménière 癌", annotation("癌", (31, 3)), annotation("Ménière", (21, 9))),
        )
    ]
    path = write(tmp_path, documents)
    report = ReadReport()
    (found,) = read_corpus(path, offsets="bytes", report=report)
    places = [(m.start, m.text) for m in found.mentions]
    assert places == [(6, "breast cancer"), (28, "癌"), (20, "Ménière")]
    assert not report.repairs
    list(read_corpus(path, report=report, offsets="characters"))
    assert report.repairs["moved"] == 3  # what the declaration is for


@every_syntax
def test_sentences_instead_of_text(write: Write, tmp_path: Path) -> None:
    sentences = [
        passage(7, "A flu.", annotation("flu", (9, 3))),
        passage(15, "No cold.", annotation("cold", (18, 4))),
    ]
    body = {"offset": 7, "infons": {}, "sentences": sentences, "annotations": []}
    (found,) = read_corpus(write(tmp_path, [document(passage(0, "Flu"), body)]))
    assert found.text == "Flu\nA flu. No cold."
    assert [(m.start, m.text) for m in found.mentions] == [(6, "flu"), (14, "cold")]


@every_syntax
def test_passages_without_offsets_and_wide_gaps(write: Write, tmp_path: Path) -> None:
    passages = [
        passage(None, "One flu", annotation("flu", (4, 3))),
        passage(None, "Two flu", annotation("flu", (12, 3))),
        passage(9_000, "Three flu", annotation("flu", (9_006, 3))),
    ]
    (found,) = read_corpus(write(tmp_path, [document(*passages)]))
    assert found.text == "One flu\nTwo flu\nThree flu"
    assert [m.start for m in found.mentions] == [4, 12, 22]


@every_syntax
def test_malformed_annotations_are_counted_and_the_others_stay(
    write: Write, tmp_path: Path
) -> None:
    good = annotation("flu", (4, 3))
    nowhere = annotation("flu")
    wrong: Document = annotation("flu", (4, 3))
    wrong["locations"][0]["length"] = "three"
    far = annotation("pest", (400, 4))
    path = write(tmp_path, [document(passage(0, "The flu", nowhere, wrong, good, far))])
    with pytest.raises(BelError, match=r"B202.*corpus|B202.*answer"):
        list(read_corpus(path))
    report = ReadReport(max_errors=3)
    (found,) = read_corpus(path, report=report)
    assert [m.text for m in found.mentions] == ["flu"]
    assert len(report.bad_lines) == 3


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"passages": [{"text": "x"}]}', "KeyError"),
        ('{"id": "1", "passages": [4]}', "AttributeError"),
        ('{"id": "1", "passages": [{"text": 5}]}', "a text is expected"),
        ('{"id": "1", "passages": [{"offset": "one", "text": "x"}]}', "ValueError"),
        ('{"id": "1", "passages": [{"text": "\\ud800"}]}', "B204"),
        ('{"id": "1",\n "passages": [', "not valid JSON"),
        ('{"id": "1", "passages": []}\n{"id": "2", "passages"', "line 2.*not valid JSON"),
    ],
)
def test_malformed_json(content: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "corpus.json"
    path.write_text(content)
    with pytest.raises(BelError, match=rf"B202.*corpus\.json.*{reason}"):
        list(read_corpus(path))


def test_xml_that_breaks_off_and_a_document_without_offsets_in_numbers(tmp_path: Path) -> None:
    path = write_xml(tmp_path, corpus())
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole[:-30], encoding="utf-8")
    documents = read_corpus(path)
    assert next(documents).id == "12"
    with pytest.raises(BelError, match=r"B172.*corpus\.xml.*after \d records"):
        list(documents)
    path.write_text(whole.replace("<offset>0<", "<offset>none<"), encoding="utf-8")
    with pytest.raises(BelError, match=r"B202.*document '12'"):
        list(read_corpus(path))


@every_syntax
def test_compressed(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path, corpus())
    plain = list(read_corpus(path))
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert list(read_corpus(path)) == plain


words = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]), min_size=1, max_size=8
)


def _placed(texts: list[str], unit: Callable[[str], int]) -> Iterator[Document]:
    begin = 0
    for text in texts:
        first = text.split()[0]
        yield passage(begin, text, annotation(first, (begin, unit(first)), identifier="MESH:D1"))
        begin += unit(text) + 1


@every_syntax
@given(texts=st.lists(st.lists(words, min_size=1).map(" ".join), min_size=1, max_size=4))
@pytest.mark.parametrize("offsets", ["characters", "bytes"])
def test_offsets_of_any_text(
    write: Write, offsets: str, texts: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    def unit(text: str) -> int:
        return len(text.encode()) if offsets == "bytes" else len(text)

    path = write(tmp_path_factory.getbasetemp(), [document(*_placed(texts, unit))])
    report = ReadReport()
    (found,) = read_corpus(path, offsets=offsets, report=report)
    assert found.text == "\n".join(texts)
    assert [m.text for m in found.mentions] == [text.split()[0] for text in texts]
    assert not report.repairs


def test_the_command_keeps_all_mentions(tmp_path: Path) -> None:
    path = write_xml(tmp_path, corpus())
    output = tmp_path / "corpus.spacy"
    result = CliRunner().invoke(app, ["convert", str(path), str(output)])
    assert result.exit_code == 0, result.output
    first, _ = read_docs(output, Vocab())
    assert len(first.spans[GOLD_KEY]) == 6
    assert [span.kb_id_ for span in first.ents] == [
        "MESH:D001943", "MESH:D001943|MESH:D010051", "", "NCBIGene:672|NCBIGene:673"
    ]  # fmt: skip


def test_offsets_that_cannot_be(tmp_path: Path) -> None:
    path = write_json(tmp_path, corpus())
    with pytest.raises(BelError, match=r"B231.*'words'.*characters or bytes"):
        read_corpus(path, offsets="words")
    path.write_text("12|t|The flu\n")
    with pytest.raises(BelError, match=r"B230.*pubtator.*bioc-xml and bioc-json"):
        read_corpus(path, offsets="bytes")
