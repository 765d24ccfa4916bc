"""Set-wise reranking: one pass per mention, one letter per option."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_bel.errors import Errors
from spacy_bel.reranking.causal import CausalLM
from spacy_bel.reranking.local import CausalReranker
from spacy_bel.reranking.prompt import MAX_OPTIONS, PromptBuilder, balanced_orders
from spacy_bel.reranking.prompt.shots import from_plain, read_shots, to_plain
from spacy_bel.reranking.scaling import Scaling
from spacy_bel.reranking.tokens import TokenPrompt
from spacy_bel.types import Candidate, Mention

_SMALLEST = 1e-30


class SetwiseLLM(CausalReranker):
    """Shows a causal model all candidates at once, after BeLink (Shlyk et al. 2026).

    The probability of an option is that of its letter as the next token, among all letters. A
    prompt that is longer than the model's window loses what is told of candidates beside their
    names, then the candidates that the retriever likes least, whatever the order of options; the
    number of such mentions is ``shortened``.

    Args:
        lm: The model.
        builder: Makes prompts.
        options: Most candidates that are offered, up to ``MAX_OPTIONS``; those behind them get
            no probability.
        orders: In how many orders of options each mention is asked about; their probabilities
            are averaged.
        scaling: How scores become probabilities.
        shots: A file of examples (``spacy_bel.examples``) with gold, shown before each question;
            it is read when the first question is asked.

    Raises:
        BelError: A setting is out of range.
    """

    def __init__(
        self,
        lm: CausalLM,
        builder: PromptBuilder,
        *,
        options: int = 10,
        orders: int = 1,
        scaling: Scaling | None = None,
        shots: str | Path | None = None,
    ) -> None:
        for setting, value in (("options", options), ("orders", orders)):
            if not 1 <= value <= MAX_OPTIONS:
                raise Errors.B706(setting=setting, value=value, allowed=f"1 to {MAX_OPTIONS}")
        super().__init__(lm, options=options, scaling=scaling)
        self.orders = orders
        self.shortened = 0
        self._builder = builder
        self._shots = None if shots is None else Path(shots)

    @cached_property
    def builder(self) -> PromptBuilder:
        """Makes prompts, with worked examples where there are some."""
        if self._shots is None:
            return self._builder
        return replace(self._builder, shots=read_shots(self._shots, self.options))

    @property
    def prompt_version(self) -> str:
        """The version of the prompts that it asks."""
        return self.builder.version

    def scores(
        self, mentions: Sequence[Mention], candidates: Sequence[Sequence[Candidate]]
    ) -> list[NDArray[np.float64] | None]:
        """Logarithms of the probabilities of candidates and NIL, before scaling.

        Args:
            mentions: What is asked about.
            candidates: What may be meant, for each mention: one or more.

        Returns:
            For each mention the values of the candidates that were offered and, last, of NIL;
            None where the prompt is too long even with one candidate.
        """
        self.lm.prompt = self.prompt_version
        asked = [
            self._prompts(mention, own[: self.options])
            for mention, own in zip(mentions, candidates, strict=True)
        ]
        logits = iter(self.lm.logits([prompt for own in asked for prompt, _ in own]))
        return [
            _averaged([(next(logits), order) for _, order in own]) if own else None for own in asked
        ]

    def _prompts(
        self, mention: Mention, candidates: Sequence[Candidate]
    ) -> list[tuple[TokenPrompt, tuple[int, ...]]]:
        """One prompt for each order of options, with as many candidates as the window takes."""
        for brief in (False, True):
            builder = self.builder.brief() if brief else self.builder
            for count in range(len(candidates), 0, -1) if brief else (len(candidates),):
                orders = balanced_orders(count, self.orders)
                found = [
                    self.lm.encoder.encode(builder.build(mention, candidates[:count], order))
                    for order in orders
                ]
                if max(len(prompt.ids) for prompt in found) <= self.lm.max_tokens:
                    if brief:
                        self._tell()
                    return list(zip(found, orders, strict=True))
        return []

    def _tell(self) -> None:
        if not self.shortened:
            warnings.warn(str(Errors.B723(limit=self.lm.max_tokens)), stacklevel=4)
        self.shortened += 1

    def _state(self) -> dict[str, Any]:
        return {**super()._state(), "shots": [to_plain(shot) for shot in self.builder.shots]}

    def _take(self, content: dict[str, Any]) -> None:
        super()._take(content)
        shots = tuple(from_plain(plain) for plain in content["shots"])
        self._builder, self._shots = replace(self._builder, shots=shots), None
        self.__dict__.pop("builder", None)


def _averaged(
    answers: Sequence[tuple[NDArray[np.float32], tuple[int, ...]]],
) -> NDArray[np.float64]:
    """Logarithms of the mean probabilities, in the candidates' order and NIL last."""
    total = np.zeros(len(answers[0][0]))
    for logits, order in answers:
        values = np.exp(logits.astype(np.float64) - logits.max())
        total[[*order, len(order)]] += values / values.sum()
    means: NDArray[np.float64] = np.log(np.maximum(total / len(answers), _SMALLEST))
    return means
