"""Training a causal language model to choose among lettered options, with LoRA or in full."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from spacy_bel.errors import Errors
from spacy_bel.extras import load, quiet_weights
from spacy_bel.reranking import weights
from spacy_bel.reranking.forward import collate, option_logits
from spacy_bel.reranking.questions import Question
from spacy_bel.reranking.setwise import SetwiseLLM
from spacy_bel.reranking.tokens import TokenPrompt


@dataclass(frozen=True, slots=True)
class Method:
    """How much of a language model is trained.

    Args:
        kind: ``lora`` for an adapter (Hu et al. 2022), ``full`` for all weights, as BeLink does.
        rank: Rank of the adapter.
        alpha: What the adapter is multiplied by, times its rank.
    """

    kind: Literal["lora", "full"] = "lora"
    rank: int = 16
    alpha: int = 32

    def __post_init__(self) -> None:
        """Refuse settings out of range."""
        if self.kind not in ("lora", "full"):
            raise Errors.B910(setting="method.kind", value=self.kind, allowed="lora or full")
        if self.rank < 1:
            raise Errors.B910(setting="method.rank", value=self.rank, allowed="1 or more")


class TrainableSetwise:
    """Trains the model of a ``SetwiseLLM`` on the very prompts that it asks.

    The answer is the letter as the next token, and the loss is over the letters alone: with the
    letters' own tokens that is the loss on the response that BeLink trains with, but for the
    probability that goes to tokens that are no option.

    Args:
        reranker: The reranker; its model is changed.
        method: How much of the model is trained.
    """

    def __init__(self, reranker: SetwiseLLM, method: Method) -> None:
        self._reranker, self._method = reranker, method
        self._modules: Any = None

    def modules(self) -> Any:
        """The model, as a ``torch.nn.ModuleDict`` whose only entry is ``encoder``."""
        if self._modules is None:
            torch = load("torch", "train")
            self._modules = torch.nn.ModuleDict({"encoder": self._prepared()})
        return self._modules

    @property
    def most(self) -> int:
        """How many candidates a prompt lists."""
        return self._reranker.options

    @property
    def ranked(self) -> int:
        """How many candidates a prompt lists."""
        return self._reranker.options

    def fit_scale(self, questions: Sequence[Question]) -> None:
        """Nothing: a language model takes nothing but text."""

    def logits(self, questions: Sequence[Question]) -> Any:
        """The logit of each option's letter, NIL last.

        Args:
            questions: What is asked.

        Returns:
            (questions, most candidates + 1), minus infinity where there is no candidate.

        Raises:
            BelError: A prompt is longer than the model's window.
        """
        torch = load("torch", "train")
        model, lm = self.modules()["encoder"], self._reranker.lm
        prompts = [self._prompt(question) for question in questions]
        pad = lm.encoder.tokenizer.pad_token_id or lm.encoder.tokenizer.eos_token_id or 0
        found = option_logits(model, collate(prompts, pad, model.device))
        counts = torch.tensor([len(prompt.options) for prompt in prompts], device=found.device)
        nil = found.gather(1, counts[:, None] - 1)
        places = torch.arange(found.shape[1] - 1, device=found.device)
        is_candidate = places[None, :] < counts[:, None] - 1
        return torch.cat([found[:, :-1].masked_fill(~is_candidate, -torch.inf), nil], dim=1)

    def to_disk(self, path: Path) -> None:
        """Write the adapter, or the model with its tokenizer.

        Args:
            path: A folder: the setting ``adapter`` of the reranker, or its ``model``.
        """
        lm, model = self._reranker.lm, self.modules()["encoder"]
        with quiet_weights():
            model.save_pretrained(path)
        if self._method.kind == "full":
            lm.encoder.tokenizer.save_pretrained(path)
        else:
            weights.write_adapter_info(path, lm.base, self._reranker.prompt_version)

    def _prompt(self, question: Question) -> TokenPrompt:
        lm, builder = self._reranker.lm, self._reranker.builder
        candidates = [offer.candidate for offer in question.offers]
        for shorter in (builder, builder.brief()):
            found = lm.encoder.encode(shorter.build(question.mention, candidates))
            if len(found.ids) <= lm.max_tokens:
                return found
        raise Errors.B917(tokens=len(found.ids), limit=lm.max_tokens)

    def _prepared(self) -> Any:
        model = self._reranker.lm.model
        if self._method.kind == "full":
            return model.requires_grad_(True)
        peft, torch = load("peft", "train"), load("torch", "train")
        config = peft.LoraConfig(
            r=self._method.rank,
            lora_alpha=self._method.alpha,
            lora_dropout=0.0,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        )
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of peft about transformers
            torch.manual_seed(0)
            return peft.get_peft_model(model, config).eval()
