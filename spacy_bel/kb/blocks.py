"""The block-max index of the names: which blocks of names can hold a good match at all.

Names with the same rare features stand side by side, and every run of so many is a block. For
each feature the index has the largest weight in each block that has the feature. What a query
makes of these weights is a bound: no name of the block can score higher. A search computes the
bounds, scores the names of the best blocks, and leaves out all blocks whose bound is below what
it has found (see ``spacy_bel.retrieval.ngram``).

Bounds of blocks are those of Ding and Suel (2011), "Faster Top-k Document Retrieval Using
Block-Max Indexes"; going through blocks in the order of their bounds is Block-Max Pruning
(Mallia, Suel and Tonellotto 2024, "Faster Learned Sparse Retrieval with Block-Max Pruning").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_bel.kb.arrays import ArrayFolder

LEAST_NAMES = 8
"""Features of fewer names bring few names together, so the next rarer ones do."""

KEYS = 3
"""Rare features by which names are ordered."""

_SIZES = ((1 << 18, 1), (1 << 22, 16))
"""Up to how many names blocks have which size (of one name the bound is its score),"""

_LARGEST = 32
"""and the size from there: larger blocks mean fewer bounds to compute and more names to score."""

_CHUNK = 1 << 14
"""Names that are worked on at a time; whole blocks."""


Progress = Callable[[int], object]


class Rows(NamedTuple):
    """The features of all names, by name.

    Args:
        starts: Where the features of each name begin, shape (names + 1,).
        features: Numbers of the features, ascending within a name, shape (n,).
        weights: Their weights, shape (n,).
    """

    starts: NDArray[Any]
    features: NDArray[np.int32]
    weights: NDArray[np.float32]


class _Maxima(NamedTuple):
    """The largest weight of each feature in each block, ordered by feature and block."""

    features: NDArray[np.int64]
    blocks: NDArray[np.int64]
    weights: NDArray[np.float32]


def block_size(names: int) -> int:
    """How many names a block has in a knowledge base of so many names."""
    return next((size for limit, size in _SIZES if names <= limit), _LARGEST)


def rare_features(
    rows: NDArray[np.int64], features: NDArray[np.int64], frequencies: NDArray[np.int64], size: int
) -> NDArray[np.int32]:
    """The features by which names find their neighbours.

    Args:
        rows: The name of each feature, from 0, ascending, shape (n,).
        features: Numbers of the features, shape (n,).
        frequencies: How many names have each feature that there is.
        size: Number of names.

    Returns:
        For each name its rarest features that at least ``LEAST_NAMES`` names have, rarest
        first, shape (size, KEYS); -1 where it has fewer.
    """
    found = np.full((size, KEYS), -1, np.int32)
    shared = frequencies[features] >= LEAST_NAMES
    rows, features = rows[shared], features[shared]
    order = np.argsort((rows << 32) | frequencies[features], kind="stable")
    ordered = rows[order]
    begins = np.searchsorted(ordered, np.arange(size))
    places = np.arange(len(ordered)) - begins[ordered]
    first = places < KEYS
    found[ordered[first], places[first]] = features[order][first]
    return found


def write_blocks(
    folder: ArrayFolder,
    rows: Rows,
    rare: NDArray[np.int32],
    features: int,
    progress: Progress,
) -> int:
    """Write the index.

    Args:
        folder: Where to: ``blocks.names`` has the names in their new order, and for each
            feature from ``blocks.starts`` on ``blocks.numbers`` has the blocks and
            ``blocks.weights`` the largest weights in them.
        rows: The features of all names.
        rare: What ``rare_features`` found for all names.
        features: How many features there are.
        progress: Called with the number of names done since the last call.

    Returns:
        The number of names in a block.
    """
    size = block_size(len(rare))
    names = np.lexsort(rare.T[::-1]).astype(np.int32)
    folder.save("blocks.names", names)
    counts = np.zeros(features, np.int64)
    chunks = []
    for number, maxima in enumerate(_chunks(rows, names, size)):
        counts += np.bincount(maxima.features, minlength=features)
        path = folder.path / f"blocks{number}.tmp.npz"
        np.savez(path, **maxima._asdict())
        chunks.append(path)
        progress(min(_CHUNK, len(names) - number * _CHUNK))
    starts = np.concatenate([[0], np.cumsum(counts)])
    folder.save("blocks.starts", narrow(starts))
    blocks = folder.create("blocks.numbers", int(starts[-1]), np.int32)
    weights = folder.create("blocks.weights", int(starts[-1]), np.float32)
    cursor = starts[:-1].copy()
    for path in chunks:
        maxima = _load(path)
        own = np.bincount(maxima.features, minlength=features)
        first = np.cumsum(own) - own
        target = cursor[maxima.features] + np.arange(len(maxima.features)) - first[maxima.features]
        blocks[target] = maxima.blocks
        weights[target] = maxima.weights
        cursor += own
        path.unlink()
    return size


def narrow(starts: NDArray[np.int64]) -> NDArray[Any]:
    """Offsets in 32 bits where these do, as sparse matrices take them without a copy."""
    return starts.astype(np.int32) if starts[-1] < np.iinfo(np.int32).max else starts


def _chunks(rows: Rows, names: NDArray[np.int32], size: int) -> Iterator[_Maxima]:
    """The largest weights of some blocks at a time."""
    for begin in range(0, len(names), _CHUNK):
        own = names[begin : begin + _CHUNK]
        lengths = np.asarray(rows.starts[own + 1] - rows.starts[own], np.int64)
        ends = np.cumsum(lengths)
        entries = np.arange(ends[-1]) + np.repeat(rows.starts[own] - (ends - lengths), lengths)
        blocks = np.repeat((begin + np.arange(len(own))) // size, lengths)
        keys = (rows.features[entries].astype(np.int64) << 32) | blocks
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        weights = rows.weights[entries][order]
        largest = np.maximum.reduceat(weights, first) if len(first) else weights
        yield _Maxima(keys[first] >> 32, keys[first] & 0xFFFFFFFF, largest)


def _load(path: Path) -> _Maxima:
    with np.load(path) as chunk:
        return _Maxima(chunk["features"], chunk["blocks"], chunk["weights"])
