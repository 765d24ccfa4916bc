"""A causal language model that answers by the logits of the next token."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_bel.errors import Errors
from spacy_bel.extras import load
from spacy_bel.models import find_model
from spacy_bel.reranking import weights
from spacy_bel.reranking.forward import SharedPrefix, collate, option_logits
from spacy_bel.reranking.loading import add_adapter, load_causal
from spacy_bel.reranking.tokens import PromptEncoder, TokenPrompt
from spacy_bel.reranking.weights import BaseModel

_BASE = "base.json"
_BASE_FILES = "base"
_ADAPTER_FILES = "adapter"

_REMEMBERED = 10_000
"""Answers that are kept, for the same question may come again."""

_PREFIXES = 8
"""Prefixes that are kept: one for each language of the instruction."""

_WORTHWHILE = 8
"""Least tokens of a prefix that is computed apart."""


class CausalLM:
    """A causal language model, loaded when it is first asked.

    Args:
        name: A folder, or a name on the Hugging Face hub.
        revision: Branch, tag or commit of the hub.
        adapter: A folder with a LoRA adapter, or None.
        dtype: Number type (see ``spacy_bel.devices``).
        device: Where to compute (see ``spacy_bel.devices``).
        local_files_only: Whether to look for the model on this machine alone.
        include_weights: Whether the model is saved with the pipeline, and not its name alone.
        batch_size: Prompts in one pass.
        max_tokens: Longest prompt; 0 for what the model was made for.
        prompt: ``PromptBuilder.version`` of what it will be asked; an adapter that was trained
            on other prompts is refused.

    Raises:
        BelError: A setting is out of range.
    """

    def __init__(
        self,
        name: str,
        *,
        revision: str | None = None,
        adapter: str | Path | None = None,
        dtype: str = "auto",
        device: str = "auto",
        local_files_only: bool = True,
        include_weights: bool = False,
        batch_size: int = 16,
        max_tokens: int = 0,
        prompt: str = "",
    ) -> None:
        for setting, value, least in (("batch_size", batch_size, 1), ("max_tokens", max_tokens, 0)):
            if value < least:
                raise Errors.B706(setting=setting, value=value, allowed=f"{least} or more")
        self.name = name
        self.revision = revision
        self.adapter = None if adapter is None else Path(adapter)
        self.dtype = dtype
        self.device = device
        self.local_files_only = local_files_only
        self.include_weights = include_weights
        self.batch_size = batch_size
        self.prompt = prompt
        self._max_tokens = max_tokens
        self._saved: BaseModel | None = None
        self._files: Path | None = None
        self._loaded: tuple[Any, PromptEncoder] | None = None
        self.forget()

    def forget(self, *, prefixes: bool = True) -> None:
        """Forget answers, as must be done when the model's weights have changed.

        Args:
            prefixes: Whether to forget what was computed of prefixes, too.
        """
        if prefixes:
            self._prefixes: OrderedDict[tuple[int, ...], SharedPrefix | None] = OrderedDict()
        self._answers: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()

    @property
    def model(self) -> Any:
        """The model with its adapter, on its device."""
        return self._load()[0]

    @property
    def encoder(self) -> PromptEncoder:
        """What turns prompts into the model's tokens."""
        return self._load()[1]

    @property
    def max_tokens(self) -> int:
        """Longest prompt in tokens."""
        config = self._load()[0].config.get_text_config()
        window = getattr(config, "max_position_embeddings", None) or 1 << 30
        return min(self._max_tokens or window, window)

    @property
    def base(self) -> BaseModel:
        """What tells the model, without adapter, from others.

        Raises:
            BelError: Its files are not there, or are not those it was saved with.
        """
        found = weights.identify(self.name, self.revision, self._folder())
        if self._saved is None:
            return found
        if self._saved.checksum != found.checksum:
            raise Errors.B717(name=self.name, path=self._folder(), **_of(self._saved))
        return self._saved

    def logits(self, prompts: Sequence[TokenPrompt]) -> list[NDArray[np.float32]]:
        """The logit of each answer to each prompt.

        Equal prompts are answered once, also between calls. Others are sorted by length and
        answered in batches, and what they begin with is computed once.

        Args:
            prompts: What the encoder made.

        Returns:
            For each prompt one value per option.

        Raises:
            BelError: The model cannot be loaded, or a value is not finite.
        """
        keys = [prompt.key for prompt in prompts]
        found = {key: self._answers[key] for key in keys if key in self._answers}
        missing = {key: p for key, p in zip(keys, prompts, strict=True) if key not in found}
        by_prefix: dict[tuple[int, ...], list[tuple[bytes, TokenPrompt]]] = {}
        for key, prompt in missing.items():
            by_prefix.setdefault(prompt.ids[: prompt.shared], []).append((key, prompt))
        for prefix, group in by_prefix.items():
            group.sort(key=lambda pair: len(pair[1].ids))
            for begin in range(0, len(group), self.batch_size):
                own, batch = zip(*group[begin : begin + self.batch_size], strict=True)
                found.update(zip(own, self._pass(batch, prefix), strict=True))
        for key, values in found.items():
            self._answers[key] = values
            self._answers.move_to_end(key)
        while len(self._answers) > _REMEMBERED:
            self._answers.popitem(last=False)
        return [found[key] for key in keys]

    def _pass(
        self, batch: Sequence[TokenPrompt], ids: tuple[int, ...]
    ) -> list[NDArray[np.float32]]:
        """One forward pass."""
        torch = load("torch", "llm")
        model, tokenizer = self.model, self.encoder.tokenizer
        prefix = self._prefix(ids)
        pad = tokenizer.pad_token_id or tokenizer.eos_token_id or 0
        with torch.inference_mode():
            tensors = collate(batch, pad, model.device, skip=prefix.length if prefix else 0)
            values = option_logits(model, tensors, prefix).cpu().numpy()
        rows = [row[: len(p.options)] for row, p in zip(values, batch, strict=True)]
        if not all(np.isfinite(row).all() for row in rows):
            raise Errors.B718(name=self.name, dtype=str(model.dtype))
        return rows

    def _prefix(self, ids: tuple[int, ...]) -> SharedPrefix | None:
        if len(ids) < _WORTHWHILE:
            return None
        if ids not in self._prefixes:
            self._prefixes[ids] = SharedPrefix.of(self.model, ids, self.model.device)
        self._prefixes.move_to_end(ids)
        while len(self._prefixes) > _PREFIXES:
            self._prefixes.popitem(last=False)
        return self._prefixes[ids]

    def to_disk(self, path: Path) -> None:
        """Save the adapter, and the model or what it is known by.

        Args:
            path: A folder.

        Raises:
            BelError: The model's files are not there, or the folder cannot be written.
        """
        weights.write_json(path / _BASE, asdict(self._saved or self.base))
        if self.include_weights:
            weights.copy_model(self._folder(), path / _BASE_FILES)
        if self.adapter is not None:
            weights.copy_model(self.adapter, path / _ADAPTER_FILES)

    def from_disk(self, path: Path) -> None:
        """Take over what ``to_disk`` wrote; files are read when the model is first asked.

        Args:
            path: The folder, which must stay.

        Raises:
            BelError: It cannot be read.
        """
        saved = weights.read_json(path / _BASE)
        try:
            self._saved = BaseModel(**saved)
        except TypeError as error:
            raise Errors.B716(path=path / _BASE, reason=error) from error
        self._files = path / _BASE_FILES if (path / _BASE_FILES).is_dir() else None
        self.adapter = path / _ADAPTER_FILES if (path / _ADAPTER_FILES).is_dir() else self.adapter
        self._loaded = None
        self.forget()

    def _folder(self) -> Path:
        if self._files is not None and self._files.is_dir():
            return self._files
        revision = self.revision
        if self._saved is not None and self._saved.name == self.name:
            revision = self._saved.revision
        return find_model(self.name, revision, local_files_only=self.local_files_only, extra="llm")

    def _load(self) -> tuple[Any, PromptEncoder]:
        if self._loaded is None:
            base = self.base if self._saved is not None or self.adapter is not None else None
            settings = {"dtype": self.dtype, "device": self.device}
            model, tokenizer = load_causal(str(self._folder()), **settings)  # type: ignore[arg-type]
            if self.adapter is not None and base is not None:
                weights.check_adapter(self.adapter, base, self.prompt)
                model = add_adapter(model, self.adapter, self.name)
            self._loaded = model, PromptEncoder(tokenizer, self.name)
        return self._loaded

    def __getstate__(self) -> dict[str, Any]:
        """The settings: another process loads the model itself."""
        dropped = ("_loaded", "_prefixes", "_answers")
        return {name: value for name, value in self.__dict__.items() if name not in dropped}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._loaded = None
        self.forget()


def _of(base: BaseModel) -> dict[str, Any]:
    return {"revision": base.revision or "any", "checksum": base.checksum}
