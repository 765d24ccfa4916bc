"""From values to probabilities: a temperature, and a monotone curve where data allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from spacy_bel.reranking.scaling import Scaling, fit_scaling
from spacy_bel.types import Candidate, Mention

BINS = 10
"""Bins of equal mass of the expected calibration error."""

ISOTONIC_ANSWERS = 1000
"""Least answers for which a curve is fitted: with fewer it follows their accidents."""

_KNOTS = 32

_FOLDS = 5


@runtime_checkable
class Calibratable(Protocol):
    """A reranker whose logits become probabilities by a ``Scaling``."""

    scaling: Scaling

    def scores(
        self, mentions: Sequence[Mention], candidates: Sequence[Sequence[Candidate]]
    ) -> Sequence[NDArray[Any] | None]:
        """Logits of the candidates that were ranked and, last, of NIL, for each mention."""
        ...


@dataclass(frozen=True, slots=True)
class Judged:
    """A mention's logits with the right answers.

    Args:
        logits: Of candidates and, last, NIL.
        right: Which options are right, (options,).
        document: The document's id, by which folds are made.
    """

    logits: NDArray[Any]
    right: NDArray[np.bool_]
    document: str


@dataclass(frozen=True, slots=True)
class Fit:
    """A calibration and how good it is.

    Args:
        scaling: For all data.
        before: Bins and error without calibration (see ``calibration_error``).
        after: The same on documents that were left out of the fit, fold by fold.
    """

    scaling: Scaling
    before: dict[str, Any]
    after: dict[str, Any]


def fit(judged: Sequence[Judged], current: Scaling, *, isotonic: bool | None = None) -> Fit:
    """Fit a temperature and a bias of NIL, and a monotone curve where it helps.

    The curve (isotonic regression, Zadrozny & Elkan 2002) maps every value; it is kept where
    there are data enough, and the error on left-out documents is smaller with it.

    Args:
        judged: Mentions with logits and right answers.
        current: The scaling in use.
        isotonic: Whether to fit a curve; None to find out.

    Returns:
        The calibration.
    """
    wanted = [False] if isotonic is None else [isotonic]
    if isotonic is None and len(judged) >= ISOTONIC_ANSWERS:
        wanted.append(True)
    tried = [(calibration_error(*_left_out(judged, curve)), curve) for curve in wanted]
    after, curve = min(tried, key=lambda each: each[0]["value"])
    before = calibration_error(*_answers(judged, current))
    return Fit(_fit(judged, curve), before, after)


def calibration_error(
    confidence: NDArray[Any], right: NDArray[np.bool_], bins: int = BINS
) -> dict[str, Any]:
    """Expected calibration error (Naeini et al. 2015) over bins of equal mass.

    Args:
        confidence: Of each answer.
        right: Whether it is right.
        bins: Number of bins.

    Returns:
        ``value``, ``n``, and ``bins`` with ``n``, mean ``confidence`` and ``accuracy``.
    """
    order = np.argsort(confidence, kind="stable")
    found = [
        {
            "n": len(chunk),
            "confidence": float(confidence[chunk].mean()),
            "accuracy": float(right[chunk].mean()),
        }
        for chunk in np.array_split(order, bins)
        if len(chunk)
    ]
    gaps = [each["n"] * abs(each["confidence"] - each["accuracy"]) for each in found]
    return {"value": sum(gaps) / max(1, len(right)), "n": len(right), "bins": found}


def risk_coverage(
    confidence: NDArray[Any], right: NDArray[np.bool_], points: int = 50
) -> dict[str, Any]:
    """How many answers are wrong when only the surest are given (El-Yaniv & Wiener 2010).

    Args:
        confidence: Of each answer.
        right: Whether it is right.
        points: Number of points on the curve.

    Returns:
        ``aurc``, the mean risk over all coverages, and ``points`` with ``coverage``, ``risk`` and
        the ``threshold`` that gives them.
    """
    if not len(right):
        return {"aurc": None, "points": []}
    order = np.argsort(-confidence, kind="stable")
    risks = np.cumsum(~right[order]) / np.arange(1, len(right) + 1)
    places = np.unique(np.linspace(1, len(right), min(points, len(right))).astype(int)) - 1
    return {
        "aurc": float(risks.mean()),
        "points": [
            {
                "coverage": (place + 1) / len(right),
                "risk": float(risks[place]),
                "threshold": float(confidence[order[place]]),
            }
            for place in places.tolist()
        ],
    }


def answers(judged: Sequence[Judged], scaling: Scaling) -> tuple[Any, Any]:
    """Confidence of each mention's best option, and whether it is right."""
    return _answers(judged, scaling)


def _answers(
    judged: Sequence[Judged], scaling: Scaling
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    values = [scaling.probabilities(each.logits) for each in judged]
    best = [int(value.argmax()) for value in values]
    confidence = np.array([value[place] for value, place in zip(values, best, strict=True)])
    right = np.array([each.right[place] for each, place in zip(judged, best, strict=True)], bool)
    return confidence, right


def _left_out(
    judged: Sequence[Judged], curve: bool
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Answers to the mentions of each fold of documents, calibrated on the other folds."""
    documents = {document: n for n, document in enumerate(sorted({e.document for e in judged}))}
    folds = min(_FOLDS, len(documents))
    if folds < 2:
        return _answers(judged, _fit(judged, curve))
    parts = []
    for fold in range(folds):
        inside = [e for e in judged if documents[e.document] % folds == fold]
        outside = [e for e in judged if documents[e.document] % folds != fold]
        parts.append(_answers(inside, _fit(outside, curve)))
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _fit(judged: Sequence[Judged], curve: bool) -> Scaling:
    gold = [int(np.argmax(each.right[:-1])) if each.right[:-1].any() else None for each in judged]
    scaling = fit_scaling([each.logits for each in judged], gold)
    if not curve:
        return scaling
    confidence, right = _answers(judged, scaling)
    return Scaling(scaling.temperature, scaling.nil_bias, True, isotonic_curve(confidence, right))


def isotonic_curve(
    confidence: NDArray[Any], right: NDArray[np.bool_], knots: int = _KNOTS
) -> tuple[tuple[float, float], ...]:
    """A strictly increasing curve from confidence to accuracy.

    Args:
        confidence: Of each answer.
        right: Whether it is right.
        knots: Most points of the curve.

    Returns:
        Points from (0, 0) to (1, 1), to be joined by straight lines.
    """
    order = np.argsort(confidence, kind="stable")
    chunks = np.array_split(order, min(knots, len(order)))
    means = np.array([confidence[chunk].mean() for chunk in chunks])
    rates = _increasing([float(right[chunk].mean()) for chunk in chunks])
    # A flat curve would give candidates of unlike values the same one: keep a thousandth.
    mixed = 0.999 * np.asarray(rates) + 0.001 * means
    points = [(0.0, 0.0), *zip(means.tolist(), mixed.tolist(), strict=True), (1.0, 1.0)]
    return tuple(dict(points).items())


def _increasing(values: Sequence[float]) -> list[float]:
    """The increasing sequence closest to values of equal weight (pool adjacent violators)."""
    pools: list[tuple[float, int]] = []
    for value in values:
        pools.append((value, 1))
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            (low, size), (high, other) = pools[-2:]
            pools[-2:] = [((low * size + high * other) / (size + other), size + other)]
    return [value for value, size in pools for _ in range(size)]
