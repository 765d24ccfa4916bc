"""The network of a cross-encoder with its encoders: logits of questions, and its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy_bel.errors import Errors
from spacy_bel.extras import load, quiet_weights
from spacy_bel.reranking.compare import NameEncoder
from spacy_bel.reranking.encoders import LoadedEncoder
from spacy_bel.reranking.network import make_modules, make_numbers, option_logits, read
from spacy_bel.reranking.questions import Question

HEAD, ENCODER, NAMES = "head.safetensors", "encoder", "names"
"""Where what was learned lies, the encoder that reads, and the one that compares names."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What a cross-encoder computes with.

    Args:
        modules: What is learned, as a ``torch.nn.ModuleDict``.
        encoder: The encoder that reads, or None.
        names: What compares names, or None.
    """

    modules: Any
    encoder: LoadedEncoder | None
    names: NameEncoder | None

    @classmethod
    def make(
        cls, encoder: LoadedEncoder | None, comparing: LoadedEncoder | None, folder: Path | None
    ) -> Reader:
        """A network, untrained or as it was saved.

        Args:
            encoder: The encoder that reads, or None.
            comparing: The encoder that compares names, or None.
            folder: What ``save`` wrote, or None.

        Returns:
            The network on the encoder's device.

        Raises:
            BelError: What was saved cannot be read, or is of another network.
        """
        torch = load("torch", "dense")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            modules = make_modules(encoder and encoder.model, encoder.hidden_size if encoder else 0)
        if folder is not None:
            _load_head(modules, folder / HEAD)
        if encoder is not None:
            modules.to(encoder.device)
        return cls(modules, encoder, None if comparing is None else NameEncoder(comparing))

    def logits(self, questions: Sequence[Question], unsure: Sequence[bool]) -> Any:
        """The logits of all options.

        Args:
            questions: What is asked.
            unsure: Which of them are read about.

        Returns:
            A float32 tensor (questions, most candidates + 1): NIL last.
        """
        device = self.modules["weights"]["prior"].device
        text = self.read(questions, unsure)
        numbers = make_numbers(questions, self.names, device)
        return option_logits(self.modules, numbers, text, [not flag for flag in unsure])

    def read(self, questions: Sequence[Question], unsure: Sequence[bool]) -> Any:
        """What the encoder reads about every candidate.

        Args:
            questions: What is asked.
            unsure: Which of them are read about.

        Returns:
            (candidates, twice the hidden size), zeros for those that are not read about; None
            where there is no encoder.
        """
        encoder = self.encoder
        if encoder is None:
            return None
        torch = load("torch", "dense")
        asked = [question for question, flag in zip(questions, unsure, strict=True) if flag]
        flags = [
            flag for question, flag in zip(questions, unsure, strict=True) for _ in question.offers
        ]
        device = self.modules["weights"]["prior"].device
        text = torch.zeros((len(flags), 2 * encoder.hidden_size), device=device)
        places = [place for place, flag in enumerate(flags) if flag]
        if not places:
            return text
        sequences = list(encoder.sequences.sequences(asked))
        found = read(
            self.modules, sequences, len(places), positions=encoder.takes_positions, pad=encoder.pad
        )
        return text.index_copy(0, torch.tensor(places, device=device), found)

    def save(self, path: Path) -> None:
        """Write all weights.

        Args:
            path: A folder.

        Raises:
            BelError: It cannot be written.
        """
        comparing = None if self.names is None else self.names.encoder
        encoders = {ENCODER: self.encoder, NAMES: comparing}
        head = {
            name: tensor.contiguous()
            for name, tensor in self.modules.state_dict().items()
            if not name.startswith("encoder.")
        }
        try:
            path.mkdir(parents=True, exist_ok=True)
            with quiet_weights():
                for folder, encoder in encoders.items():
                    if encoder is not None:
                        encoder.model.save_pretrained(path / folder)
                        encoder.tokenizer.save_pretrained(path / folder)
            load("safetensors.torch", "dense").save_file(head, path / HEAD)
        except OSError as error:
            raise Errors.B715(path=path, reason=error.strerror or error) from error


def _load_head(modules: Any, path: Path) -> None:
    problem = load("safetensors", "dense").SafetensorError
    try:
        head = load("safetensors.torch", "dense").load_file(path)
        missing = modules.load_state_dict(head, strict=False).missing_keys
    except (OSError, RuntimeError, problem) as error:
        raise Errors.B716(path=path, reason=error) from error
    if any(not name.startswith("encoder.") for name in missing):
        raise Errors.B761(path=path)
