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

_NAMES = 8
"""Names that are looked at first, per concept wanted."""

_NOTHING = Hits(np.empty(0, np.int64), np.empty(0, np.float64))


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
        best = max((float(hit.scores.max()) for hit in hits if len(hit.scores)), default=0.0)
        if not LEAST_SCORE <= best < SAME_WORDS:
            return _NOTHING
        parents: dict[int, float] = {}
        for concept, score in self._best_concepts(hits):
            for name in self._store.broader_names(concept):
                parents.setdefault(name, score)
        names = np.array(list(parents), dtype=np.int64)
        values = np.array(list(parents.values()), dtype=np.float64)
        admitted = slice(None) if query.mask is None else query.mask[names]
        return Hits(names[admitted], values[admitted])

    def _best_concepts(self, hits: Sequence[Hits]) -> list[tuple[int, float]]:
        """The best concepts of some names, each with the score of its best name."""
        aliases = np.concatenate([hit.aliases for hit in hits]).astype(np.int64)
        scores = np.concatenate([hit.scores for hit in hits])
        best: dict[int, float] = {}
        count = _NAMES * self._best
        while True:
            least = np.partition(scores, -count)[-count] if count < len(scores) else LEAST_SCORE
            names = np.flatnonzero(scores >= max(least, LEAST_SCORE))
            for place in names[np.lexsort((aliases[names], -scores[names]))].tolist():
                best.setdefault(
                    int(self._store.alias_concepts[aliases[place]]), float(scores[place])
                )
            if len(best) >= self._best or least <= LEAST_SCORE:
                return list(best.items())[: self._best]
            count *= _NAMES
