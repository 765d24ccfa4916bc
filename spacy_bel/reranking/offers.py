"""What a reranker is shown of a candidate: some of the concept's names, and their counts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from spacy_bel.examples import Offer
from spacy_bel.protocols import KnowledgeBase
from spacy_bel.text import surface
from spacy_bel.types import Alias, Candidate, Mention

MAX_NAMES = 6
"""Names of a concept that are kept."""

_CACHED_CONCEPTS = 1 << 14


class OfferMaker:
    """Looks up what the knowledge base says of candidates.

    Args:
        kb: The knowledge base that the candidates come from.
        max_names: Most names per candidate.
    """

    def __init__(self, kb: KnowledgeBase, max_names: int = MAX_NAMES) -> None:
        self._kb = kb
        self._max_names = max_names
        self._names: dict[str, tuple[Alias, ...]] = {}

    def make(self, mention: Mention, candidates: Sequence[Candidate]) -> tuple[Offer, ...]:
        """The candidates of a mention with their names.

        Args:
            mention: The mention.
            candidates: Its candidates.

        Returns:
            An offer for each candidate. Its names are the preferred one, the one that matched,
            and those most like the text that was looked up.
        """
        return tuple(self._offer(looked_up(mention, each), each) for each in candidates)

    def _offer(self, query: str, candidate: Candidate) -> Offer:
        every = self._names_of(candidate)
        fit = {alias: similarity(query, alias.name) for alias in every}
        # Equal names of several kinds or languages are one name: the best kind's, counts added.
        kept: dict[str, Alias] = {}
        for alias in sorted(every, key=lambda alias: _rank(alias, candidate, fit[alias])):
            kept.setdefault(surface(alias.name), alias)
        counts: dict[str, int] = {}
        for alias in every:
            counts[surface(alias.name)] = counts.get(surface(alias.name), 0) + alias.count
        names = tuple(
            Alias(alias.name, alias.kind, alias.lang, count=counts[key])
            for key, alias in list(kept.items())[: self._max_names]
        )
        return Offer(candidate, names, sum(counts.values()))

    def _names_of(self, candidate: Candidate) -> tuple[Alias, ...]:
        found = self._names.get(candidate.id)
        if found is None:
            if len(self._names) >= _CACHED_CONCEPTS:
                self._names.clear()
            concept = self._kb.describe([candidate.id])[0]
            preferred = Alias(concept.name, "preferred")
            found = tuple(dict.fromkeys((preferred, *concept.aliases)))
            self._names[candidate.id] = found
        return found


def looked_up(mention: Mention, candidate: Candidate) -> str:
    """The text that a candidate may answer: a part of a composite, or the whole mention.

    Args:
        mention: The mention.
        candidate: One of its candidates.

    Returns:
        The part whose number is in ``scores["part"]``, else the text to look up.
    """
    part = int(candidate.scores.get("part", 0))
    if 0 < part <= len(mention.parts):
        return mention.parts[part - 1]
    return mention.query or mention.text


def similarity(one: str, other: str) -> float:
    """Share of common character trigrams (Dice), in [0, 1]."""
    first, second = _trigrams(one), _trigrams(other)
    if not first or not second:
        return 0.0
    return 2 * len(first & second) / (len(first) + len(second))


@lru_cache(maxsize=1 << 17)
def _trigrams(name: str) -> frozenset[str]:
    text = f" {surface(name)} "
    return frozenset(text[place : place + 3] for place in range(len(text) - 2))


def _rank(alias: Alias, candidate: Candidate, fit: float) -> tuple[int, float, str]:
    """Preferred name and matching name first, then by likeness."""
    place = 0 if alias.name == candidate.name else 1 if alias.name == candidate.alias else 2
    return place, -fit, alias.name
