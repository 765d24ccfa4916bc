"""One similarity from several: the weighted mean of what stages say of the same name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spacy_bel.retrieval.hits import Hits, Query

BLEND = "similarity"
"""What the mean is called among the scores of a candidate."""


class ScoringStage(Protocol):
    """A stage that can also score names that it did not find itself."""

    def score(self, queries: Sequence[Query], names: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """For each query, a score in [0, 1] for each of its names."""
        ...


class Blend:
    """Scores every name that one of the stages found by all of them.

    Args:
        stages: Stage name -> stage.
        shares: Stage name -> share of the mean; together 1.
    """

    def __init__(self, stages: Mapping[str, ScoringStage], shares: Mapping[str, float]) -> None:
        self._stages = dict(stages)
        self.shares = dict(shares)

    def search(
        self, queries: Sequence[Query], found: Mapping[str, Sequence[Hits]]
    ) -> dict[str, list[Hits]]:
        """The names that any of the stages found, as each of them scores them, and the mean.

        Args:
            queries: What was looked up.
            found: What each stage found for each query.

        Returns:
            For each stage and for the mean one ``Hits`` per query, all with the same names.
        """
        own = [found[name] for name in self._stages]
        names = [
            np.unique(np.concatenate([hits.aliases for hits in of_query])).astype(np.int64)
            for of_query in zip(*own, strict=True)
        ]
        scores = {name: stage.score(queries, names) for name, stage in self._stages.items()}
        means = [
            sum(self.shares[name] * value for name, value in zip(scores, values, strict=True))
            for values in zip(*scores.values(), strict=True)
        ]
        return {
            stage: [Hits(*each) for each in zip(names, values, strict=True)]
            for stage, values in {**scores, BLEND: means}.items()
        }
