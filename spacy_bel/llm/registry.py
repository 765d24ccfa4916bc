"""The language models that a pipeline's config can name."""

from __future__ import annotations

from typing import Any

from spacy_bel.llm.model import LanguageModel


def language_model(
    model: str,
    *,
    base_url: str = "",
    key_variable: str = "OPENAI_API_KEY",
    parameters: dict[str, Any] | None = None,
    max_tokens: int | None = None,
    concurrency: int = 16,
    timeout: float = 120.0,
    attempts: int = 6,
    cache: str | None = None,
    ledger: str | None = None,
    prices: str | dict[str, Any] | None = None,
    budget: float | None = None,
    run: str = "",
    progress: bool = False,
) -> LanguageModel:
    """``spacy-bel.LLM.v1``: a model behind an address that speaks OpenAI's protocol.

    Its settings are those of ``LanguageModel``.
    """
    return LanguageModel(
        model,
        base_url=base_url,
        key_variable=key_variable,
        parameters=parameters,
        max_tokens=max_tokens,
        concurrency=concurrency,
        timeout=timeout,
        attempts=attempts,
        cache=cache,
        ledger=ledger,
        prices=prices,
        budget=budget,
        run=run,
        progress=progress,
    )
