"""Concepts of one organism or another, such as genes, and taxa of one rank or another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spacy_bel.kb.store import Store

ORGANISM_COST = 0.2
"""What a concept's score loses that is of no organism of the document: enough that a name which
fits less, of the right organism, comes first. Chosen on GNormPlus train and NLM-Gene train."""

NAMED_SHARE = 0.5
"""Share of it that a concept loses whose organism the document names, but another one likelier."""

RANK_COST = 0.03
"""What a taxon loses that is no species: "humans" and "mouse" are names of genera as well."""

_MOST_RECENT = 1024
"""Answers that are remembered."""


class OrganismCosts:
    """What concepts of other organisms lose, and taxa of other ranks than species.

    A concept is of an organism where one of its semantic types is a taxon (``NCBITaxon:9606``),
    as NCBI Gene's reader has it. A taxon's rank is a type beside ``Species``, as NCBI Taxonomy's
    reader has it. All other concepts lose nothing.

    Args:
        store: The knowledge base.
        cost: What the score of a concept loses where the mention is of another organism.
    """

    def __init__(self, store: Store, cost: float) -> None:
        self._cost = cost
        self._of_types = [store.organisms.intersection(types) for types in store.type_sets]
        self._ranks = np.array([RANK_COST * _is_other_rank(types) for types in store.type_sets])
        self._costs: dict[tuple[str, ...], NDArray[np.float64] | None] = {}

    def of(self, organisms: tuple[str, ...]) -> NDArray[np.float64] | None:
        """What each set of types loses for a mention.

        Args:
            organisms: CURIEs of the organisms that the mention may be of, the likeliest first;
                empty for any.

        Returns:
            Shape (type sets,); None where nothing loses anything.
        """
        if organisms not in self._costs:
            if len(self._costs) == _MOST_RECENT:
                self._costs.clear()
            lost = np.array([self._loss(own, organisms) for own in self._of_types]) + self._ranks
            self._costs[organisms] = lost if lost.any() else None
        return self._costs[organisms]

    def _loss(self, own: frozenset[str], organisms: tuple[str, ...]) -> float:
        if not own or not organisms or organisms[0] in own:
            return 0.0
        return self._cost * (1.0 if own.isdisjoint(organisms) else NAMED_SHARE)


def _is_other_rank(types: tuple[str, ...]) -> bool:
    return len(types) > 1 and "Species" in types and "species" not in types
