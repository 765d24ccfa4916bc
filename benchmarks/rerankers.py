"""How much a trained cross-encoder adds to retrieval, and a cascade that asks it seldom.

    python -m benchmarks.rerankers --data DIR [--work DIR] [--only NAME] [--names WHICH] [--read]
        [--encoder DIR] [--lexical] [--together] [--epochs N]

A cross-encoder is trained on the mentions of a train split, with candidates from which the
mentions of their own documents were left out. What chooses its best state also calibrates it, and
chooses how sure the retriever must be for the cascade not to ask it. Splits called test only
report. Figures are Acc@1 on gold mentions.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from benchmarks.common import (
    Corpus,
    Workbench,
    code_digest,
    hits,
    machine,
    paired,
    parser,
    table,
    workbench,
)
from benchmarks.reranker_rows import RUNS, SAMPLE_RUNS, TOGETHER, Run, examples, pipeline
from spacy_bel.evaluation.run import evaluate
from spacy_bel.examples import Example
from spacy_bel.kb.store import Store
from spacy_bel.models import MINILM
from spacy_bel.reranking.calibration import Judged, fit
from spacy_bel.reranking.cascade import confidence
from spacy_bel.reranking.encoder_registry import cross_encoder
from spacy_bel.reranking.questions import ask
from spacy_bel.training.loop import BEST, Settings, train
from spacy_bel.training.optimiser import Rates
from spacy_bel.training.rows import Sampling
from spacy_bel.training.trainable import trainable

HEADER = [
    *("corpus", "annotated names", "system", "n", "lenient", "of those in KB", "strict"),
    *("unseen", "ambiguous", "calibration error", "asked", "p against retriever"),
    *("p against cross-encoder", "training, s"),
]

ASKED = 0.35
"""Share of the dev mentions, those the retriever is least sure of, that the cascade passes on."""

CANDIDATES = 10

CROSS_ENCODER = {"@misc": "spacy-bel.CrossEncoder.v1"}

SAMPLING = Sampling(negatives=CANDIDATES - 1, nil_rate=0.0)

RATES = Rates(encoder=5e-5, head=1e-2, head_decay=1.0)


def calibrated(folder: Path, rows: Sequence[Example], kb: Store) -> Path:
    """The cross-encoder of a folder, calibrated on rows; where it was written."""
    reranker: Any = cross_encoder(None, trained=str(folder), candidates=CANDIDATES)(kb)
    judged = []
    for row in rows:
        # The names and counts of the row, which the knowledge base may not have.
        if row.gold and (asked := ask(row.mention, row.offers[:CANDIDATES])).questions[0].offers:
            with torch.no_grad():
                (logits,) = reranker.logits(asked.questions[:1]).double().numpy()
            found = [candidate.id in row.gold for candidate in row.candidates[: len(logits) - 1]]
            judged.append(Judged(logits, np.array([*found, not any(found)]), row.doc_id))
    reranker.scaling = fit(judged, reranker.scaling).scaling
    target = folder.with_name("calibrated")
    reranker.to_disk(target)
    return target


def confidence_to_ask(rows: Sequence[Example], kb: Store) -> float:
    """How sure the retriever is of the mention that the cascade just does not pass on."""
    rows = [row for row in rows if row.offers]
    reranker = cross_encoder(None, compare=None, candidates=CANDIDATES)(kb)
    candidates = [row.candidates for row in rows]
    rankings = reranker.rerank([row.mention for row in rows], candidates)
    sure = [confidence(*pair) for pair in zip(rankings, candidates, strict=True)]
    return float(np.quantile(sure, ASKED))


def measure(bench: Workbench, run: Run, *, read: bool, epochs: int) -> list[list[str]]:
    """The lines of one run."""
    own, dev = examples(bench, run)
    model: dict[str, Any] = {
        "model": run.encoder if read else None,
        "compare": run.encoder,
        "candidates": CANDIDATES,
        "per_sequence": CANDIDATES,
    }
    batch = 16 if read else 32  # fewer mentions are read than counted about
    settings = Settings(epochs=epochs, batch_size=batch, sampling=SAMPLING, rates=RATES)
    told = repr((run, read, epochs, code_digest("reranking", "training")))
    output = bench.work / f"reranker-{sha256(told.encode()).hexdigest()[:12]}"
    store = Store(bench.kb(run.vocabulary))
    begin = time.perf_counter()
    untrained = trainable(cross_encoder(**model)(store))
    train(untrained, own, dev, output, settings, overwrite=True, progress=True)
    seconds = f"{time.perf_counter() - begin:,.0f}"
    trained = calibrated(output / BEST, dev, store)
    ours = {**CROSS_ENCODER, **model, "trained": str(trained)}
    first = {**CROSS_ENCODER, "model": None, "compare": None, "candidates": CANDIDATES}
    cascade = {
        "@misc": "spacy-bel.Cascade.v1",
        "steps": {"retriever": first, "cross_encoder": ours},
        "confidences": {"retriever": confidence_to_ask(dev, store)},
    }
    systems = {"retriever": None, "cross-encoder": ours, "cascade": cascade}
    return [
        [*line, seconds]
        for corpus, annotated in run.evaluated
        for line in lines(bench, run, corpus, annotated, systems)
    ]


def lines(
    bench: Workbench, run: Run, corpus: Corpus, annotated: Corpus, systems: dict[str, Any]
) -> list[list[str]]:
    """One line for each system on one corpus."""
    seen = bench.mention_texts(annotated)
    names = annotated if run.names else None
    found, right = [], {}
    for name, reranker in systems.items():
        nlp = pipeline(bench, run, names, reranker=reranker, threshold=0.0)
        evaluation = evaluate(nlp, bench.docs(corpus), seen=seen, end_to_end=False, resamples=1)
        right[name] = hits(evaluation.records)
        counts = getattr(getattr(nlp.get_pipe("bel_linker"), "reranker", None), "counts", {})
        asked = counts["cross_encoder"] / sum(counts.values()) if counts else None
        cells = [*figures(evaluation.metrics), "–" if asked is None else f"{asked:.3f}"]
        cells.append("–" if name == "retriever" else paired(right["retriever"], right[name]))
        cells.append(paired(right["cross-encoder"], right[name]) if asked else "–")
        if reranker is None:  # its scores are similarities
            cells[6] = "–"
        found.append([corpus.name, names.name if names else "none", name, *cells])
    return found


def figures(metrics: dict[str, Any]) -> list[str]:
    """What is counted of one system."""
    counts = metrics["counts"]
    lenient = metrics["lenient"]["acc@1"]["value"]
    in_kb = 1 - counts["out_of_kb"] / counts["linkable"]
    ambiguous = metrics["breakdowns"]["ambiguous"].get("true")
    values = [
        *(lenient, lenient / in_kb, metrics["strict"]["acc@1"]["value"]),
        metrics["unseen"] and metrics["unseen"]["acc@1"]["value"],
        ambiguous and ambiguous["acc@1"]["value"],
        metrics["ece"]["value"],
    ]
    cells = ["–" if value is None else f"{value:.3f}" for value in values]
    return [f"{counts['linkable']:,}", *cells]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = parser(__doc__.partition("\n")[0])
    options.add_argument(
        "--only", default="", metavar="NAME", help="runs whose training data hold NAME"
    )
    options.add_argument("--names", choices=("all", "with", "without"), default="all")
    options.add_argument("--read", action="store_true", help="read text too, not numbers alone")
    options.add_argument("--encoder", default=MINILM, help="name or folder of the encoder")
    options.add_argument("--lexical", action="store_true", help="retrieve without vectors")
    options.add_argument(
        "--together", action="store_true", help="one reranker for the diseases of both corpora"
    )
    options.add_argument("--epochs", type=int, default=5)
    given = options.parse_args(arguments)
    wanted = {"all": (True, False), "with": (True,), "without": (False,)}[given.names]
    runs = [
        replace(run, hybrid=run.hybrid and not given.lexical, encoder=given.encoder)
        for run in (SAMPLE_RUNS if given.sample else TOGETHER if given.together else RUNS)
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
