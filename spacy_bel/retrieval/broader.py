"""Broader concepts of what was found, where nothing fits well.

A corpus often names a mention that its vocabulary has no name for by the next broader concept
(``cardiac conduction disorder`` by arrhythmia). Lexical stages cannot see that; the parents of
the best concepts are worth offering to whoever chooses.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spacy_bel.kb.store import Store
from spacy_bel.retrieval.exact import SAME_WORDS
from spacy_bel.retrieval.hits import Hits, Query
from spacy_bel.retrieval.order import entries, groups, places

LEAST_SCORE = 0.3
"""Concepts that fit worse are no hint of anything broader."""

BATCH = 512
"""Queries that are looked at at a time."""


class BroaderConcepts:
    """Finds the parents of the best concepts that other stages found.

    Args:
        store: The knowledge base.
        best: Of how many concepts per query the parents are offered.
    """

    def __init__(self, store: Store, *, best: int = 3) -> None:
        self._store = store
        self._best = best
        self._starts = store.array("parents.starts")
        self._parents = store.array("parents.concepts")

    def search(self, queries: Sequence[Query], found: Sequence[Sequence[Hits]]) -> list[Hits]:
        """For each query, the parents of the best concepts found.

        Args:
            queries: What was looked up.
            found: What each stage found for each query, its scores weighted.

        Returns:
            One ``Hits`` per query, each parent with its child's score; empty where a name with
            the same words was found.
        """
        of_query = list(zip(*found, strict=True))
        parents = [
            hits
            for begin in range(0, len(of_query), BATCH)
            for hits in self._parents_of(of_query[begin : begin + BATCH])
        ]
        return [
            hits if query.mask is None else _admitted(hits, query.mask)
            for query, hits in zip(queries, parents, strict=True)
        ]

    def _parents_of(self, found: Sequence[Sequence[Hits]]) -> list[Hits]:
        """The parents of the best concepts of each query, admitted or not."""
        of_query, concepts, scores = self._best_concepts(found)
        child, parent = entries(self._starts, concepts)
        of_query, scores = of_query[child], scores[child]
        # The names stand by concept, the preferred one first.
        names = np.searchsorted(self._store.alias_concepts, self._parents[parent])
        # A parent of several children has the score of the best one, which comes first.
        order, begins = groups(of_query * len(self._store.alias_names) + names)
        first = np.sort(order[begins])
        of_query, names, scores = of_query[first], names[first], scores[first]
        ends = np.searchsorted(of_query, np.arange(len(found) + 1)).tolist()
        return [Hits(names[begin:end], scores[begin:end]) for begin, end in pairwise(ends)]

    def _best_concepts(
        self, found: Sequence[Sequence[Hits]]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """The best concepts of each query that has no name with the same words.

        Args:
            found: For each query, what each stage found.

        Returns:
            Queries, ascending; a concept of each, best first; the score of its best name.
        """
        sizes = [sum(len(hit.aliases) for hit in hits) for hits in found]
        queries = np.repeat(np.arange(len(found)), sizes)
        aliases = np.concatenate([hit.aliases for hits in found for hit in hits], dtype=np.int64)
        scores = np.concatenate([hit.scores for hits in found for hit in hits], dtype=np.float64)
        best = np.zeros(len(found))
        np.maximum.at(best, queries, scores)
        near = np.flatnonzero((scores >= LEAST_SCORE) & (best[queries] < SAME_WORDS))
        near = near[np.lexsort((aliases[near], -scores[near], queries[near]))]
        concepts = self._store.alias_concepts[aliases[near]].astype(np.int64)
        order, begins = groups(queries[near] * len(self._store) + concepts)
        first = np.sort(order[begins])
        first = first[places(queries[near[first]], len(found)) < self._best]
        return queries[near[first]], concepts[first], scores[near[first]]


def _admitted(hits: Hits, mask: NDArray[np.bool_]) -> Hits:
    admitted = mask[hits.aliases]
    return Hits(hits.aliases[admitted], hits.scores[admitted])
