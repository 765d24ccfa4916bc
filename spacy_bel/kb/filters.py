"""Restricting the names of a knowledge base before anything is ranked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from spacy_bel.kb.store import Store


def make_mask(
    store: Store, types: frozenset[str], languages: frozenset[str], prefixes: frozenset[str]
) -> NDArray[np.bool_]:
    """Which names a filter admits (see ``Store.alias_mask``).

    Args:
        store: The knowledge base.
        types: Semantic types, of which the concept must have one; empty for any.
        languages: ISO 639-1 codes, one of which must be the name's; empty for any.
        prefixes: Vocabularies, to one of which the concept must belong; empty for any.

    Returns:
        A read-only array of shape (names,).
    """
    mask = np.ones(len(store.alias_concepts), dtype=bool)
    if types:
        has_type = np.array([not types.isdisjoint(type_set) for type_set in store.type_sets])
        mask &= has_type[store.concept_types][store.alias_concepts]
    if languages:
        is_language = np.array([lang in languages for lang in store.meta["languages"]])
        mask &= is_language[store.alias_langs]
    if prefixes:
        starts = tuple(f"{prefix}:" for prefix in prefixes)
        belongs = np.array([id_.startswith(starts) for id_ in store.concept_ids])
        mask &= belongs[store.alias_concepts]
    mask.flags.writeable = False
    return mask
