"""``python -m spacy_bel card``: the model card that goes into a package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from spacy_bel.cli.pipelines import load_pipeline


def card(
    pipeline: Annotated[str, typer.Argument(help="Name or path of a pipeline with a linker.")],
    metrics: Annotated[Path, typer.Argument(help="The metrics.json that evaluate wrote of it.")],
    output: Annotated[Path, typer.Argument(help="The meta.json to write.")],
    *,
    rows: Annotated[
        list[Path] | None,
        typer.Option("--rows", help="Rows that its reranker learned from; may be repeated."),
    ] = None,
    dev: Annotated[
        Path | None,
        typer.Option("--dev", help="Corpus that chose and calibrated it, a .spacy file."),
    ] = None,
    curves: Annotated[
        Path | None, typer.Option("--curves", help="The curves.json of its training.")
    ] = None,
    name: Annotated[str, typer.Option("--name", "-n", help="The package's name.")] = "",
    version: Annotated[str, typer.Option("--version", help="The package's version.")] = "",
    component: Annotated[
        str, typer.Option("--component", help="The linker, where there are several.")
    ] = "",
) -> None:
    """Write a pipeline's meta.json with its model card, from what was measured.

    Give it to spacy package with --meta-path: description, sources, licence, scores with
    intervals, data, protocol and limits stand in the package's meta.json and README.md then.
    """
    from spacy_bel.corpora.reader import read_docs
    from spacy_bel.errors import Errors
    from spacy_bel.evaluation.card import Corpus, Rows, read_metrics
    from spacy_bel.evaluation.card import card as make
    from spacy_bel.examples import read_examples
    from spacy_bel.files import replacing
    from spacy_bel.training.curves import best_step

    measured = read_metrics(metrics)
    nlp = load_pipeline(pipeline)
    learned = Rows.of(row for path in rows for row in read_examples(path)) if rows else None
    chosen = Corpus.of(read_docs(dev, nlp.vocab)) if dev else None
    step = best_step(curves) if curves else None
    meta = make(nlp, measured, rows=learned, dev=chosen, best_step=step, component=component)
    given = {"name": name, "version": version}
    meta |= {key: value for key, value in given.items() if value}
    with replacing(output, Errors.B509) as beside:
        beside.write_text(json.dumps(meta, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    typer.echo(f"Wrote {output}: spacy package takes it with --meta-path")
