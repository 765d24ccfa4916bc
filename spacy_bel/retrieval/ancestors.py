"""Concepts that stand above much of what was found: from the eighth on, every fourth candidate.

Where no name fits, a corpus often means a general concept (``oligodendrocyte degeneration``:
leukoencephalopathies) that many candidates, and other concepts of the document, have as their
parent or grandparent. These vote with their scores. What they agree on has no score that could be
compared with those of names; so it is given places, and the others keep their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from spacy_bel.kb.store import Store
from spacy_bel.retrieval.exact import SAME_WORDS
from spacy_bel.retrieval.fusion import DIGITS
from spacy_bel.retrieval.order import entries, groups
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

BATCH = 512
"""Mentions whose ancestors are looked for at a time."""

_MOST_RECENT = 1 << 16
"""Ancestors that are remembered as candidates."""

_Shares = Iterable[tuple[int, float]]
"""Concepts by their places in the knowledge base, and the share of each."""


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
        self._offers: dict[int, tuple[int, Candidate]] = {}

    def offer(
        self,
        mentions: Sequence[Mention],
        found: Sequence[list[Candidate]],
        others: Sequence[Sequence[Candidate]],
        masks: Sequence[NDArray[np.bool_] | None],
        k: int,
    ) -> list[list[Candidate]]:
        """Candidates with ancestors among them.

        A mention for which a name of the same words was found keeps its candidates, and so does
        a composite one, whose candidates answer different parts.

        Args:
            mentions: What was looked up.
            found: The candidates of each mention, best first.
            others: For each mention the best concepts of the other mentions of its document.
            masks: Which names are admitted for each mention, shape (names,); None for all.
            k: Largest number of candidates per mention.

        Returns:
            For each mention candidates with distinct ids, best first. An ancestor has the score
            of the candidate before it; ``scores["ancestor"]`` is its votes as a share of the
            scores of all that were asked.
        """
        unsure = [
            number
            for number, (mention, candidates) in enumerate(zip(mentions, found, strict=True))
            if len(candidates) >= FIRST and candidates[0].score < SAME_WORDS and not mention.parts
        ]
        offered = list(found)
        for begin in range(0, len(unsure), BATCH):
            numbers = unsure[begin : begin + BATCH]
            shared = self._shared([[*found[each][:VOTERS], *others[each]] for each in numbers])
            for number, ancestors in zip(numbers, shared, strict=True):
                admitted = self._admitted(ancestors, masks[number])
                offered[number] = _with_ancestors(found[number], admitted, k)
        return offered

    def _shared(self, voters: Sequence[Sequence[Candidate]]) -> Iterator[_Shares]:
        """The ancestors of some concepts, the most shared first, for each mention.

        Of ancestors that share as much, the one that comes first stands above a better voter.
        """
        flat = list(chain.from_iterable(voters))
        mentions = np.repeat(np.arange(len(voters)), list(map(len, voters)))
        scores = np.array([voter.score for voter in flat])
        every = np.bincount(mentions, scores, minlength=len(voters))
        every[every == 0] = 1.0
        places = np.array([self._places[voter.id] for voter in flat])
        concepts, which = np.unique(places, return_inverse=True)
        starts, above, weights = self._climb(concepts)
        voter, entry = entries(starts, which)
        votes = weights[entry] * (scores / every[mentions])[voter]
        order, begins = groups(mentions[voter] * len(self._store) + above[entry])
        first = order[begins]
        shares = np.round(np.add.reduceat(votes[order], begins), DIGITS) if len(begins) else votes
        of_mention, ancestors = mentions[voter[first]], above[entry[first]]
        # Shares have few digits, so that all three are one whole number, which sorts fast.
        scale = 10**DIGITS
        best = of_mention * (scale + 1) + scale - np.rint(shares * scale).astype(np.int64)
        best = np.argsort(best * len(order) + first)
        ends = np.cumsum(np.bincount(of_mention, minlength=len(voters))).tolist()
        sorted_ancestors, sorted_shares = ancestors[best].tolist(), shares[best].tolist()
        for begin, end in pairwise([0, *ends]):
            yield zip(sorted_ancestors[begin:end], sorted_shares[begin:end], strict=True)

    def _climb(
        self, concepts: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """The concepts above each of some.

        Returns:
            Where those of each begin, shape (concepts + 1,); their places in the knowledge base,
            parents first; their weights.
        """
        rows, level = np.arange(len(concepts)), concepts
        levels = []
        for _ in range(LEVELS):
            lower, entry = entries(self._starts, level)
            rows, level = rows[lower], self._parents[entry].astype(np.int64)
            levels.append((rows, level))
        rows, above = (np.concatenate(each) for each in zip(*levels, strict=True))
        weights = np.repeat(
            PER_LEVEL ** np.arange(1, LEVELS + 1), [len(level) for _, level in levels]
        )
        # A concept that is above another one in two ways counts as the nearer.
        order, begins = groups(rows * len(self._store) + above)
        first = np.sort(order[begins])
        first = first[above[first] != concepts[rows[first]]]
        kept = first[groups(rows[first])[0]]
        starts = np.searchsorted(rows[kept], np.arange(len(concepts) + 1))
        return starts, above[kept], weights[kept]

    def _admitted(
        self, ancestors: _Shares, mask: NDArray[np.bool_] | None
    ) -> Iterator[tuple[Candidate, float]]:
        for ancestor, share in ancestors:
            name, candidate = self._offered(ancestor)
            if mask is None or mask[name]:
                yield candidate, share

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


def _with_ancestors(
    candidates: Sequence[Candidate], ancestors: Iterator[tuple[Candidate, float]], k: int
) -> list[Candidate]:
    """Candidates with the next ancestor that is not offered yet at each place for one."""
    known = {candidate.id: candidate for candidate in candidates}
    offered: dict[str, Candidate] = {}
    for candidate in candidates:
        place = len(offered) + 1
        if place > k:
            break
        if place >= FIRST and place % EVERY == 0:
            for ancestor, share in ancestors:
                if ancestor.id not in offered:
                    score = next(reversed(offered.values())).score
                    base = known.get(ancestor.id, ancestor)
                    offered[base.id] = _as_ancestor(base, score, share)
                    break
        offered.setdefault(candidate.id, candidate)
    return list(offered.values())[:k]


def _as_ancestor(candidate: Candidate, score: float, share: float) -> Candidate:
    # Faster than dataclasses.replace, and there are some for nearly every mention.
    scores = {**candidate.scores, ANCESTOR: share}
    base = candidate
    return Candidate(base.id, base.name, base.alias, base.types, score, scores, base.kb)
