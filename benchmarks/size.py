"""What a knowledge base of many names costs, and what is found in it, at several sizes.

    python -m benchmarks.size --data DIR --work DIR [--sizes N ...] [--peer]

All vocabularies of the data folder make one stream of concepts; what is missing to a size is made
up: concepts that are existing ones with a qualifier, such as a side, a course or a site. With
--work, what is done is kept step by step: an interrupted run goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import many_names, retrieval, speed
from benchmarks.common import (
    OF_KB,
    Corpus,
    Workbench,
    code_digest,
    machine,
    parser,
    table,
    unfinished,
    workbench,
)
from benchmarks.many_names import counted, records, sources
from spacy_bel.corpora.docs import gold_spans
from spacy_bel.kb.build import build_from_records
from spacy_bel.kb.files import META
from spacy_bel.kb.store import Store
from spacy_bel.types import Mention

SIZES = (1_000_000, 4_000_000, 10_000_000)

PEER_SIZE = 500_000
"""Names at which scispaCy stands beside, with a quick index: its own takes hours."""

PEER_INDEX = {"M": 16, "efConstruction": 200}

K = 20

MENTIONS = 2000
"""Mentions that are looked up at each size, those that come first in the corpora."""

SINGLE = 500
"""Of these, how many are looked up one by one."""

PROTOCOL = f"""\
Each size in fresh processes. *Build*: reading all sources, and the whole index; memory is the \
most that the process held, mapped pages of the index that it wrote included. *Open and first \
query* and *private memory* (without the mapped pages, which processes share) in a process that \
did nothing before, files in the page cache. *Query*: one mention at a time, {K} concepts. \
*Batch*: mentions by the hundred. *Recall@{K}* of the mentions with a gold id in NCBI-disease \
train and dev, with the default setting and with a full search (`prune=0`)."""


def build_one(paths: Sequence[str], size: int, output: Path) -> dict[str, float]:
    """Builds in this process; what it took in seconds and at most in MiB."""
    begin = time.perf_counter()
    meta = {"name": f"{size:,} names"}
    build_from_records(counted(records(paths, size), size), output, meta, progress=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"build": time.perf_counter() - begin, "peak": peak}


def query_one(kb: Path, texts: Sequence[str]) -> dict[str, float]:
    """Opens and asks in this process; seconds, and MiB that only this process has."""
    import psutil  # type: ignore[import-untyped]
    import scipy.sparse  # noqa: F401

    from spacy_bel.retrieval.registry import lexical_retriever

    def private() -> float:
        memory = psutil.Process().memory_info()
        return float(memory.rss - memory.shared) / 2**20

    before, begin = private(), time.perf_counter()
    retriever = lexical_retriever()(Store(kb))
    retriever.retrieve([Mention(texts[0])], K)
    result = {"first": time.perf_counter() - begin, "private": private() - before}
    singles = []
    for text in texts[1 : SINGLE + 1]:
        begin = time.perf_counter()
        retriever.retrieve([Mention(text)], K)
        singles.append(time.perf_counter() - begin)
    singles.sort()
    begin = time.perf_counter()
    for at in range(0, len(texts), 100):
        retriever.retrieve([Mention(text) for text in texts[at : at + 100]], K)
    return {
        **result,
        "median": median(singles),
        "p99": singles[int(0.99 * len(singles))],
        "batch": (time.perf_counter() - begin) / len(texts),
        "private after": private() - before,
    }


def alone(*arguments: str) -> dict[str, float]:
    """The result of one step in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.size", *arguments]
    root = Path(__file__).parents[1]
    output = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, check=True).stdout
    return dict(json.loads(output.splitlines()[-1]))


class Steps:
    """What was done for one size, kept after each step so that another run goes on from there.

    A knowledge base is built again when its sources or the code that builds it have changed, and
    asked again when any code of the library has.

    Args:
        work: The folder to keep it in.
        paths: The vocabulary files.
        size: Number of names.
    """

    def __init__(self, work: Path, paths: Sequence[str], size: int) -> None:
        digest = sha256(code_digest(*OF_KB).encode())
        for path in (many_names.__file__, *paths):
            digest.update(Path(path.partition("?")[0]).read_bytes())
        self.kb = work / f"size-{size}-{digest.hexdigest()[:16]}"
        self._file = self.kb.with_suffix(".json")
        is_built = (self.kb / META).exists() and self._file.exists()
        self._done = json.loads(self._file.read_bytes()) if is_built else {}
        self.built = self._once("build", partial(self._build, paths, size))

    def once(self, step: str, do: Callable[[], Any]) -> Any:
        """The result of a step that asks the knowledge base, done now if it was not before."""
        return self._once(f"{step} {code_digest()}", do)

    def _once(self, step: str, do: Callable[[], Any]) -> Any:
        if step not in self._done:
            self._done[step] = do()
            beside = self._file.with_suffix(".new")
            beside.write_text(json.dumps(self._done), encoding="utf-8")
            beside.replace(self._file)
        return self._done[step]

    def _build(self, paths: Sequence[str], size: int) -> dict[str, float]:
        return alone("--build", str(self.kb), "--sizes", str(size), "--paths", *paths)


