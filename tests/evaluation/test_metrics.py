from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.evaluation.bootstrap import Resamples
from spacy_bel.evaluation.metrics import (
    CUTOFFS,
    FIGURES,
    calibration,
    nil_scores,
    score_mentions,
    summarise,
)
from spacy_bel.evaluation.ranks import lenient_rank
from spacy_bel.evaluation.records import Record

MakeRecord = Callable[..., Record]


def _ranked(rank: int) -> str:
    """Ids of which the one at a rank is A:0."""
    return " ".join(["A:0" if each == rank else f"B:{each}" for each in range(1, 61)])


def _values(summary: dict[str, Any]) -> dict[str, float | None]:
    return {name: summary[name]["value"] for name in FIGURES}


def test_figures_by_hand(make_record: MakeRecord) -> None:
    records = [make_record("A:0", _ranked(rank)) for rank in (1, 3, 7, 25)]
    records.append(make_record("A:0", "B:1 B:2"))
    summary = summarise(records, lenient_rank, Resamples(["1"]))
    assert summary["n"] == 5
    assert _values(summary) == {
        "acc@1": 0.2,
        "recall@5": 0.4,
        "recall@10": 0.6,
        "recall@20": 0.6,
        "recall@30": 0.8,
        "recall@50": 0.8,
        "mrr": pytest.approx((1 + 1 / 3 + 1 / 7 + 1 / 25) / 5),
    }


def test_nil_and_missing_ids_are_counted_apart(make_record: MakeRecord) -> None:
    metrics = score_mentions(
        [
            make_record("A:1", "A:1"),
            make_record("NIL", "A:1"),
            make_record("", "A:1"),
            make_record("X:9", "A:1", unknown_ids=("X:9",)),
            make_record("A:1|X:9", "A:1", unknown_ids=("X:9",)),
        ]
    )
    assert metrics["lenient"]["n"] == metrics["strict"]["n"] == metrics["name"]["n"] == 3
    assert metrics["lenient"]["acc@1"]["value"] == pytest.approx(2 / 3)
    assert metrics["strict"]["acc@1"]["value"] == pytest.approx(1 / 3)
    assert metrics["counts"] == {
        "documents": 1,
        "mentions": 5,
        "linkable": 3,
        "nil": 1,
        "without_id": 1,
        "composite": 1,
        "out_of_kb": 2,
        "answered": 5,
        "answered_nil": 0,
        "unanswered": 0,
        "max_candidates": 1,
    }


def test_nil_by_hand(make_record: MakeRecord) -> None:
    records = [
        make_record("NIL", answer="NIL"),
        make_record("NIL", answer="A:1"),
        make_record("NIL", answer=""),
        make_record("A:1", answer="NIL"),
        make_record("A:1", answer="A:1"),
        make_record("X:9", answer="NIL", unknown_ids=("X:9",)),
        make_record("A:1|X:9", answer="NIL", unknown_ids=("X:9",)),
        make_record("", answer="NIL"),
    ]
    scores = nil_scores(records, Resamples(["1"]))
    assert [scores[key] for key in ("n", "annotated", "out_of_kb", "predicted")] == [4, 3, 1, 4]
    assert scores["precision"]["value"] == 0.5
    assert scores["recall"]["value"] == 0.5
    assert scores["f1"]["value"] == 0.5


def test_unseen_needs_seen_data(make_record: MakeRecord) -> None:
    without = score_mentions([make_record("A:1", "A:1")])
    assert without["unseen"] is None
    assert without["breakdowns"]["seen"] == {}
    records = [
        make_record("A:1", "A:1", text="a", seen=True),
        make_record("A:1", "A:2 A:1", text="b", seen=False),
        make_record("A:1", "A:2 A:1", text="B", seen=False, start=9),
    ]
    metrics = score_mentions(records)
    assert metrics["unseen"]["n"] == 1
    assert metrics["unseen"]["acc@1"]["value"] == 0.0
    assert metrics["unseen"]["recall@5"]["value"] == 1.0
    assert {key: group["n"] for key, group in metrics["breakdowns"]["seen"].items()} == {
        "false": 2,
        "true": 1,
    }


