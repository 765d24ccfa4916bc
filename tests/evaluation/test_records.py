from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_bel.corpora.docs import gold_spans
from spacy_bel.evaluation.records import Recorder, mention_texts, to_json
from spacy_bel.kb.store import Store
from spacy_bel.types import Candidate, Link, Mention

MakeDoc = Callable[..., Doc]

BREAST, OVARY = "MESH:D001943", "MESH:D010051"
COLD, TEMPERATURE = "MESH:D003139", "MESH:D003080"


def _link(text: str, *ids: str, answer: tuple[str, ...] | None = None, query: str = "") -> Link:
    candidates = tuple(
        Candidate(id_, f"Name of {id_}", text, (), 1 / rank) for rank, id_ in enumerate(ids, 1)
    )
    answers = candidates[:1] if answer is None else ()
    chosen = answer or tuple(candidate.id for candidate in answers)
    return Link(Mention(text, query=query), chosen, score=0.7, candidates=candidates)


def test_retired_gold_ids_are_resolved(kb: Store, make_doc: MakeDoc) -> None:
    doc = make_doc("No breast cancer here.", ("breast cancer", "MESH:C999999"))
    (span,) = gold_spans(doc)
    record = Recorder(kb).record(span, _link("breast cancer", BREAST), "7")
    assert record.gold == "MESH:C999999"
    assert record.gold_ids == record.answer_ids == (BREAST,)
    assert record.gold_names == ("Breast Neoplasms",)
    assert record.unknown_ids == ()
    assert (record.doc_id, record.start, record.end) == ("7", 3, 16)
    assert (record.score, record.error) == (0.7, "")


def test_alternatives_that_were_merged_are_one_concept(kb: Store, make_doc: MakeDoc) -> None:
    doc = make_doc("The CES.", ("CES", "MESH:C535918|OMIM:115470"))
    record = Recorder(kb).record(gold_spans(doc)[0], _link("CES", "OMIM:115470"), "1")
    assert record.gold_ids == ("OMIM:115470",)
    assert not record.composite


def test_composites_nil_and_unknown_ids(kb: Store, make_doc: MakeDoc) -> None:
    doc = make_doc("aa bb cc", ("aa", f"{BREAST}+{OVARY}"), ("bb", "NIL"), ("cc", "X:1|NIL"))
    recorder = Recorder(kb)
    composite, nil, unknown = (
        recorder.record(span, _link(span.text), "1") for span in gold_spans(doc)
    )
    assert (composite.gold_ids, composite.composite) == ((BREAST, OVARY), True)
    assert (nil.gold, nil.gold_ids, nil.answer) == ("NIL", (), "NIL")
    assert (unknown.gold_ids, unknown.gold_names, unknown.unknown_ids) == (
        ("X:1",),
        ("",),
        ("X:1",),
    )


def test_answers_come_first_and_names_know_their_bearers(kb: Store, make_doc: MakeDoc) -> None:
    doc = make_doc("A cold.", ("cold", COLD))
    link = _link("cold", TEMPERATURE, COLD, TEMPERATURE, answer=(COLD,))
    record = Recorder(kb).record(gold_spans(doc)[0], link, "1")
    assert [candidate.id for candidate in record.candidates] == [COLD, TEMPERATURE]
    assert {frozenset(candidate.bearers) for candidate in record.candidates} == {
        frozenset({COLD, TEMPERATURE})
    }
    assert record.ambiguous


def test_an_answer_without_candidate_is_ranked(kb: Store, make_doc: MakeDoc) -> None:
    doc = make_doc("A cold.", ("cold", COLD))
    record = Recorder(kb).record(
        gold_spans(doc)[0], _link("cold", COLD, answer=("X:1", BREAST)), "1"
    )
    assert [(each.id, each.name) for each in record.candidates] == [
        ("X:1", ""),
        (BREAST, "Breast Neoplasms"),
        (COLD, f"Name of {COLD}"),
    ]


def test_a_failed_mention_has_no_answer(kb: Store, make_doc: MakeDoc) -> None:
    doc = make_doc("A cold.", ("cold", COLD))
    link = Link(Mention("cold"), (COLD,), error="timed out")
    record = Recorder(kb).record(gold_spans(doc)[0], link, "1")
    assert (record.answer, record.answer_ids, record.error) == ("", (), "timed out")


def test_seen_and_abbreviation(kb: Store, make_doc: MakeDoc) -> None:
    training = make_doc("Gout and CF.", ("Gout", "MESH:D006073"), ("CF", "MESH:D003550"))
    doc = make_doc("gout or flu", ("gout", "MESH:D006073"), ("flu", "NIL"))
    recorder = Recorder(kb, mention_texts([training]))
    gout, flu = gold_spans(doc)
    assert recorder.record(gout, _link("gout", query="gout"), "1").seen is True
    assert recorder.record(gout, _link("gout", query="gout"), "1").abbreviation is False
    assert recorder.record(flu, _link("flu", query="influenza"), "1").seen is False
    assert recorder.record(flu, _link("flu", query="influenza"), "1").abbreviation is True
    assert Recorder(kb).record(flu, _link("flu"), "1").seen is None


@pytest.mark.parametrize("blank", [" ", ""])
def test_context_is_a_window(kb: Store, make_doc: MakeDoc, blank: str) -> None:
    side = blank.join(["word"] * 200)
    doc = make_doc(f"{side}{blank}gout{blank}{side}", ("gout", "MESH:D006073"))
    record = Recorder(kb).record(gold_spans(doc)[0], _link("gout"), "1")
    assert record.context[record.context_start :].startswith("gout")
    assert 300 <= len(record.context) <= 330
    if blank:
        assert set(record.context.split()) == {"word", "gout"}


@given(st.text(min_size=1), st.text(), st.text())
def test_context_holds_any_mention(
    kb: Store, make_doc: MakeDoc, mention: str, before: str, after: str
) -> None:
    doc = make_doc(f"{before}|{mention}|{after}", (mention, "NIL"))
    for span in gold_spans(doc):
        record = Recorder(kb).record(span, _link(span.text), "1")
        end = record.context_start + len(record.text)
        assert record.context[record.context_start : end] == record.text == mention
        assert record.context in doc.text


def test_a_line_for_comparison_is_plain_data(kb: Store, make_doc: MakeDoc) -> None:
    doc = make_doc("A cold.", ("cold", COLD))
    record = Recorder(kb).record(gold_spans(doc)[0], _link("cold", TEMPERATURE, COLD), "1")
    assert to_json(record, {"lenient": 2}) == {
        "doc_id": "1",
        "start": 2,
        "end": 6,
        "text": "cold",
        "label": "Disease",
        "gold": COLD,
        "gold_ids": [COLD],
        "answer": TEMPERATURE,
        "score": 0.7,
        "error": "",
        "ranks": {"lenient": 2},
        "candidates": [TEMPERATURE, COLD],
    }
