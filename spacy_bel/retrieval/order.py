"""Order among the hits of many queries, by whole-array operations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def first_of_each(order: NDArray[np.int64], groups: NDArray[Any]) -> NDArray[np.int64]:
    """Of hits in some order the first one of each group.

    Args:
        order: Places of the hits in their order, shape (n,).
        groups: The group of each hit, by its place, shape (n,); groups are numbered from 0 on,
            and each has a hit.

    Returns:
        Places of the first hits, in that order.
    """
    first = np.empty(groups.max(initial=-1) + 1, np.int64)
    # Of the places that a group has in the order the first one is written last, and stays.
    first[groups[order[::-1]]] = np.arange(len(order))[::-1]
    return order[np.sort(first)]


def places(queries: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """The place of each hit among those of its query.

    Args:
        queries: The query of each hit, ascending, shape (n,).
        size: Number of queries.

    Returns:
        Places from 0 on, shape (n,).
    """
    counts = np.bincount(queries, minlength=size)
    return np.arange(len(queries)) - np.repeat(np.cumsum(counts) - counts, counts)
