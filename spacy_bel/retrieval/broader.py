"""Broader concepts of what was found, where nothing fits well.

A corpus often names a mention that its vocabulary has no name for by the next broader concept
(``cardiac conduction disorder`` by arrhythmia). Lexical stages cannot see that; the parents of
the best concepts are worth offering to whoever chooses.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spacy_bel.kb.store import Store
from spacy_bel.retrieval.exact import SAME_WORDS
from spacy_bel.retrieval.hits import Hits, Query

LEAST_SCORE = 0.3
"""Concepts that fit worse are no hint of anything broader."""


class BroaderConcepts:
    """Finds the parents of the best concepts that other stages found.

    Args:
        store: The knowledge base.
        best: Of how many concepts per query the parents are offered.
    """

    def __init__(self, store: Store, *, best: int = 3) -> None:
        self._store = store
        self._best = best

    def search(self, queries: Sequence[Query], found: Sequence[Sequence[Hits]]) -> list[Hits]:
        """For each query, the parents of the best concepts found.

        Args:
            queries: What was looked up.
            found: What each stage found for each query, its scores weighted.

        Returns:
            One ``Hits`` per query, each parent with its child's score; empty where a name with
            the same words was found.
        """
        return [
            self._search(query, hits)
            for query, hits in zip(queries, zip(*found, strict=True), strict=True)
        ]

    def _search(self, query: Query, hits: Sequence[Hits]) -> Hits:
        aliases = np.concatenate([hit.aliases for hit in hits]).astype(np.int64)
        scores = np.concatenate([hit.scores for hit in hits])
        parents: dict[int, float] = {}
        if len(aliases) and scores.max() < SAME_WORDS:
            order = np.lexsort((aliases, -scores))
            seen: set[int] = set()
            for place in order[scores[order] >= LEAST_SCORE].tolist():
                concept = int(self._store.alias_concepts[aliases[place]])
                if concept not in seen:
                    seen.add(concept)
                    for name in self._store.broader_names(concept):
                        parents.setdefault(name, float(scores[place]))
                if len(seen) == self._best:
                    break
        names = np.array(list(parents), dtype=np.int64)
        values = np.array(list(parents.values()), dtype=np.float64)
        admitted = slice(None) if query.mask is None else query.mask[names]
        return Hits(names[admitted], values[admitted])
