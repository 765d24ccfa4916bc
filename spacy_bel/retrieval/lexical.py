"""A retriever over the names of one knowledge base: stages, their fusion, filters, ties."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_bel.curies import canonical_prefix
from spacy_bel.errors import Errors
from spacy_bel.features import NameForms
from spacy_bel.kb.store import Store
from spacy_bel.retrieval.blend import Blend
from spacy_bel.retrieval.broader import BroaderConcepts
from spacy_bel.retrieval.hits import Hits, Query, Stage
from spacy_bel.types import Candidate, Mention

PART_WEIGHT = 0.88
"""What the score of a candidate for one part of a composite mention counts."""

BROADER_WEIGHT = 0.7
"""What the score of a concept counts for its parents."""

BATCH = 512
"""Queries whose candidates are made at a time."""

Reformulate = Callable[[Sequence[Mention]], Sequence[str]]
"""Gives a second text for each mention, or an empty one."""

_Key = tuple[str, frozenset[str], str]
"""What a lookup depends on: the text, the admitted types and the second text."""

_DIGITS = 6
"""Digits of a score: what differs behind them differs from machine to machine."""


class NameRetriever:
    """Retrieves concepts by their names.

    Each stage scores names in [0, 1]. A concept's score is the largest of its names' scores,
    each multiplied by the weight of its stage; with weights of at most 1 for stages other than
    exact match, exact hits come first. Ties break for the name that annotators gave the concept
    more often, then for the better kind of name (preferred before exact before annotated before
    narrow, broad and related), then for the concept with more names and narrower concepts, then
    by the concept's place in the knowledge base (see ``Store.preference``).

    Args:
        store: The knowledge base.
        stages: Stage name -> stage.
        weights: Stage name -> weight, in (0, 1].
        languages: ISO 639-1 codes of the names to look at; empty for all.
        prefixes: Vocabularies to look at, such as ``MESH``; empty for all.
        broader: Of how many of the best concepts the parents are candidates too, where no name
            has the same words as the mention; 0 for none.
        blend: Takes the place of those stages whose mean it is; its weight is that of
            ``similarity``.
        reformulate: Gives a second text for each mention, or an empty one; None for none.

    Raises:
        BelError: If a weight is out of range, or the knowledge base has no name in any of the
            languages or no concept of any of the vocabularies.
    """

    def __init__(
        self,
        store: Store,
        stages: Mapping[str, Stage],
        weights: Mapping[str, float],
        *,
        languages: Sequence[str] = (),
        prefixes: Sequence[str] = (),
        broader: int = 0,
        blend: Blend | None = None,
        reformulate: Reformulate | None = None,
    ) -> None:
        self.store = store
        self.stages = dict(stages)
        self.weights = dict(weights)
        self._broader = BroaderConcepts(store, best=broader) if broader else None
        if broader:
            self.weights["broader"] = BROADER_WEIGHT
        self._languages = frozenset(languages)
        self._prefixes = frozenset(map(canonical_prefix, prefixes))
        self._check()
        self.blend = blend
        if blend:
            self.weights.update(dict.fromkeys(blend.shares, 0.0))
        self._reformulate = reformulate

    def _check(self) -> None:
        """Refuse settings under which nothing could be found, or not in the order promised."""
        for name, weight in self.weights.items():
            if not 0 < weight <= 1:
                raise Errors.B401(setting=f"weight of {name}", value=weight, allowed="(0, 1]")
        known = {"languages": set(self.store.meta["languages"])}
        if self._prefixes:
            known["prefixes"] = set(self.store.count_prefixes())
        for setting, asked in (("languages", self._languages), ("prefixes", self._prefixes)):
            if asked and asked.isdisjoint(known[setting]):
                allowed = ", ".join(sorted(known[setting]))
                raise Errors.B401(setting=setting, value=", ".join(sorted(asked)), allowed=allowed)

    def retrieve(self, mentions: Sequence[Mention], k: int) -> list[list[Candidate]]:
        """For each mention, up to ``k`` candidates with distinct ids, best first.

        A composite mention is looked up as a whole and part by part; a candidate that a part
        brought says which one in ``scores["part"]`` (1 for the first).

        Args:
            mentions: What to look up.
            k: Largest number of candidates per mention.

        Returns:
            Candidates in the order of the mentions; an empty list where nothing was found.
        """
        seconds = self._reformulate(mentions) if self._reformulate else [""] * len(mentions)
        wanted = [self._texts(*each) for each in zip(mentions, seconds, strict=True)]
        keys = list(dict.fromkeys(key for texts in wanted for key in texts))
        with _no_garbage_collection():
            found = dict(zip(keys, self._lookup(keys, k), strict=True))
        return [_merge([found[key] for key in texts], k) for texts in wanted]

    def _texts(self, mention: Mention, second: str) -> list[_Key]:
        whole = mention.query or mention.text
        parts = [(text, mention.types, "") for text in mention.parts]
        return [(whole, mention.types, second), *parts]

    def _lookup(self, keys: Sequence[_Key], k: int) -> list[list[Candidate]]:
        mask = partial(self.store.alias_mask, languages=self._languages, prefixes=self._prefixes)
        queries = [
            Query(text, NameForms.of(text), mask(types), second) for text, types, second in keys
        ]
        found = {name: stage.search(queries, k) for name, stage in self.stages.items()}
        if self.blend:
            found.update(self.blend.search(queries, found))
        if self._broader:
            weighted = [
                [Hits(hit.aliases, self.weights[name] * hit.scores) for hit in hits]
                for name, hits in found.items()
            ]
            found["broader"] = self._broader.search(queries, weighted)
        return [
            candidates
            for begin in range(0, len(queries), BATCH)
            for candidates in self._fuse(
                {name: hits[begin : begin + BATCH] for name, hits in found.items()}, k
            )
        ]

    def _fuse(self, found: Mapping[str, Sequence[Hits]], k: int) -> list[list[Candidate]]:
        """Candidates of a batch of queries from what each stage found.

        All hits stand in flat arrays, query by query and stage by stage.
        """
        store, count = self.store, len(found)
        hits = [hit for of_query in zip(*found.values(), strict=True) for hit in of_query]
        lengths = [len(hit.aliases) for hit in hits]
        queries, stages = np.divmod(np.repeat(np.arange(len(hits)), lengths), count)
        aliases = np.concatenate([hit.aliases for hit in hits]).astype(np.int64)
        concepts = store.alias_concepts[aliases]
        by_stage = np.concatenate([hit.scores for hit in hits]).astype(np.float64)
        by_stage = np.round(by_stage, _DIGITS)
        weights = np.array([self.weights[name] for name in found])
        scores = np.round(np.clip(weights[stages] * by_stage, 0.0, 1.0), _DIGITS)
        preference = (
            concepts,
            -store.concept_weights[concepts],
            store.alias_kinds[aliases],
            -store.alias_counts[aliases],
            -scores,
        )
        bounds = [0, *np.cumsum(lengths)[count - 1 :: count].tolist()]
        chosen = []
        for begin, end in pairwise(bounds):
            order = np.lexsort([key[begin:end] for key in preference])
            chosen.append(begin + _first(order, concepts[begin:end], k))
        best = np.concatenate(chosen)
        pairs = queries * len(store) + concepts
        largest = [
            _largest(pairs[best], pairs[stages == stage], by_stage[stages == stage])
            for stage in range(count)
        ]
        every = self._candidates(
            aliases[best], scores[best], list(found), np.stack(largest, axis=1)
        )
        return [list(islice(every, len(places))) for places in chosen]

    def _candidates(
        self,
        aliases: NDArray[np.int64],
        scores: NDArray[Any],
        stages: Sequence[str],
        by_stage: NDArray[Any],
    ) -> Iterator[Candidate]:
        """One candidate for each name, with its score and those of the stages (0 for none)."""
        store = self.store
        concepts = store.alias_concepts[aliases]
        # Each string is read once, for queries share most of their candidates.
        distinct = np.unique(concepts).tolist()
        ids = {number: store.concept_ids[number] for number in distinct}
        names = {number: store.concept_names[number] for number in distinct}
        alias_names = {number: store.alias_names[number] for number in np.unique(aliases).tolist()}
        columns = (aliases, concepts, store.concept_types[concepts], scores, by_stage)
        kb = store.name
        for alias, concept, type_set, score, stage_scores in zip(
            *(column.tolist() for column in columns), strict=True
        ):
            found = zip(stages, stage_scores, strict=True)
            yield Candidate(
                id=ids[concept],
                name=names[concept],
                alias=alias_names[alias],
                types=store.type_sets[type_set],
                score=score,
                scores={name: value for name, value in found if value},
                kb=kb,
            )


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """A pause of the collector: all of many thousand candidates are kept.

    Looking for garbage among them takes a quarter of the time otherwise.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _first(order: NDArray[Any], concepts: NDArray[Any], k: int) -> NDArray[Any]:
    """Of names in an order, the first of each concept, for ``k`` concepts."""
    first: dict[int, int] = {}
    for place, concept in zip(order.tolist(), concepts[order].tolist(), strict=True):
        first.setdefault(concept, place)
        if len(first) == k:
            break
    return np.array(list(first.values())[:k], dtype=np.int64)


