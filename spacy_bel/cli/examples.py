"""``python -m spacy_bel examples``: training rows from an annotated corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spacy_bel.cli.pipelines import load_pipeline


def examples(
    pipeline: Annotated[
        str, typer.Argument(help="Name or path of a pipeline with a linker or a retriever.")
    ],
    corpus: Annotated[Path, typer.Argument(help="Annotated corpus, a .spacy file.")],
    output: Annotated[Path, typer.Argument(help="The .jsonl file to write.")],
    *,
    folds: Annotated[
        int,
        typer.Option(
            min=0,
            help="Look up every fold among the mentions of the others; 0 for the KB as it is.",
        ),
    ] = 0,
    further: Annotated[
        list[Path] | None,
        typer.Option("--further", help="Corpus whose mentions are names for every fold."),
    ] = None,
    kb: Annotated[
        Path | None, typer.Option("--kb", help="Knowledge base in place of the pipeline's.")
    ] = None,
    component: Annotated[
        str, typer.Option("--component", help="The linker or retriever, where there are several.")
    ] = "",
) -> None:
    """Make the rows that train reranker takes: gold mentions with candidates.

    Give --folds for the corpus that a reranker is trained on where annotated mentions are to be
    names in the knowledge base (kb add --as-aliases), and a knowledge base without them: a
    document must not be looked up among its own mentions. Make rows of a dev corpus without
    --folds, with the knowledge base that will be used.
    """
    from spacy_bel.corpora.reader import read_docs
    from spacy_bel.examples import write_examples
    from spacy_bel.kb.store import Store
    from spacy_bel.training.make_examples import find_retriever, make_examples

    nlp = load_pipeline(pipeline)
    part = find_retriever(nlp, component)
    if kb is not None:
        part.set_kb(Store(kb))
    rows = make_examples(
        part,
        list(read_docs(corpus, nlp.vocab)),
        folds=folds,
        further=[doc for path in further or () for doc in read_docs(path, nlp.vocab)],
        progress=True,
    )
    count = write_examples(rows, output)
    typer.echo(f"Wrote {output}: {count:,} examples.")
