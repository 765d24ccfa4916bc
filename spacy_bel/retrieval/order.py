"""Groups and order among the hits of many queries, by whole-array operations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_LARGEST = (1 << 63) - 1


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


def groups(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """An order that brings equal keys together.

    Args:
        keys: Whole numbers from 0 on, shape (n,).

    Returns:
        Places of the keys, shape (n,), by key and then by place; where each group begins there.
    """
    if int(keys.max(initial=0)) < _LARGEST // max(len(keys), 1):
        # A stable order by keys that are made distinct: numpy sorts so several times as fast.
        order = np.argsort(keys * len(keys) + np.arange(len(keys)))
    else:
        order = np.argsort(keys, kind="stable")
    return order, np.flatnonzero(np.diff(keys[order], prepend=-1))


def entries(
    starts: NDArray[Any], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The entries of some rows of an array that is stored row by row.

    Args:
        starts: Where the entries of each row begin, shape (rows of the array + 1,).
        rows: Which rows, in any order, shape (n,).

    Returns:
        For each entry, which of the ``n`` it is of, ascending, and its place in the array.
    """
    begins = starts[rows].astype(np.int64)
    lengths = starts[rows + 1] - begins
    which = np.repeat(np.arange(len(rows)), lengths)
    offsets = begins - np.cumsum(lengths) + lengths
    return which, np.arange(len(which)) + offsets[which]