def _largest(
    wanted: NDArray[np.int64], pairs: NDArray[np.int64], scores: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The largest score of each wanted pair of query and concept; 0 where it has none."""
    largest = np.zeros(len(wanted))
    if len(wanted):
        order = np.argsort(wanted)
        ascending = wanted[order]
        places = np.minimum(np.searchsorted(ascending, pairs), len(wanted) - 1)
        is_wanted = ascending[places] == pairs
        np.maximum.at(largest, order[places[is_wanted]], scores[is_wanted])
    return largest


def _merge(found: list[list[Candidate]], k: int) -> list[Candidate]:
    """Candidates of a whole mention and of its parts as one list, best first."""
    whole, *parts = found
    if not parts:
        return whole
    merged = {candidate.id: candidate for candidate in whole}
    for candidate in _of_parts(parts):
        as_whole = merged.get(candidate.id)
        if as_whole is None or candidate.score > as_whole.score:
            of_part = round(PART_WEIGHT * candidate.score, _DIGITS)
            score = max(of_part, as_whole.score if as_whole else 0.0)
            merged[candidate.id] = replace(candidate, score=score)
    return sorted(merged.values(), key=lambda c: (-c.score, c.scores.get("part", 0.0)))[:k]


def _of_parts(parts: list[list[Candidate]]) -> list[Candidate]:
    """Candidates of the parts, each with the number of the part that it may answer.

    Each has one number. The best of a part is left to it by the other parts, and parts with the
    same best are one part, else a part would be answered with its second best.
    """
    best: dict[str, int] = {}
    for number, candidates in enumerate(parts, 1):
        if candidates:
            best.setdefault(candidates[0].id, number)
    found: dict[str, Candidate] = {}
    for candidates in filter(None, parts):
        number = best[candidates[0].id]
        for candidate in candidates:
            kept = found.get(candidate.id)
            is_better = kept is None or candidate.score > kept.score
            if is_better and best.get(candidate.id, number) == number:
                scores = {**candidate.scores, "part": float(number)}
                found[candidate.id] = replace(candidate, scores=scores)
    return list(found.values())
