"""Character trigrams and concept words: a block-max index over memory-mapped arrays.

The similarity is the cosine of TF-IDF vectors (see ``spacy_bel.features``). A sparse product of
the queries with the largest weights in each block of names bounds what any name of the block can
score (see ``spacy_bel.kb.blocks``). The names of the best blocks are scored, until no other bound
reaches the score of the last concept that is wanted.

A query's commonest features make up most of the work and little of its weight, so they are left
out of the bounds, which may then be too low: names that share little else may be missed. With
``prune=0`` nothing is left out, and the result is exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from spacy_bel.errors import Errors
from spacy_bel.features import FeatureBatch, features, weigh
from spacy_bel.kb.store import Store
from spacy_bel.retrieval.block_search import BlockNames, BlockSearch
from spacy_bel.retrieval.hits import Hits, Query
from spacy_bel.retrieval.order import groups

PRUNE = 0.3
"""Share of a query's squared weight that may be left out where each name has its own bound,"""

PRUNE_SHARED = 0.2
"""and where several names share one: it is less tight, and leaving out more saves nothing."""

BATCH = 256
"""Most queries that are multiplied at a time,"""

BATCH_ENTRIES = 1 << 21
"""and most entries of the index that are read for them, which bounds the memory needed."""


class _Known(NamedTuple):
    """The features of queries that the knowledge base knows, by query.

    Args:
        starts: Where the features of each query begin, shape (queries + 1,).
        columns: Numbers of the features, shape (n,).
        weights: Their weights, shape (n,).
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.int64]
    weights: NDArray[np.float32]

    def part(self, begin: int, end: int) -> _Known:
        """The features of some of the queries."""
        starts = self.starts[begin : end + 1]
        own = slice(starts[0], starts[-1])
        return _Known(starts - starts[0], self.columns[own], self.weights[own])


class NgramStage:
    """Finds names by the cosine of their sparse features.

    Args:
        store: The knowledge base.
        prune: Share of a query's squared weight, in [0, 1), that its commonest features may
            make up to be left out of the bounds. None for ``PRUNE`` or ``PRUNE_SHARED``.

    Raises:
        BelError: If ``prune`` is out of range.
    """

    def __init__(self, store: Store, *, prune: float | None = None) -> None:
        self._size = int(store.meta["block_size"])
        if prune is None:
            prune = PRUNE if self._size == 1 else PRUNE_SHARED
        if not 0 <= prune < 1:
            raise Errors.B401(setting="prune", value=prune, allowed="[0, 1)")
        self.prune = prune
        self._concepts = store.alias_concepts
        self._concept_count = len(store)
        self._codes = store.array("features.codes")
        self._idf = store.array("features.idf")
        self._rows = _matrix(
            store.array("rows.starts"),
            store.array("rows.features"),
            store.array("rows.weights"),
            len(self._codes),
        )
        self._names = store.array("blocks.names")
        self._blocks = -(-len(self._names) // self._size)
        self._maxima = _matrix(
            store.array("blocks.starts"),
            store.array("blocks.numbers"),
            store.array("blocks.weights"),
            self._blocks,
        )
        self._admitted: tuple[NDArray[np.bool_], NDArray[np.bool_]] | None = None

    def search(self, queries: Sequence[Query], k: int) -> list[Hits]:
        """The names nearest to each query (see ``Stage``)."""
        found = self._search_batches(queries, k, self.prune)
        if self.prune:
            short = [number for number, search in enumerate(found) if not search.has_enough]
            again = self._search_batches([queries[number] for number in short], k, 0.0)
            for number, search in zip(short, again, strict=True):
                found[number] = search
        return [search.best() for search in found]

    def score(self, queries: Sequence[Query], names: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """The cosine of each query with given names (see ``ScoringStage``)."""
        if not queries:
            return []
        return self._score(names, self._known_features(queries), range(len(queries)))

    def _search_batches(self, queries: Sequence[Query], k: int, prune: float) -> list[BlockSearch]:
        found: list[BlockSearch] = []
        for at in range(0, len(queries), BATCH):
            batch = queries[at : at + BATCH]
            known = self._known_features(batch)
            informative = self._informative(known, prune)
            for part in self._parts(informative):
                every, few = known.part(*part), informative.part(*part)
                found += self._search(batch[slice(*part)], every, few, k)
        return found

    def _parts(self, known: _Known) -> Iterator[tuple[int, int]]:
        """Runs of queries that read no more of the index together than is allowed."""
        entries = np.concatenate([[0], np.cumsum(self._frequencies(known))])[known.starts]
        begin = 0
        while begin < len(known.starts) - 1:
            limit = entries[begin] + BATCH_ENTRIES
            end = max(begin + 1, int(np.searchsorted(entries, limit, side="right")) - 1)
            yield begin, end
            begin = end

    def _frequencies(self, known: _Known) -> NDArray[np.int64]:
        """In how many blocks each feature occurs."""
        starts = self._maxima.indptr
        counts: NDArray[np.int64] = starts[known.columns + 1] - starts[known.columns]
        return counts.astype(np.int64)

    def _search(
        self, queries: Sequence[Query], known: _Known, informative: _Known, k: int
    ) -> list[BlockSearch]:
        searches = list(self._bound(queries, informative, k))
        while pending := [number for number, each in enumerate(searches) if not each.is_done]:
            names = [searches[number].next_names() for number in pending]
            scores = self._score(names, known, pending)
            for number, own in zip(pending, scores, strict=True):
                searches[number].take(own)
            found = [searches[number].found for number in pending]
            for number, least in zip(pending, self._last_wanted(found, k), strict=True):
                searches[number].stop_below(least)
        return searches

    def _last_wanted(self, found: Sequence[Hits], k: int) -> list[float]:
        """The score of the ``k``-th best concept of each query; 0 where there are fewer."""
        queries = np.repeat(np.arange(len(found)), [len(hits.aliases) for hits in found])
        concepts = self._concepts[np.concatenate([hits.aliases for hits in found])]
        scores = np.concatenate([hits.scores for hits in found])
        order, begins = groups(queries * self._concept_count + concepts)
        best = np.maximum(np.maximum.reduceat(scores[order], begins), 0) if len(begins) else scores
        queries = queries[order[begins]]
        # The bits of numbers that are not negative are in the order of the numbers, so that
        # query and score are one whole number.
        ranked = np.sort((queries << 32) - best.view(np.int32))
        counts = np.bincount(queries, minlength=len(found))
        last = np.minimum(np.cumsum(counts) - counts + k, len(ranked)) - 1
        bits = (np.arange(len(found)) << 32) - ranked[last]
        bits = np.where(counts >= k, bits, 0).astype(np.int32)
        return cast(list[float], bits.view(np.float32).tolist())

    def _known_features(self, queries: Sequence[Query]) -> _Known:
        batch = features([query.forms for query in queries])
        numbers = np.arange(len(queries) + 1)
        if not len(self._codes):
            return _Known(0 * numbers, batch.rows[:0], batch.counts[:0])
        columns = np.searchsorted(self._codes, batch.codes)
        columns[columns == len(self._codes)] = 0
        known = self._codes[columns] == batch.codes
        rows, columns = batch.rows[known], columns[known]
        batch = FeatureBatch(rows, batch.codes[known], batch.counts[known], batch.size)
        weights = weigh(batch, self._idf[columns])
        return _Known(np.searchsorted(rows, numbers), columns, weights)

    def _bound(self, queries: Sequence[Query], known: _Known, k: int) -> Iterator[BlockSearch]:
        """The bounds of all blocks that have a feature of the query."""
        product = _matrix(*known, len(self._codes)) @ self._maxima
        ends = product.indptr.tolist()
        for query, (begin, end) in zip(queries, pairwise(ends), strict=True):
            blocks, bounds = product.indices[begin:end], product.data[begin:end]
            if query.mask is not None:
                admitted = self._admitted_blocks(query.mask)[blocks]
                blocks, bounds = blocks[admitted], bounds[admitted]
            names = BlockNames(self._names, self._size, self._concepts, query.mask)
            yield BlockSearch(names, blocks, bounds, k)

    def _informative(self, known: _Known, prune: float) -> _Known:
        """The features that take part in the bounds: all but the commonest of each query."""
        starts, columns, weights = known
        if not prune or not len(columns):
            return known
        begins, lengths = starts[:-1], np.diff(starts)
        order = np.lexsort((-self._frequencies(known), np.repeat(np.arange(len(lengths)), lengths)))
        running = np.concatenate([[0.0], np.cumsum(weights[order].astype(np.float64) ** 2)])
        before, total = running[begins], running[starts[1:]] - running[begins]
        kept = np.empty(len(columns), dtype=bool)
        kept[order] = running[1:] > np.repeat(before + prune * total, lengths)
        ends = np.concatenate([[0], np.cumsum(kept)])
        return _Known(ends[starts], columns[kept], weights[kept])

    def _admitted_blocks(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which blocks have a name that a filter admits; queries in a row share their filter."""
        if self._admitted is None or self._admitted[0] is not mask:
            begins = np.arange(0, len(self._names), self._size)
            self._admitted = mask, np.logical_or.reduceat(mask[self._names], begins)
        return self._admitted[1]

    def _score(
        self, names: Sequence[NDArray[Any]], known: _Known, numbers: Sequence[int]
    ) -> list[NDArray[np.float32]]:
        """Dot products of some queries with the names found for each."""
        picked = self._rows[np.concatenate(names)]
        ends = np.cumsum([0, *map(len, names)])
        query = np.zeros(len(self._codes), np.float32)
        products = np.zeros(len(picked.data) + 1, np.float32)
        for number, (begin, end) in zip(
            numbers, pairwise(picked.indptr[ends].tolist()), strict=True
        ):
            own = slice(known.starts[number], known.starts[number + 1])
            query[known.columns[own]] = known.weights[own]
            np.take(query, picked.indices[begin:end], out=products[begin:end], mode="clip")
            query[known.columns[own]] = 0
        products[:-1] *= picked.data
        # A name of punctuation has no features, for which the sum must be 0.
        sums = np.add.reduceat(products, picked.indptr[:-1]) if ends[-1] else products[:0]
        scores = np.where(np.diff(picked.indptr) > 0, sums, np.float32(0))
        return [scores[begin:end] for begin, end in pairwise(ends.tolist())]


def _matrix(
    starts: NDArray[Any],
    columns: NDArray[Any],
    weights: NDArray[np.float32],
    width: int,
) -> Any:
    """A sparse matrix by rows over the arrays themselves."""
    from scipy.sparse import csr_matrix

    # scipy copies unless both index arrays have one type.
    if starts[-1] < np.iinfo(np.int32).max:
        starts, columns = (array.astype(np.int32, copy=False) for array in (starts, columns))
    matrix = csr_matrix((len(starts) - 1, width), dtype=np.float32)
    matrix.indptr, matrix.indices, matrix.data = starts, columns, weights
    return matrix
