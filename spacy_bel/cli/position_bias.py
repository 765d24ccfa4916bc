"""``python -m spacy_bel position-bias``: whether a reranker likes certain places of a list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from wasabi.printer import Printer

from spacy_bel.cli.pipelines import load_pipeline


def position_bias(
    pipeline: Annotated[str, typer.Argument(help="Name or path of a pipeline with a reranker.")],
    corpus: Annotated[Path, typer.Argument(help="Annotated corpus, a .spacy file.")],
    *,
    places: Annotated[int, typer.Option(min=2, max=25, help="Candidates to offer.")] = 5,
    limit: Annotated[int, typer.Option(min=1, help="Most mentions to ask about.")] = 200,
    component: Annotated[
        str, typer.Option("--component", help="The linker, where the pipeline has several.")
    ] = "",
) -> None:
    """Ask about each gold mention with its candidates in every turned-round order.

    Prints how often the answer is what stands in each place, and how often it is the same in all
    orders. A biased reranker is asked in several orders with its setting orders.
    """
    from spacy_bel.corpora.docs import gold_spans
    from spacy_bel.corpora.reader import read_docs
    from spacy_bel.errors import Errors
    from spacy_bel.evaluation.run import find_linker
    from spacy_bel.pipeline.linker import BelLinker
    from spacy_bel.reranking import bias

    nlp = load_pipeline(pipeline)
    name = find_linker(nlp, component)
    linker = nlp.get_pipe(name)
    if not isinstance(linker, BelLinker) or linker.reranker is None:
        raise Errors.B724(name=name)
    docs = list(read_docs(corpus, nlp.vocab))
    found = linker.candidates(docs, [gold_spans(doc) for doc in docs])
    asked = [each for own in found for each in own if len(each[1]) >= places][:limit]
    if not asked:
        raise Errors.B725(path=corpus, places=places)
    mentions, candidates = zip(*asked, strict=True)
    measured = bias.position_bias(linker.reranker, mentions, candidates, places=places)
    printer = Printer()
    printer.divider(f"{measured.mentions} mentions, {places} candidates in {places} orders each")
    rows = [(place, f"{share:.3f}") for place, share in enumerate(measured.chosen, 1)]
    printer.table(rows, header=("place", "chosen"), aligns=("r", "r"), divider=True)
    printer.text(f"Share of a place without bias     {measured.expected:.3f}")
    printer.text(f"Same answer in all orders         {measured.consistent:.3f}")
    printer.text(f"Mean largest change of a value    {measured.largest_change:.3f}")
