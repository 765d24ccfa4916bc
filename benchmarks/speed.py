"""How fast the default retriever is beside scispaCy's candidate generator, on the same names.

    python -m benchmarks.speed --data DIR --work DIR [--repeat N] [--no-peer]

scispaCy builds its index with its default settings, which takes minutes: keep it with --work.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from hashlib import sha256
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from typing import Any

import srsly

from benchmarks import retrieval
from benchmarks.common import (
    Corpus,
    Vocabulary,
    Workbench,
    machine,
    parser,
    table,
    unfinished,
    workbench,
)
from benchmarks.one_side import load_scispacy
from benchmarks.peers import SECONDS, build_scispacy
from spacy_bel.corpora.docs import gold_spans
from spacy_bel.evaluation.metrics import CUTOFFS
from spacy_bel.kb.build import build
from spacy_bel.kb.store import Store

K = 30
"""How many are asked for."""

CALL = 500
"""Distinct mentions that are asked for at a time."""

DOCUMENTS = 64
"""Documents of the stream whose mentions are asked for at a time."""

NO_EXPANSION = {"size": 0, "abbreviations": False, "composites": False}
"""A context by which a linker looks up mentions as they are written."""

THREADS = {"one core": ["--one-core"], "default threads": []}

Calls = list[list[str]]
"""Mentions, by call."""

Side = tuple[str, Path, int]
"""One of the sides of ``one_side``, its folder, and how many it is asked for."""

Measured = dict[tuple[Side, str], list[dict[str, float]]]
"""Side and threads -> what each repetition measured."""

PROTOCOL = f"""\
Both sides hold the same names and are asked for the {K} best: spacy_bel for {K} concepts, \
scispaCy for the {K} nearest names. *Distinct*: every distinct mention of the corpora, {CALL} in \
a call. *Stream*: all mentions in the order of the documents, those of {DOCUMENTS} documents in a \
call; spacy_bel remembers latest lookups. Either is a process of its own in each repetition, the \
sides in turn, after a call with the first {CALL} distinct mentions, which are not among the \
*distinct* that are timed; times are medians. *One core*: the \
process is bound to one core, OMP_NUM_THREADS=1. *Default threads*: neither; scispaCy then \
searches on all cores, spacy_bel on one. Memory is what the process grows by after its \
imports; mapped pages that were read count. The last column says how many times less time or \
memory spacy_bel takes, or how much more it finds. Recall and accuracy are *lenient*, on gold \
mentions, without expansion of abbreviations: the same strings for both. The {K} nearest names \
are names of fewer concepts: the last lines ask spacy_bel for as many concepts as scispaCy gives \
on average, and for the fewest of 5, 10 and 20 with which it still finds what scispaCy finds. \
scispaCy's index has its default settings: M=100, efConstruction=2000, indexThreadQty=60, \
efSearch=200; its vectors are saved in 32 bits, for scipy no longer saves 16. It is built once."""


def calls(bench: Workbench, corpora: Sequence[Corpus]) -> tuple[list[str], dict[str, Calls]]:
    """The mentions to ask for before and while the time is taken, by call."""
    every = [[span.text for span in gold_spans(doc)] for c in corpora for doc in bench.docs(c)]
    distinct = list(dict.fromkeys(text for texts in every for text in texts))
    documents = (every[begin : begin + DOCUMENTS] for begin in range(0, len(every), DOCUMENTS))
    warm_up, *rest = (distinct[begin : begin + CALL] for begin in range(0, len(distinct), CALL))
    stream = [[text for texts in some for text in texts] for some in documents]
    # Of a sample there is no more than one call.
    return warm_up, {"distinct": rest or [warm_up], "stream": stream}


def build_seconds(bench: Workbench, vocabulary: Vocabulary, repeat: int) -> float:
    """What building the knowledge base takes."""
    found = []
    for _ in range(repeat):
        with TemporaryDirectory() as directory:
            start = time.perf_counter()
            build(bench.sources(vocabulary), Path(directory))
            found.append(time.perf_counter() - start)
    return median(found)


