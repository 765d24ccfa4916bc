"""``bel_matcher``: finding mentions in pipelines without NER."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, Span

from spacy_bel.pipeline.matcher import BelMatcher

TEXT = "Aspirin for heart attacks, not for Escherichia coli or TP53 in COPD."


@pytest.fixture(scope="session")
def matcher(sample_dir: Path) -> BelMatcher:
    return _matcher(sample_dir)


def _matcher(kb: Path, **settings: Any) -> BelMatcher:
    matcher = spacy.blank("en").add_pipe("bel_matcher", config={"kb": str(kb), **settings})
    assert isinstance(matcher, BelMatcher)
    return matcher


def _make(text: str, lang: str = "en") -> Doc:
    return spacy.blank(lang).make_doc(text)


def _found(doc: Doc) -> list[tuple[str, str]]:
    return [(entity.text, entity.label_) for entity in doc.ents]


def test_labels_are_the_types(matcher: BelMatcher) -> None:
    assert _found(matcher(_make(TEXT)))[:3] == [
        ("Aspirin", "CHEMICAL"),
        ("heart attacks", "DISEASE"),
        ("Escherichia coli", "SPECIES"),
    ]


def test_labels_can_be_chosen(sample_dir: Path) -> None:
    matcher = _matcher(sample_dir, labels={"Chemical": "Drug"})
    assert _found(matcher(_make(TEXT)))[:2] == [("Aspirin", "Drug"), ("heart attacks", "DISEASE")]


def test_only_some_types(sample_dir: Path) -> None:
    matcher = _matcher(sample_dir, types=["Chemical", "Species"])
    assert _found(matcher(_make(TEXT))) == [
        ("Aspirin", "CHEMICAL"),
        ("Escherichia coli", "SPECIES"),
    ]


def test_concepts_without_type_have_a_label_too(tmp_path: Path) -> None:
    from spacy_bel.kb.build import build_from_records
    from spacy_bel.types import Concept

    concepts = [Concept("A:1", "Gout"), Concept("A:2", "Cold", types=("Natural Phenomenon",))]
    build_from_records(concepts, tmp_path / "kb", {"name": "toy"})
    doc = _matcher(tmp_path / "kb")(_make("gout and cold"))
    assert _found(doc) == [("gout", "CONCEPT"), ("cold", "NATURAL_PHENOMENON")]


def test_entities_that_are_there_stay(matcher: BelMatcher) -> None:
    doc = _make(TEXT)
    doc.ents = (
        Span(doc, 3, 4, "Mine", kb_id="MY:1", span_id="T1"),
        Span(doc, 7, 10, "Mine"),
    )
    matcher(doc)
    kept = [entity for entity in doc.ents if entity.label_ == "Mine"]
    assert [(entity.text, entity.kb_id_, entity.id_) for entity in kept] == [
        ("attacks", "MY:1", "T1"),
        ("Escherichia coli or", "", ""),
    ]
    assert ("Aspirin", "CHEMICAL") in _found(doc)
    assert "heart attacks" not in [text for text, _ in _found(doc)]


def test_matching_again_changes_nothing(matcher: BelMatcher, sample_dir: Path) -> None:
    doc = matcher(_make(TEXT))
    before = _found(doc)
    assert _found(matcher(doc)) == before
    group = _matcher(sample_dir, spans="mine")
    once = [(s.start, s.end, s.label_) for s in group(doc).spans["mine"]]
    assert [(s.start, s.end, s.label_) for s in group(doc).spans["mine"]] == once


def test_a_span_group(sample_dir: Path) -> None:
    doc = _matcher(sample_dir, spans="mine")(_make(TEXT))
    assert doc.ents == ()
    assert [span.text for span in doc.spans["mine"]][:2] == ["Aspirin", "heart attacks"]
    assert not len(_matcher(sample_dir, spans="mine")(_make("nothing")).spans["mine"])


def test_overlapping_spans_of_a_group_stay(sample_dir: Path) -> None:
    doc = _make("Aspirin for heart attacks")
    there = [Span(doc, 1, 4, "Mine"), Span(doc, 3, 4, "Mine"), Span(doc, 3, 4, "Other")]
    doc.spans["mine"] = there
    _matcher(sample_dir, spans="mine")(doc)
    assert {(s.start, s.end, s.label_) for s in doc.spans["mine"]} == {
        (0, 1, "CHEMICAL"),
        *((s.start, s.end, s.label_) for s in there),
    }


@pytest.mark.parametrize(
    ("lang", "text", "mention"),
    [
        ("zh", "他患有心肌梗死和2型糖尿病。", "心肌梗死"),
        ("es", "Tuvo un infarto de miocardio.", "infarto de miocardio"),
        ("de", "Verdacht auf Herzinfarkt.", "Herzinfarkt"),
        ("xx", "Verdacht auf Herzinfarkt.", "Herzinfarkt"),
    ],
)
def test_other_languages_are_linked(sample_dir: Path, lang: str, text: str, mention: str) -> None:
    nlp = spacy.blank(lang)
    for name in ("bel_matcher", "bel_linker"):
        nlp.add_pipe(name, config={"kb": str(sample_dir)})
    found = {entity.text: entity.kb_id_ for entity in nlp(text).ents}
    assert found[mention] == "MESH:D009203"


def test_a_trained_pipelines_entities_come_first(sample_dir: Path) -> None:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "NAME", "pattern": "Aspirin for heart"}])  # type: ignore[attr-defined]
    nlp.add_pipe("bel_matcher", config={"kb": str(sample_dir)})
    found = _found(nlp(TEXT))
    assert found[0] == ("Aspirin for heart", "NAME")
    assert ("Escherichia coli", "SPECIES") in found


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.text(), max_size=3))
def test_any_unicode_through_the_pipeline(nlp: Language, texts: list[str]) -> None:
    docs = list(nlp.pipe(texts))
    assert [doc.text for doc in docs] == texts
    for doc in docs:
        end = 0
        for entity in doc.ents:
            assert end <= entity.start < entity.end <= len(doc)
            assert entity.kb_id_
            end = entity.end
