from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.evaluation.bootstrap import Resamples


def test_ratio_of_sums_not_mean_of_ratios() -> None:
    documents = ["a", "a", "a", "b"]
    (estimate,) = Resamples(documents, 50).means(documents, [[1.0], [1.0], [1.0], [0.0]])
    assert estimate["value"] == 0.75
    assert (estimate["low"], estimate["high"]) == (0.0, 1.0)


def test_mentions_of_one_document_are_drawn_together() -> None:
    values = [[1.0], [0.0]]
    (one,) = Resamples(["a", "a"], 200).means(["a", "a"], values)
    assert one == {"value": 0.5, "low": 0.5, "high": 0.5}
    (two,) = Resamples(["a", "b"], 200).means(["a", "b"], values)
    assert two == {"value": 0.5, "low": 0.0, "high": 1.0}


def test_interval_agrees_with_the_binomial() -> None:
    documents = [str(number) for number in range(400)]
    values = [[number % 4 == 0] for number in range(400)]
    (estimate,) = Resamples(documents).means(documents, values)
    half = 1.96 * (0.25 * 0.75 / 400) ** 0.5
    assert estimate["low"] == pytest.approx(0.25 - half, abs=0.01)
    assert estimate["high"] == pytest.approx(0.25 + half, abs=0.01)


def test_seed_decides() -> None:
    documents = [str(number) for number in range(50)]
    values = np.linspace(0, 1, 50)[:, None]
    first, same, other = (
        Resamples(documents, 100, seed).means(documents, values) for seed in (1, 1, 2)
    )
    assert first == same
    assert first[0]["value"] == other[0]["value"]
    assert first != other


def test_nothing_to_count() -> None:
    nothing = {"value": None, "low": None, "high": None}
    assert Resamples([]).means([], np.zeros((0, 2))) == [nothing, nothing]
    assert Resamples(["a"]).ratios(["a"], [[1]], [[0]]) == [nothing]


def test_document_without_a_denominator_is_drawn_too() -> None:
    (estimate,) = Resamples(["a", "b"], 100).ratios(["a", "b"], [[1], [0]], [[2], [0]])
    assert estimate == {"value": 0.5, "low": 0.5, "high": 0.5}


@given(
    st.lists(st.tuples(st.sampled_from("abcde"), st.booleans()), min_size=1, max_size=20),
    st.randoms(use_true_random=False),
)
def test_order_does_not_matter(rows: list[tuple[str, bool]], random: object) -> None:
    def estimate(rows: list[tuple[str, bool]]) -> object:
        documents = [document for document, _ in rows]
        return Resamples(documents, 20).means(documents, [[value] for _, value in rows])

    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert estimate(rows) == estimate(shuffled)
