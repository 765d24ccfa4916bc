"""Hard negatives: names of other concepts that the encoder finds near a text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from spacy_bel.kb.store import Store
from spacy_bel.training.pairs import Pair
from spacy_bel.vectors.encoder import Encoder
from spacy_bel.vectors.exact import ExactIndex

LOOKED_AT = 32
"""Nearest names among which those of other concepts are drawn."""

CHUNK = 4096


def mine(
    store: Store,
    encoder: Encoder,
    pairs: Sequence[Pair],
    count: int,
    random: np.random.Generator,
) -> list[Pair]:
    """Add hard negatives to pairs.

    A name that the pair's concept bears too is no negative, whichever concept it was found for.

    Args:
        store: The knowledge base.
        encoder: Finds what is near.
        pairs: The pairs.
        count: Negatives of each pair.
        random: Draws them from the nearest.

    Returns:
        The pairs that have so many, in their order.
    """
    names = list(store.alias_names)
    index = ExactIndex(_encode(encoder, names, "encoding names"))
    concepts = np.asarray(store.alias_concepts)
    own_names: dict[int, set[str]] = {}
    for name, concept in zip(names, concepts.tolist(), strict=True):
        own_names.setdefault(concept, set()).add(name.lower())
    mined = []
    for begin in tqdm(range(0, len(pairs), CHUNK), desc="mining", disable=None):
        part = pairs[begin : begin + CHUNK]
        nearest = index.search(encoder.encode_all([pair.anchor for pair in part]), LOOKED_AT)
        for pair, neighbours in zip(part, nearest, strict=True):
            found = (names[row] for row in neighbours.rows.tolist())
            others = [name for name in found if name.lower() not in own_names[pair.concept]]
            others = list(dict.fromkeys(others))
            if len(others) >= count:
                drawn = random.choice(len(others), count, replace=False).tolist()
                mined.append(pair._replace(negatives=tuple(others[place] for place in drawn)))
    return mined


def _encode(encoder: Encoder, texts: Sequence[str], what: str) -> NDArray[np.float16]:
    parts = range(0, len(texts), CHUNK)
    return np.concatenate(
        [
            encoder.encode_all(texts[begin : begin + CHUNK]).astype(np.float16)
            for begin in tqdm(parts, desc=what, disable=None)
        ]
    )
