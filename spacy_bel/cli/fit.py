"""``python -m spacy_bel fit``: the numbers of a hybrid retriever, from annotated mentions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacy_bel.cli.pipelines import load_pipeline
from spacy_bel.errors import Errors

if TYPE_CHECKING:
    from spacy.language import Language

    from spacy_bel.kb.store import Store
    from spacy_bel.pipeline.retriever import BelRetriever
    from spacy_bel.types import Mention


def fit(
    pipeline: Annotated[str, typer.Argument(help="Pipeline with spacy-bel.HybridRetriever.v1.")],
    corpus: Annotated[Path, typer.Argument(help="Annotated dev corpus, a .spacy file.")],
    output: Annotated[Path, typer.Argument(help="Folder for the pipeline with fitted numbers.")],
    *,
    component: Annotated[
        str, typer.Option("--component", help="The linker, where the pipeline has several.")
    ] = "",
) -> None:
    """Fit dense_share and similarity_weight to a dev corpus, and save the pipeline with them.

    The defaults need no labels; this moves them where a corpus says so. Give a dev corpus: what
    is measured on the same mentions afterwards is no estimate.
    """
    from spacy_bel.evaluation.run import find_linker
    from spacy_bel.retrieval.dense import DenseNameRetriever
    from spacy_bel.retrieval.fitting import best, fit_fusion

    nlp = load_pipeline(pipeline)
    name = find_linker(nlp, component)
    part: BelRetriever = nlp.get_pipe(name)  # type: ignore[assignment]
    retriever = part.retriever
    block = nlp.get_pipe_config(name)["retriever"]
    if not isinstance(retriever, DenseNameRetriever) or retriever.blend is None:
        raise Errors.B422(name=name, found=block.get("@misc"))
    mentions, gold, documents = _gold(nlp, part, corpus)
    tried = fit_fusion(
        retriever,
        mentions,
        gold,
        retriever.blend.shares["dense"],
        retriever.weights["similarity"],
        documents=documents,
    )
    for one in tried:
        typer.echo(
            f"dense_share {one.dense_share:.2f}, similarity_weight {one.similarity_weight:.2f}: "
            f"Acc@1 {one.acc:.4f}, Recall@20 {one.recall:.4f}"
        )
    chosen = best(tried)
    block["dense_share"] = chosen.dense_share
    block["similarity_weight"] = chosen.similarity_weight
    nlp.to_disk(output)
    typer.echo(
        f"Wrote {output} with dense_share {chosen.dense_share:.2f} and similarity_weight "
        f"{chosen.similarity_weight:.2f}: Acc@1 {tried[0].acc:.4f} -> {chosen.acc:.4f} "
        f"on the {len(gold)} mentions that it was fitted to"
    )


def _gold(
    nlp: Language, part: BelRetriever, corpus: Path
) -> tuple[list[Mention], list[frozenset[str]], list[int]]:
    """The mentions of a corpus with an id of the knowledge base, their ids and documents."""
    from spacy_bel.corpora.docs import gold_spans
    from spacy_bel.corpora.gold import parse_gold
    from spacy_bel.corpora.reader import read_docs
    from spacy_bel.mentions.extract import make_mentions

    store: Store = part.kb
    mentions, gold, documents = [], [], []
    for number, doc in enumerate(read_docs(corpus, nlp.vocab)):
        spans = gold_spans(doc)
        for span, mention in zip(
            spans,
            make_mentions(doc, spans, part.context, part.label_types, part.kb.organisms),
            strict=True,
        ):
            ids = frozenset(filter(None, map(store.resolve, parse_gold(span.kb_id_))))
            if ids:
                mentions.append(mention)
                gold.append(ids)
                documents.append(number)
    if not mentions:
        raise Errors.B423(path=corpus, kb=store.name)
    return mentions, gold, documents
