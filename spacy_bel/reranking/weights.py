"""Which language model is meant, and where its files lie."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from spacy_bel.errors import Errors
from spacy_bel.files import replacing
from spacy_bel.models import READ

ADAPTER_INFO = "spacy_bel.json"
"""Beside an adapter: the base model that it was trained on, and the prompt."""

_WEIGHTS = (".safetensors", ".bin")

_SAMPLES, _SAMPLE = 64, 4096


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A language model, such that another one is told from it.

    Args:
        name: Name on the Hugging Face hub, or a folder.
        revision: The commit, where it is known.
        checksum: Digest of configuration, tokenizer and weights (see ``checksum``).
    """

    name: str
    revision: str | None
    checksum: str


def identify(name: str, revision: str | None, folder: Path) -> BaseModel:
    """What tells a model from others.

    Args:
        name: As the config names it.
        revision: As the config names it.
        folder: Where its files lie.
    """
    commit = folder.name if folder.parent.name == "snapshots" else revision
    return BaseModel(name, commit, checksum(folder))


def checksum(folder: Path) -> str:
    """A digest of a model that takes no time however large the model is.

    Of weights it takes the size and 64 evenly spaced pieces of 4 KiB, the first of which lists all
    tensors: training changes all of them. Of configuration and vocabulary it takes all.

    Args:
        folder: Where the model's files lie.

    Returns:
        64 hexadecimal digits.
    """
    digest = sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in _WEIGHTS:
            digest.update(f"{path.name} {path.stat().st_size}\n".encode())
            with path.open("rb") as file:
                for number in range(_SAMPLES):
                    file.seek(path.stat().st_size * number // _SAMPLES)
                    digest.update(file.read(_SAMPLE))
        elif path.name in ("config.json", "tokenizer.json", "vocab.json", "tokenizer.model"):
            digest.update(f"{path.name}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def copy_model(source: Path, target: Path) -> None:
    """Copy the files of a model or an adapter.

    Args:
        source: Its folder.
        target: The folder to make.

    Raises:
        BelError: It has no weights in the safetensors format, or cannot be written.
    """
    files = [path for path in sorted(source.iterdir()) if path.suffix in READ]
    if not any(path.suffix == ".safetensors" for path in files):
        raise Errors.B714(path=source)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for path in files:
            shutil.copyfile(path, target / path.name)
    except OSError as error:
        raise Errors.B715(path=target, reason=error.strerror or error) from error


def write_adapter_info(folder: Path, base: BaseModel, prompt: str) -> None:
    """Say beside an adapter what it was trained on, so that it is not used on anything else.

    Args:
        folder: The adapter's folder.
        base: The model that it was trained on.
        prompt: ``PromptBuilder.version`` of its training prompts.

    Raises:
        BelError: The file cannot be written.
    """
    write_json(folder / ADAPTER_INFO, {"base": asdict(base), "prompt": prompt})


def check_adapter(folder: Path, base: BaseModel, prompt: str) -> None:
    """Refuse an adapter that was trained on another model or with other prompts.

    An adapter that does not say so itself is judged by the name of the base model in its
    configuration.

    Args:
        folder: The adapter's folder.
        base: The model that it is to be used with.
        prompt: ``PromptBuilder.version`` of the prompts that it is to be used with.

    Raises:
        BelError: It does not fit.
    """
    config = read_json(folder / "adapter_config.json")
    path = folder / ADAPTER_INFO
    info = read_json(path) if path.exists() else {}
    named = str(config.get("base_model_name_or_path") or "")
    if "base" in info:
        fits = info["base"]["checksum"] == base.checksum
        named = info["base"]["name"]
    else:
        fits = not named or Path(named).name.lower() == Path(base.name).name.lower()
    if not fits:
        raise Errors.B712(path=folder, named=named, name=base.name)
    if info.get("prompt", prompt) != prompt:
        raise Errors.B713(what=f"The adapter in {folder}", found=info["prompt"], ours=prompt)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object.

    Args:
        path: The file.

    Raises:
        BelError: It is not there or holds anything else.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise TypeError("it holds no JSON object")
    except (OSError, ValueError, TypeError) as error:
        raise Errors.B716(path=path, reason=error) from error
    return found


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON object.

    Args:
        path: The file.
        content: The object.

    Raises:
        BelError: It cannot be written.
    """
    with replacing(path, Errors.B715) as beside:
        beside.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
