"""``python -m spacy_bel learning-curve``: accuracy against rows and against money."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def learning_curve(
    context: typer.Context,
    config: Annotated[Path, typer.Argument(help="A training config, as train reranker takes it.")],
    output: Annotated[Path, typer.Argument(help="Folder for the runs and the curve.")],
    *,
    portion: Annotated[
        list[float] | None,
        typer.Option("--portion", help="Share of the rows to train on; may be repeated."),
    ] = None,
) -> None:
    """Train a reranker on growing portions of its rows, and plot dev Acc@1.

    Settings of the config can be given here, such as --corpora.train rows.jsonl. An interrupted
    run goes on where it was.
    """
    from spacy.cli._util import parse_config_overrides

    from spacy_bel.distillation.learning_curve import PORTIONS
    from spacy_bel.distillation.learning_curve import learning_curve as run

    overrides = parse_config_overrides(context.args, env_var=None)
    steps = run(config, output, tuple(portion or PORTIONS), overrides, progress=True)
    for step in steps:
        cost = "" if step.cost is None else f", cost {step.cost:.4g}"
        typer.echo(f"{step.rows:,} rows{cost}: dev Acc@1 {step.accuracy:.4f}")
    typer.echo(f"Wrote {output / 'learning_curve.html'}")
