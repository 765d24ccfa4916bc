"""The rerankers that a pipeline's config can name.

Each function only remembers its settings: it returns a ``functools.partial`` of a builder that
makes the reranker once the knowledge base is open.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from spacy_bel.llm.model import LanguageModel
from spacy_bel.protocols import KnowledgeBase, Reranker
from spacy_bel.reranking.causal import CausalLM
from spacy_bel.reranking.chat import ChatReranker
from spacy_bel.reranking.pointwise import PointwiseLLM
from spacy_bel.reranking.prompt import PairBuilder, PromptBuilder
from spacy_bel.reranking.reformulation import Reformulator
from spacy_bel.reranking.scaling import Scaling
from spacy_bel.reranking.setwise import SetwiseLLM

MakeReranker = Callable[[KnowledgeBase], Reranker]


def setwise_llm(
    model: str,
    *,
    revision: str | None = None,
    adapter: str | None = None,
    template: str = "setwise.v1",
    lang: str | None = "en",
    types: bool = False,
    definition: bool = False,
    parents: bool = False,
    detail_tokens: int = 64,
    shots: str | None = None,
    options: int = 10,
    orders: int = 1,
    temperature: float = 1.0,
    nil_bias: float = 0.0,
    dtype: str = "auto",
    device: str = "auto",
    batch_size: int = 16,
    max_tokens: int = 0,
    local_files_only: bool = True,
    include_weights: bool = False,
) -> MakeReranker:
    """``spacy-bel.SetwiseLLM.v1``: a causal language model that sees all candidates at once.

    Args:
        model: A folder, or a name on the Hugging Face hub.
        revision: Branch, tag or commit of the hub.
        adapter: A folder with a LoRA adapter that was trained on this model, or None.
        template: Name and version of the prompt.
        lang: ISO 639-1 code of the instruction's language; None for that of each document.
        types: Whether options name semantic types.
        definition: Whether options give a definition.
        parents: Whether options name broader concepts.
        detail_tokens: The most tokens for definition and broader concepts of one option.
        shots: A file of examples with gold that are shown before each question, or None.
        options: Most candidates that are offered, 1 to 25.
        orders: In how many orders of options each mention is asked about, 1 to 25.
        temperature: What scores are divided by.
        nil_bias: What is added to the score of NIL.
        dtype: ``auto``, ``float32``, ``bfloat16`` or ``float16``.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        batch_size: Prompts in one pass.
        max_tokens: Longest prompt; 0 for what the model was made for.
        local_files_only: Whether to look for the model on this machine alone.
        include_weights: Whether the model is saved with the pipeline, and not its name alone.

    Returns:
        A function from a knowledge base to a reranker.
    """
    return partial(build_setwise, **locals())


def pointwise_llm(
    model: str,
    *,
    revision: str | None = None,
    adapter: str | None = None,
    template: str = "pointwise.v1",
    context: Literal["marked", "unmarked", "none"] = "marked",
    types: bool = False,
    definition: bool = False,
    parents: bool = False,
    detail_tokens: int = 64,
    options: int = 20,
    temperature: float = 1.0,
    nil_bias: float = 0.0,
    dtype: str = "auto",
    device: str = "auto",
    batch_size: int = 32,
    max_tokens: int = 0,
    local_files_only: bool = True,
    include_weights: bool = False,
) -> MakeReranker:
    """``spacy-bel.PointwiseLLM.v1``: a reranking language model that sees one candidate at a time.

    Args:
        model: A folder, or a name on the Hugging Face hub, of the Qwen3-Reranker family.
        revision: Branch, tag or commit of the hub.
        adapter: A folder with a LoRA adapter that was trained on this model, or None.
        template: Name and version of the prompt.
        context: Whether the text is shown with the mention marked, without marks, or not at all.
        types: Whether candidates are shown with their semantic types.
        definition: Whether candidates are shown with a definition.
        parents: Whether candidates are shown with broader concepts.
        detail_tokens: The most tokens for definition and broader concepts.
        options: Most candidates that are asked about.
        temperature: What scores are divided by.
        nil_bias: What is added to the score of NIL, which is 0.
        dtype: ``auto``, ``float32``, ``bfloat16`` or ``float16``.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        batch_size: Prompts in one pass.
        max_tokens: Longest prompt; 0 for what the model was made for.
        local_files_only: Whether to look for the model on this machine alone.
        include_weights: Whether the model is saved with the pipeline, and not its name alone.

    Returns:
        A function from a knowledge base to a reranker.
    """
    return partial(build_pointwise, **locals())


def chat_reranker(
    llm: LanguageModel,
    *,
    mode: str = "auto",
    options: int = 10,
    votes: int = 1,
    template: str = "setwise.v1",
    lang: str | None = "en",
    types: bool = False,
    definition: bool = False,
    parents: bool = False,
    detail_tokens: int = 64,
) -> MakeReranker:
    """``spacy-bel.ChatReranker.v1``: a language model behind an address.

    Args:
        llm: The model, from ``spacy-bel.LLM.v1``.
        mode: How to ask: ``decisions``, ``systemone``, ``logprobs``, ``schema`` or ``letter``;
            ``auto`` for the first of them that the server offers.
        options: Most candidates that are offered, 1 to 25.
        votes: How often each mention is asked about, each time with the options in another order.
        template: Name and version of the prompt.
        lang: ISO 639-1 code of the instruction's language; None for that of each document.
        types: Whether options name semantic types.
        definition: Whether options give a definition.
        parents: Whether options name broader concepts.
        detail_tokens: The most tokens for definition and broader concepts of one option.

    Returns:
        A function from a knowledge base to a reranker.
    """
    return partial(build_chat, **locals())


def llm_reformulation(
    llm: LanguageModel, *, vocabulary: str | None = None
) -> Callable[[KnowledgeBase], Reformulator]:
    """``spacy-bel.LLMReformulation.v1``: the standard name of a mention, by a language model.

    Args:
        llm: The model, from ``spacy-bel.LLM.v1``.
        vocabulary: What the names should come from, such as ``MeSH``; the knowledge base's own
            name where None.

    Returns:
        A function from a knowledge base to a callable: mentions -> names, empty where there is
        none.
    """
    return partial(build_reformulation, **locals())


def build_setwise(
    kb: KnowledgeBase,
    *,
    template: str,
    lang: str | None,
    shots: str | None,
    options: int,
    orders: int,
    temperature: float,
    nil_bias: float,
    **settings: Any,
) -> SetwiseLLM:
    """The reranker of ``setwise_llm`` over an open knowledge base."""
    details, lm = _divide(settings)
    builder = PromptBuilder(template, lang, describe=kb.describe, **details)
    scaling = Scaling(temperature, nil_bias)
    return SetwiseLLM(
        CausalLM(**lm), builder, options=options, orders=orders, scaling=scaling, shots=shots
    )


def build_pointwise(
    kb: KnowledgeBase,
    *,
    template: str,
    context: Literal["marked", "unmarked", "none"],
    options: int,
    temperature: float,
    nil_bias: float,
    **settings: Any,
) -> PointwiseLLM:
    """The reranker of ``pointwise_llm`` over an open knowledge base."""
    details, lm = _divide(settings)
    builder = PairBuilder(template, context, describe=kb.describe, **details)
    scaling = Scaling(temperature, nil_bias)
    return PointwiseLLM(CausalLM(**lm), builder, options=options, scaling=scaling)


def build_chat(
    kb: KnowledgeBase,
    *,
    llm: LanguageModel,
    mode: str,
    options: int,
    votes: int,
    template: str,
    lang: str | None,
    **details: Any,
) -> ChatReranker:
    """The reranker of ``chat_reranker`` over an open knowledge base."""
    builder = PromptBuilder(template, lang, describe=kb.describe, **details)
    return ChatReranker(llm, builder, mode=mode, options=options, votes=votes)


def build_reformulation(
    kb: KnowledgeBase, *, llm: LanguageModel, vocabulary: str | None
) -> Reformulator:
    """The callable of ``llm_reformulation`` over an open knowledge base."""
    return Reformulator(llm, kb.name if vocabulary is None else vocabulary)


def _divide(settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings of what prompts show, and those of the model."""
    names = ("types", "definition", "parents", "detail_tokens")
    details = {name: settings.pop(name) for name in names}
    settings["name"] = settings.pop("model")
    return details, settings
