"""Loading causal language models and adapters from this machine."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from spacy_bel.devices import guard_forks, pick_device, pick_dtype
from spacy_bel.errors import Errors
from spacy_bel.extras import load
from spacy_bel.models import find_model


def load_causal(
    name: str,
    *,
    revision: str | None = None,
    dtype: str = "auto",
    device: str = "auto",
    local_files_only: bool = True,
) -> tuple[Any, Any]:
    """Load a causal language model.

    Args:
        name: A folder, or a name on the Hugging Face hub.
        revision: Branch, tag or commit of the hub.
        dtype: Number type (see ``spacy_bel.devices``).
        device: Where to compute (see ``spacy_bel.devices``).
        local_files_only: Whether to look on this machine alone.

    Returns:
        The model, ready to answer, and its tokenizer.

    Raises:
        BelError: A library, the files or the device are missing, or it is no causal model.
    """
    transformers = load("transformers", "llm")
    place = pick_device(device)
    folder = find_model(name, revision, local_files_only=local_files_only, extra="llm")
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=pick_dtype(dtype, place), local_files_only=True
        )
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise Errors.B711(name=name, reason=reason) from error
    guard_forks()
    return model.to(place).eval(), tokenizer


def add_adapter(model: Any, adapter: Path, name: str) -> Any:
    """A model with a LoRA adapter, which stays apart: merged into bfloat16 it would lose digits.

    Args:
        model: The base model.
        adapter: The adapter's folder.
        name: What messages call the model.

    Returns:
        The model with the adapter, ready to answer.

    Raises:
        BelError: The adapter does not fit, or ``peft`` is missing.
    """
    peft = load("peft", "train")
    try:
        with warnings.catch_warnings():  # between the libraries, such as of renamed attributes
            warnings.simplefilter("ignore", FutureWarning)
            return peft.PeftModel.from_pretrained(model, str(adapter)).eval()
    except (RuntimeError, ValueError) as error:  # tensors of another shape, or modules not there
        reason = " ".join(str(error).split())[:200]
        raise Errors.B719(path=adapter, name=name, reason=reason) from error
