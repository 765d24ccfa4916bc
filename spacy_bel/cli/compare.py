"""``python -m spacy_bel compare``: linkers side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def compare(
    context: typer.Context,
    corpus: Annotated[Path, typer.Argument(help="Annotated corpus, a .spacy file.")],
    output: Annotated[Path, typer.Argument(help="Folder for comparison.json and .html.")],
    *,
    system: Annotated[
        list[str] | None,
        typer.Option("--system", help="NAME=PIPELINE to compare; may be repeated."),
    ] = None,
    pipeline: Annotated[
        str,
        typer.Option("--pipeline", "-p", help="The pipeline that --reranker and --cascade change."),
    ] = "",
    reranker: Annotated[
        list[str] | None,
        typer.Option(
            "--reranker",
            help="NAME=CONFIG: the pipeline with the reranker of a config as label --teacher "
            "takes it; NAME=none for its retriever alone, NAME=own as it is. May be repeated.",
        ),
    ] = None,
    cascade: Annotated[
        list[str] | None,
        typer.Option(
            "--cascade",
            help="NAME=CONFIG: the pipeline's retriever where a mention is written like one name, "
            "else its reranker, and that of the config where this is less sure than --confidence; "
            "NAME=none for the first two. May be repeated.",
        ),
    ] = None,
    confidence: Annotated[
        float,
        typer.Option(
            "--confidence", min=0, max=1, help="Least value of a final answer in a cascade."
        ),
    ] = 0.9,
    seen: Annotated[
        list[Path] | None, typer.Option("--seen", help="Corpus that the systems have seen.")
    ] = None,
    hourly_price: Annotated[
        float | None,
        typer.Option(
            "--hourly-price", min=0, help="Of this machine, in the currency of the prices."
        ),
    ] = None,
    timed: Annotated[
        int, typer.Option("--timed", min=1, help="Most mentions that a local system is timed on.")
    ] = 2000,
    resamples: Annotated[
        int, typer.Option(min=1, help="Bootstrap resamples for the 95 % intervals.")
    ] = 1000,
) -> None:
    """Compare retriever, student, teacher and cascade on the same gold mentions.

    Prints Acc@1 by protocol with intervals, mentions per second, memory and the cost of 1,000
    mentions, and tests every difference in pairs. Settings of the configs can be given here, such
    as --teacher.kb DIR.
    """
    from spacy.cli._util import parse_config_overrides
    from wasabi.printer import Printer

    from spacy_bel.distillation.compare import System
    from spacy_bel.distillation.compare import compare as run
    from spacy_bel.distillation.comparison import HEADER, notes_of, rows_of, write
    from spacy_bel.errors import Errors

    overrides = parse_config_overrides(context.args, env_var=None)
    systems = [System(*_pair(text)) for text in system or ()]
    for texts, least in ((reranker, None), (cascade, confidence)):
        for name, config in map(_pair, texts or ()):
            systems.append(System(name, pipeline, config, overrides, least))
    if any(not each.pipeline for each in systems):
        raise Errors.B840(names="no --pipeline is given")
    measured, found = run(
        systems,
        corpus,
        answers=output / "llm.sqlite",
        seen=seen or (),
        timed=timed,
        resamples=resamples,
        progress=True,
    )
    write(measured, found, output, hourly_price)
    printer = Printer()
    aligns = ("l", *"r" * (len(HEADER) - 1))
    rows = rows_of(measured, hourly_price)
    printer.table(rows, header=HEADER, aligns=aligns, divider=True)
    for note in notes_of(found, hourly_price):
        typer.echo(note)
    typer.echo(f"Wrote {output / 'comparison.html'}")


def _pair(text: str) -> tuple[str, str]:
    from spacy_bel.errors import Errors

    name, _, value = text.partition("=")
    if not name or not value:
        raise Errors.B840(names=text)
    return name, value