def measure(bench: Workbench, paths: Sequence[str], size: int, judged: Corpus) -> list[str]:
    """The line of one size."""
    steps = Steps(bench.work, paths, size)
    asked = steps.once("ask", partial(_ask, bench, steps.kb, judged))
    found = [
        steps.once(
            f"recall of {judged.name}, {setting}",
            partial(_recall, bench, steps.kb, judged, setting),
        )
        for setting in ({}, {"prune": 0.0})
    ]
    counts = Store(steps.kb).meta["counts"]
    disk = sum(path.stat().st_size for path in steps.kb.iterdir()) / 2**20
    return [
        *(f"{counts[each]:,}" for each in ("aliases", "concepts")),
        *(f"{steps.built['build'] / 60:.1f}", f"{steps.built['peak']:,.0f}", f"{disk:,.0f}"),
        *(f"{1000 * asked['first']:.0f}", f"{asked['private']:.0f}"),
        *(f"{1000 * asked[each]:.1f}" for each in ("median", "p99", "batch")),
        *(f"{value:.4f}" for value in found),
    ]


def _ask(bench: Workbench, kb: Path, judged: Corpus) -> dict[str, float]:
    texts = dict.fromkeys(span.text for doc in bench.docs(judged) for span in gold_spans(doc))
    calls = bench.work / "texts.json"
    calls.write_text(json.dumps(list(texts)[:MENTIONS]), encoding="utf-8")
    alone("--query", str(kb), "--texts", str(calls))  # brings the files into the page cache
    return alone("--query", str(kb), "--texts", str(calls))


def _recall(bench: Workbench, kb: Path, judged: Corpus, setting: dict[str, float]) -> float:
    block = {"@misc": "spacy-bel.LexicalRetriever.v1", **setting}
    nlp = bench.pipeline(kb, top_k=K, retriever=block)
    return float(bench.measure(nlp, judged, progress=True)["lenient"][f"recall@{K}"]["value"])


HEADER = [
    *("names", "concepts", "build, min", "peak memory, MiB", "on disk, MiB"),
    *("open and first query, ms", "private memory, MiB"),
    *("query, median ms", "99th percentile", "batch, ms a mention"),
    *(f"Recall@{K}", "full search"),
]


def beside_peer(
    bench: Workbench, paths: Sequence[str], size: int, corpora: Sequence[Corpus], repeat: int
) -> str:
    """The table beside scispaCy at a number of names."""
    from benchmarks.peers import SECONDS, build_scispacy

    steps = Steps(bench.work, paths, size)
    index = bench.work / f"scispacy-{Store(steps.kb).checksum[:16]}"
    if not index.exists():
        with unfinished(index) as folder:
            build_scispacy(Store(steps.kb), folder, **PEER_INDEX)
    warm_up, asked = speed.calls(bench, corpora)
    judged = corpora[:1]
    found = steps.once(
        f"quality, {judged[0].name}", lambda: speed.quality(bench, steps.kb, index, judged)
    )
    sides: list[speed.Side] = [("spacy_bel", steps.kb, speed.K), ("scispacy", index, speed.K)]
    measured = speed.run(sides, warm_up, asked, bench.work, repeat)
    rows = speed.quality_rows(found, judged) + speed.speed_rows(sides, measured, asked)
    seconds = [steps.built["build"], json.loads((index / SECONDS).read_text(encoding="utf-8"))]
    rows.append(speed.line("build, s", seconds, ".1f"))
    return table(["", "spacy_bel", "scispacy", "ratio; gain"], rows, "lrrr")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = parser(__doc__.partition("\n")[0])
    options.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        metavar="N",
        help=f"names ({SIZES}; {PEER_SIZE} with --peer)",
    )
    options.add_argument("--peer", action="store_true", help="scispaCy beside, and nothing else")
    options.add_argument("--repeat", type=int, default=3, metavar="N", help="repetitions, --peer")
    for step in ("--build", "--query", "--texts"):
        options.add_argument(step, type=Path, help=argparse.SUPPRESS)
    options.add_argument("--paths", nargs="+", help=argparse.SUPPRESS)
    given = options.parse_args(arguments)
    if given.build or given.query:
        print(json.dumps(_step(given)))
        return
    judged, peers = retrieval.NCBI_TRAIN + retrieval.NCBI_DEV, speed.corpora()[1]
    sizes = given.sizes or ((PEER_SIZE,) if given.peer else SIZES)
    with workbench(given) as bench:
        paths = sources(bench.data)
        if given.sample:
            judged, peers = retrieval.SAMPLE_TRAIN, [retrieval.SAMPLE_TRAIN]
            paths = bench.sources(retrieval.SAMPLE_KB)
        if given.peer:
            for size in sizes:
                print(f"{size:,} names\n\n{beside_peer(bench, paths, size, peers, given.repeat)}\n")
        else:
            lines = [measure(bench, paths, size, judged) for size in sizes]
            print(f"{PROTOCOL}\n\n{table(HEADER, lines, 'r' * len(HEADER))}\n")
        print(machine(*(["scispacy", "nmslib-metabrainz"] if given.peer else [])))


def _step(given: Any) -> dict[str, float]:
    if given.build:
        return build_one(given.paths, given.sizes[0], given.build)
    return query_one(given.query, json.loads(given.texts.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
