from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.evaluation.end_to_end import Annotation, Comparison, compare, score_texts


def _read(*spans: tuple[int, int, str]) -> list[Annotation]:
    return [Annotation(start, end, frozenset(ids.split())) for start, end, ids in spans]


def test_counts_by_hand() -> None:
    gold = _read((0, 4, "A"), (10, 20, "B"), (30, 34, ""), (40, 50, "C D"), (60, 64, "E"))
    predicted = _read((0, 4, "A"), (12, 20, "B"), (30, 34, "F"), (40, 50, "C"), (60, 64, ""))
    assert compare(gold, predicted) == Comparison(
        gold_spans=5,
        predicted_spans=5,
        found=4,
        gold=4,
        predicted=4,
        strict=1,
        overlap=2,
        gold_found=3,
    )


def test_figures_by_hand() -> None:
    counts = compare(
        _read((0, 4, "A"), (10, 20, "B")), _read((0, 4, "A"), (12, 20, "B"), (30, 34, "C"))
    )
    figures = score_texts({"1": counts, "2": Comparison()})
    assert (figures["n_gold"], figures["n_predicted"]) == (2, 3)
    values = {
        name: [figures[name][key]["value"] for key in ("precision", "recall", "f1")]
        for name in ("strict", "overlap", "mentions")
    }
    assert values == {
        "strict": [pytest.approx(1 / 3), 0.5, pytest.approx(2 / 5)],
        "overlap": [pytest.approx(2 / 3), 1.0, pytest.approx(4 / 5)],
        "mentions": [pytest.approx(1 / 3), 0.5, pytest.approx(2 / 5)],
    }
    assert figures["accuracy"]["value"] == 1.0


def test_nil_and_no_id_predict_nothing() -> None:
    counts = compare(_read((0, 4, "")), _read((0, 4, "")))
    assert (counts.strict, counts.gold, counts.predicted, counts.found) == (0, 0, 0, 1)


def test_one_prediction_is_right_once() -> None:
    gold = _read((0, 4, "A"), (5, 9, "A"))
    assert compare(gold, _read((0, 9, "A"))).overlap == 1
    assert compare(gold[:1], _read((0, 2, "A"), (2, 4, "A"))).overlap == 1
    # Annotators may give one span twice.
    assert compare([gold[0], gold[0]], [gold[0]]).strict == 1


def test_spans_that_only_touch_do_not_overlap() -> None:
    assert compare(_read((0, 4, "A")), _read((4, 8, "A"))).overlap == 0


def test_nothing_predicted_and_nothing_at_all() -> None:
    figures = score_texts({"1": compare(_read((0, 4, "A")), [])})
    strict = figures["strict"]
    assert [strict[key]["value"] for key in ("precision", "recall", "f1")] == [None, 0.0, 0.0]
    assert figures["accuracy"]["value"] is None
    assert score_texts({})["strict"]["f1"]["value"] is None


_SPANS = st.lists(
    st.tuples(st.integers(0, 20), st.integers(1, 6), st.sampled_from(["", "A", "B", "A B"])).map(
        lambda drawn: (drawn[0], drawn[0] + drawn[1], drawn[2])
    ),
    max_size=8,
)


@given(_SPANS, _SPANS)
def test_what_holds_for_all_spans(
    gold: list[tuple[int, int, str]], predicted: list[tuple[int, int, str]]
) -> None:
    counts = compare(_read(*gold), _read(*predicted))
    assert counts.strict <= counts.overlap <= min(counts.gold, counts.predicted)
    assert counts.strict <= counts.gold_found <= counts.found
    assert compare(_read(*predicted), _read(*gold)).strict == counts.strict
    perfect = compare(_read(*gold), _read(*gold))
    assert perfect.strict == perfect.overlap == perfect.gold == perfect.predicted