def test_breakdowns(make_record: MakeRecord) -> None:
    metrics = score_mentions(
        [
            make_record("A:1", "A:1", label="Disease"),
            make_record("A:1", "A:2 A:1", label="Disease", abbreviation=True),
            make_record("A:1|A:2", "A:3", label="Chemical", ambiguous=True),
            make_record("NIL", "A:3", label="Gene"),
        ]
    )["breakdowns"]
    assert {
        name: {
            value: (group["n"], group["acc@1"]["value"], group["recall@20"]["value"])
            for value, group in groups.items()
        }
        for name, groups in metrics.items()
    } == {
        "type": {"Chemical": (1, 0.0, 0.0), "Disease": (2, 0.5, 1.0)},
        "seen": {},
        "abbreviation": {"false": (2, 0.5, 0.5), "true": (1, 0.0, 1.0)},
        "composite": {"false": (2, 0.5, 1.0), "true": (1, 0.0, 0.0)},
        "ambiguous": {"false": (2, 0.5, 1.0), "true": (1, 0.0, 0.0)},
    }


def test_calibration_by_hand(make_record: MakeRecord) -> None:
    right = [make_record("A:1", "A:1", score=0.9) for _ in range(5)]
    wrong = [make_record("A:1", "A:2", score=0.3) for _ in range(5)]
    uncounted = [make_record("A:1", answer="NIL", score=0.9), make_record("", "A:1", score=0.9)]
    result = calibration([*right, *wrong, *uncounted], bins=2)
    assert result["n"] == 10
    assert result["bins"] == [
        {"n": 5, "confidence": pytest.approx(0.3), "accuracy": 0.0},
        {"n": 5, "confidence": pytest.approx(0.9), "accuracy": 1.0},
    ]
    assert result["value"] == pytest.approx(0.5 * 0.3 + 0.5 * 0.1)


def test_calibration_shares_accuracy_among_ties(make_record: MakeRecord) -> None:
    records = [make_record("A:1", f"A:{1 + number % 2}", score=0.5) for number in range(20)]
    assert calibration(records)["value"] == 0.0
    assert calibration(sorted(records, key=lambda each: each.answer))["value"] == 0.0


def test_bins_have_equal_mass(make_record: MakeRecord) -> None:
    records = [make_record("A:1", "A:1", score=(number / 100) ** 3) for number in range(100)]
    assert [each["n"] for each in calibration(records)["bins"]] == [10] * 10
    assert [each["n"] for each in calibration(records[:3])["bins"]] == [1, 1, 1]


def test_nothing_to_evaluate() -> None:
    metrics = score_mentions([])
    assert metrics["lenient"]["n"] == 0
    assert set(_values(metrics["lenient"]).values()) == {None}
    assert metrics["nil"]["f1"]["value"] is None
    assert metrics["ece"] == {"value": None, "n": 0, "bins": []}
    assert json.loads(json.dumps(metrics)) == metrics


_IDS = st.sampled_from([f"A:{number}" for number in range(6)])


@st.composite
def _corpora(draw: st.DrawFn) -> list[dict[str, Any]]:
    mention = st.fixed_dictionaries(
        {
            "gold": st.one_of(
                st.sampled_from(["NIL", ""]),
                st.lists(_IDS, min_size=1, max_size=2, unique=True).map("|".join),
            ),
            "ranked": st.lists(_IDS, unique=True).map(" ".join),
            "answer": st.sampled_from([None, "NIL", ""]),
            "doc_id": st.sampled_from("abc"),
            "start": st.integers(0, 50),
            "text": st.sampled_from(["gout", "Gout", "cold"]),
            "seen": st.booleans(),
            "score": st.floats(0, 1),
        }
    )
    return draw(
        st.lists(mention, max_size=12, unique_by=lambda each: (each["doc_id"], each["start"]))
    )


@given(_corpora(), st.randoms(use_true_random=False))
def test_what_holds_for_every_corpus(
    make_record: MakeRecord, corpus: list[dict[str, Any]], random: Any
) -> None:
    records = [make_record(**mention) for mention in corpus]
    metrics = score_mentions(records, resamples=20)
    for name in ("lenient", "name", "strict", "unseen"):
        summary = metrics[name]
        if summary and summary["n"]:
            values = _values(summary)
            curve = [values[key] for key in ("acc@1", *(f"recall@{k}" for k in CUTOFFS))]
            assert curve == sorted(curve, key=float)  # type: ignore[arg-type]
            assert all(0 <= value <= 1 for value in values.values() if value is not None)
            assert values["acc@1"] <= values["mrr"]  # type: ignore[operator]
            assert all(summary[key]["low"] <= summary[key]["high"] for key in FIGURES)
    if metrics["lenient"]["n"]:
        for key in FIGURES:
            lenient = metrics["lenient"][key]["value"]
            assert metrics["strict"][key]["value"] <= lenient <= metrics["name"][key]["value"]
    random.shuffle(records)
    assert score_mentions(records, resamples=20) == metrics
