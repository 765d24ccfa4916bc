"""What components write survives whatever spaCy does with a document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

Describe = Callable[[Doc], list[tuple[Any, ...]]]
TEXTS = [
    "Heart attack in a man with type 2 diabetes; he took aspirin.",
    "Mitral stenosis (MS). MS and cough.",
    "",
    "Pneumonia and stroke, 心肌梗死",
]


@pytest.fixture
def docs(nlp: Language) -> list[Doc]:
    docs = list(nlp.pipe(TEXTS))
    assert any(doc.ents for doc in docs)
    return docs


def test_doc_bin(docs: list[Doc], describe: Describe) -> None:
    data = DocBin(docs=docs, store_user_data=True).to_bytes()
    again = list(DocBin().from_bytes(data).get_docs(spacy.blank("en").vocab))
    assert [describe(doc) for doc in again] == [describe(doc) for doc in docs]


def test_doc_to_bytes(docs: list[Doc], describe: Describe) -> None:
    for doc in docs:
        assert describe(Doc(spacy.blank("en").vocab).from_bytes(doc.to_bytes())) == describe(doc)


def test_doc_to_disk(docs: list[Doc], describe: Describe, tmp_path: Any) -> None:
    docs[0].to_disk(tmp_path / "doc")
    assert describe(Doc(docs[0].vocab).from_disk(tmp_path / "doc")) == describe(docs[0])


def test_from_docs(docs: list[Doc], describe: Describe) -> None:
    merged = Doc.from_docs(docs)
    assert merged is not None
    assert describe(merged) == [entity for doc in docs for entity in describe(doc)]


def test_as_doc(docs: list[Doc], describe: Describe) -> None:
    for doc in docs:
        for entity, expected in zip(doc.ents, describe(doc), strict=True):
            part = doc[entity.start : entity.end + 1].as_doc(copy_user_data=True)
            assert describe(part) == [expected]


def test_a_copy_is_a_copy(nlp: Language, docs: list[Doc], describe: Describe) -> None:
    expected = describe(docs[0])
    copy = docs[0].copy()
    assert describe(copy) == expected
    copy.ents = tuple(Span(copy, e.start, e.end, "Other") for e in copy.ents)
    nlp.get_pipe("bel_linker")(copy)
    assert describe(docs[0]) == expected


def test_memory_zone(nlp: Language, describe: Describe) -> None:
    expected = [describe(nlp(text)) for text in TEXTS]
    for _ in range(2):
        with nlp.memory_zone():
            found = [describe(doc) for doc in nlp.pipe(TEXTS)]
        assert found == expected
    assert [describe(nlp(text)) for text in TEXTS] == expected


def test_nlp_equals_pipe(nlp: Language, describe: Describe) -> None:
    many = TEXTS * 30
    expected = [describe(nlp(text)) for text in TEXTS] * 30
    for batch_size in (1, 7, 1000):
        assert [describe(doc) for doc in nlp.pipe(many, batch_size=batch_size)] == expected


def test_pipe_keeps_order_count_and_context(nlp: Language) -> None:
    pairs = [(f"{text} number {n}", n) for n, text in enumerate(TEXTS * 5)]
    found = [(doc.text, n) for doc, n in nlp.pipe(pairs, as_tuples=True, batch_size=3)]
    assert found == pairs


def test_pipe_is_lazy(nlp: Language) -> None:
    taken = []

    def stream() -> Any:
        for number in range(1000):
            taken.append(number)
            yield "a heart attack"

    docs = nlp.pipe(stream(), batch_size=4)
    assert next(docs).ents[0].kb_id_ == "MESH:D009203"
    assert len(taken) < 100
