"""How many labels are wrong, and which: confident learning (Northcutt et al. 2021).

The labels are compared with what a small model, fitted to the other documents' labels, thinks of
each option. It is a conditional logit (McFadden 1974) over the numbers that a cross-encoder sees
beside the text. Classes are not concepts, of which there are too many, but what a label says of
the retriever: its first candidate is right, another one is, or none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from spacy_bel.examples import Example
from spacy_bel.reranking.features import FEATURES, features
from spacy_bel.reranking.questions import Question
from spacy_bel.types import NIL

CLASSES = ("first candidate", "other candidate", NIL)
"""What a label can say of the retriever."""

_FOLDS = 5
_PENALTY = 1e-3
_MOST_FITTED = 20_000
_STEPS = 100
_NIL_FEATURES = 3


@dataclass(frozen=True, slots=True)
class Noise:
    """An estimate of label noise.

    Args:
        rate: Share of labels that are estimated to be wrong.
        by_class: The same for each of ``CLASSES`` that occurs.
        suspicious: For each row whether the model is sure of another answer than the label.
        confidence: For each row the model's probability of the label; NaN for rows that have no
            label among their options.
    """

    rate: float
    by_class: dict[str, float]
    suspicious: NDArray[np.bool_]
    confidence: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Options:
    """The options of all rows in flat arrays, NIL last of each row."""

    values: NDArray[np.float32]
    starts: NDArray[np.int64]
    labels: NDArray[np.int64]
    folds: NDArray[np.int64]

    def sizes(self) -> NDArray[np.int64]:
        """How many options each row has."""
        return np.diff(np.append(self.starts, len(self.values)))

    def places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where the options of some rows are."""
        sizes = self.sizes()[rows]
        starts = np.cumsum(sizes) - sizes
        found: NDArray[np.int64] = np.arange(sizes.sum()) + np.repeat(
            self.starts[rows] - starts, sizes
        )
        return found

    def of(self, rows: NDArray[np.int64]) -> _Options:
        """Those of some rows."""
        sizes = self.sizes()[rows]
        starts = np.cumsum(sizes) - sizes
        labels = self.labels[rows] - self.starts[rows] + starts
        return _Options(self.values[self.places(rows)], starts, labels, self.folds[rows])


def estimate_noise(rows: Iterable[tuple[Example, str]], seed: int = 0) -> Noise:
    """Estimate how many labels are wrong.

    Args:
        rows: Rows, each with the id that its label gives, or NIL.
        seed: Of the choice of rows that the model is fitted to, where there are very many.

    Returns:
        The estimate.
    """
    options, usable = _read(rows)
    count = len(usable)
    probs = np.zeros(len(options.values))
    for fold in range(_FOLDS if options.starts.size else 0):
        ours = np.flatnonzero(options.folds == fold)
        others = np.flatnonzero(options.folds != fold)
        if ours.size and others.size:
            chosen = np.random.default_rng(seed).permutation(others)[:_MOST_FITTED]
            own = options.of(ours)
            found = _probabilities(own, *_fit(options.of(np.sort(chosen))))
            probs[options.places(ours)] = found
    return _confident(options, probs, usable, count)


def _read(rows: Iterable[tuple[Example, str]]) -> tuple[_Options, NDArray[np.bool_]]:
    values, sizes, labels, folds, usable = [], [], [], [], []
    for example, answer in rows:
        ids = [*(candidate.id for candidate in example.candidates), NIL]
        is_usable = answer in ids and len(ids) > 1
        usable.append(is_usable)
        if is_usable:
            values.append(_values(example))
            labels.append(ids.index(answer))
            sizes.append(len(ids))
            digest = blake2b(example.doc_id.encode(), digest_size=4).digest()
            folds.append(int.from_bytes(digest, "big") % _FOLDS)
    lengths = np.array(sizes, dtype=np.int64)
    starts = np.cumsum(lengths) - lengths
    width = len(FEATURES) + _NIL_FEATURES
    flat = np.concatenate(values) if values else np.zeros((0, width), np.float32)
    return (
        _Options(flat, starts, starts + np.array(labels, np.int64), np.array(folds, np.int64)),
        np.array(usable, dtype=bool),
    )


def _values(example: Example) -> NDArray[np.float32]:
    """The features of a row's candidates, and of NIL: a bias, the best score and its lead."""
    own = features(Question(example.mention, example.offers))
    scores = [candidate.score for candidate in example.candidates[:2]]
    nil = [1.0, scores[0], scores[0] - (scores[1] if len(scores) > 1 else 0.0)]
    matrix = np.zeros((len(own) + 1, len(FEATURES) + _NIL_FEATURES), np.float32)
    matrix[:-1, : len(FEATURES)] = own
    matrix[-1, len(FEATURES) :] = nil
    return matrix


def _fit(options: _Options) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights, and what the features are divided by."""
    scale = np.maximum(options.values.std(axis=0, dtype=np.float64), 1e-6)
    values = options.values / scale

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        probs = _softmax(values @ weights, options.starts)
        likelihood = -np.log(np.maximum(probs[options.labels], 1e-12)).mean()
        error = probs.copy()
        error[options.labels] -= 1
        gradient = values.T @ error / len(options.starts)
        penalty = _PENALTY * weights
        return float(likelihood + penalty @ weights / 2), gradient + penalty

    found = minimize(
        loss, np.zeros(values.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}
    )
    return found.x, scale


def _probabilities(
    options: _Options, weights: NDArray[np.float64], scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    return _softmax((options.values / scale) @ weights, options.starts)


def _softmax(logits: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Probabilities within each row."""
    sizes = np.diff(np.append(starts, len(logits)))
    powers = np.exp(logits - np.repeat(np.maximum.reduceat(logits, starts), sizes))
    result: NDArray[np.float64] = powers / np.repeat(np.add.reduceat(powers, starts), sizes)
    return result


def _confident(
    options: _Options, probs: NDArray[np.float64], usable: NDArray[np.bool_], count: int
) -> Noise:
    """Rows with another option that is as probable as such options are where they are right."""
    confidence = np.full(count, np.nan)
    suspicious = np.zeros(count, dtype=bool)
    if not options.starts.size:
        return Noise(0.0, {}, suspicious, confidence)
    sizes = options.sizes()
    place = np.arange(len(probs)) - np.repeat(options.starts, sizes)
    kinds = np.where(place == np.repeat(sizes, sizes) - 1, 2, np.minimum(place, 1))
    own, own_kind = probs[options.labels], kinds[options.labels]
    thresholds = [
        own[own_kind == kind].mean() if (own_kind == kind).any() else 1.0
        for kind in range(len(CLASSES))
    ]
    eligible = np.where(probs >= np.array(thresholds)[kinds], probs, -1.0)
    best = np.maximum.reduceat(eligible, options.starts)
    is_counted = best > 0
    is_off = is_counted & (eligible[options.labels] < best)
    rates, wrong = {}, 0.0
    for kind, name in enumerate(CLASSES):
        of_kind = own_kind == kind
        counted = int((of_kind & is_counted).sum())
        if of_kind.any():
            rates[name] = float((of_kind & is_off).sum() / counted) if counted else 0.0
            wrong += rates[name] * int(of_kind.sum())
    confidence[usable] = own
    suspicious[usable] = is_off
    return Noise(wrong / len(own), rates, suspicious, confidence)
