"""Calibration: errors, curves, and what is fitted on documents that were left out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.reranking.calibration import (
    Judged,
    calibration_error,
    fit,
    isotonic_curve,
    risk_coverage,
)
from spacy_bel.reranking.scaling import Scaling


def _judged(count: int, sharpness: float, seed: int = 0) -> list[Judged]:
    """Mentions whose logits are too sharp by a factor."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(count):
        logits = random.normal(0, 2, 4)
        probs = np.exp(logits) / np.exp(logits).sum()
        right = np.zeros(4, bool)
        right[random.choice(4, p=probs)] = True
        found.append(Judged(sharpness * logits, right, str(number // 5)))
    return found


def test_the_temperature_takes_back_overconfidence() -> None:
    found = fit(_judged(800, 3.0), Scaling(), isotonic=False)
    assert found.scaling.temperature == pytest.approx(3.0, rel=0.15)
    assert found.scaling.fitted
    assert found.before["value"] > 0.15
    assert found.after["value"] < 0.05
    assert found.after["n"] == 800


def test_a_curve_mends_what_no_temperature_can() -> None:
    random = np.random.default_rng(1)
    judged = []
    for number in range(1200):
        logit = random.uniform(0, 4)
        is_right = random.random() < (0.9 if logit > 2 else 0.55)
        right = np.array([is_right, not is_right, False])
        judged.append(Judged(np.array([logit, -logit, -8.0]), right, str(number // 4)))
    plain = fit(judged, Scaling(), isotonic=False)
    curved = fit(judged, Scaling())
    assert curved.scaling.curve
    assert curved.after["value"] < plain.after["value"] < 0.2
    few = fit(judged[:300], Scaling())
    assert not few.scaling.curve


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=200),
    st.lists(st.floats(-5, 5), min_size=2, max_size=6),
)
def test_a_curve_keeps_the_order_of_options(
    pairs: list[tuple[float, bool]], logits: list[float]
) -> None:
    confidence = np.array([pair[0] for pair in pairs])
    right = np.array([pair[1] for pair in pairs])
    curve = isotonic_curve(confidence, right)
    plain = Scaling().probabilities(np.array(logits))
    mapped = Scaling(curve=curve).probabilities(np.array(logits))
    assert ((mapped >= 0) & (mapped <= 1)).all()
    order = np.argsort(plain, kind="stable")
    assert (np.diff(mapped[order]) >= 0).all()
    xs, ys = zip(*curve, strict=True)
    assert list(xs) == sorted(xs)
    assert list(ys) == sorted(ys)


def test_the_error_is_zero_where_confidence_is_accuracy_and_large_where_not() -> None:
    right = np.array([True, False] * 50)
    assert calibration_error(np.full(100, 0.5), right)["value"] == pytest.approx(0)
    assert calibration_error(np.full(100, 1.0), right)["value"] == pytest.approx(0.5)
    assert [b["n"] for b in calibration_error(np.arange(100) / 100, right)["bins"]] == [10] * 10


def test_risk_falls_with_coverage_where_confidence_tells() -> None:
    confidence = np.linspace(1, 0, 100)
    right = np.array([True] * 80 + [False] * 20)
    found = risk_coverage(confidence, right, points=10)
    assert found["points"][-1] == {"coverage": 1.0, "risk": 0.2, "threshold": 0.0}
    assert found["points"][5]["risk"] == 0
    turned = risk_coverage(-confidence, right)
    assert found["aurc"] < 0.03
    assert turned["aurc"] > 0.3
