"""A training config: which rows, which reranker, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.util import load_config, registry

from spacy_bel.errors import BelError, Errors
from spacy_bel.kb.store import Store
from spacy_bel.training.causal import Method
from spacy_bel.training.loop import Settings
from spacy_bel.training.optimiser import Rates
from spacy_bel.training.rows import Sampling
from spacy_bel.training.trainable import Trainable, trainable

_BLOCKS = ("corpora", "reranker", "training")


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """What a training config says.

    Args:
        train: Files of training rows; several are one after the other.
        dev: Files of rows that choose the best state.
        kb: Directory of the knowledge base that the rows come from.
        make_reranker: Makes the reranker over it.
        settings: How to train.
        method: How a language model is trained.
    """

    train: tuple[Path, ...]
    dev: tuple[Path, ...]
    kb: Path
    make_reranker: Any
    settings: Settings
    method: Method

    def reranker(self) -> Trainable:
        """The reranker that is to be trained."""
        return trainable(self.make_reranker(Store(self.kb)), self.method)


def read_config(path: Path, overrides: Mapping[str, Any] | None = None) -> TrainingConfig:
    """Read a training config.

    Args:
        path: A file in spaCy's format with the blocks ``[corpora]`` (``train``, ``dev``, ``kb``),
            ``[reranker]`` and ``[training]`` (with ``[training.sampling]``,
            ``[training.rates]`` and, for language models, ``[training.method]``).
        overrides: Values in place of those in the file, such as ``{"training.epochs": 1}``.

    Returns:
        What it says.

    Raises:
        BelError: It cannot be read, or a block or a setting is missing or unknown.
    """
    try:
        config = load_config(path, overrides=dict(overrides or {}), interpolate=True)
        unknown = set(config) - {*_BLOCKS, "paths"}
        if unknown:
            raise ValueError(f"unknown block {', '.join(sorted(unknown))}")
        corpora, training = dict(config["corpora"]), dict(config["training"])
        sampling, rates = training.pop("sampling", {}), training.pop("rates", {})
        method = training.pop("method", {})
        return TrainingConfig(
            train=_paths(corpora.pop("train")),
            dev=_paths(corpora.pop("dev")),
            kb=Path(corpora.pop("kb")),
            make_reranker=registry.resolve({"reranker": config["reranker"]})["reranker"],
            settings=Settings(**training, sampling=Sampling(**sampling), rates=Rates(**rates)),
            method=Method(**method),
        )
    except BelError:
        raise
    except KeyError as error:
        raise Errors.B915(path=path, reason=f"it lacks {error}.") from error
    except (OSError, ValueError, TypeError) as error:
        raise Errors.B915(path=path, reason=error) from error


def _paths(value: str | Sequence[str]) -> tuple[Path, ...]:
    if not value:
        raise ValueError("corpora.train, corpora.dev and corpora.kb must be given")
    return tuple(map(Path, [value] if isinstance(value, str) else value))
