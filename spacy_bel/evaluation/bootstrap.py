"""Confidence intervals: the percentile bootstrap over documents (Efron, 1979).

Mentions of one document repeat each other, so that documents, not mentions, are drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

_CHUNKS = 10


class Estimate(TypedDict):
    """A figure with the 95 % interval around it; None where nothing was counted."""

    value: float | None
    low: float | None
    high: float | None


class Resamples:
    """Draws of documents with replacement, made once and used for every figure.

    Args:
        documents: The ids of the documents; repeated ids count as one document.
        size: Number of draws.
        seed: Seed of the random numbers.
    """

    def __init__(self, documents: Iterable[str], size: int = 1000, seed: int = 0) -> None:
        self._row = {document: row for row, document in enumerate(sorted(set(documents)))}
        rng = np.random.default_rng(seed)
        count = len(self._row)
        self._weights = np.zeros((size, count), dtype=np.uint16)
        for draw in range(size if count else 0):
            self._weights[draw] = np.bincount(rng.integers(0, count, count), minlength=count)

    def means(self, documents: Sequence[str], values: ArrayLike) -> list[Estimate]:
        """Means of values that each belong to a document.

        Args:
            documents: For each row of ``values``, the id of its document.
            values: An array of shape (rows, figures).

        Returns:
            One estimate per figure.
        """
        return self.ratios(documents, values, np.ones_like(values, dtype=float))

    def ratios(
        self, documents: Sequence[str], numerators: ArrayLike, denominators: ArrayLike
    ) -> list[Estimate]:
        """Ratios of two sums, such as precision.

        Args:
            documents: For each row of the arrays, the id of its document.
            numerators: An array of shape (rows, figures).
            denominators: An array of the same shape.

        Returns:
            One estimate per figure.
        """
        rows = np.array([self._row[document] for document in documents], dtype=np.intp)
        above = self._sums(rows, np.asarray(numerators, dtype=float))
        below = self._sums(rows, np.asarray(denominators, dtype=float))
        drawn_above, drawn_below = self._drawn(above), self._drawn(below)
        return [
            _estimate(above[:, i].sum(), below[:, i].sum(), drawn_above[:, i], drawn_below[:, i])
            for i in range(above.shape[1])
        ]

    def _sums(self, rows: NDArray[np.intp], values: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = np.zeros((len(self._row), values.shape[1]))
        np.add.at(sums, rows, values)
        return sums

    def _drawn(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        # In chunks, because the product turns the small integers into eight times their size.
        chunks = np.array_split(self._weights, _CHUNKS)
        return np.concatenate([chunk.astype(float) @ sums for chunk in chunks])


def _estimate(
    above: float,
    below: float,
    drawn_above: NDArray[np.float64],
    drawn_below: NDArray[np.float64],
) -> Estimate:
    if below == 0:
        return Estimate(value=None, low=None, high=None)
    value = float(above / below)
    counted = drawn_below > 0
    if not counted.any():
        return Estimate(value=value, low=value, high=value)
    low, high = np.percentile(drawn_above[counted] / drawn_below[counted], [2.5, 97.5])
    return Estimate(value=value, low=float(low), high=float(high))
