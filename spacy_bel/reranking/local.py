"""What rerankers with a local causal model share: scaling, saving, and empty questions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_bel.errors import Errors
from spacy_bel.reranking import weights
from spacy_bel.reranking.causal import CausalLM
from spacy_bel.reranking.scaling import Scaling
from spacy_bel.types import Candidate, Mention, Ranking

SCHEMA = 1
"""Version of what is saved; others are refused."""

_FILE = "reranker.json"


class CausalReranker(ABC):
    """A reranker that asks a causal language model.

    Args:
        lm: The model.
        options: Most candidates that are offered; those behind them get no probability.
        scaling: How scores become probabilities.
    """

    def __init__(self, lm: CausalLM, *, options: int, scaling: Scaling | None = None) -> None:
        self.lm = lm
        self.options = options
        self.scaling = scaling or Scaling()

    @property
    def extras(self) -> tuple[str, ...]:
        """The extras of the package that it needs."""
        return ("llm",) if self.lm.adapter is None else ("llm", "train")

    @property
    @abstractmethod
    def prompt_version(self) -> str:
        """The version of the prompts that it asks."""

    @abstractmethod
    def scores(
        self, mentions: Sequence[Mention], candidates: Sequence[Sequence[Candidate]]
    ) -> list[NDArray[np.float64] | None]:
        """Scores before scaling, as ``fit_scaling`` takes them.

        Args:
            mentions: What is asked about.
            candidates: What may be meant, for each mention.

        Returns:
            For each mention the scores of the candidates that were offered and, last, of NIL;
            None where nothing could be asked.
        """

    def rerank(
        self, mentions: Sequence[Mention], candidates: Sequence[Sequence[Candidate]]
    ) -> list[Ranking]:
        """For each mention, probabilities aligned with its candidates.

        Args:
            mentions: What is asked about.
            candidates: What may be meant, for each mention; NIL is certain where there is none.

        Returns:
            One ranking per mention, in their order.

        Raises:
            BelError: The model cannot be loaded or used.
        """
        asked = [number for number, own in enumerate(candidates) if own]
        found = self.scores([mentions[n] for n in asked], [candidates[n] for n in asked])
        rankings = [Ranking((), nil=1.0) for _ in mentions]
        for number, scores in zip(asked, found, strict=True):
            rankings[number] = self._ranking(scores, len(candidates[number]))
        return rankings

    def _ranking(self, scores: NDArray[np.float64] | None, count: int) -> Ranking:
        if scores is None:
            message = str(Errors.B721(limit=self.lm.max_tokens))
            return Ranking((0.0,) * count, error=message)
        *probs, nil = self.scaling.probabilities(scores).tolist()
        left_out = (0.0,) * (count - len(probs))
        return Ranking((*probs, *left_out), nil=nil, calibrated=self.scaling.fitted)

    def to_disk(self, path: Path) -> None:
        """Save what the config does not say (see ``spacy_bel.protocols.Persistent``).

        Args:
            path: A folder.

        Raises:
            BelError: The model's files are not there, or the folder cannot be written.
        """
        content = {"schema": SCHEMA, "prompt": self.prompt_version, **self._state()}
        weights.write_json(path / _FILE, content)
        self.lm.to_disk(path)

    def from_disk(self, path: Path) -> None:
        """Take over what ``to_disk`` wrote; nothing is fetched and the model is loaded later.

        Args:
            path: The folder, which must stay.

        Raises:
            BelError: It cannot be read, is of another version, or the prompts have changed since.
        """
        content = weights.read_json(path / _FILE)
        if content.get("schema") != SCHEMA:
            raise Errors.B722(path=path / _FILE, found=content.get("schema"), ours=SCHEMA)
        try:
            self._take(content)
        except (KeyError, TypeError) as error:
            raise Errors.B716(path=path / _FILE, reason=repr(error)) from error
        if content["prompt"] != self.prompt_version:
            found, ours = content["prompt"], self.prompt_version
            raise Errors.B713(what=f"The reranker in {path}", found=found, ours=ours)
        self.lm.from_disk(path)

    def _state(self) -> dict[str, Any]:
        return {"scaling": asdict(self.scaling)}

    def _take(self, content: dict[str, Any]) -> None:
        self.scaling = Scaling(**content["scaling"])
