"""What a local reranker must offer to be trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from spacy_bel.errors import Errors
from spacy_bel.reranking.questions import Question
from spacy_bel.reranking.setwise import SetwiseLLM
from spacy_bel.training.causal import Method, TrainableSetwise


@runtime_checkable
class Trainable(Protocol):
    """A reranker whose logits follow from parameters that can be learned."""

    def modules(self) -> Any:
        """A ``torch.nn.Module`` with all that can be learned.

        Parameters whose name begins with ``encoder`` are pre-trained and learn more slowly than
        the others.
        """
        ...

    @property
    def most(self) -> int:
        """How many candidates it can be trained on, the best ones; 0 for any number."""
        ...

    @property
    def ranked(self) -> int:
        """How many candidates it ranks when it is used, the best ones; 0 for any number."""
        ...

    def fit_scale(self, questions: Sequence[Question]) -> None:
        """Take what is needed from the training data before the first step."""
        ...

    def logits(self, questions: Sequence[Question]) -> Any:
        """The logits of all options.

        Returns:
            A float32 tensor (questions, most candidates + 1): NIL last, minus infinity where
            there is no candidate.
        """
        ...

    def to_disk(self, path: Path) -> None:
        """Write the trained model into a folder."""
        ...


def trainable(reranker: object, method: Method | None = None) -> Trainable:
    """A reranker as the training loop takes it.

    Args:
        reranker: A reranker.
        method: How a language model is trained.

    Returns:
        The same, or what trains it.

    Raises:
        BelError: It has nothing that could be trained.
    """
    if isinstance(reranker, Trainable):
        return reranker
    if isinstance(reranker, SetwiseLLM):
        return TrainableSetwise(reranker, method or Method())
    raise Errors.B916(name=type(reranker).__name__)
