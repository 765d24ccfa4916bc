"""Pairs of texts that mean the same: what a retriever learns from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from spacy_bel.kb.store import Store
from spacy_bel.types import Mention


class Pair(NamedTuple):
    """Two texts of one concept.

    Args:
        anchor: What will be looked up: a name, a mention, or a mention in its context.
        positive: A name of the concept.
        concept: The concept's place in the knowledge base.
        negatives: Names of other concepts that are easily taken for it.
    """

    anchor: str
    positive: str
    concept: int
    negatives: tuple[str, ...] = ()


class Annotated(NamedTuple):
    """A mention with what it means.

    Args:
        mention: The mention.
        concepts: Places in the knowledge base of the concepts, any of which is right.
    """

    mention: Mention
    concepts: tuple[int, ...]


class Names:
    """The names of each concept of a knowledge base, for drawing pairs.

    Args:
        store: The knowledge base.
        languages: ISO 639-1 codes of the names to draw from; empty for all.
        most: Names of one concept that are used; a concept of hundreds would rule the training.
        seed: Which of them, where there are more.
    """

    def __init__(
        self, store: Store, *, languages: Sequence[str] = (), most: int = 32, seed: int = 0
    ) -> None:
        mask = store.alias_mask(languages=frozenset(languages))
        numbers = np.arange(len(store.alias_names)) if mask is None else np.flatnonzero(mask)
        concepts = np.asarray(store.alias_concepts)[numbers]
        bounds = np.searchsorted(concepts, np.arange(len(store) + 1))
        random = np.random.default_rng(seed)
        self._names = store.alias_names
        self._langs = store.alias_langs
        self._numbers = []
        for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            own = numbers[begin:end]
            if len(own) > most:
                own = np.sort(random.choice(own, most, replace=False))
            self._numbers.append(own)

    def of(self, concept: int) -> list[str]:
        """The names of a concept."""
        return [self._names[number] for number in self._numbers[concept].tolist()]

    def synonym_pairs(self, random: np.random.Generator) -> Iterator[Pair]:
        """One round of self-alignment (SapBERT; Liu et al., 2021): each name with another one.

        Of names in several languages, the other name is of another language half of the time.

        Args:
            random: Draws the other names and the order.

        Yields:
            A pair for each name of a concept that has several.
        """
        several = [number for number, own in enumerate(self._numbers) if len(own) > 1]
        pairs = [(concept, name) for concept in several for name in self._numbers[concept].tolist()]
        for place in random.permutation(len(pairs)).tolist():
            concept, name = pairs[place]
            other = self._other(concept, name, random)
            if self._names[name].lower() != self._names[other].lower():
                yield Pair(self._names[name], self._names[other], concept)

    def _other(self, concept: int, name: int, random: np.random.Generator) -> int:
        others = self._numbers[concept]
        others = others[others != name]
        foreign = others[self._langs[others] != self._langs[name]]
        if len(foreign) and len(foreign) < len(others) and random.random() < 0.5:
            others = foreign
        return int(random.choice(others))

    def mention_pairs(
        self, annotated: Sequence[Annotated], random: np.random.Generator, *, context: bool
    ) -> Iterator[Pair]:
        """Each annotated mention with a name of its concept.

        Args:
            annotated: Mentions.
            random: Draws concepts, names and the order.
            context: Whether the anchor is the mention in its context, marked.

        Yields:
            A pair for each mention whose concept has a name other than the mention's.
        """
        for place in random.permutation(len(annotated)).tolist():
            mention, concepts = annotated[place]
            concept = int(random.choice(concepts))
            text = mention.query or mention.text
            names = [name for name in self.of(concept) if name.lower() != text.lower()]
            if names:
                anchor = mention.marked() if context else text
                yield Pair(anchor, names[int(random.integers(len(names)))], concept)
