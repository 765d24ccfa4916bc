"""What a retriever's training can be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from spacy_bel.errors import Errors

Objective = Literal["synonyms", "mentions", "contexts"]
Loss = Literal["contrastive", "multi_similarity"]


@dataclass(frozen=True, slots=True)
class RetrieverSettings:
    """How to train a retriever's encoder.

    Args:
        objective: What pairs are made of: ``synonyms``, ``mentions`` or ``contexts``.
        loss: ``contrastive`` (the other pairs of a batch are the negatives; van den Oord et al.,
            2018) or ``multi_similarity`` with online mining (Wang et al., 2019).
        rounds: How often all pairs are drawn; hard negatives are mined before each.
        steps: Most steps of a round; 0 for as many as there are pairs.
        batch_size: Pairs of a batch.
        learning_rate: Of AdamW, at its highest.
        warmup: Share of a round's steps in which the rate rises; then it falls to 0.
        weight_decay: Of AdamW.
        temperature: Of the contrastive loss.
        hard_negatives: Names of other concepts beside each pair; 0 for those of the batch alone.
        max_length: Most tokens of a text while training.
        languages: ISO 639-1 codes of the names to draw from; empty for all.
        evaluations: How often a round is evaluated on dev mentions.
        seed: Of all that is drawn.
    """

    objective: Objective = "synonyms"
    loss: Loss = "contrastive"
    rounds: int = 1
    steps: int = 0
    batch_size: int = 128
    learning_rate: float = 2e-5
    warmup: float = 0.1
    weight_decay: float = 0.01
    temperature: float = 0.05
    hard_negatives: int = 0
    max_length: int = 32
    languages: tuple[str, ...] = ()
    evaluations: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse settings out of range."""
        allowed = {"objective": get_args(Objective), "loss": get_args(Loss)}
        for setting, values in allowed.items():
            value = getattr(self, setting)
            if value not in values:
                raise Errors.B950(setting=setting, value=value, allowed=", ".join(values))
        for setting in ("rounds", "batch_size", "evaluations"):
            value = getattr(self, setting)
            if value < 1:
                raise Errors.B950(setting=setting, value=value, allowed="1 or more")
        if self.loss == "multi_similarity" and self.hard_negatives:
            raise Errors.B950(
                setting="hard_negatives",
                value=self.hard_negatives,
                allowed="0 with the multi-similarity loss, which mines in the batch",
            )


def settings_of(block: Mapping[str, Any]) -> RetrieverSettings:
    """Settings from a config block.

    Args:
        block: Names of settings with their values.

    Returns:
        The settings.

    Raises:
        BelError: If a name or a value is not allowed.
    """
    known = {field.name for field in fields(RetrieverSettings)}
    for name, value in block.items():
        if name not in known:
            raise Errors.B950(setting=name, value=value, allowed=", ".join(sorted(known)))
    languages = tuple(block.get("languages", ()))
    return RetrieverSettings(**{**block, "languages": languages})
