"""``python -m spacy_bel mine``: mentions of unannotated text, to be labelled."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spacy_bel.cli.pipelines import load_pipeline


def mine(
    texts: Annotated[
        list[Path],
        typer.Argument(
            metavar="TEXT...",
            help="Unannotated text: one document a line, JSON lines with a text (.jsonl), .spacy, "
            "PubTator or BioC; plain or gzip-compressed.",
        ),
    ],
    output: Annotated[Path, typer.Argument(help="The rows to write, .jsonl or .jsonl.gz.")],
    *,
    pipeline: Annotated[
        str,
        typer.Option(
            "--pipeline",
            "-p",
            help="Name or path of a pipeline that finds mentions (bel_matcher or an NER) and "
            "candidates (bel_linker or bel_retriever).",
        ),
    ],
    component: Annotated[
        str, typer.Option("--component", help="The linker or retriever, where there are several.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=0, help="Most rows; 0 for all.")] = 0,
    strategy: Annotated[
        str,
        typer.Option(
            "--strategy",
            help="Which rows, where there is a limit: random, ambiguous (names of several "
            "concepts first), uncertain (the first two candidates close to each other), or "
            "balanced (over concepts).",
        ),
    ] = "random",
    seed: Annotated[int, typer.Option("--seed", help="Of what is left to chance.")] = 0,
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, help="Texts that are worked on together.")
    ] = 64,
) -> None:
    """Mine unannotated text: its mentions with their contexts and candidates.

    Mentions that repeat with their context are taken once. Text of any size is read as a stream,
    and an interrupted run goes on where it was, with the same command.
    """
    from spacy_bel.distillation.mine import Mining
    from spacy_bel.distillation.mine import mine as run
    from spacy_bel.training.make_examples import find_retriever

    settings = Mining(limit, strategy, seed, batch_size)
    nlp = load_pipeline(pipeline)
    part = find_retriever(nlp, component)
    counts = run(nlp, part, texts, output, settings, progress=True)
    written = counts.pop("written")
    listed = ", ".join(f"{count:,} {what}" for what, count in counts.items())
    typer.echo(f"Wrote {output}: {written:,} rows ({listed}).")
