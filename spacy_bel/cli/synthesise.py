"""``python -m spacy_bel synthesise``: training rows from the knowledge base alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spacy_bel.cli.pipelines import load_pipeline


def synthesise(
    pipeline: Annotated[
        str, typer.Argument(help="Name or path of a pipeline with a linker or a retriever.")
    ],
    output: Annotated[Path, typer.Argument(help="The rows to write, .jsonl or .jsonl.gz.")],
    *,
    mined: Annotated[
        list[Path] | None,
        typer.Option("--mined", help="Mined rows in which names are looked for."),
    ] = None,
    component: Annotated[
        str, typer.Option("--component", help="The linker or retriever, where there are several.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most rows.")] = 20_000,
    text_share: Annotated[
        float,
        typer.Option("--text-share", min=0, max=1, help="Share of rows from mined text."),
    ] = 0.5,
    per_concept: Annotated[
        int, typer.Option("--per-concept", min=1, help="Most rows of a concept, of each kind.")
    ] = 3,
    kept: Annotated[
        float,
        typer.Option(
            "--kept", min=0, max=1, help="Share of mentions whose names are not held out."
        ),
    ] = 0.2,
    folds: Annotated[
        int, typer.Option("--folds", min=1, help="In how many parts names are held out.")
    ] = 4,
    language: Annotated[
        list[str] | None, typer.Option("--language", help="Code of names to take; all by default.")
    ] = None,
    homonyms: Annotated[
        bool,
        typer.Option(
            "--homonyms", help="Keep names of several concepts, for students that read the text."
        ),
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Of what is left to chance.")] = 0,
) -> None:
    """Make training rows without teacher or annotators.

    A name of a concept is taken for a mention and held out of the knowledge base. It stands
    in the concept's definition, beside another of its names, or, with --mined, in the text in
    which it was met as the name of this concept alone.
    """
    from spacy_bel.distillation.synthesise import Synthesis
    from spacy_bel.distillation.synthesise import synthesise as run
    from spacy_bel.training.make_examples import find_retriever

    languages = tuple(language or ())
    settings = Synthesis(
        limit, text_share, per_concept, kept, folds, languages, homonyms=homonyms, seed=seed
    )
    part = find_retriever(load_pipeline(pipeline), component)
    counts = run(part, output, settings, mined=mined or (), progress=True)
    rows = counts["from text"] + counts["from names"]
    listed = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    typer.echo(f"Wrote {output}: {rows:,} rows ({listed}).")
