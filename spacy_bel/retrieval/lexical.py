"""A retriever over the names of one knowledge base: stages, their fusion, filters, ties."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from spacy_bel.curies import canonical_prefix
from spacy_bel.errors import Errors
from spacy_bel.features import NameForms
from spacy_bel.kb.store import Store
from spacy_bel.retrieval.ancestors import SharedAncestors
from spacy_bel.retrieval.blend import Blend
from spacy_bel.retrieval.broader import BroaderConcepts
from spacy_bel.retrieval.cause import prefer_caused
from spacy_bel.retrieval.document import best_of_others, with_document_evidence
from spacy_bel.retrieval.exact import SAME_WORDS
from spacy_bel.retrieval.fusion import DIGITS, Fusion
from spacy_bel.retrieval.hits import Hits, Query, Stage
from spacy_bel.retrieval.organisms import ORGANISM_COST, OrganismCosts
from spacy_bel.types import Candidate, Mention

PART_WEIGHT = 0.88
"""What the score of a candidate for one part of a composite mention counts."""

BROADER_WEIGHT = 0.7
"""What the score of a concept counts for its parents."""

RECENT = 1 << 15
"""Candidates of the latest lookups that are remembered: texts repeat what they speak of."""

Reformulate = Callable[[Sequence[Mention]], Sequence[str]]
"""Gives a second text for each mention, or an empty one."""

_Key = tuple[str, frozenset[str], str, tuple[str, ...]]
"""What a lookup depends on: text, admitted types, second text and likely organisms."""


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


class NameRetriever:
    """Retrieves concepts by their names.

    Each stage scores names in [0, 1]. A concept's score is the largest of its names' scores,
    each multiplied by the weight of its stage; with weights of at most 1 for stages other than
    exact match, exact hits come first. Below a sure match, concepts that annotators named often
    gain a little. Ties break for the name that annotators gave the concept
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
            has the same words as the mention; there, every fourth candidate from the eighth on
            is an ancestor that many of them share (see ``SharedAncestors``). 0 for neither.
        blend: Takes the place of those stages whose mean it is; its weight is that of
            ``similarity``.
        reformulate: Gives a second text for each mention, or an empty one; None for none.
        organism_cost: What the score of a concept loses that is of another organism than the
            mention (see ``OrganismCosts``), in [0, 1].
        drug_induced: Whether what drugs cause comes first where the document says that something
            was induced (see ``prefer_caused``).

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
        organism_cost: float = ORGANISM_COST,
        drug_induced: bool = False,
    ) -> None:
        self.store = store
        self._fusion = Fusion(store)
        self.stages = dict(stages)
        self.weights = dict(weights)
        self._broader = BroaderConcepts(store, best=broader) if broader else None
        self._ancestors = SharedAncestors(store, self._fusion.places) if broader else None
        if broader:
            self.weights["broader"] = BROADER_WEIGHT
        self._languages = frozenset(languages)
        self._prefixes = frozenset(map(canonical_prefix, prefixes))
        self._check()
        self.blend = blend
        if blend:
            self.weights.update(dict.fromkeys(blend.shares, 0.0))
        self._reformulate = reformulate
        self._drug_induced = drug_induced
        if not 0 <= organism_cost <= 1:
            raise Errors.B401(setting="organism_cost", value=organism_cost, allowed="[0, 1]")
        self._organisms = OrganismCosts(store, organism_cost)
        self._recent: dict[tuple[_Key, int], list[Candidate]] = {}

    def forget(self) -> None:
        """Forget the latest lookups; to be called when they would give other candidates now."""
        self._recent.clear()
        self._fusion.forget()

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

    @_no_garbage_collection()
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
        found = self._retrieve(mentions, k)
        return self._with_ancestors(mentions, found, [()] * len(mentions), k)

    @_no_garbage_collection()
    def retrieve_documents(
        self, mentions: Sequence[Mention], k: int, documents: Sequence[int]
    ) -> list[list[Candidate]]:
        """As ``retrieve``, with evidence from the document.

        Args:
            mentions: What to look up.
            k: Largest number of candidates per mention.
            documents: The number of each mention's document.

        Returns:
            As ``retrieve``; what another mention of the document said of a candidate is in
            ``scores["document"]`` (see ``with_document_evidence``), and what a candidate scored
            that the text around mentions moved to the front in ``scores["cause"]`` (see
            ``prefer_caused``).
        """
        found = self._retrieve(mentions, k)
        others = best_of_others(mentions, found, documents)
        found = [
            with_document_evidence(*each, k) for each in zip(mentions, found, others, strict=True)
        ]
        if self._drug_induced:
            found = prefer_caused(mentions, found, documents)
        return self._with_ancestors(mentions, found, others, k)

    def _retrieve(self, mentions: Sequence[Mention], k: int) -> list[list[Candidate]]:
        seconds = self._reformulate(mentions) if self._reformulate else [""] * len(mentions)
        wanted = [self._texts(*each) for each in zip(mentions, seconds, strict=True)]
        found = self._found(dict.fromkeys(key for texts in wanted for key in texts), k)
        return [_merge([found[key] for key in texts], k) for texts in wanted]

    def _found(self, keys: Collection[_Key], k: int) -> dict[_Key, list[Candidate]]:
        """The candidates of each distinct lookup, remembered or looked up."""
        if self._fusion.is_full:
            self.forget()
        known = {
            key: candidates
            for key in keys
            if (candidates := self._recent.pop((key, k), None)) is not None
        }
        unknown = [key for key in keys if key not in known]
        known.update(zip(unknown, self._lookup(unknown, k) if unknown else [], strict=True))
        self._recent.update(((key, k), candidates) for key, candidates in known.items())
        for oldest in list(islice(self._recent, max(len(self._recent) - RECENT // max(k, 1), 0))):
            self._recent.pop(oldest, None)
        return known

    def _with_ancestors(
        self,
        mentions: Sequence[Mention],
        found: list[list[Candidate]],
        others: Sequence[Sequence[Candidate]],
        k: int,
    ) -> list[list[Candidate]]:
        if not self._ancestors:
            return found
        masks = [self._mask(mention.types) for mention in mentions]
        return self._ancestors.offer(mentions, found, others, masks, k)

    def _mask(self, types: frozenset[str]) -> NDArray[np.bool_] | None:
        """Which names are looked at for a mention."""
        return self.store.alias_mask(types, self._languages, self._prefixes)

    def _texts(self, mention: Mention, second: str) -> list[_Key]:
        whole = mention.query or mention.text
        parts = [(text, mention.types, "", mention.organisms) for text in mention.parts]
        return [(whole, mention.types, second, mention.organisms), *parts]

    def _lookup(self, keys: Sequence[_Key], k: int) -> list[list[Candidate]]:
        queries = [
            Query(
                text, NameForms.of(text), self._mask(types), second, self._organisms.of(organisms)
            )
            for text, types, second, organisms in keys
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
        return self._fusion.candidates(found, self.weights, k, [query.costs for query in queries])


def _merge(found: list[list[Candidate]], k: int) -> list[Candidate]:
    """Candidates of a whole mention and of its parts as one list, best first."""
    whole, *parts = found
    if not parts:
        return list(whole)  # which is remembered, and so not given away
    merged = {candidate.id: candidate for candidate in whole}
    best = {candidates[0].id for candidates in parts if candidates}
    # Annotators who gave a mention several ids made the whole a name of each of them.
    named = {candidate.id for candidate in whole if candidate.score >= SAME_WORDS}
    answers = best if best <= named else set()
    of_parts = _of_parts(parts)
    sure = {candidate.id for candidate in of_parts if candidate.score >= SAME_WORDS}
    for candidate in of_parts:
        as_whole = merged.get(candidate.id)
        if as_whole is None or candidate.score > as_whole.score or candidate.id in answers:
            of_part = round(PART_WEIGHT * candidate.score, DIGITS)
            score = max(of_part, as_whole.score if as_whole else 0.0)
            merged[candidate.id] = replace(candidate, score=score)

    def order(candidate: Candidate) -> tuple[float, bool]:
        # Where a name resembles the whole no more than this, parts that match surely say more.
        return -candidate.score, candidate.score < SAME_WORDS and candidate.id not in sure

    # What is equal stays in its order: the whole's candidates before those of the parts.
    return sorted(merged.values(), key=order)[:k]


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
