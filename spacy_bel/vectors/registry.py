"""The kinds of vector index, by name."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args

from numpy.typing import NDArray

from spacy_bel.errors import Errors
from spacy_bel.vectors.approximate import FaissIndex, GraphIndex, HnswIndex
from spacy_bel.vectors.base import VectorIndex
from spacy_bel.vectors.exact import ExactIndex

IndexKind = Literal["exact", "hnswlib", "faiss"]

EXACT_ROWS = 100_000
"""Rows up to which exact search takes less time than encoding the query."""

_GRAPHS: dict[str, type[GraphIndex]] = {"hnswlib": HnswIndex, "faiss": FaissIndex}


def choose(asked: str, rows: int) -> IndexKind:
    """The kind of index for so many rows.

    Args:
        asked: ``auto``, or a kind.
        rows: Number of vectors.

    Returns:
        The kind that was asked for; for ``auto`` exact search up to ``EXACT_ROWS``, beyond them
        whichever library for approximate search is installed, else exact search.

    Raises:
        BelError: If there is no such kind.
    """
    kinds: tuple[IndexKind, ...] = get_args(IndexKind)
    for kind in kinds:
        if asked == kind:
            return kind
    if asked != "auto":
        raise Errors.B421(kind=asked, kinds=", ".join(("auto", *kinds)))
    if rows > EXACT_ROWS:
        for kind in kinds:
            if kind != "exact" and find_spec(kind):
                return kind
    return "exact"


def write_index(
    kind: IndexKind, values: NDArray[Any], path: Path, progress: Callable[[int], object]
) -> bool:
    """Write the file of an index, if its kind has one.

    Args:
        kind: Which.
        values: Vectors, shape (rows, dimension).
        path: Where to.
        progress: Called with the number of rows done since the last call.

    Returns:
        Whether there is a file.
    """
    if kind == "exact":
        return False
    _GRAPHS[kind].write(values, path, progress)
    return True


def open_index(kind: str, values: NDArray[Any], path: Path | None) -> VectorIndex:
    """An index over vectors.

    Args:
        kind: Which.
        values: Vectors, shape (rows, dimension).
        path: The index file, for kinds that have one.

    Returns:
        The index.

    Raises:
        BelError: If there is no such kind.
    """
    chosen = choose(kind, len(values))
    if chosen == "exact" or path is None:
        return ExactIndex(values)
    return _GRAPHS[chosen](values, path)
