"""``bel_retriever``: candidates without a decision."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_bel.pipeline.retriever import BelRetriever

MakeDoc = Callable[..., Doc]


def _retriever(kb: Path, **settings: Any) -> BelRetriever:
    retriever = spacy.blank("en").add_pipe("bel_retriever", config={"kb": str(kb), **settings})
    assert isinstance(retriever, BelRetriever)
    return retriever


def test_candidates_are_written_and_nothing_else(sample_dir: Path, make_doc: MakeDoc) -> None:
    (entity,) = _retriever(sample_dir)(make_doc("a heart attack", "heart attack")).ents
    assert entity._.bel_candidates[0].id == "MESH:D009203"
    assert len(entity._.bel_candidates) == 20
    assert (entity.kb_id_, entity._.bel_ids, entity._.bel_score) == ("", (), None)


def test_the_linker_ranks_the_same_candidates(sample_dir: Path, make_doc: MakeDoc) -> None:
    (entity,) = _retriever(sample_dir, top_k=7)(make_doc("diabetes", "diabetes")).ents
    config = {"kb": str(sample_dir), "top_k": 7, "keep_candidates": 7}
    linker = spacy.blank("en").add_pipe("bel_linker", config=config)
    (linked,) = linker(make_doc("diabetes", "diabetes")).ents
    assert linked._.bel_candidates == entity._.bel_candidates
    assert len(entity._.bel_candidates) == 7


def test_labels_types_and_extensions(sample_dir: Path, make_doc: MakeDoc) -> None:
    retriever = _retriever(sample_dir, label_types={"X": ["Gene"]}, extensions="genes")
    first, second = retriever(make_doc("insulin and cold", ("insulin", "X"), "cold")).ents
    assert {candidate.types for candidate in first._.genes_candidates} == {("Gene",)}
    assert second._.genes_candidates == ()


def test_a_span_group(sample_dir: Path, make_doc: MakeDoc) -> None:
    doc = make_doc("acute heart attack")
    doc.spans["mine"] = [Span(doc, 0, 3, "A"), Span(doc, 1, 3, "B")]
    _retriever(sample_dir, spans="mine")(doc)
    whole, head = doc.spans["mine"]
    assert whole._.bel_candidates[0].id == head._.bel_candidates[0].id == "MESH:D009203"
    assert whole._.bel_candidates != head._.bel_candidates


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_pipe_equals_call(sample_dir: Path, make_doc: MakeDoc, batch_size: int) -> None:
    retriever = _retriever(sample_dir)

    def docs() -> list[Doc]:
        return [make_doc("a cold", "cold"), make_doc("nothing"), make_doc("asthma", "asthma")]

    one = [[e._.bel_candidates for e in retriever(doc).ents] for doc in docs()]
    piped = retriever.pipe(docs(), batch_size=batch_size)
    assert [[e._.bel_candidates for e in doc.ents] for doc in piped] == one
