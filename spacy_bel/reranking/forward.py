"""One forward pass: probabilities of answers read from the logits of the next token."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from spacy_bel.extras import load
from spacy_bel.reranking.tokens import TokenPrompt


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """Prompts of several lengths as tensors, filled up on the left.

    Args:
        input_ids: Tokens, (prompts, tokens).
        attention_mask: 1 for a token and 0 for filling, (prompts, tokens).
        options: The first token of each answer, (prompts, most answers).
        is_option: Which of ``options`` are there, (prompts, most answers).
    """

    input_ids: Any
    attention_mask: Any
    options: Any
    is_option: Any


def collate(
    prompts: Sequence[TokenPrompt], pad: int, device: Any = "cpu", *, skip: int = 0
) -> TokenBatch:
    """Put prompts into one batch.

    Args:
        prompts: One or more prompts.
        pad: The token to fill up with; it has no influence on any result.
        device: Where the tensors go.
        skip: How many of the first tokens are left out, because a ``SharedPrefix`` has them.

    Returns:
        The batch.
    """
    torch = load("torch", "llm")
    length = max(len(prompt.ids) for prompt in prompts) - skip
    most = max(len(prompt.options) for prompt in prompts)
    ids = torch.full((len(prompts), length), pad)
    mask = torch.zeros_like(ids)
    options = torch.zeros((len(prompts), most), dtype=torch.long)
    is_option = torch.zeros_like(options, dtype=torch.bool)
    for row, prompt in enumerate(prompts):
        own = prompt.ids[skip:]
        ids[row, length - len(own) :] = torch.tensor(own)
        mask[row, length - len(own) :] = 1
        options[row, : len(prompt.options)] = torch.tensor(prompt.options)
        is_option[row, : len(prompt.options)] = True
    return TokenBatch(*(tensor.to(device) for tensor in (ids, mask, options, is_option)))


def option_logits(model: Any, batch: TokenBatch, prefix: SharedPrefix | None = None) -> Any:
    """The logit of each answer as the next token.

    Training and inference both call this function; gradients flow where they are enabled.

    Args:
        model: A causal language model of the ``transformers`` library, with or without adapter.
        batch: What ``collate`` made.
        prefix: The tokens that were left out of the batch.

    Returns:
        A float32 tensor (prompts, most answers), -inf where there is no answer.
    """
    torch = load("torch", "llm")
    mask = batch.attention_mask
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    settings: dict[str, Any] = {"use_cache": False}
    if prefix is not None:
        mask = torch.cat([mask.new_ones(len(mask), prefix.length), mask], dim=-1)
        positions = positions + prefix.length
        settings = {"past_key_values": prefix.cache, "use_cache": True}
    takes = _arguments(model)
    if "position_ids" in takes:
        settings["position_ids"] = positions
    if "logits_to_keep" in takes:
        settings["logits_to_keep"] = 1
    logits = model(input_ids=batch.input_ids, attention_mask=mask, **settings).logits[:, -1]
    return logits.float().gather(-1, batch.options).masked_fill(~batch.is_option, -torch.inf)


@dataclass(frozen=True, slots=True)
class SharedPrefix:
    """Keys and values of the tokens that many prompts begin with, computed once.

    Args:
        cache: They, in a form that every pass reads and none changes.
        length: Number of tokens.
    """

    cache: Any
    length: int

    @classmethod
    def of(cls, model: Any, ids: Sequence[int], device: Any) -> SharedPrefix | None:
        """Compute the prefix.

        Args:
            model: A causal language model.
            ids: Its tokens.
            device: Where the model is.

        Returns:
            The prefix; None where the model keeps anything else than keys and values of all
            tokens, such as those of a sliding window.
        """
        torch, transformers = load("torch", "llm"), load("transformers", "llm")
        plain = load("transformers.cache_utils", "llm").DynamicLayer
        cache = transformers.DynamicCache(config=_bare(model).config)
        if not cache.layers or any(type(layer) is not plain for layer in cache.layers):
            return None
        tokens = torch.tensor([list(ids)], device=device)
        short = {"logits_to_keep": 1} if "logits_to_keep" in _arguments(model) else {}
        with torch.inference_mode():
            model(input_ids=tokens, past_key_values=cache, use_cache=True, **short)
        layer_class = _prefix_layer()
        for number, layer in enumerate(cache.layers):
            cache.layers[number] = layer_class.of(layer)
        return cls(cache, len(ids))


@lru_cache(maxsize=1)
def _prefix_layer() -> Any:
    """A cache layer that gives its keys and values to every row of a batch and takes in none."""
    torch = load("torch", "llm")
    plain = load("transformers.cache_utils", "llm").DynamicLayer

    class PrefixLayer(plain):  # type: ignore[misc, valid-type]
        @classmethod
        def of(cls, filled: Any) -> Any:
            layer = cls()
            layer.__dict__.update(filled.__dict__)
            return layer

        def update(self, keys: Any, values: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
            rows = len(keys)
            return (
                torch.cat([self.keys.expand(rows, -1, -1, -1), keys], dim=-2),
                torch.cat([self.values.expand(rows, -1, -1, -1), values], dim=-2),
            )

    return PrefixLayer


def _bare(model: Any) -> Any:
    """The model itself, without a wrapper that adds an adapter."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _arguments(model: Any) -> Collection[str]:
    return inspect.signature(type(_bare(model)).forward).parameters
