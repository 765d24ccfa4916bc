"""Sparse features of names: character trigrams of their words, and concept words.

Both are computed with whole-array operations over a batch of names, so that building an index
and linking a stream cost about a microsecond per character.

A feature is a 64-bit integer that needs no vocabulary to compute: a trigram is its three code
points (21 bits each, never negative), a concept word is a hash with the sign bit set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from spacy_bel.text import concept_set, core_key, surface, words

FEATURES_VERSION = 1
"""Raised whenever the features of some name change."""

TRIGRAM_SHARE = 0.8
"""Share of trigrams in the similarity of two names; the rest is that of concept words."""

_BLANK = 32
_SIGN = -(1 << 63)


@dataclass(frozen=True, slots=True)
class NameForms:
    """The forms of one name that keys and features are made from.

    Args:
        normalised: The surface form.
        words: The words of the surface form, each in one spelling.
        concept: The concept words.
    """

    normalised: str
    words: tuple[str, ...]
    concept: frozenset[str]

    @classmethod
    def of(cls, name: str) -> NameForms:
        """The forms of a name as its source writes it."""
        normalised = surface(name)
        name_words = words(normalised)
        return cls(normalised, name_words, concept_set(name_words))

    @property
    def key(self) -> str:
        """The core key (see ``spacy_bel.text``)."""
        return core_key(self.concept)

    @property
    def word_set_hash(self) -> int:
        """A digest of the words without regard to their order."""
        return hash64(" ".join(sorted(set(self.words))))


@dataclass(frozen=True, slots=True)
class FeatureBatch:
    """The features of a batch of names, as parallel arrays in the order of the names.

    Args:
        rows: Which name of the batch, shape (n,), int64, ascending.
        codes: Which feature, shape (n,), int64; distinct within a row.
        counts: How often it occurs in the name, shape (n,), float32.
        size: Number of names in the batch.
    """

    rows: NDArray[np.int64]
    codes: NDArray[np.int64]
    counts: NDArray[np.float32]
    size: int


def hash64(text: str) -> int:
    """A 64-bit digest that is the same on every machine, as a signed integer."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


@lru_cache(maxsize=1 << 16)
def _word_code(word: str) -> int:
    return hash64(word) | _SIGN


def trigrams(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The character trigrams of each word, a blank before and behind it.

    Args:
        texts: Words separated by single blanks.

    Returns:
        Row numbers and codes, both of shape (n,), repeated trigrams repeated.
    """
    joined = "\0".join(f" {text} " for text in texts)
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    points = points.astype(np.int64)
    if len(points) < 3:
        empty = np.empty(0, np.int64)
        return empty, empty
    first, middle, last = points[:-2], points[1:-1], points[2:]
    inside = (first != 0) & (middle != 0) & (last != 0) & (middle != _BLANK)
    rows = np.cumsum(points == 0)[:-2]
    codes = (first << 42) | (middle << 21) | last
    return rows[inside], codes[inside]


def concept_word_codes(
    concepts: Sequence[frozenset[str]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The concept words of each name.

    Args:
        concepts: One set of concept words per name.

    Returns:
        Row numbers and codes, both of shape (n,).
    """
    pairs = [(row, _word_code(word)) for row, concept in enumerate(concepts) for word in concept]
    array = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def features(names: Sequence[NameForms]) -> FeatureBatch:
    """All features of a batch of names.

    Args:
        names: The names' forms.

    Returns:
        Their features, trigrams and concept words together.
    """
    trigram_rows, trigram_codes = trigrams([" ".join(name.words) for name in names])
    word_rows, word_codes = concept_word_codes([name.concept for name in names])
    rows = np.concatenate([trigram_rows, word_rows])
    codes = np.concatenate([trigram_codes, word_codes])
    order = np.lexsort((codes, rows))
    rows, codes = rows[order], codes[order]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (rows[1:] != rows[:-1]) | (codes[1:] != codes[:-1])
    starts = np.flatnonzero(first)
    counts = np.diff(np.append(starts, len(rows))).astype(np.float32)
    return FeatureBatch(rows[starts], codes[starts], counts, len(names))


def weigh(batch: FeatureBatch, idf: NDArray[np.float32]) -> NDArray[np.float32]:
    """TF-IDF weights, so that the dot product of two names is their similarity in [0, 1].

    Trigrams and concept words are each scaled to their share of a unit vector.

    Args:
        batch: Features of which all are known.
        idf: Inverse document frequency of each, shape (n,).

    Returns:
        Weights, shape (n,), float32.
    """
    weights: NDArray[np.float32] = (1 + np.log(batch.counts)) * idf
    block = 2 * batch.rows + (batch.codes < 0)
    norms = np.sqrt(np.bincount(block, weights * weights, minlength=2 * batch.size))
    shares = np.sqrt(np.array([TRIGRAM_SHARE, 1 - TRIGRAM_SHARE]))
    scale = np.tile(shares, batch.size) / np.where(norms > 0, norms, 1)
    return np.asarray(weights * scale[block], np.float32)
