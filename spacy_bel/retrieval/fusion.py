"""From what the stages of a retriever hit to the best candidates of each query.

All hits of a batch of queries stand in flat arrays, query by query and stage by stage, so that
most of the work is done by whole-array operations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from itertools import pairwise, repeat
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from spacy_bel.kb.store import Store
from spacy_bel.retrieval.exact import SAME_KEY
from spacy_bel.retrieval.hits import Hits
from spacy_bel.retrieval.order import first_of_each, places
from spacy_bel.types import Candidate

BATCH = 512
"""Queries whose candidates are made at a time."""

ANNOTATED_PRIOR = 0.01
"""What a concept's score gains per unit of log(1 + how often annotators named the concept)."""

DIGITS = 6
"""Digits of a score: what differs behind them differs from machine to machine."""

_MOST_RECENT = 1 << 16
"""Concepts from which on their places are better forgotten."""


class _Flat(NamedTuple):
    """Hits of a batch, each array of shape (hits,), query by query."""

    queries: NDArray[np.int64]
    stages: NDArray[np.int64]
    aliases: NDArray[np.int64]
    concepts: NDArray[Any]
    by_stage: NDArray[np.float64]
    scores: NDArray[np.float64]


class Fusion:
    """Ranks the concepts of the names that were hit.

    Args:
        store: The knowledge base.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._concepts = _Concepts(store)
        self.places = self._concepts.places
        """Where the concepts of the latest candidates stand in the knowledge base, by id."""

    @cached_property
    def _prior(self) -> NDArray[np.float64] | None:
        """What each concept gains, shape (concepts,); None where nothing is annotated."""
        counts = self._store.alias_counts
        if not counts.any():
            return None
        per_concept = np.bincount(self._store.alias_concepts, counts, minlength=len(self._store))
        return np.asarray(ANNOTATED_PRIOR * np.log1p(per_concept))

    @property
    def is_full(self) -> bool:
        """Whether so many concepts were candidates that it is time to ``forget`` them."""
        return len(self._concepts) >= _MOST_RECENT

    def forget(self) -> None:
        """Forget where the concepts of all candidates so far stand, and what is said of them."""
        self._concepts.clear()

    def candidates(
        self,
        found: Mapping[str, Sequence[Hits]],
        weights: Mapping[str, float],
        k: int,
        costs: Sequence[NDArray[np.float64] | None],
    ) -> list[list[Candidate]]:
        """The best candidates of each query.

        Args:
            found: For each stage, one ``Hits`` per query.
            weights: What the scores of each stage count.
            k: Largest number of candidates per query.
            costs: For each query what concepts lose by their set of types (see ``Query``).

        Returns:
            Candidates with distinct ids, best first.
        """
        number = len(next(iter(found.values())))
        return [
            candidates
            for begin in range(0, number, BATCH)
            for candidates in self._fuse(
                {name: hits[begin : begin + BATCH] for name, hits in found.items()},
                weights,
                k,
                costs[begin : begin + BATCH],
            )
        ]

    def _fuse(
        self,
        found: Mapping[str, Sequence[Hits]],
        weights: Mapping[str, float],
        k: int,
        costs: Sequence[NDArray[np.float64] | None],
    ) -> list[list[Candidate]]:
        hits = [hit for of_query in zip(*found.values(), strict=True) for hit in of_query]
        flat = self._flatten(hits, np.array([weights[name] for name in found]), costs)
        order = self._order(flat)
        pairs = flat.queries * len(self._store) + flat.concepts
        distinct, which = np.unique(pairs, return_inverse=True)
        best = first_of_each(order, which)
        best = best[places(flat.queries[best], len(hits) // len(found)) < k]
        counts = np.bincount(flat.queries[best], minlength=len(hits) // len(found))
        every = self._make(flat, best, _stage_scores(flat, which, len(distinct), best, list(found)))
        ends = np.cumsum(counts).tolist()
        return [every[begin:end] for begin, end in pairwise([0, *ends])]

    def _flatten(
        self,
        hits: Sequence[Hits],
        weights: NDArray[np.float64],
        costs: Sequence[NDArray[np.float64] | None],
    ) -> _Flat:
        lengths = [len(hit.aliases) for hit in hits]
        queries, stages = np.divmod(np.repeat(np.arange(len(hits)), lengths), len(weights))
        aliases = np.concatenate([hit.aliases for hit in hits]).astype(np.int64)
        concepts = self._store.alias_concepts[aliases]
        by_stage = np.concatenate([hit.scores for hit in hits]).astype(np.float64)
        by_stage = np.round(by_stage, DIGITS)
        scores = np.clip(weights[stages] * by_stage, 0.0, 1.0)
        scores = self._favour_annotated(scores, concepts)
        if any(cost is not None for cost in costs):
            of_query = np.reshape(lengths, (len(costs), len(weights))).sum(axis=1)
            scores = np.maximum(scores - self._lost(concepts, of_query, costs), 0.0)
        scores = np.round(scores, DIGITS)
        return _Flat(queries, stages, aliases, concepts, by_stage, scores)

    def _favour_annotated(
        self, scores: NDArray[np.float64], concepts: NDArray[Any]
    ) -> NDArray[np.float64]:
        """Scores with the prior of what annotators named, which lifts nothing to a sure match."""
        if self._prior is None:
            return scores
        lifted = np.minimum(scores + self._prior[concepts], SAME_KEY)
        return np.where(scores < SAME_KEY, lifted, scores)

    def _lost(
        self,
        concepts: NDArray[Any],
        of_query: NDArray[np.int64],
        costs: Sequence[NDArray[np.float64] | None],
    ) -> NDArray[np.float64]:
        """What each hit loses by the types of its concept, query by query."""
        types = np.split(self._store.concept_types[concepts], np.cumsum(of_query)[:-1])
        return np.concatenate(
            [
                np.zeros(len(own)) if cost is None else cost[own]
                for own, cost in zip(types, costs, strict=True)
            ]
        )

    def _order(self, flat: _Flat) -> NDArray[np.int64]:
        """The order of hits: by query, then by score, then by preference."""
        # Scores have few digits, so that query and score are one whole number.
        scale = 10**DIGITS
        keys = flat.queries * (scale + 1) + scale - np.rint(flat.scores * scale).astype(np.int64)
        order = np.argsort(keys)
        keys = keys[order]
        same = keys[1:] == keys[:-1]
        # Few hits have the score of another one; only these need the other keys.
        tied = np.zeros(len(order), dtype=bool)
        tied[1:] |= same
        tied[:-1] |= same
        members = order[tied]
        store, aliases, concepts = self._store, flat.aliases[members], flat.concepts[members]
        preference = (
            aliases,
            concepts,
            -store.concept_weights[concepts],
            store.alias_kinds[aliases],
            -store.alias_counts[aliases],
            keys[tied],
        )
        order[tied] = members[np.lexsort(preference)]
        return order

    def _make(
        self, flat: _Flat, best: NDArray[np.int64], by_stage: Sequence[dict[str, float]]
    ) -> list[Candidate]:
        """One candidate for each chosen hit, with its score and those of the stages."""
        drafts = list(
            map(
                _Draft,
                map(self._concepts.__getitem__, flat.concepts[best].tolist()),
                self._store.alias_names.take(flat.aliases[best].tolist()),
                flat.scores[best].tolist(),
                by_stage,
                repeat(self._store.name),
            )
        )
        for draft in drafts:
            draft.__class__ = Candidate  # type: ignore[assignment]
        return cast(list[Candidate], drafts)


def _stage_scores(
    flat: _Flat,
    which: NDArray[np.int64],
    distinct: int,
    best: NDArray[np.int64],
    stages: Sequence[str],
) -> list[dict[str, float]]:
    """What each stage gave each chosen concept at most, by stage name; 0 is left out.

    Args:
        flat: All hits.
        which: The pair of query and concept of each hit.
        distinct: How many such pairs there are.
        best: The chosen hits.
        stages: Names of the stages.
    """
    largest = np.zeros(distinct * len(stages))
    np.maximum.at(largest, which * len(stages) + flat.stages, flat.by_stage)
    given = largest.reshape(-1, len(stages))[which[best]]
    own = flat.stages[best]
    values = given[np.arange(len(best)), own]
    names = map(stages.__getitem__, own.tolist())
    found = [
        {name: value} if value else {} for name, value in zip(names, values.tolist(), strict=True)
    ]
    # Few candidates were found by more than one stage.
    given[np.arange(len(best)), own] = 0
    places, others = np.nonzero(given)
    for place, stage, value in zip(
        places.tolist(), others.tolist(), given[places, others].tolist(), strict=True
    ):
        found[place][stages[stage]] = value
    return found


_Said = tuple[str, str, tuple[str, ...]]
"""What a candidate says of its concept: id, preferred name and types."""


class _Concepts(dict[int, _Said]):
    """What is said of concepts, by their places in the knowledge base; read when missing."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.places: dict[str, int] = {}

    def __missing__(self, place: int) -> _Said:
        store = self._store
        id_, types = store.concept_ids[place], store.type_sets[store.concept_types[place]]
        self.places[id_] = place
        self[place] = said = id_, store.concept_names[place], types
        return said

    def clear(self) -> None:
        super().clear()
        self.places.clear()


class _Draft:
    """A candidate that is being filled: a frozen one is four times as slow to make."""

    __slots__ = tuple(field.name for field in fields(Candidate))

    def __init__(
        self, concept: _Said, alias: str, score: float, scores: dict[str, float], kb: str
    ) -> None:
        self.id, self.name, self.types = concept
        self.alias, self.score, self.scores, self.kb = alias, score, scores, kb
