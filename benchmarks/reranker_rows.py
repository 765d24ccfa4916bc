"""What rerankers are trained and measured on: the candidates of retrievers, kept between runs."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from spacy.language import Language

from benchmarks.common import OF_KB, Corpus, Vocabulary, Workbench, code_digest, unfinished
from benchmarks.dense import RETRIEVERS, with_vectors
from benchmarks.retrieval import (
    BC5CDR_DEV,
    BC5CDR_TRAIN,
    CHEMICAL_DEV,
    CHEMICAL_TRAIN,
    CTD,
    MESH,
    NCBI_DEV,
    NCBI_TEST,
    NCBI_TRAIN,
    SAMPLE_DEV,
    SAMPLE_KB,
    SAMPLE_TRAIN,
)
from spacy_bel.corpora.docs import doc_id
from spacy_bel.examples import Example, read_examples, write_examples
from spacy_bel.models import MINILM
from spacy_bel.training.make_examples import find_retriever, make_examples
from spacy_bel.vectors.encoder import Encoder, EncoderSettings

TOP_K = 20

_FILE = "rows.jsonl"

_OF_ROWS = (
    *(*OF_KB, "mentions", "retrieval", "pipeline", "examples"),
    *("reranking/offers.py", "training/make_examples.py"),
)
"""The parts of the library on which rows depend."""


@dataclass(frozen=True, slots=True)
class Run:
    """A reranker that is trained once and evaluated on one or more corpora.

    Args:
        vocabulary: What is linked to.
        train: What the reranker is trained on.
        evaluated: Each corpus with the one whose mentions are names when it is evaluated.
        dev: What the reranker is chosen on; a tenth of the documents of ``train`` where None,
            which it is not trained on then.
        further: What it is trained on beside.
        names: Whether annotated mentions are names.
        folds: In how many parts the training documents are looked up then.
        hybrid: Whether vectors retrieve too.
        encoder: Whose vectors; it also compares names, and reads where text is read.
    """

    vocabulary: Vocabulary
    train: Corpus
    evaluated: tuple[tuple[Corpus, Corpus], ...]
    dev: Corpus | None = None
    further: tuple[Corpus, ...] = ()
    names: bool = True
    folds: int = 10
    hybrid: bool = True
    encoder: str = MINILM


RUNS = tuple(
    run
    for names in (True, False)
    for run in (
        Run(
            CTD,
            NCBI_TRAIN,
            ((NCBI_DEV, NCBI_TRAIN), (NCBI_TEST, NCBI_TRAIN + NCBI_DEV)),
            NCBI_DEV,
            names=names,
        ),
        Run(CTD, BC5CDR_TRAIN, ((BC5CDR_DEV, BC5CDR_TRAIN),), names=names),
        Run(MESH, CHEMICAL_TRAIN, ((CHEMICAL_DEV, CHEMICAL_TRAIN),), names=names, hybrid=False),
    )
)

TOGETHER = (
    Run(
        CTD,
        NCBI_TRAIN,
        (
            (NCBI_DEV, NCBI_TRAIN),
            (NCBI_TEST, NCBI_TRAIN + NCBI_DEV),
            (BC5CDR_DEV, BC5CDR_TRAIN),
        ),
        NCBI_DEV,
        further=(BC5CDR_TRAIN,),
    ),
)
"""One reranker for the diseases of both corpora."""

SAMPLE_RUNS = (Run(SAMPLE_KB, SAMPLE_TRAIN, ((SAMPLE_DEV, SAMPLE_TRAIN),), SAMPLE_DEV, folds=2),)


def pipeline(bench: Workbench, run: Run, annotated: Corpus | None, **settings: Any) -> Language:
    """A pipeline over the knowledge base of a run."""
    if not run.hybrid:
        return bench.pipeline(bench.kb(run.vocabulary, annotated), top_k=TOP_K, **settings)
    kb = with_vectors(bench, run.vocabulary, annotated, Encoder(EncoderSettings(run.encoder)))
    hybrid = {"@misc": RETRIEVERS["hybrid"]}
    return bench.pipeline(kb, top_k=TOP_K, retriever=hybrid, **settings)


def examples(bench: Workbench, run: Run) -> tuple[list[Example], list[Example]]:
    """Rows to train on and rows to choose on."""
    folds = run.folds if run.names else 0
    own = made_once(bench, run, run.train, folds=folds)
    further = [row for other in run.further for row in made_once(bench, run, other, folds=folds)]
    if run.dev is not None:
        dev = made_once(bench, run, run.dev, run.train if run.names else None)
        return [*own, *further], dev
    held = held_out(bench, run)
    dev = [row for row in own if row.doc_id in held]
    return [*(row for row in own if row.doc_id not in held), *further], dev


def made_once(
    bench: Workbench, run: Run, corpus: Corpus, annotated: Corpus | None = None, *, folds: int = 0
) -> list[Example]:
    """The rows of a corpus with the retriever of a run, kept between runs."""
    encoder = Encoder(EncoderSettings(run.encoder)).checksum if run.hybrid else ""
    kb = bench.kb(run.vocabulary, annotated).name
    told = (kb, corpus, folds, encoder, code_digest(*_OF_ROWS))
    folder = bench.work / f"rows-{sha256(repr(told).encode()).hexdigest()[:16]}"
    if not folder.exists():
        linker = find_retriever(pipeline(bench, run, annotated))
        with unfinished(folder) as beside:
            found = make_examples(linker, bench.docs(corpus), folds=folds, progress=True)
            write_examples(found, beside / _FILE)
    return list(read_examples(folder / _FILE))


def held_out(bench: Workbench, run: Run) -> set[str]:
    """The ids of the training documents that choose, where no corpus does."""
    return set(sorted(map(doc_id, bench.docs(run.train)))[::10])
