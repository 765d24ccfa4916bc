"""Character trigrams and concept words: a sparse product over memory-mapped posting lists.

The similarity is the cosine of TF-IDF vectors (see ``spacy_bel.features``). It is computed in
two steps. A query's commonest features make up most of the posting entries and little of its
weight, so they are left out at first; the best names by the remaining features are then scored
with all of them. A query that gets too few concepts in this way is searched with all at once.
``prune=0`` leaves nothing out, which is exact and slower.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_bel.errors import Errors
from spacy_bel.features import FeatureBatch, features, weigh
from spacy_bel.kb.store import Store
from spacy_bel.retrieval.hits import Hits, Query

BATCH = 256
"""Queries that are multiplied at a time."""

RESCORED = 4
"""Names that are scored with all features, per concept wanted,"""

RESCORED_MORE = 60
"""and how many more, since of a few names the best are less sure to be there."""


class NgramStage:
    """Finds names by the cosine of their sparse features.

    Args:
        store: The knowledge base.
        prune: Share of a query's squared weight, in [0, 1), that its commonest features may
            make up to be left out of the first step.
    """

    def __init__(self, store: Store, *, prune: float = 0.3) -> None:
        if not 0 <= prune < 1:
            raise Errors.B401(setting="prune", value=prune, allowed="[0, 1)")
        self.prune = prune
        self._alias_concepts = store.alias_concepts
        self._codes = store.array("features.codes")
        self._idf = store.array("features.idf")
        self._starts = store.array("features.starts")
        self._rows = _matrix(
            store.array("rows.starts"),
            store.array("rows.features"),
            store.array("rows.weights"),
            len(self._codes),
        )
        self._postings = _matrix(
            self._starts,
            store.array("postings.aliases"),
            store.array("postings.weights"),
            len(store.alias_names),
        )

    def search(self, queries: Sequence[Query], k: int) -> list[Hits]:
        """The names nearest to each query (see ``Stage``)."""
        hits = self._search_batches(queries, k, self.prune)
        if self.prune:
            short = [number for number, hit in enumerate(hits) if self._is_short(hit, k)]
            again = self._search_batches([queries[number] for number in short], k, 0.0)
            for number, hit in zip(short, again, strict=True):
                hits[number] = hit
        return hits

    def score(self, queries: Sequence[Query], names: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """The cosine of each query with given names (see ``ScoringStage``)."""
        if not queries:
            return []
        return list(self._rescore(names, *self._known_features(queries)))

    def _concepts(self, names: NDArray[Any]) -> int:
        """How many concepts bear some names."""
        return len(set(self._alias_concepts[names].tolist()))

    def _is_short(self, hit: Hits, k: int) -> bool:
        """Whether there are too few concepts; of so many names that ``_best`` cut there are not."""
        return len(hit.aliases) < _rescored(k) and self._concepts(hit.aliases) < k

    def _search_batches(self, queries: Sequence[Query], k: int, prune: float) -> list[Hits]:
        batches = (queries[begin : begin + BATCH] for begin in range(0, len(queries), BATCH))
        return [hit for batch in batches for hit in self._search(batch, k, prune)]

    def _search(self, queries: Sequence[Query], k: int, prune: float) -> list[Hits]:
        from scipy.sparse import csr_matrix

        rows, columns, weights = self._known_features(queries)
        kept = self._informative(rows, columns, weights, prune)
        shape = (len(queries), len(self._codes))
        first = csr_matrix((weights[kept], (rows[kept], columns[kept])), shape=shape)
        product = first @ self._postings
        bounds = product.indptr.tolist()
        found = [
            self._best(product.indices[begin:end], product.data[begin:end], query.mask, k)
            for query, (begin, end) in zip(queries, pairwise(bounds), strict=True)
        ]
        if not prune:
            return found
        names = [hit.aliases for hit in found]
        scores = self._rescore(names, rows, columns, weights)
        return [Hits(*each) for each in zip(names, scores, strict=True)]

    def _known_features(
        self, queries: Sequence[Query]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        batch = features([query.forms for query in queries])
        if not len(self._codes):
            return batch.rows[:0], batch.rows[:0], batch.counts[:0]
        columns = np.searchsorted(self._codes, batch.codes)
        columns[columns == len(self._codes)] = 0
        known = self._codes[columns] == batch.codes
        rows, columns = batch.rows[known], columns[known]
        batch = FeatureBatch(rows, batch.codes[known], batch.counts[known], batch.size)
        return rows, columns, weigh(batch, self._idf[columns])

    def _informative(
        self,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        weights: NDArray[np.float32],
        prune: float,
    ) -> NDArray[np.bool_]:
        """Which features take part in the first step: all but the commonest of each row."""
        if not prune or not len(rows):
            return np.ones(len(rows), dtype=bool)
        frequency = self._starts[columns + 1] - self._starts[columns]
        order = np.lexsort((-frequency, rows))
        squares = weights[order].astype(np.float64) ** 2
        running = np.cumsum(squares)
        begins = np.flatnonzero(np.diff(rows[order], prepend=-1))
        lengths = np.diff(np.append(begins, len(rows)))
        before = np.repeat(running[begins] - squares[begins], lengths)
        total = np.repeat(np.add.reduceat(squares, begins), lengths)
        kept = np.empty(len(rows), dtype=bool)
        kept[order] = running - before > prune * total
        return kept

    def _best(
        self,
        names: NDArray[Any],
        scores: NDArray[Any],
        mask: NDArray[np.bool_] | None,
        k: int,
    ) -> Hits:
        """The best admitted names, of at least ``k`` concepts if there are so many."""
        if mask is not None:
            admitted = mask[names]
            names, scores = names[admitted], scores[admitted]
        count = _rescored(k)
        while len(names) > count:
            # What ties with the last one stays: ties are broken later, and for a reason.
            best = np.flatnonzero(scores >= _largest(scores, count))
            if self._concepts(names[best]) >= k:
                return Hits(names[best], scores[best])
            count *= 4
        return Hits(names, scores)

    def _rescore(
        self,
        names: Sequence[NDArray[Any]],
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        weights: NDArray[np.float32],
    ) -> list[NDArray[np.float32]]:
        """Dot products of each query with the whole rows of the names found for it."""
        picked = self._rows[np.concatenate(names)]
        ends = np.cumsum([len(own) for own in names])
        entries = [0, *picked.indptr[ends].tolist()]
        bounds = np.searchsorted(rows, np.arange(len(names) + 1)).tolist()
        query = np.zeros(len(self._codes), np.float32)
        products = np.empty(len(picked.data) + 1, np.float32)
        for (begin, end), (first, last) in zip(pairwise(entries), pairwise(bounds), strict=True):
            own = columns[first:last]
            query[own] = weights[first:last]
            np.take(query, picked.indices[begin:end], out=products[begin:end], mode="clip")
            query[own] = 0
        products[:-1] *= picked.data
        products[-1] = 0
        # A name of punctuation has no features, for which the sum must be 0.
        sums = np.add.reduceat(products, picked.indptr[:-1])
        scores = np.where(np.diff(picked.indptr) > 0, sums, np.float32(0))
        return np.split(scores, ends[:-1])


def _largest(scores: NDArray[Any], n: int) -> Any:
    """The ``n``-th largest of some scores."""
    # Most names share a common feature and no more: looking at the others is quicker.
    near = scores[scores >= 0.25 * scores.max()]
    if len(near) < n:
        near = scores
    return np.partition(near, -n)[-n]


def _rescored(k: int) -> int:
    """How many names are scored with all features where so many concepts are wanted."""
    return RESCORED * k + RESCORED_MORE


def _matrix(
    starts: NDArray[Any],
    columns: NDArray[np.int32],
    weights: NDArray[np.float32],
    width: int,
) -> Any:
    """A sparse matrix by rows over the memory maps themselves."""
    from scipy.sparse import csr_matrix

    # scipy copies unless both index arrays have one type; 32 bits do up to 85 million names.
    if starts[-1] < np.iinfo(np.int32).max:
        starts = starts.astype(np.int32, copy=False)
    matrix = csr_matrix((len(starts) - 1, width), dtype=np.float32)
    matrix.indptr, matrix.indices, matrix.data = starts, columns, weights
    return matrix
