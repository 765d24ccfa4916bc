"""Names that are near in meaning: vectors of an encoder, and the index over them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_bel.errors import Errors
from spacy_bel.kb.store import Store
from spacy_bel.kb.vectors import Vectors
from spacy_bel.retrieval.blend import BLEND
from spacy_bel.retrieval.hits import Hits, Query, Stage
from spacy_bel.retrieval.lexical import NameRetriever
from spacy_bel.vectors.base import Neighbours, VectorIndex
from spacy_bel.vectors.encoder import Encoder
from spacy_bel.vectors.registry import open_index

NAMES = 4
"""Rows that are asked for at first, per concept wanted: a concept has several names."""

_ENCODER = "encoder"

REFORMULATION_SHARE = 0.4
"""Weight of a query's second text beside its own, of which BeLink gives 0.6 to the mention."""


class DenseStage:
    """Finds names by the inner product of their vectors with the query's.

    A query with a second text (a standard name that a language model gave, say) is searched by
    the weighted sum of both vectors, as Rocchio's feedback does.

    Args:
        store: A knowledge base with vectors.
        encoder: What made them.
        index: Searches them; the one that the knowledge base names where None.
        share: Weight of a query's second text, in [0, 1].

    Raises:
        BelError: If the knowledge base has no vectors, or from another encoder.
    """

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        *,
        index: VectorIndex | None = None,
        share: float = REFORMULATION_SHARE,
    ) -> None:
        if not 0 <= share <= 1:
            raise Errors.B401(setting="reformulation_share", value=share, allowed="[0, 1]")
        vectors = Vectors.of(store)
        self.encoder = encoder
        self.share = share
        self._values = vectors.values
        self._rows = vectors.rows
        self._names = vectors.names
        self._starts = vectors.starts
        self._concepts = store.alias_concepts
        kind, path = vectors.graph
        self._index = index or open_index(kind, vectors.values, path)
        self._longest = float(store.meta["vectors"]["longest"])
        self._masks: dict[int, tuple[NDArray[np.bool_], NDArray[np.bool_]]] = {}
        missing = store.meta["vectors"]["missing"]
        if missing:
            message = Errors.B418(
                count=missing, total=len(self._rows), kb=store.name, path=store.path
            )
            warnings.warn(str(message), stacklevel=2)

    def search(self, queries: Sequence[Query], k: int) -> list[Hits]:
        """The names nearest to each query (see ``Stage``)."""
        found: list[Hits] = [_NOTHING] * len(queries)
        vectors = self.vectors(queries)
        groups: dict[int, list[int]] = {}
        for number, query in enumerate(queries):
            # For a text without a letter an encoder would find something, too.
            if any(map(str.isalnum, query.forms.normalised)):
                groups.setdefault(id(query.mask), []).append(number)
        for numbers in groups.values():
            mask = queries[numbers[0]].mask
            for number, hits in zip(numbers, self._search(vectors[numbers], mask, k), strict=True):
                found[number] = hits
        return found

    def score(self, queries: Sequence[Query], names: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """How near given names are to each query.

        Args:
            queries: What was looked up.
            names: For each query, numbers of names.

        Returns:
            For each query, a score per name, in [0, 1]; 0 for a name without a vector.
        """
        scores = []
        for vector, own in zip(self.vectors(queries), names, strict=True):
            rows = self._rows[own]
            values = np.asarray(self._values[np.maximum(rows, 0)], dtype=np.float32) @ vector
            scores.append(np.where(rows < 0, 0.0, np.clip(values, 0.0, 1.0)))
        return scores

    def vectors(self, queries: Sequence[Query]) -> NDArray[np.float32]:
        """The vectors that queries are searched by, shape (queries, dimension).

        Where the encoder does not normalise they are scaled, so that no score is above 1.
        """
        texts = [query.text for query in queries]
        vectors = self.encoder.encode(texts)
        second = [number for number, query in enumerate(queries) if query.second]
        if second and self.share:
            others = self.encoder.encode([queries[number].second for number in second])
            mixed = (1 - self.share) * vectors[second] + self.share * others
            if self.encoder.settings.normalise:
                mixed /= np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-12)
            vectors[second] = mixed
        if not self.encoder.settings.normalise:
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors = vectors / np.maximum(lengths * self._longest, 1e-12)
        return vectors

    def _search(
        self, vectors: NDArray[np.float32], mask: NDArray[np.bool_] | None, k: int
    ) -> list[Hits]:
        admitted = None if mask is None else self._admitted(mask)
        available = len(self._values) if admitted is None else int(admitted.sum())
        hits: list[Hits] = [_NOTHING] * len(vectors)
        left, count = np.arange(len(vectors)), NAMES * k
        while len(left):
            nearest = self._index.search(vectors[left], count, admitted)
            short = []
            for number, neighbours in zip(left.tolist(), nearest, strict=True):
                hits[number] = self._hits(neighbours, mask)
                if len(np.unique(self._concepts[hits[number].aliases])) < k:
                    short.append(number)
            if count >= available:
                break
            left, count = np.array(short, dtype=np.int64), 4 * count
        return hits

    def _hits(self, neighbours: Neighbours, mask: NDArray[np.bool_] | None) -> Hits:
        """All names of the rows found, each with its row's score."""
        begins, ends = self._starts[neighbours.rows], self._starts[neighbours.rows + 1]
        lengths = ends - begins
        offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        names = self._names[np.repeat(begins, lengths) + offsets].astype(np.int64)
        scores = np.repeat(np.clip(neighbours.scores, 0.0, 1.0), lengths)
        admitted = scores > 0 if mask is None else mask[names] & (scores > 0)
        return Hits(names[admitted], scores[admitted])

    def _admitted(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which rows have a name that a mask admits."""
        known = self._masks.get(id(mask))
        if known is None or known[0] is not mask:
            rows = np.zeros(len(self._values), dtype=bool)
            of_names = self._rows[mask]
            rows[of_names[of_names >= 0]] = True
            known = self._masks[id(mask)] = (mask, rows)
        return known[1]


_NOTHING = Hits(np.empty(0, np.int64), np.empty(0, np.float32))


class DenseNameRetriever(NameRetriever):
    """A ``NameRetriever`` with a dense stage, which can be saved with its encoder.

    Args:
        store: As for ``NameRetriever``, like all that follows.
        dense: The dense stage, one of the stages.
        include_weights: Whether ``to_disk`` writes the encoder.
    """

    extras = ("dense",)

    def __init__(
        self,
        store: Store,
        stages: Mapping[str, Stage],
        weights: Mapping[str, float],
        *,
        dense: DenseStage,
        include_weights: bool,
        **settings: Any,
    ) -> None:
        super().__init__(store, stages, weights, **settings)
        self.dense = dense
        self._include_weights = include_weights

    def set_fusion(self, shares: Mapping[str, float], weight: float) -> None:
        """Change the numbers of the fusion.

        Args:
            shares: Shares of the stages in the mean (see ``Blend``).
            weight: What the mean counts beside the grade of an exact match, in (0, 1].
        """
        if self.blend is not None:
            self.blend.shares.update(shares)
            self.weights[BLEND] = weight
            self.forget()

    def to_disk(self, path: Path) -> None:
        """Write the encoder, if weights are to be included (see ``Persistent``)."""
        if self._include_weights:
            self.dense.encoder.save(path / _ENCODER)

    def from_disk(self, path: Path) -> None:
        """Take the encoder that ``to_disk`` wrote, if it did."""
        if (path / _ENCODER).exists():
            self.dense.encoder = self.dense.encoder.moved(str(path / _ENCODER))
            self.forget()
