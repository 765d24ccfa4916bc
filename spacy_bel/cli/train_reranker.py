"""``python -m spacy_bel train reranker``: a local reranker from examples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def reranker(
    context: typer.Context,
    config: Annotated[Path, typer.Argument(help="A training config.")],
    output: Annotated[Path, typer.Argument(help="Folder for the model, its state and curves.")],
    *,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Begin anew in place of a run with other data."),
    ] = False,
) -> None:
    """Train a reranker; an interrupted run goes on where it was.

    Settings of the config can be given here, as with spaCy's train command:
    --corpora.train rows.jsonl --training.epochs 2. The best model by dev Acc@1 is
    OUTPUT/best, and the setting "trained" of a cross-encoder, or "adapter" of a
    language model, takes it.
    """
    from spacy.cli._util import parse_config_overrides

    from spacy_bel.examples import read_examples
    from spacy_bel.training.config import read_config
    from spacy_bel.training.loop import BEST, train

    given = read_config(config, parse_config_overrides(context.args, env_var=None))
    curves = train(
        given.reranker(),
        [example for path in given.train for example in read_examples(path)],
        [example for path in given.dev for example in read_examples(path)],
        output,
        given.settings,
        overwrite=overwrite,
        progress=True,
    )
    best = max(curves, key=lambda entry: entry["dev"]["acc@1"])
    typer.echo(
        f"Wrote {output / BEST}: dev Acc@1 {best['dev']['acc@1']:.4f} at step {best['step']} "
        f"({curves[0]['dev']['acc@1']:.4f} before training). Curves: {output / 'curves.html'}"
    )
