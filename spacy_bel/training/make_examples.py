"""Training rows from annotated documents, with the candidates that a new document would get.

A retriever that knows the mentions of the very documents that a reranker is trained on offers
candidates of a quality that no new document sees, and the reranker learns to trust it. So where
annotated mentions are names in the knowledge base, the documents are parted into folds, and those
of a fold are looked up among the names of the other folds alone.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc
from tqdm import tqdm

from spacy_bel.corpora.docs import doc_id, gold_spans
from spacy_bel.corpora.gold import parse_gold
from spacy_bel.corpora.names import annotated_names
from spacy_bel.errors import Errors
from spacy_bel.examples import Example, KBReference
from spacy_bel.kb.build import add_annotated_aliases
from spacy_bel.kb.store import Store
from spacy_bel.kb.vectors import embed
from spacy_bel.pipeline.retriever import BelRetriever
from spacy_bel.reranking.offers import OfferMaker
from spacy_bel.retrieval.dense import DenseNameRetriever
from spacy_bel.types import NIL
from spacy_bel.vectors.encoder import Encoder


def make_examples(
    component: BelRetriever,
    docs: Sequence[Doc],
    *,
    folds: int = 0,
    further: Sequence[Doc] = (),
    progress: bool = False,
) -> Iterator[Example]:
    """Rows for all gold mentions with an id or NIL.

    Args:
        component: A ``bel_linker`` or ``bel_retriever``, which is as before when all rows are
            made.
        docs: Documents with gold mentions.
        folds: Number of folds; 0 to look up in the component's knowledge base as it is.
        further: Documents whose mentions are names for every fold.
        progress: Whether to show a progress bar on a terminal.

    Yields:
        One row per mention; with folds, fold by fold.

    Raises:
        BelError: There is no gold, there are more folds than documents, or the knowledge base
            holds annotated names that would have to be taken out of it.
    """
    if not any(parse_gold(span.kb_id_) for doc in docs for span in gold_spans(doc)):
        raise Errors.B920(documents=len(docs))
    if folds == 0:
        yield from _rows(component, tqdm(docs, "examples", disable=None if progress else True))
        return
    if not 2 <= folds <= len(docs):
        raise Errors.B921(folds=folds, documents=len(docs))
    base = component.kb
    if base.alias_counts.any():
        raise Errors.B922(name=base.name)
    retriever = component.retriever
    encoder = retriever.dense.encoder if isinstance(retriever, DenseNameRetriever) else None
    numbers = tqdm(range(folds), "folds", disable=None if progress else True)
    try:
        for fold in numbers:
            rest = [doc for number, doc in enumerate(docs) if number % folds != fold]
            with _with_names(base, (*rest, *further), encoder) as store:
                component.set_kb(store)
                yield from _rows(component, docs[fold::folds])
    finally:
        component.set_kb(base)


@contextmanager
def _with_names(base: Store, docs: Iterable[Doc], encoder: Encoder | None) -> Iterator[Store]:
    """A knowledge base with the mentions of documents as names, for as long as it is needed.

    Where it has vectors, these names get theirs too: dense retrieval would not find them else.
    """
    folder = Path(tempfile.mkdtemp(prefix="spacy-bel-fold-"))
    try:
        base.save(folder / "kb")
        add_annotated_aliases(folder / "kb", annotated_names(docs), source="other folds")
        if encoder is not None:
            embed(folder / "kb", encoder)
        yield Store(folder / "kb")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _rows(component: BelRetriever, docs: Iterable[Doc]) -> Iterator[Example]:
    kb = component.kb
    offers = OfferMaker(kb)
    reference = KBReference(kb.name, str(kb.meta.get("version", "")), kb.checksum)
    for doc in docs:
        spans = [span for span in gold_spans(doc) if parse_gold(span.kb_id_)]
        (found,) = component.candidates([doc], [spans])
        for span, (mention, candidates) in zip(spans, found, strict=True):
            gold = tuple(
                dict.fromkeys(
                    id_ if id_ == NIL else kb.resolve(id_) or id_ for id_ in parse_gold(span.kb_id_)
                )
            )
            yield Example(
                mention=mention,
                offers=offers.make(mention, candidates),
                gold=gold,
                doc_id=doc_id(doc),
                offset=span.start_char,
                kb=reference,
            )


def find_retriever(nlp: Language, component: str = "") -> BelRetriever:
    """The component of a pipeline that finds candidates.

    Args:
        nlp: A pipeline.
        component: Its name; empty for the only one.

    Returns:
        A ``bel_linker`` or ``bel_retriever``.

    Raises:
        BelError: There is none of that name, or not exactly one.
    """
    found = {name: pipe for name, pipe in nlp.pipeline if isinstance(pipe, BelRetriever)}
    if component:
        found = {name: pipe for name, pipe in found.items() if name == component}
    if len(found) != 1:
        raise Errors.B923(component=component or "retriever", names=", ".join(nlp.pipe_names))
    return next(iter(found.values()))
