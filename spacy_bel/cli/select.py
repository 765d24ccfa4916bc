"""``python -m spacy_bel select``: the rows that are worth learning from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def select(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="ROWS...",
            help="Labelled, synthetic or annotated rows: files, or folders of them.",
        ),
    ],
    output: Annotated[Path, typer.Argument(help="The rows to write.")],
    *,
    source: Annotated[
        str, typer.Option("--source", help="Whose labels count; the last ones by default.")
    ] = "",
    min_agreement: Annotated[
        float,
        typer.Option("--min-agreement", help="Least share of questions answered alike."),
    ] = 0.0,
    min_probability: Annotated[
        float, typer.Option("--min-probability", help="Least value of the chosen option.")
    ] = 0.0,
    max_gap: Annotated[
        float,
        typer.Option(
            "--max-gap", help="How far the choice may be behind the retriever's best, in its score."
        ),
    ] = 1.0,
    missed: Annotated[
        bool, typer.Option("--missed", help="Keep rows whose gold is not among the candidates.")
    ] = False,
    consistent: Annotated[
        bool,
        typer.Option(
            "--consistent", help="Leave out labels that most others in the document contradict."
        ),
    ] = False,
    noise: Annotated[
        bool,
        typer.Option("--noise", help="Estimate label noise, and leave out what is doubtful."),
    ] = False,
    per_concept: Annotated[
        int, typer.Option("--per-concept", help="Most rows of a concept; 0 for any number.")
    ] = 0,
    duplicates: Annotated[
        float,
        typer.Option("--duplicates", help="Likeness of contexts that makes two mentions one."),
    ] = 0.9,
    synthetic_share: Annotated[
        float | None,
        typer.Option("--synthetic-share", help="Largest share of synthetic rows."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="Most rows; 0 for any number.")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Of what is left to chance.")] = 0,
) -> None:
    """Select rows, mix several files, and say for each reason how many were left out."""
    from spacy_bel.distillation.select import select as run
    from spacy_bel.distillation.sieve import Selection

    selection = Selection(
        source=source,
        min_agreement=min_agreement,
        min_probability=min_probability,
        max_gap=max_gap,
        missed=missed,
        consistent=consistent,
        noise=noise,
        per_concept=per_concept,
        duplicates=duplicates,
        synthetic_share=synthetic_share,
        limit=limit,
        seed=seed,
    )
    outcome = run(inputs, output, selection)
    if outcome.noise is not None:
        listed = ", ".join(f"{name} {rate:.1%}" for name, rate in outcome.noise.by_class.items())
        typer.echo(f"Estimated share of wrong labels {outcome.noise.rate:.1%} ({listed})")
    for reason, count in outcome.dropped.most_common():
        typer.echo(f"Left out: {count:,} {reason}")
    kept = ", ".join(f"{count:,} {provenance}" for provenance, count in outcome.kept.items())
    typer.echo(f"Wrote {output}: {outcome.kept.total():,} rows ({kept}).")
