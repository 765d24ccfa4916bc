"""``python -m spacy_bel calibrate``: values that are probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spacy_bel.cli.pipelines import load_pipeline


def calibrate(
    pipeline: Annotated[
        str, typer.Argument(help="Name or path of a pipeline whose linker has a reranker.")
    ],
    corpus: Annotated[
        Path, typer.Argument(help="Annotated corpus that nothing was trained on, a .spacy file.")
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for the pipeline; its own where not given."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Page with the reliability plot, .html.")
    ] = None,
    component: Annotated[
        str, typer.Option("--component", help="The linker, where there are several.")
    ] = "",
    isotonic: Annotated[
        bool | None,
        typer.Option(help="Whether to fit a monotone curve too; found out where not given."),
    ] = None,
) -> None:
    """Calibrate a linker's reranker on gold mentions, so that span._.bel_score is a probability.

    Fits a temperature and a bias of NIL, and with many mentions a monotone curve where that is
    better on left-out documents, and saves the pipeline with them.
    """
    from spacy_bel.corpora.reader import read_docs
    from spacy_bel.errors import Errors
    from spacy_bel.evaluation.calibrate import calibrate as run
    from spacy_bel.evaluation.calibrate import render
    from spacy_bel.files import replacing

    target = output or Path(pipeline)
    if output is None and not target.is_dir():
        raise Errors.B771(pipeline=pipeline)
    nlp = load_pipeline(pipeline)
    docs = list(read_docs(corpus, nlp.vocab))
    results = run(nlp, docs, component=component, isotonic=isotonic)
    for each in results:
        before, after, scaling = each.fit.before, each.fit.after, each.fit.scaling
        curve = " and a curve" if scaling.curve else ""
        typer.echo(
            f"{each.name}: expected calibration error {before['value']:.4f} -> "
            f"{after['value']:.4f} (left-out documents, {after['n']:,} answers); temperature "
            f"{scaling.temperature:.3f}, bias of NIL {scaling.nil_bias:.3f}{curve}; area under "
            f"the risk-coverage curve {each.coverage['aurc']:.4f}"
        )
    if report is not None:
        with replacing(report, Errors.B509) as beside:
            beside.write_text(render(results, target.name), encoding="utf-8")
        typer.echo(f"Wrote {report}")
    nlp.to_disk(target)
    typer.echo(f"Wrote {target}")
