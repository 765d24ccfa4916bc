"""What a knowledge base of many names costs, and what is found in it, at several sizes.

    python -m benchmarks.size --data DIR --work DIR [--sizes N ...] [--peer]

All vocabularies of the data folder make one stream of concepts; what is missing to a size is made
up: concepts that are existing ones with a qualifier, such as a side, a course or a site.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from benchmarks import retrieval, speed
from benchmarks.common import Corpus, Workbench, machine, parser, table, unfinished, workbench
from spacy_bel.corpora.docs import gold_spans
from spacy_bel.kb.build import build_from_records
from spacy_bel.kb.problems import ProblemLog
from spacy_bel.kb.readers.base import Record
from spacy_bel.kb.sources import Sources
from spacy_bel.kb.store import Store
from spacy_bel.types import Alias, Concept, Mention

SIZES = (1_000_000, 4_000_000, 10_000_000)

PEER_SIZE = 500_000
"""Names at which scispaCy stands beside, with a quick index: its own takes hours."""

PEER_INDEX = {"M": 16, "efConstruction": 200}

FOLDERS = (
    *("open_medic", "mesh", "mondo", "hpo", "doid", "ordo", "ncit", "cl", "symp", "gard", "sty"),
    *("go", "chebi", "cellosaurus", "icd10cm", "ncbitaxon", "cui_free", "medquad_cui"),
    *("drugcentral", "pharmgkb", "ncbi_gene"),
)
"""Folders of vocabularies; the first one has the concepts of the mentions that are looked up."""

_OTHER = ("hp_2016", "medmentions", "-es-translated", "drugcentral.synonyms", ".sssom")
_OTHER_PHARMGKB = "pharmgkb.disease.synonyms", "pharmgkb.drug.synonyms"

QUALIFIERS = """
left right bilateral unilateral acute chronic recurrent severe moderate mild congenital acquired
familial sporadic juvenile adult late early primary secondary progressive transient idiopathic
drug-induced postoperative traumatic upper lower anterior posterior proximal distal medial lateral
unspecified refractory fulminant latent subclinical persistent
""".split()

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


def sources(data: Path) -> list[str]:
    """The vocabulary files of the data folder, those with the looked-up concepts first."""
    found = []
    for folder in FOLDERS:
        for path in sorted((data / "kb" / folder).glob("*.gz")):
            if not any(part in path.name for part in (*_OTHER, *_OTHER_PHARMGKB)):
                found.append(str(path))
    return found


def records(paths: Sequence[str], size: int) -> Iterator[Record]:
    """Concepts until there are so many names: those of the sources, then made-up ones."""
    kept: list[Concept] = []
    random = Random(0)
    names = 0
    for record in Sources(paths, max_errors=10**6).records(ProblemLog(10**6)):
        yield record
        if isinstance(record, Concept):
            names += len({name.casefold() for name in _names(record)})
            if len(kept) < 200_000:
                kept.append(record)
            elif (place := random.randrange(500_000)) < len(kept):
                kept[place] = record
        if names >= size:
            return
    for number in range(size):
        concept = _qualified(random.choice(kept), number, random)
        yield concept
        names += len(_names(concept))
        if names >= size:
            return


def _names(concept: Concept) -> list[str]:
    return [concept.name, *(alias.name for alias in concept.aliases)]


def _qualified(concept: Concept, number: int, random: Random) -> Concept:
    """A concept with one or two qualifiers before or behind each of up to three names."""
    own = " ".join(random.sample(QUALIFIERS, random.choice((1, 2))))
    every = list(dict.fromkeys(_names(concept)))[:3]
    names = [f"{own} {name}" if random.random() < 0.5 else f"{name}, {own}" for name in every]
    aliases = tuple(Alias(name, "exact") for name in names[1:])
    return Concept(f"SYN:{number}", names[0], types=concept.types, aliases=aliases)


def build_one(paths: Sequence[str], size: int, output: Path) -> dict[str, float]:
    """Builds in this process; what it took in seconds and at most in MiB."""
    begin = time.perf_counter()
    build_from_records(records(paths, size), output, {"name": f"{size:,} names"})
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


def measure(bench: Workbench, paths: Sequence[str], size: int, judged: Corpus) -> list[str]:
    """The line of one size."""
    kb = bench.work / f"size-{size}"
    built = alone("--build", str(kb), "--sizes", str(size), "--paths", *paths)
    texts = dict.fromkeys(span.text for doc in bench.docs(judged) for span in gold_spans(doc))
    calls = bench.work / "texts.json"
    calls.write_text(json.dumps(list(texts)[:MENTIONS]), encoding="utf-8")
    alone("--query", str(kb), "--texts", str(calls))  # brings the files into the page cache
    asked = alone("--query", str(kb), "--texts", str(calls))
    found = []
    for prune in (None, 0.0):
        setting = {} if prune is None else {"prune": prune}
        block = {"@misc": "spacy-bel.LexicalRetriever.v1", **setting}
        nlp = bench.pipeline(kb, top_k=K, retriever=block)
        found.append(bench.measure(nlp, judged)["lenient"][f"recall@{K}"]["value"])
    counts = Store(kb).meta["counts"]
    disk = sum(path.stat().st_size for path in kb.iterdir()) / 2**20
    return [
        *(f"{counts[each]:,}" for each in ("aliases", "concepts")),
        *(f"{built['build'] / 60:.1f}", f"{built['peak']:,.0f}", f"{disk:,.0f}"),
        *(f"{1000 * asked['first']:.0f}", f"{asked['private']:.0f}"),
        *(f"{1000 * asked[each]:.1f}" for each in ("median", "p99", "batch")),
        *(f"{value:.4f}" for value in found),
    ]


HEADER = [
    *("names", "concepts", "build, min", "peak memory, MiB", "on disk, MiB"),
    *("open and first query, ms", "private memory, MiB"),
    *("query, median ms", "99th percentile", "batch, ms a mention"),
    *(f"Recall@{K}", "full search"),
]


def beside_peer(bench: Workbench, paths: Sequence[str], corpora: Sequence[Corpus]) -> str:
    """The table beside scispaCy at ``PEER_SIZE`` names."""
    from benchmarks.peers import SECONDS, build_scispacy

    kb = bench.work / f"size-{PEER_SIZE}"
    built = alone("--build", str(kb), "--sizes", str(PEER_SIZE), "--paths", *paths)
    index = bench.work / f"scispacy-{Store(kb).checksum[:16]}"
    if not index.exists():
        with unfinished(index) as folder:
            build_scispacy(Store(kb), folder, **PEER_INDEX)
    asked = speed.calls(bench, corpora)
    found = speed.quality(bench, kb, index, corpora[:1])
    sides: list[speed.Side] = [("spacy_bel", kb, speed.K), ("scispacy", index, speed.K)]
    measured = speed.run(sides, asked, bench.work, 3)
    rows = speed.quality_rows(found, corpora[:1]) + speed.speed_rows(sides, measured, asked)
    seconds = [built["build"], json.loads((index / SECONDS).read_text(encoding="utf-8"))]
    rows.append(speed.line("build, s", seconds, ".1f"))
    return table(["", "spacy_bel", "scispacy", "ratio; gain"], rows, "lrrr")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = parser(__doc__.partition("\n")[0])
    options.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N", help="names")
    options.add_argument("--peer", action="store_true", help="scispaCy beside, and nothing else")
    for step in ("--build", "--query", "--texts"):
        options.add_argument(step, type=Path, help=argparse.SUPPRESS)
    options.add_argument("--paths", nargs="+", help=argparse.SUPPRESS)
    given = options.parse_args(arguments)
    if given.build or given.query:
        print(json.dumps(_step(given)))
        return
    judged, peers = retrieval.NCBI_TRAIN + retrieval.NCBI_DEV, speed.corpora()[1]
    with workbench(given) as bench:
        paths = sources(bench.data)
        if given.sample:
            judged, peers = retrieval.SAMPLE_TRAIN, [retrieval.SAMPLE_TRAIN]
            paths = bench.sources(retrieval.SAMPLE_KB)
        if given.peer:
            print(f"{beside_peer(bench, paths, peers)}\n")
        else:
            lines = [measure(bench, paths, size, judged) for size in given.sizes]
            print(f"{PROTOCOL}\n\n{table(HEADER, lines, 'r' * len(HEADER))}\n")
        print(machine(*(["scispacy", "nmslib-metabrainz"] if given.peer else [])))


def _step(given: Any) -> dict[str, float]:
    if given.build:
        return build_one(given.paths, given.sizes[0], given.build)
    return query_one(given.query, json.loads(given.texts.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
