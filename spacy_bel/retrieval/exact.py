"""Exact matching over the normaliser's keys, graded by how far two names differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from spacy_bel.features import NameForms
from spacy_bel.kb.store import Store
from spacy_bel.lexicon import LOOSE_MEANINGS, MODIFIERS, WEAK_HEADS
from spacy_bel.retrieval.hits import Hits, Query
from spacy_bel.text import concept_words, core_key

MAX_NAMES = 512
"""Names of one key that are graded; a key of more is one word that says very little."""

SAME_SURFACE = 1.0
"""Score of names that differ in typography only."""

SAME_WORDS = 0.98
"""Score of names of the same words: order, number, spelling and numerals may differ."""

SAME_ANNOTATED = 0.99
"""The same where annotators wrote the name: as good as exact, but behind it."""

SAME_KEY = 0.97
"""Score of names with the same key, from which every difference takes something:"""

SYNONYM_COST = 0.01
"""per word that stands for the same thing on the other side (``renal``, ``kidney``),"""

LOOSE_SYNONYM_COST = 0.02
"""per word that stands for nearly the same (``carcinoma``, ``neoplasm``),"""

HEAD_COST = 0.01
"""per word that says no more than "illness" and is missing on the other side,"""

MENTION_MODIFIER_COST = 0.05
"""per other modifier that only the mention has (``sporadic``),"""

NAME_MODIFIER_COST = 0.06
"""per other modifier that only the name has: more, for it makes the name more special,"""

WEAK_HEAD_COST = 0.1
"""and once for a word by which the mention says that something is wrong (``renal damage``)."""

_LONGEST_ABBREVIATION = 5
_HEADS = frozenset({"disease", "type"})


def grade(mention: NameForms, name: NameForms) -> float:
    """How well two names with one key agree.

    Args:
        mention: Forms of the text to look up.
        name: Forms of a name of the knowledge base.

    Returns:
        A score in (0, 1].
    """
    mention_words, name_words = frozenset(mention.words), frozenset(name.words)
    if mention_words == name_words:
        return SAME_SURFACE if mention.normalised == name.normalised else SAME_WORDS
    only_mention, only_name = mention_words - name_words, name_words - mention_words
    cost = _cost(only_mention, only_name, MENTION_MODIFIER_COST)
    cost += _cost(only_name, only_mention, NAME_MODIFIER_COST)
    return max(SAME_KEY - cost, 0.01)


def _cost(extra: frozenset[str], others: frozenset[str], modifier_cost: float) -> float:
    if not extra:
        return 0.0
    meanings = {meaning for word in others for meaning in concept_words(word)}
    cost = 0.0
    for word in extra:
        means = concept_words(word)
        if meanings.issuperset(means):
            cost += SYNONYM_COST if LOOSE_MEANINGS.isdisjoint(means) else LOOSE_SYNONYM_COST
        elif _HEADS.issuperset(means):
            cost += HEAD_COST
        else:
            cost += modifier_cost
    return cost


def without_weak_head(concept: frozenset[str]) -> str:
    """The key of a mention without words that only say that something is wrong.

    Args:
        concept: The mention's concept words.

    Returns:
        A key; empty where there is no such word, or nothing else.
    """
    rest = concept - WEAK_HEADS
    if not rest or len(rest) == len(concept):
        return ""
    if rest <= MODIFIERS:
        rest |= {"disease"}
    return core_key(rest)


def same_case(mention: str, name: str) -> bool:
    """Whether short names are written alike where that matters: ``COLD`` is not ``cold``.

    Args:
        mention: The text to look up.
        name: A name with the same surface form.

    Returns:
        False where one of them is an abbreviation in capitals and the other is not.
    """
    return len(name) > _LONGEST_ABBREVIATION or mention.isupper() == name.isupper()


class ExactStage:
    """Finds names by key.

    Args:
        store: The knowledge base.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def search(self, queries: Sequence[Query], k: int) -> list[Hits]:
        """All names with the key of each query (see ``Stage``); ``k`` does not limit them."""
        asked = [
            (number, key, cost)
            for number, query in enumerate(queries)
            for key, cost in _keys(query.forms)
            if key
        ]
        found = self._store.aliases_of_keys([key for _, key, _ in asked])
        graded: list[list[tuple[int, float]]] = [[] for _ in queries]
        for (number, _, cost), names in zip(asked, found, strict=True):
            if len(names):
                graded[number] += self._graded(queries[number], names, cost)
        return [_hits(pairs) if pairs else _NOTHING for pairs in graded]

    def _graded(
        self, query: Query, names: NDArray[np.int32], cost: float
    ) -> Iterator[tuple[int, float]]:
        if len(names) > MAX_NAMES:
            # Of so many only some are graded: the same words must be among them.
            names = np.concatenate([self._store.aliases_of_words(query.forms), names])
        if query.mask is not None:
            names = names[query.mask[names]]
        if len(names) > MAX_NAMES and query.costs is not None:
            # A gene's symbol may be that of a thousand organisms: the likelier ones come first.
            types = self._store.concept_types[self._store.alias_concepts[names]]
            names = names[np.argsort(query.costs[types], kind="stable")]
        names = names[:MAX_NAMES]
        counts = self._store.alias_counts[names].tolist()
        for alias, count in zip(names.tolist(), counts, strict=True):
            yield alias, max(self._grade(query, alias, count > 0) - cost, 0.01)

    def _grade(self, query: Query, alias: int, annotated: bool) -> float:
        value = grade(query.forms, self._store.forms(alias))
        # What annotators wrote is as good in the plural as in the singular.
        if value == SAME_WORDS and annotated:
            return SAME_ANNOTATED
        if value == SAME_SURFACE and not same_case(query.text, self._store.alias_names[alias]):
            return SAME_WORDS
        return value


_NOTHING = Hits(np.empty(0, np.int64), np.empty(0, np.float32))


def _keys(mention: NameForms) -> Iterator[tuple[str, float]]:
    """The keys to look a mention up by, and what each costs."""
    yield mention.key, 0.0
    yield without_weak_head(mention.concept), WEAK_HEAD_COST


def _hits(graded: Sequence[tuple[int, float]]) -> Hits:
    aliases, scores = zip(*graded, strict=True)
    return Hits(np.array(aliases, dtype=np.int64), np.array(scores, dtype=np.float32))
