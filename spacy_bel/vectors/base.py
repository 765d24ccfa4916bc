"""What a vector index offers, whichever library is behind it."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


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
    values: NDArray[Any], query: NDArray[np.float32], rows: NDArray[np.int64], k: int
) -> Neighbours:
    """The best of some rows by the stored values themselves.

    Args:
        values: All vectors, shape (rows, dimension).
        query: Shape (dimension,).
        rows: Row numbers to choose from, distinct.
        k: How many.

    Returns:
        Up to ``k`` rows, best first.
    """
    rows = np.sort(rows)
    scores = np.asarray(values[rows], dtype=np.float32) @ query
    order = np.argsort(-scores, kind="stable")[:k]
    return Neighbours(rows[order], scores[order])
