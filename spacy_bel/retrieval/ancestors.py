"""Concepts that stand above much of what was found: from the eighth on, every fourth candidate.

Where no name fits, a corpus often means a general concept (``oligodendrocyte degeneration``:
leukoencephalopathies) that many candidates, and other concepts of the document, have as their
parent or grandparent. These vote with their scores. What they agree on has no score that could be
compared with those of names; so it is given places, and the others keep their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from spacy_bel.kb.store import Store
from spacy_bel.retrieval.exact import SAME_WORDS
from spacy_bel.retrieval.fusion import DIGITS
from spacy_bel.types import Candidate, Mention

ANCESTOR = "ancestor"
"""What the agreement on a concept is called among the scores of a candidate."""

EVERY = 4
"""Each place whose number this divides is for an ancestor,"""

FIRST = 8
"""from this one on: whoever asks for a few candidates gets those that names say."""

VOTERS = 20
"""How many candidates, the best ones, speak for what stands above them."""

LEVELS = 2
"""How far above: parents and their parents."""

PER_LEVEL = 0.5
"""What the score of a concept counts for another, per level between them."""

_MOST_RECENT = 1 << 16
"""Concepts whose ancestors are remembered."""


class SharedAncestors:
    """Finds the ancestors that most candidates of a mention share.

    Args:
        store: The knowledge base.
        places: Where concepts stand in it, by id; it must know every candidate.
    """

    def __init__(self, store: Store, places: Mapping[str, int]) -> None:
        self._store = store
        self._places = places
        self._starts = store.array("parents.starts")
        self._parents = store.array("parents.concepts")
        self._above: dict[str, tuple[tuple[int, float], ...]] = {}
        self._offers: dict[int, tuple[int, Candidate]] = {}

    def offer(
        self,
        mention: Mention,
        candidates: list[Candidate],
        others: Sequence[Candidate],
        mask: NDArray[np.bool_] | None,
        k: int,
    ) -> list[Candidate]:
        """Candidates with ancestors among them.

        A mention for which a name of the same words was found keeps its candidates, and so does
        a composite one, whose candidates answer different parts.

        Args:
            mention: What was looked up.
            candidates: Its candidates, best first.
            others: The best concepts of the other mentions of its document.
            mask: Which names are admitted, shape (names,); None for all.
            k: Largest number of candidates.

        Returns:
            Candidates with distinct ids, best first. An ancestor has the score of the candidate
            before it; ``scores["ancestor"]`` is its votes as a share of the scores of all that
            were asked.
        """
        if len(candidates) < FIRST or candidates[0].score >= SAME_WORDS or mention.parts:
            return candidates
        shared = self._shared([*candidates[:VOTERS], *others], mask)
        known = {candidate.id: candidate for candidate in candidates}
        offered: dict[str, Candidate] = {}
        for candidate in candidates:
            place = len(offered) + 1
            if place >= FIRST and place % EVERY == 0:
                _add_ancestor(offered, shared, known)
            offered.setdefault(candidate.id, candidate)
            if len(offered) >= k:
                break
        return list(offered.values())[:k]

    def _shared(
        self, voters: Sequence[Candidate], mask: NDArray[np.bool_] | None
    ) -> Iterator[tuple[Candidate, float]]:
        """The admitted ancestors of some concepts, the most shared first, and their shares."""
        votes: dict[int, float] = {}
        for voter in voters:
            score = voter.score
            for ancestor, weight in self._ancestors(voter.id):
                votes[ancestor] = votes.get(ancestor, 0.0) + weight * score
        every = sum(voter.score for voter in voters) or 1.0
        for ancestor, vote in sorted(votes.items(), key=itemgetter(1), reverse=True):
            name, candidate = self._offered(ancestor)
            if mask is None or mask[name]:
                yield candidate, round(vote / every, DIGITS)

    def _ancestors(self, concept_id: str) -> tuple[tuple[int, float], ...]:
        """The concepts above one, each with its weight."""
        found = self._above.get(concept_id)
        if found is None:
            if len(self._above) >= _MOST_RECENT:
                self._above.clear()
            found = self._above[concept_id] = tuple(self._climb(self._places[concept_id]).items())
        return found

    def _climb(self, concept: int) -> dict[int, float]:
        weights: dict[int, float] = {}
        level, weight = [concept], 1.0
        for _ in range(LEVELS):
            weight *= PER_LEVEL
            level = [parent for place in level for parent in self._broader(place)]
            for parent in level:
                weights.setdefault(parent, weight)
        weights.pop(concept, None)
        return weights

    def _broader(self, concept: int) -> list[int]:
        begin, end = self._starts[concept : concept + 2].tolist()
        return self._parents[begin:end].tolist()  # type: ignore[no-any-return]

    def _offered(self, concept: int) -> tuple[int, Candidate]:
        """The number of a concept's preferred name, and the concept as a candidate."""
        found = self._offers.get(concept)
        if found is None:
            if len(self._offers) >= _MOST_RECENT:
                self._offers.clear()
            store = self._store
            # The names stand by concept, the preferred one first.
            name = int(np.searchsorted(store.alias_concepts, concept))
            candidate = Candidate(
                store.concept_ids[concept],
                store.concept_names[concept],
                store.alias_names[name],
                store.type_sets[store.concept_types[concept]],
                score=0.0,
                kb=store.name,
            )
            found = self._offers[concept] = name, candidate
        return found


def _add_ancestor(
    offered: dict[str, Candidate],
    shared: Iterator[tuple[Candidate, float]],
    known: Mapping[str, Candidate],
) -> None:
    """Offer the next ancestor that is not offered yet, with the score of the last candidate."""
    for ancestor, share in shared:
        if ancestor.id not in offered:
            score = next(reversed(offered.values())).score
            base = known.get(ancestor.id, ancestor)
            scores = {**base.scores, ANCESTOR: share}
            # Faster than dataclasses.replace, and there are some for nearly every mention.
            offered[ancestor.id] = Candidate(
                base.id, base.name, base.alias, base.types, score, scores, base.kb
            )
            return
