"""Training questions: gold stays, negatives are limited, NIL traps, soft teachers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.examples import Example, Label
from spacy_bel.training.rows import Sampling, draw, targets_of
from spacy_bel.types import NIL


def _right(target: object) -> list[str]:
    weights, offers = target.weights, target.question.offers  # type: ignore[attr-defined]
    return [o.candidate.id for o, w in zip(offers, weights[:-1], strict=True) if w > 0]


def test_the_gold_is_kept_with_the_best_wrong_candidates(rows: list[Example]) -> None:
    sampling = Sampling(negatives=1, nil_rate=0.0)
    for example, target in zip(rows, (targets_of(row, sampling)[0] for row in rows), strict=True):
        (drawn,) = draw([example], sampling, "0")
        if example.gold == (NIL,):
            assert drawn.weights[-1] == 1
        else:
            assert _right(drawn) == list(example.gold or ())
            assert drawn.weights[-1] == 0
        wrong = [o for o, w in zip(drawn.question.offers, drawn.weights, strict=False) if not w]
        expected = [
            o for o, w in zip(target.question.offers, target.weights, strict=False) if not w
        ]
        assert wrong == expected[: len(wrong)]
        assert len(wrong) <= 1 + (example.gold == (NIL,))


def test_hidden_gold_makes_nil_right(rows: list[Example]) -> None:
    drawn = [
        target for seed in range(60) for target in draw(rows[:6], Sampling(nil_rate=0.5), str(seed))
    ]
    hidden = [target for target in drawn if target.weights[-1] == 1]
    assert 0.4 < len(hidden) / len(drawn) < 0.6
    assert not any(_right(target) for target in hidden)


def test_what_a_document_repeats_is_asked_about_once(rows: list[Example]) -> None:
    row = replace(next(row for row in rows if row.gold != (NIL,)), doc_id="1")
    again = [replace(row, offset=offset) for offset in range(5)]
    other, unknown = replace(row, doc_id="2"), replace(row, gold=None)
    sampling = Sampling(nil_rate=0.0)
    count = len(targets_of(row, sampling))
    assert len(draw([*again, other, unknown], sampling, "0")) == 2 * count
    assert len(draw(again, replace(sampling, once=False), "0")) == 5 * count
    assert len(draw([replace(row, doc_id="")] * 3, sampling, "0")) == 3 * count


@given(seed=st.text(max_size=5), shuffle=st.booleans(), alias=st.booleans())
def test_equal_seeds_draw_equal_questions(
    rows: list[Example], seed: str, shuffle: bool, alias: bool
) -> None:
    sampling = Sampling(shuffle=shuffle, random_alias=alias)
    assert draw(rows, sampling, seed) == draw(rows, sampling, seed)


def test_names_and_order_vary_where_asked(rows: list[Example]) -> None:
    orders, names = set(), set()
    for seed in range(20):
        (target,) = draw(
            rows[:1], Sampling(nil_rate=0.0, random_alias=True, shuffle=True), str(seed)
        )
        orders.add(tuple(o.candidate.id for o in target.question.offers))
        names.add(tuple(sorted(o.candidate.alias for o in target.question.offers)))
    assert len(orders) > 1
    assert len(names) > 2


def test_a_teacher_is_believed_softly(rows: list[Example]) -> None:
    ids = [offer.candidate.id for offer in rows[0].offers[:2]]
    label = Label("teacher", ids[0], probs={ids[0]: 0.64, ids[1]: 0.16, NIL: 0.04})
    row = replace(rows[0], gold=None, labels=(label,))
    (target,) = targets_of(row, Sampling(teacher="teacher", temperature=2.0))
    assert target.soft
    assert target.weights[:2] == pytest.approx((0.8 / 1.4, 0.4 / 1.4))
    assert target.weights[-1] == pytest.approx(0.2 / 1.4)
    hard = replace(row, labels=(Label("teacher", NIL),))
    assert targets_of(hard, Sampling(teacher="teacher"))[0].weights[-1] == 1


def test_gold_comes_before_labels_unless_a_teacher_is_named(rows: list[Example]) -> None:
    labels = (Label("first", rows[0].offers[1].candidate.id), Label("last", NIL))
    labelled = replace(rows[0], labels=labels)
    (by_gold,) = targets_of(labelled, Sampling())
    assert by_gold == targets_of(rows[0], Sampling())[0]
    assert targets_of(labelled, Sampling(teacher="first"))[0].weights[1] == 1
    without = replace(labelled, gold=None)
    assert targets_of(without, Sampling())[0].weights[-1] == 1
    assert targets_of(without, Sampling(teacher="first"))[0].weights[1] == 1
    assert targets_of(without, Sampling(teacher="nobody")) == []


def test_a_missed_concept_is_nil_or_left_out(rows: list[Example]) -> None:
    missed = replace(rows[0], gold=("MESH:D000000",))
    assert targets_of(missed, Sampling())[0].weights[-1] == 1
    assert targets_of(missed, Sampling(missed=False)) == []
    assert targets_of(replace(rows[0], gold=("NIL",)), Sampling(missed=False)) != []


def test_settings_out_of_range_are_refused() -> None:
    for settings in ({"negatives": 0}, {"nil_rate": 1.0}, {"temperature": 0.0}):
        with pytest.raises(BelError, match="B910"):
            Sampling(**settings)
