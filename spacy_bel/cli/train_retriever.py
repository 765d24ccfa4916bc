"""``python -m spacy_bel train retriever``: an encoder that knows a vocabulary's names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spacy_bel.errors import Errors


def retriever(
    context: typer.Context,
    config: Annotated[Path, typer.Argument(help="A config such as configs/retriever.cfg.")],
    output: Annotated[Path, typer.Argument(help="Folder for the encoder, its state and curves.")],
) -> None:
    """Train the encoder of a dense retriever.

    The best encoder lies in OUTPUT/best; give that folder to kb embed. Values of the config can
    be set on the command line, as spaCy does: --paths.kb DIR --training.rounds 2. After an
    interruption the same command goes on where it was.
    """
    from dataclasses import fields

    from spacy.cli._util import parse_config_overrides
    from spacy.util import load_config

    from spacy_bel.kb.store import Store
    from spacy_bel.training.retriever import BEST, RetrieverTraining
    from spacy_bel.training.retriever_settings import settings_of
    from spacy_bel.training.sources import annotated_mentions
    from spacy_bel.vectors.encoder import Encoder, EncoderSettings

    values = load_config(
        config, overrides=parse_config_overrides(context.args, env_var=None), interpolate=True
    )
    paths = values.get("paths", {})
    if not paths.get("kb") or not values.get("encoder", {}).get("name"):
        raise Errors.B956(path=config)
    store = Store(paths["kb"])
    known = {field.name for field in fields(EncoderSettings)}
    block = values["encoder"]
    encoder = Encoder(
        EncoderSettings(**{key: value for key, value in block.items() if key in known}),
        **{key: value for key, value in block.items() if key not in known},
    )
    training = RetrieverTraining(
        store,
        encoder,
        settings_of(values.get("training", {})),
        output,
        annotated=annotated_mentions(store, paths.get("train")),
        dev=annotated_mentions(store, paths.get("dev")),
    )
    for entry in training.run():
        typer.echo(
            f"round {entry['round']}, step {entry['step']}: dev Recall@1 {entry['recall@1']:.4f}, "
            f"Recall@20 {entry['recall@20']:.4f} among names that are hard to tell apart"
        )
    typer.echo(f"The best encoder is in {output / BEST}")
