"""What a vector index offers, whichever library is behind it."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from spacy_bel.extras import load

_QUERIES = 64
"""Queries whose rows are fetched at a time."""


class Neighbours(NamedTuple):
    """The nearest rows of one query, best first.

    Args:
        rows: Row numbers, shape (n,).
        scores: Inner products with the query, shape (n,), descending.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]


class VectorIndex(Protocol):
    """Finds the rows with the largest inner product."""

    def search(
        self, queries: NDArray[np.float32], k: int, admitted: NDArray[np.bool_] | None = None
    ) -> list[Neighbours]:
        """The nearest admitted rows of each query.

        Args:
            queries: Shape (queries, dimension).
            k: How many; fewer come back only where fewer are admitted.
            admitted: Which rows may be returned, shape (rows,); None for all.

        Returns:
            One ``Neighbours`` per query; ties in the order of the rows.
        """
        ...


def rescore(
    values: NDArray[Any], queries: NDArray[np.float32], rows: NDArray[np.int64], k: int
) -> list[Neighbours]:
    """The best of some rows of each query by the stored values themselves.

    Args:
        values: All vectors, shape (rows, dimension).
        queries: Shape (queries, dimension).
        rows: Row numbers to choose from, shape (queries, n), distinct for each query.
        k: How many.

    Returns:
        For each query up to ``k`` rows, best first.
    """
    torch = load("torch", "dense")
    rows = np.sort(rows, axis=1)
    found = []
    for begin in range(0, len(queries), _QUERIES):
        own, asked = rows[begin : begin + _QUERIES], queries[begin : begin + _QUERIES]
        # Many times faster than numpy, which converts half precision number by number.
        near = torch.from_numpy(values[own]).float()
        scores = (near @ torch.from_numpy(asked)[:, :, None]).squeeze(2).numpy()
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        best = np.take_along_axis(own, order, 1), np.take_along_axis(scores, order, 1)
        found += list(map(Neighbours, *best))
    return found
