"""The multi-similarity loss with online mining, as SapBERT uses it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from spacy_bel.extras import load

_torch = load("torch", "train")

ALPHA, BETA, BASE = 2.0, 50.0, 0.5
"""Parameters of the loss (Wang et al., 2019)."""

EPSILON = 0.2
"""How much worse than the hardest pair a pair may be to be mined."""


class MultiSimilarity(_torch.nn.Module):  # type: ignore[misc, name-defined]
    """Draws texts with the same label together, hard pairs of the batch first.

    Args:
        model: The ``SentenceTransformer``.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self._loss = load("pytorch_metric_learning.losses", "train").MultiSimilarityLoss(
            alpha=ALPHA, beta=BETA, base=BASE
        )
        self._miner = load("pytorch_metric_learning.miners", "train").MultiSimilarityMiner(
            epsilon=EPSILON
        )

    def forward(self, sentence_features: Iterable[dict[str, Any]], labels: Any) -> Any:
        """The loss of a batch.

        Args:
            sentence_features: Tokenised anchors and positives.
            labels: Their concepts, shape (pairs,).

        Returns:
            A scalar.
        """
        columns = [self.model(features)["sentence_embedding"] for features in sentence_features]
        vectors = _torch.cat(columns).float()
        concepts = labels.reshape(-1).repeat(len(columns))
        return self._loss(vectors, concepts, self._miner(vectors, concepts))