def scispacy_index(bench: Workbench, store: Store) -> Path:
    """The folder with scispaCy's index, built where it is not there yet."""
    digest = sha256()
    for concept in store.concepts():
        digest.update(repr((concept.id, concept.name, concept.aliases)).encode())
    directory = bench.work / f"scispacy-{digest.hexdigest()[:16]}"
    if not directory.exists():
        with unfinished(directory) as folder:
            build_scispacy(store, folder)
    return directory


def run(
    sides: Sequence[Side], warm_up: list[str], asked: dict[str, Calls], work: Path, repeat: int
) -> Measured:
    """Measures all sides in turn, each time in fresh processes."""
    measured: Measured = {}
    with TemporaryDirectory(dir=work) as directory:
        for name, batches in asked.items():
            srsly.write_json(f"{directory}/{name}.json", [warm_up, *batches])
        for _ in range(repeat):
            for threads in THREADS:
                for side in sides:
                    own = {name: _once(side, threads, f"{directory}/{name}.json") for name in asked}
                    results = list(own.values())
                    result = {key: max(each[key] for each in results) for key in results[0]}
                    result.update({name: each["seconds"] for name, each in own.items()})
                    measured.setdefault((side, threads), []).append(result)
    return measured


def _once(side: Side, threads: str, calls: str) -> dict[str, float]:
    """What a process measures that answers some calls."""
    options = THREADS[threads]
    output = subprocess.run(
        [sys.executable, "-m", "benchmarks.one_side", *map(str, side), calls, *options],
        env=os.environ | ({"OMP_NUM_THREADS": "1"} if options else {}),
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    result: dict[str, float] = json.loads(output.splitlines()[-1])
    return result


def speed_rows(
    sides: Sequence[Side], measured: Measured, asked: dict[str, Calls]
) -> list[list[str]]:
    """Lines of the table on time and memory; the last column compares the two sides."""
    rows = []
    for threads in THREADS:
        for key, batches in asked.items():
            mentions = sum(map(len, batches))
            name = f"mentions/s, {key}, {threads}"
            rows.append(line(name, _medians(sides, measured, key, threads), ",.0f", mentions))
    one_core = next(iter(THREADS))
    for name, key, form in (
        ("load, s", "load", ".3f"),
        ("first answer, s", "first answer", ".3f"),
        ("memory when loaded, MiB", "memory loaded", ".0f"),
        ("memory after all mentions, MiB", "memory used", ".0f"),
    ):
        rows.append(line(name, _medians(sides, measured, key, one_core), form))
    return rows


def _medians(sides: Sequence[Side], measured: Measured, key: str, threads: str) -> list[float]:
    return [median(each[key] for each in measured[side, threads]) for side in sides]


def line(name: str, values: Sequence[float], form: str, mentions: int = 0) -> list[str]:
    """A line of the table: times or sizes of the sides, and how many times less is ours.

    Args:
        name: What stands in the first column.
        values: Seconds or sizes, ours first.
        form: How they are written.
        mentions: How many mentions took so many seconds, to write mentions per second; else 0.
    """
    shown = [format(mentions / value if mentions else value, form) for value in values]
    ours, *theirs = values
    return [name, *shown, *(f"{other / ours:.1f}" if ours > 0 else "–" for other in theirs)]


def quality(
    bench: Workbench, kb: Path, index: Path | None, corpora: Sequence[Corpus]
) -> list[list[dict[str, Any]]]:
    """The lenient figures of both sides for each corpus."""
    settings: list[dict[str, Any]] = [{}]
    if index:
        peer = {"@misc": "benchmarks.ScispacyRetriever.v1", "index": str(index)}
        settings.append({"retriever": peer})
    pipelines = [bench.pipeline(kb, top_k=K, context=NO_EXPANSION, **each) for each in settings]
    return [[bench.measure(nlp, corpus)["lenient"] for nlp in pipelines] for corpus in corpora]


def quality_rows(
    found: Sequence[list[dict[str, Any]]], corpora: Sequence[Corpus]
) -> list[list[str]]:
    """Lines of the table on what is found."""
    rows = []
    for corpus, sides in zip(corpora, found, strict=True):
        for name, key in ((f"Recall@{K}", f"recall@{K}"), ("Acc@1", "acc@1")):
            ours, *theirs = (each[key]["value"] for each in sides)
            gain = [f"{ours - other:+.3f}" for other in theirs]
            values = (f"{value:.3f}" for value in (ours, *theirs))
            rows.append([f"{name}, {corpus.name}", *values, *gain])
    return rows


def least_k(found: Sequence[list[dict[str, Any]]]) -> int:
    """The least k at which spacy_bel finds no less than the peer with ``K``, in every corpus."""

    def is_enough(k: int) -> bool:
        return all(
            ours[f"recall@{k}"]["value"] >= theirs[f"recall@{K}"]["value"] for ours, theirs in found
        )

    return next((k for k in CUTOFFS if k < K and is_enough(k)), K)


def concepts_given(index: Path, calls: Sequence[list[str]]) -> float:
    """How many concepts scispaCy gives per mention, on average, asked for ``K`` names."""
    answer = load_scispacy(index)
    return mean(len(found) for texts in calls for found in answer(texts, K))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = parser(__doc__.partition("\n")[0])
    options.add_argument("--repeat", type=int, default=3, metavar="N", help="repetitions")
    options.add_argument("--no-peer", action="store_true", help="measure spacy_bel alone")
    given = options.parse_args(arguments)
    if given.repeat < 1:
        options.error("--repeat wants 1 or more")
    with_peer = not given.no_peer
    if with_peer and find_spec("scispacy") is None:
        options.error("scispaCy is not installed: pip install 'spacy_bel[scispacy]', or --no-peer")
    vocabulary, judged, asked_of = retrieval.CTD, *corpora()
    if given.sample:
        vocabulary, judged = retrieval.SAMPLE_KB, [retrieval.SAMPLE_DEV]
        asked_of = [retrieval.SAMPLE_TRAIN, retrieval.SAMPLE_DEV, retrieval.SAMPLE_ES]
    with workbench(given) as bench:
        kb = bench.kb(vocabulary)
        warm_up, asked = calls(bench, asked_of)
        built = [build_seconds(bench, vocabulary, given.repeat)]
        index = scispacy_index(bench, Store(kb)) if with_peer else None
        found = quality(bench, kb, index, judged)
        sides: list[Side] = [("spacy_bel", kb, K)]
        fewer: list[Side] = []
        if index:
            built.append(srsly.read_json(index / SECONDS))
            sides.append(("scispacy", index, K))
            given_by_peer = concepts_given(index, asked["distinct"])
            fewer = [("spacy_bel", kb, k) for k in (ceil(given_by_peer), least_k(found)) if k < K]
        measured = run(list(dict.fromkeys(sides + fewer)), warm_up, asked, bench.work, given.repeat)
        rows = quality_rows(found, judged) + speed_rows(sides, measured, asked)
        rows.append(line("build, s", built, ".1f"))
        for side in fewer:
            speeds = speed_rows([side, *sides[1:]], measured, asked)[: len(THREADS) * len(asked)]
            rows += [[f"{name}, k={side[2]}", *values] for name, *values in speeds]
        counts = ", ".join(f"{sum(map(len, each)):,} {name}" for name, each in asked.items())
        header = ["", *(side for side, *_ in sides), *["ratio; gain"][: len(sides) - 1]]
        packages = ("scispacy", "nmslib-metabrainz", "scikit-learn") if with_peer else ()
        print(f"{PROTOCOL}\n\nMentions: {counts}; {given.repeat} repetitions.")
        if index:
            print(f"scispaCy gives {given_by_peer:.1f} concepts for a distinct mention.")
        print()
        print(f"{table(header, rows, 'l' + 'r' * (len(header) - 1))}\n")
        print(f"{bench.describe()}\n\n{machine(*packages)}")


def corpora() -> tuple[list[Corpus], list[Corpus]]:
    """What is judged, and what is only asked for: all mentions of the train and dev splits."""
    ncbi = retrieval.NCBI_TRAIN + retrieval.NCBI_DEV
    bc5cdr = retrieval.BC5CDR_TRAIN + retrieval.BC5CDR_DEV
    every = Corpus("BC5CDR train, dev", bc5cdr.files)
    return [ncbi, bc5cdr], [ncbi, every]


if __name__ == "__main__":
    main()
