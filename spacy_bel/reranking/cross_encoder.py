"""A small encoder that reads a mention in its context together with its candidates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_bel.errors import Errors
from spacy_bel.extras import load
from spacy_bel.protocols import KnowledgeBase
from spacy_bel.reranking import weights
from spacy_bel.reranking.encoders import LoadedEncoder, load_encoder
from spacy_bel.reranking.encoding import Window
from spacy_bel.reranking.network import NUMBERS, fit_scale
from spacy_bel.reranking.offers import OfferMaker
from spacy_bel.reranking.questions import Asked, Question, answer, ask
from spacy_bel.reranking.reader import ENCODER, NAMES, Reader
from spacy_bel.reranking.scaling import Scaling
from spacy_bel.types import Candidate, Mention, Ranking

SCHEMA = 1
"""Version of what is saved; others are refused."""

BATCH = 64
"""Mentions that are ranked at a time."""

_FILE = "cross_encoder.json"


class CrossEncoder:
    """Ranks candidates by numbers and, where these leave room for doubt, by reading.

    The encoder reads the mention, marked in its context, and the names of candidates, one by one
    ("pairwise") or together ("set-wise"); candidates read together begin at the same position, so
    that their order has no influence. As in xMEN (Borchert et al. 2024), the options are
    normalised together and NIL is one of them. Before any training the order is the retriever's.

    Args:
        kb: The knowledge base that the candidates come from.
        model: Name or folder of the encoder that reads; None for numbers alone.
        compare: Name or folder of the encoder that names are compared with, which is not
            trained; None for none.
        trained: A folder that training wrote, or None.
        window: How much is read, and how many candidates together.
        candidates: Most candidates that are ranked; those behind them get no probability.
        sure_score: A best candidate with at least this score of retrieval,
        sure_gap: and this much before the next one, is not read about: numbers decide. More
            than 1 for reading always.
        layers: How many of the encoder's layers are used; 0 for all.
        dtype: Number type of the encoder (see ``spacy_bel.devices``).
        device: Where to compute (see ``spacy_bel.devices``).
        local_files_only: Whether to look for the encoder on this machine alone.
        scaling: How logits become probabilities.

    Raises:
        BelError: A setting is out of range.
    """

    extras = ("dense",)

    def __init__(
        self,
        kb: KnowledgeBase,
        model: str | None,
        *,
        compare: str | None = None,
        trained: str | Path | None = None,
        window: Window | None = None,
        candidates: int = 20,
        sure_score: float = 0.97,
        sure_gap: float = 0.05,
        layers: int = 0,
        dtype: str = "auto",
        device: str = "auto",
        local_files_only: bool = True,
        scaling: Scaling | None = None,
    ) -> None:
        self.window = window or Window()
        for setting, value in {"candidates": candidates, **asdict(self.window)}.items():
            if value < (0 if setting in ("context", "mention") else 1):
                raise Errors.B760(setting=setting, value=value, allowed="1 or more")
        if layers < 0:
            raise Errors.B760(setting="layers", value=layers, allowed="0 or more")
        self.candidates = candidates
        self.sure_score = sure_score
        self.sure_gap = sure_gap
        self.scaling = scaling or Scaling()
        self._offers = OfferMaker(kb)
        self._model, self._compare = model, compare
        self._layers = layers
        self._dtype, self._device = dtype, device
        self._local = local_files_only
        self._folder = None if trained is None else Path(trained)
        self._loaded: Reader | None = None
        if self._folder is not None and self._folder.is_dir():
            self._take_settings(self._folder)

    def rerank(
        self, mentions: Sequence[Mention], candidates: Sequence[Sequence[Candidate]]
    ) -> list[Ranking]:
        """For each mention, probabilities aligned with its candidates.

        The candidates for one part of a composite are normalised among themselves.

        Args:
            mentions: What is asked about.
            candidates: What may be meant, for each mention; NIL is certain where there is none.

        Returns:
            One ranking per mention, in their order.

        Raises:
            BelError: The encoder cannot be loaded.
        """
        asked = [self.ask(*pair) for pair in zip(mentions, candidates, strict=True)]
        logits = self._answer([question for each in asked for question in each.questions])
        rankings = []
        for each, own in zip(asked, candidates, strict=True):
            values = [self.scaling.probabilities(next(logits)).tolist() for _ in each.questions]
            ranking = answer(each, values, len(own), calibrated=self.scaling.fitted)
            rankings.append(ranking if own else Ranking((), nil=1.0))
        return rankings

    def scores(
        self, mentions: Sequence[Mention], candidates: Sequence[Sequence[Candidate]]
    ) -> list[NDArray[np.float64]]:
        """Logits before scaling, as ``fit_scaling`` takes them.

        Args:
            mentions: What is asked about.
            candidates: What may be meant, for each mention.

        Returns:
            For each mention the logits of the candidates that were ranked and, last, of NIL.
        """
        asked = [self.ask(*pair) for pair in zip(mentions, candidates, strict=True)]
        return list(self._answer([each.questions[0] for each in asked]))

    def ask(self, mention: Mention, candidates: Sequence[Candidate]) -> Asked:
        """The questions for a mention, with what the knowledge base says of its candidates."""
        return ask(mention, self._offers.make(mention, candidates[: self.candidates]))

    def _answer(self, questions: Sequence[Question]) -> Iterator[NDArray[np.float64]]:
        torch = load("torch", "dense")
        for begin in range(0, len(questions), BATCH):
            batch = questions[begin : begin + BATCH]
            with torch.no_grad():
                found = self.logits(batch).double().cpu().numpy()
            for question, row in zip(batch, found, strict=True):
                yield np.append(row[: len(question.offers)], row[-1])

    def logits(self, questions: Sequence[Question]) -> Any:
        """The logits of all options, for training and inference alike.

        Args:
            questions: What is asked; of composites the parts have questions of their own.

        Returns:
            A float32 tensor (questions, most candidates + 1): NIL last, minus infinity where
            there is no candidate.
        """
        return self._reader().logits(questions, [not self.is_sure(each) for each in questions])

    def is_sure(self, question: Question) -> bool:
        """Whether the numbers leave no room for doubt."""
        scores = [offer.candidate.score for offer in question.offers]
        if not scores:
            return True
        if question.mention.parts or scores[0] < self.sure_score:
            return False
        return len(scores) == 1 or scores[0] - scores[1] >= self.sure_gap

    def modules(self) -> Any:
        """What is learned, as a ``torch.nn.ModuleDict``; ``encoder`` is the transformer."""
        return self._reader().modules

    @property
    def is_fitted(self) -> bool:
        """Whether the scale of the numbers is known."""
        return bool(self.modules()["scale"].running_mean.any())

    @property
    def most(self) -> int:
        """It is trained on any number of candidates."""
        return 0

    @property
    def ranked(self) -> int:
        """How many candidates it is asked about."""
        return self.candidates

    def fit_scale(self, questions: Sequence[Question]) -> None:
        """Take mean and variance of the features from training data."""
        reader = self._reader()
        fit_scale(reader.modules, questions, reader.names)

    def to_disk(self, path: Path) -> None:
        """Save all weights (see ``spacy_bel.protocols.Persistent``).

        Args:
            path: A folder.

        Raises:
            BelError: It cannot be written.
        """
        self._reader().save(path)
        weights.write_json(path / _FILE, self._state())

    def from_disk(self, path: Path) -> None:
        """Take over what ``to_disk`` wrote; the weights are read when they are first needed.

        Args:
            path: The folder, which must stay.

        Raises:
            BelError: It cannot be read, or is of another version.
        """
        self._take_settings(path)
        self._folder, self._loaded = path, None

    def _state(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "numbers": NUMBERS,
            "model": self._model,
            "compare": self._compare,
            "window": asdict(self.window),
            "sure": [self.sure_score, self.sure_gap],
            "scaling": asdict(self.scaling),
        }

    def _take_settings(self, path: Path) -> None:
        content = weights.read_json(path / _FILE)
        if content.get("schema") != SCHEMA or content.get("numbers") != list(NUMBERS):
            raise Errors.B761(path=path / _FILE)
        try:
            self.window = Window(**content["window"])
            self.sure_score, self.sure_gap = content["sure"]
            self.scaling = Scaling(**content["scaling"])
            self._model, self._compare = content["model"], content["compare"]
        except (KeyError, TypeError, ValueError) as error:
            raise Errors.B716(path=path / _FILE, reason=repr(error)) from error

    def _reader(self) -> Reader:
        """The network, loaded when it is first needed."""
        if self._loaded is None:
            encoder = self._load_encoder(self._model, ENCODER, self._layers)
            comparing = self._load_encoder(self._compare, NAMES)
            self._loaded = Reader.make(encoder, comparing, self._folder)
        return self._loaded

    def _load_encoder(self, name: str | None, folder: str, layers: int = 0) -> LoadedEncoder | None:
        if not name:
            return None
        return load_encoder(
            name if self._folder is None else str(self._folder / folder),
            self.window,
            layers=layers,
            dtype=self._dtype,
            device=self._device,
            local_files_only=self._local,
        )
