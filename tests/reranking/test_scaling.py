from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.reranking.scaling import Scaling, fit_scaling

SCORES = st.lists(st.floats(-500, 500), min_size=1, max_size=30).map(np.array)


@given(SCORES, st.floats(0.01, 100), st.floats(-50, 50))
def test_probabilities_sum_to_one_and_keep_the_order(
    scores: np.ndarray[tuple[int], np.dtype[np.float64]], temperature: float, bias: float
) -> None:
    before = scores.copy()
    found = Scaling(temperature, bias).probabilities(scores)
    assert found.sum() == pytest.approx(1)
    assert (scores == before).all()
    order = np.argsort(scores[:-1], kind="stable")
    assert (np.diff(found[:-1][order]) >= -1e-12).all()


def test_the_fit_finds_what_scores_were_made_with() -> None:
    random = np.random.default_rng(0)
    temperature, bias = 3.0, 1.5
    scores = [random.normal(size=6) * 6 for _ in range(3000)]
    gold = []
    for own in scores:
        right = int(random.choice(6, p=Scaling(temperature, bias).probabilities(own)))
        gold.append(None if right == 5 else right)
    found = fit_scaling(scores, gold)
    assert found.fitted
    assert found.temperature == pytest.approx(temperature, rel=0.1)
    assert found.nil_bias == pytest.approx(bias, abs=0.2)
    bias_only = fit_scaling([own / temperature for own in scores], gold, temperature=False)
    assert bias_only.temperature == 1
    assert bias_only.nil_bias == pytest.approx(bias, abs=0.2)


def test_a_few_right_answers_are_not_followed_to_the_end() -> None:
    scores = [np.array([2.0, 0.0, -1.0])] * 5
    found = fit_scaling(scores, [0] * 5)
    assert 0.3 < found.temperature < 1
    assert -5 < found.nil_bias < 0
    probabilities = found.probabilities(scores[0])
    assert 0.9 < probabilities[0] < 0.9999


def test_what_cannot_be_scaled_or_fitted_is_refused() -> None:
    for settings in ((0.0, 0.0), (-1.0, 0.0), (float("inf"), 0.0), (1.0, float("nan"))):
        with pytest.raises(BelError, match="B706"):
            Scaling(*settings)
    for scores, gold in (([], []), ([np.zeros(2)], [0, 0])):
        with pytest.raises(BelError, match="B720"):
            fit_scaling(scores, gold)
