"""Point-wise reranking: one pass per candidate, yes or no."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spacy_bel.errors import Errors
from spacy_bel.reranking.causal import CausalLM
from spacy_bel.reranking.local import CausalReranker
from spacy_bel.reranking.prompt import PairBuilder
from spacy_bel.reranking.scaling import Scaling
from spacy_bel.types import Candidate, Mention


class PointwiseLLM(CausalReranker):
    """Asks a reranking model about each candidate by itself, after BioELX (Wang et al. 2026).

    The mention is marked in its context, so that the model judges candidates for it and not for
    other words of the text. A candidate's score is the logit of "yes" less that of "no", and NIL
    is a candidate with the score 0: as likely as one that is as much right as wrong. A bias of
    NIL, fitted by ``scaling.fit_scaling``, moves it.

    Args:
        lm: The model, such as one of the Qwen3-Reranker family.
        builder: Makes prompts.
        options: Most candidates that are asked about; those behind them get no probability.
        scaling: How scores become probabilities.

    Raises:
        BelError: A setting is out of range.
    """

    def __init__(
        self,
        lm: CausalLM,
        builder: PairBuilder,
        *,
        options: int = 20,
        scaling: Scaling | None = None,
    ) -> None:
        if options < 1:
            raise Errors.B706(setting="options", value=options, allowed="1 or more")
        super().__init__(lm, options=options, scaling=scaling)
        self.builder = builder

    @property
    def prompt_version(self) -> str:
        """The version of the prompts that it asks."""
        return self.builder.version

    def scores(
        self, mentions: Sequence[Mention], candidates: Sequence[Sequence[Candidate]]
    ) -> list[NDArray[np.float64] | None]:
        """Logits of "yes" less those of "no", and 0 for NIL.

        Args:
            mentions: What is asked about.
            candidates: What may be meant, for each mention: one or more.

        Returns:
            For each mention the values of the candidates that were asked about and, last, of NIL;
            None where a prompt is longer than the model's window.
        """
        self.lm.prompt = self.prompt_version
        asked = [
            self.lm.encoder.encode_pairs(self.builder, mention, own[: self.options])
            for mention, own in zip(mentions, candidates, strict=True)
        ]
        fits = [max(len(prompt.ids) for prompt in own) <= self.lm.max_tokens for own in asked]
        prompts = [p for own, is_short in zip(asked, fits, strict=True) if is_short for p in own]
        logits = iter(self.lm.logits(prompts))
        return [
            np.array([*(_yes_less_no(next(logits)) for _ in own), 0.0]) if is_short else None
            for own, is_short in zip(asked, fits, strict=True)
        ]


def _yes_less_no(logits: NDArray[np.float32]) -> float:
    yes, no = logits.tolist()
    return float(yes - no)
