"""The one place where prompts are made: for teachers, for training and for inference."""

from spacy_bel.reranking.prompt.builder import PromptBuilder
from spacy_bel.reranking.prompt.pairs import PairBuilder
from spacy_bel.reranking.prompt.values import (
    MAX_OPTIONS,
    Message,
    Prompt,
    Shot,
    balanced_orders,
    shuffled_order,
)

__all__ = [
    "MAX_OPTIONS",
    "Message",
    "PairBuilder",
    "Prompt",
    "PromptBuilder",
    "Shot",
    "balanced_orders",
    "shuffled_order",
]
