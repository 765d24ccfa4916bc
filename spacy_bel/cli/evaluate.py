"""``python -m spacy_bel evaluate``: how good a pipeline's links are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from wasabi.printer import Printer

from spacy_bel.cli.pipelines import load_pipeline


def evaluate(
    pipeline: Annotated[str, typer.Argument(help="Name or path of a pipeline with a linker.")],
    corpus: Annotated[Path, typer.Argument(help="Annotated corpus, a .spacy file.")],
    *,
    seen: Annotated[
        list[Path] | None,
        typer.Option("--seen", help="Corpus that the linker has seen; may be repeated."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for metrics.json and report.html."),
    ] = None,
    component: Annotated[
        str, typer.Option("--component", help="The linker, where the pipeline has several.")
    ] = "",
    end_to_end: Annotated[
        bool, typer.Option(help="Whether to run the whole pipeline on the bare text too.")
    ] = True,
    resamples: Annotated[
        int, typer.Option(min=1, help="Bootstrap resamples for the 95 % intervals.")
    ] = 1000,
) -> None:
    """Evaluate a linker on gold mentions, and the whole pipeline end to end.

    Prints the figures by protocol. With --output it also writes metrics.json,
    report.html and mentions.jsonl (a line per mention, to compare linkers by).
    The corpora are what the convert command writes.
    """
    from spacy_bel.corpora.reader import read_docs
    from spacy_bel.evaluation import run
    from spacy_bel.evaluation.records import mention_texts
    from spacy_bel.evaluation.report import prepare, write

    if output is not None:
        prepare(output)
    nlp = load_pipeline(pipeline)
    texts = None
    if seen:
        texts = set().union(*(mention_texts(read_docs(path, nlp.vocab)) for path in seen))
    evaluation = run.evaluate(
        nlp,
        read_docs(corpus, nlp.vocab),
        seen=texts,
        component=component,
        end_to_end=end_to_end,
        resamples=resamples,
        progress=True,
    )
    printer = Printer()
    _print_mentions(printer, evaluation.metrics)
    _print_prf(printer, evaluation.metrics)
    if output is not None:
        for path in write(evaluation, output, corpus.stem):
            typer.echo(f"Wrote {path}")


def _print_mentions(printer: Printer, metrics: dict[str, Any]) -> None:
    counts = metrics["counts"]
    protocols = [name for name in ("lenient", "name", "strict", "unseen") if metrics[name]]
    figures = [figure for figure in metrics["lenient"] if figure != "n"]
    printer.divider(f"{counts['mentions']} gold mentions in {counts['documents']} documents")
    printer.table(
        [
            ("n", *(metrics[name]["n"] for name in protocols)),
            *((key, *(_interval(metrics[name][key]) for name in protocols)) for key in figures),
        ],
        header=("", *protocols),
        aligns=("l", *"r" * len(protocols)),
        divider=True,
    )
    ece = metrics["ece"]["value"]
    printer.text(f"Expected calibration error {'–' if ece is None else f'{ece:.3f}'}")
    if counts["out_of_kb"]:
        printer.warn(
            f"{counts['out_of_kb']} mentions have a gold id that the knowledge base does not have."
        )
    if counts["unanswered"]:
        printer.warn(f"{counts['unanswered']} mentions were not answered.")


def _print_prf(printer: Printer, metrics: dict[str, Any]) -> None:
    rows = [("NIL", metrics["nil"]["n"], metrics["nil"])]
    texts = metrics["end_to_end"]
    if texts:
        parts = ("strict", "overlap", "mentions")
        rows += [(f"end to end, {part}", texts["n_gold"], texts[part]) for part in parts]
    printer.table(
        [
            (name, n, *(_interval(scores[key]) for key in ("precision", "recall", "f1")))
            for name, n, scores in rows
        ],
        header=("", "n", "precision", "recall", "f1"),
        aligns=("l", "r", "r", "r", "r"),
        divider=True,
    )
    if texts and not texts["n_predicted"]:
        printer.warn("End to end nothing was linked: does the pipeline find mentions?")


def _interval(figure: dict[str, float | None]) -> str:
    if figure["value"] is None:
        return "–"
    return f"{figure['value']:.3f} ({figure['low']:.3f}–{figure['high']:.3f})"
