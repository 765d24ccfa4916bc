"""How much a trained cross-encoder adds to lexical retrieval: gold mentions, lenient Acc@1.

    python -m benchmarks.rerankers --data DIR [--work DIR] [--only NAME] [--names WHICH] [--read]

A reranker is trained on the mentions of a train split, with candidates from which the mentions of
their own documents were left out, and chosen on a dev split. Splits called test only report.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from tqdm import tqdm

from benchmarks.common import Corpus, Vocabulary, Workbench, machine, parser, table, workbench
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
from spacy_bel.examples import Example
from spacy_bel.kb.store import Store
from spacy_bel.models import MINILM
from spacy_bel.reranking.encoder_registry import cross_encoder
from spacy_bel.training.loop import BEST, Settings, train
from spacy_bel.training.make_examples import find_retriever, make_examples
from spacy_bel.training.optimiser import Rates
from spacy_bel.training.rows import Sampling
from spacy_bel.training.trainable import trainable

HEADER = [
    *("corpus", "vocabulary", "annotated names", "n", "in KB"),
    *("retriever", "reranker", "retriever, in KB", "reranker, in KB", "training, s"),
]


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
    """

    vocabulary: Vocabulary
    train: Corpus
    evaluated: tuple[tuple[Corpus, Corpus], ...]
    dev: Corpus | None = None
    further: tuple[Corpus, ...] = ()
    names: bool = True
    folds: int = 10


RUNS = tuple(
    run
    for names in (True, False)
    for run in (
        Run(
            CTD,
            NCBI_TRAIN,
            ((NCBI_DEV, NCBI_TRAIN), (NCBI_TEST, NCBI_TRAIN + NCBI_DEV)),
            NCBI_DEV,
            (BC5CDR_TRAIN,),
            names,
        ),
        Run(CTD, BC5CDR_TRAIN, ((BC5CDR_DEV, BC5CDR_TRAIN),), names=names),
        Run(MESH, CHEMICAL_TRAIN, ((CHEMICAL_DEV, CHEMICAL_TRAIN),), names=names),
    )
)

SAMPLE_RUNS = (Run(SAMPLE_KB, SAMPLE_TRAIN, ((SAMPLE_DEV, SAMPLE_TRAIN),), SAMPLE_DEV, folds=2),)


def examples(bench: Workbench, run: Run) -> tuple[list[Example], list[Example]]:
    """Rows to train on and rows to choose on."""
    linker = find_retriever(bench.pipeline(bench.kb(run.vocabulary)))
    folds = run.folds if run.names else 0
    own, *further = (
        list(make_examples(linker, bench.docs(corpus), folds=folds))
        for corpus in (run.train, *run.further)
    )
    if run.dev is None:
        held = set(sorted({example.doc_id for example in own})[::10])
        dev = [example for example in own if example.doc_id in held]
        own = [example for example in own if example.doc_id not in held]
    else:
        kb = bench.kb(run.vocabulary, run.train if run.names else None)
        dev = list(make_examples(find_retriever(bench.pipeline(kb)), bench.docs(run.dev)))
    return [example for rows in (own, *further) for example in rows], dev


def measure(bench: Workbench, run: Run, *, read: bool, epochs: int) -> list[list[str]]:
    """The lines of one run."""
    own, dev = examples(bench, run)
    model: dict[str, Any] = {"model": MINILM if read else None, "candidates": 8 if read else 20}
    settings = Settings(
        epochs=epochs,
        sampling=Sampling(negatives=7 if read else 10),
        rates=Rates(head=1e-3 if read else 2e-3),
    )
    output = bench.work / f"reranker-{sha256(repr((run, read, epochs)).encode()).hexdigest()[:12]}"
    begin = time.perf_counter()
    train(
        trainable(cross_encoder(**model)(Store(bench.kb(run.vocabulary)))),
        own,
        dev,
        output,
        settings,
        progress=True,
    )
    seconds = f"{time.perf_counter() - begin:,.0f}"
    reranker = {"@misc": "spacy-bel.CrossEncoder.v1", "trained": str(output / BEST), **model}
    lines = []
    for corpus, annotated in run.evaluated:
        kb = bench.kb(run.vocabulary, annotated if run.names else None)
        figures = [
            bench.measure(bench.pipeline(kb, top_k=20, **more), corpus)
            for more in ({}, {"reranker": reranker, "threshold": 0.0})
        ]
        names = annotated.name if run.names else "none"
        lines.append([corpus.name, run.vocabulary.name, names, *_cells(figures), seconds])
    return lines


def _cells(figures: Sequence[dict[str, Any]]) -> list[str]:
    counts = figures[0]["counts"]
    in_kb = 1 - counts["out_of_kb"] / counts["linkable"]
    values = [metrics["lenient"]["acc@1"]["value"] for metrics in figures]
    shares = [*values, *(value / in_kb for value in values)]
    return [f"{counts['linkable']:,}", f"{in_kb:.3f}", *(f"{share:.3f}" for share in shares)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = parser(__doc__.partition("\n")[0])
    options.add_argument(
        "--only", default="", metavar="NAME", help="runs whose training data hold NAME"
    )
    options.add_argument("--names", choices=("all", "with", "without"), default="all")
    options.add_argument("--read", action="store_true", help="read text too, not numbers alone")
    options.add_argument("--epochs", type=int, default=8)
    given = options.parse_args(arguments)
    wanted = {"all": (True, False), "with": (True,), "without": (False,)}[given.names]
    runs = [
        run
        for run in (SAMPLE_RUNS if given.sample else RUNS)
        if given.only.lower() in run.train.name.lower() and run.names in wanted
    ]
    if not runs:
        options.error(f"no run is called {given.only!r}")
    with workbench(given) as bench:
        lines = [
            line
            for run in tqdm(runs, unit="run", disable=None)
            for line in measure(bench, run, read=given.read, epochs=given.epochs)
        ]
        print(f"\n{table(HEADER, lines, 'lll' + 'r' * (len(HEADER) - 3))}\n")
        print(f"{bench.describe()}\n\n{machine('torch', 'transformers')}")


if __name__ == "__main__":
    main()
