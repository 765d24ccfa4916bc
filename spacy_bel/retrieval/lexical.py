"""A retriever over the names of one knowledge base: stages, their fusion, filters, ties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from spacy_bel.curies import canonical_prefix
from spacy_bel.features import NameForms
from spacy_bel.kb.store import Store
from spacy_bel.retrieval.hits import Hits, Query, Stage
from spacy_bel.types import Candidate, Mention

PART_WEIGHT = 0.88
"""What the score of a candidate for one part of a composite mention counts."""

_DIGITS = 6
"""Digits of a score: what differs behind them differs from machine to machine."""


class NameRetriever:
    """Retrieves concepts by their names.

    Each stage scores names in [0, 1]. A concept's score is the largest of its names' scores,
    each multiplied by the weight of its stage; with weights of at most 1 for stages other than
    exact match, exact hits come first. Ties break for the better kind of name (preferred before
    exact before annotated before narrow, broad and related), then for the name that annotators
    gave the concept more often, then for the concept with more names and narrower concepts,
    then by the concept's place in the knowledge base.

    Args:
        store: The knowledge base.
        stages: Stage name -> stage.
        weights: Stage name -> weight, in (0, 1].
        languages: ISO 639-1 codes of the names to look at; empty for all.
        prefixes: Vocabularies to look at, such as ``MESH``; empty for all.
    """

    def __init__(
        self,
        store: Store,
        stages: Mapping[str, Stage],
        weights: Mapping[str, float],
        *,
        languages: Sequence[str] = (),
        prefixes: Sequence[str] = (),
    ) -> None:
        self.store = store
        self.stages = dict(stages)
        self.weights = dict(weights)
        self._languages = frozenset(languages)
        self._prefixes = frozenset(map(canonical_prefix, prefixes))

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
        wanted = [self._texts(mention) for mention in mentions]
        keys = list(dict.fromkeys(key for texts in wanted for key in texts))
        found = dict(zip(keys, self._lookup(keys, k), strict=True))
        return [_merge([found[key] for key in texts], k) for texts in wanted]

    def _texts(self, mention: Mention) -> list[tuple[str, frozenset[str]]]:
        whole = mention.query or mention.text
        return [(text, mention.types) for text in (whole, *mention.parts)]

    def _lookup(self, keys: Sequence[tuple[str, frozenset[str]]], k: int) -> list[list[Candidate]]:
        mask = partial(self.store.alias_mask, languages=self._languages, prefixes=self._prefixes)
        queries = [Query(text, NameForms.of(text), mask(types)) for text, types in keys]
        by_stage = {name: stage.search(queries, k) for name, stage in self.stages.items()}
        return [
            self._candidates({name: _rounded(hits[number]) for name, hits in by_stage.items()}, k)
            for number in range(len(queries))
        ]

    def _candidates(self, hits: Mapping[str, Hits], k: int) -> list[Candidate]:
        store = self.store
        aliases = np.concatenate([hit.aliases for hit in hits.values()]).astype(np.int64)
        if not len(aliases):
            return []
        scores = np.concatenate([self.weights[name] * hit.scores for name, hit in hits.items()])
        scores = np.round(np.clip(scores, 0.0, 1.0), _DIGITS)
        concepts = store.alias_concepts[aliases]
        order = np.lexsort(
            (
                concepts,
                -store.concept_weights[concepts],
                store.alias_kinds[aliases],
                -store.alias_counts[aliases],
                -scores,
            )
        )
        _, first = np.unique(concepts[order], return_index=True)
        chosen = order[np.sort(first)[:k]]
        by_stage = self._stage_scores(hits, set(concepts[chosen].tolist()))
        return [
            Candidate(
                id=store.concept_ids[concept],
                name=store.concept_names[concept],
                alias=store.alias_names[alias],
                types=store.type_sets[type_set],
                score=score,
                scores=by_stage[concept],
                kb=store.name,
            )
            for alias, concept, type_set, score in zip(
                aliases[chosen].tolist(),
                concepts[chosen].tolist(),
                store.concept_types[concepts[chosen]].tolist(),
                scores[chosen].tolist(),
                strict=True,
            )
        ]

    def _stage_scores(
        self, hits: Mapping[str, Hits], wanted: set[int]
    ) -> dict[int, dict[str, float]]:
        best: dict[int, dict[str, float]] = {concept: {} for concept in wanted}
        for name, hit in hits.items():
            concepts = self.store.alias_concepts[hit.aliases].tolist()
            for concept, score in zip(concepts, hit.scores.tolist(), strict=True):
                if concept in wanted and score > best[concept].get(name, 0.0):
                    best[concept][name] = score
        return best


def _rounded(hits: Hits) -> Hits:
    return Hits(hits.aliases, np.round(hits.scores.astype(np.float64), _DIGITS))


def _merge(found: list[list[Candidate]], k: int) -> list[Candidate]:
    """Candidates of a whole mention and of its parts as one list, best first."""
    whole, *parts = found
    if not parts:
        return whole
    merged = {candidate.id: candidate for candidate in whole}
    for candidate in _of_parts(parts):
        as_whole = merged.get(candidate.id)
        if as_whole is None or candidate.score > as_whole.score:
            score = max(PART_WEIGHT * candidate.score, as_whole.score if as_whole else 0.0)
            merged[candidate.id] = replace(candidate, score=score)
    return sorted(merged.values(), key=lambda candidate: -candidate.score)[:k]


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
