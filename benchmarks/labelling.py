"""Mining and labelling at length: each row labelled once in spite of faults, memory that stays.

    python -m benchmarks.labelling [--mined N ...] [--labelled N ...] [--faults RATE]

The texts are those of the sample, each with a number before it, so that all contexts differ. The
server is a process of its own on the loopback address: a share of its replies are refusals, broken
or empty answers, letters that were not offered, dropped connections and statuses 429 and 500.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import spacy

from benchmarks.common import machine, table
from spacy_bel.distillation.label import failures_path, label
from spacy_bel.distillation.mine import mine
from spacy_bel.distillation.teacher import read_teacher
from spacy_bel.examples import read_examples, write_examples
from spacy_bel.kb.build import build
from spacy_bel.training.make_examples import find_retriever

ROOT = Path(__file__).parents[1]
ASSETS = ROOT / "assets"
ROWS = "mined.jsonl"

TEACHER = """
[teacher]
kb = "{kb}"

[reranker]
@misc = "spacy-bel.ChatReranker.v1"
mode = "letter"

[reranker.llm]
@misc = "spacy-bel.LLM.v1"
model = "m"
base_url = "{address}"
concurrency = 32
prices = {{"input": 1.0, "output": 1.0}}
"""


def mine_one(folder: Path, texts: int) -> dict[str, float]:
    """Mines in this process; rows, seconds, and the most memory in MiB."""
    kb, path = folder / "kb", folder / "texts.txt"
    build([ASSETS / "concepts.obo", ASSETS / "chemicals.tsv"], kb, name="sample")
    lines = (ASSETS / "unannotated.txt").read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line.strip()]
    with path.open("w", encoding="utf-8") as file:
        for number in range(texts):
            file.write(f"In case {number}, {lines[number % len(lines)]}\n")
    nlp = spacy.blank("en")
    for name in ("bel_matcher", "bel_linker"):
        nlp.add_pipe(name, config={"kb": str(kb)})
    begin = time.perf_counter()
    counts = mine(nlp, find_retriever(nlp), [path], folder / ROWS, progress=True)
    seconds = time.perf_counter() - begin
    return {"rows": counts["written"], "seconds": seconds, "memory": _most()}


def label_one(folder: Path, count: int, address: str) -> dict[str, float]:
    """Labels in this process; rows by what came of them, seconds, and the most memory in MiB."""
    own = folder / f"labelled {count}"
    own.mkdir()
    rows, output, teacher = own / "rows.jsonl", own / "labelled.jsonl", own / "teacher.cfg"
    write_examples(islice(read_examples(folder / ROWS), count), rows)
    teacher.write_text(TEACHER.format(kb=folder / "kb", address=address), encoding="utf-8")
    begin = time.perf_counter()
    label(rows, output, read_teacher(teacher, answers=own / "llm.sqlite"), progress=True)
    seconds = time.perf_counter() - begin
    memory = _most()
    labelled = Counter(row.key() for row in read_examples(output))
    lines = failures_path(output).read_text(encoding="utf-8").splitlines()
    failed = Counter(json.loads(line)["key"] for line in lines)
    asked = [row.key() for row in read_examples(rows)]
    return {
        "rows": len(asked),
        "labelled": labelled.total(),
        "failed": failed.total(),
        "not once": sum(labelled[key] + failed[key] != 1 for key in asked),
        "seconds": seconds,
        "memory": memory,
    }


def _most() -> float:
    """The most memory that this process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def alone(*arguments: object) -> dict[str, float]:
    """The result of one step in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.labelling", *map(str, arguments)]
    output = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    return dict(json.loads(output.splitlines()[-1]))


def ask(folder: Path, count: int, faults: float) -> dict[str, float]:
    """Labelling by a server in a process of its own, and what the server counted."""
    server = ["tests.servers", "--latency", "0", "--faults", str(faults)]
    with subprocess.Popen(
        [sys.executable, "-m", *server],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as running:
        assert running.stdin and running.stdout
        address = running.stdout.readline().strip()
        found = alone("--label", folder, "--count", count, "--address", address)
        running.stdin.close()
        counted: dict[str, float] = json.loads(running.stdout.readline())
        return found | counted


MINED = {"rows": ",.0f", "seconds": ".0f", "memory": ",.0f"}
LABELLED = {
    **dict.fromkeys(("rows", "labelled", "failed", "not once", "requests", "again"), ",.0f"),
    **{"seconds": ".0f", "memory": ",.0f"},
}


def _table(form: dict[str, str], found: Sequence[dict[str, float]]) -> str:
    header = [name.replace("memory", "most memory, MiB") for name in form]
    lines = [[format(each[name], form[name]) for name in form] for each in found]
    return table(header, lines, "r" * len(header))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mined", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--labelled", type=int, nargs="+", default=[2_000, 20_000])
    parser.add_argument("--faults", type=float, default=0.05)
    for step in ("--mine", "--label"):
        parser.add_argument(step, type=Path, help=argparse.SUPPRESS)
    for value in ("--count", "--address"):
        parser.add_argument(value, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.mine:
        print(json.dumps(mine_one(given.mine, int(given.count))))
    elif given.label:
        print(json.dumps(label_one(given.label, int(given.count), given.address)))
    else:
        _measure(given)


def _measure(given: argparse.Namespace) -> None:
    print(f"{machine('openai')}\n", flush=True)
    with TemporaryDirectory() as folder:
        mined = []
        for number in given.mined:
            own = Path(folder) / str(number)
            own.mkdir()
            mined.append(alone("--mine", own, "--count", number))
        print(f"Mined:\n\n{_table(MINED, mined)}\n", flush=True)
        labelled = [ask(own, number, given.faults) for number in given.labelled]
        print(f"Labelled, {given.faults:.0%} faults:\n\n{_table(LABELLED, labelled)}")


if __name__ == "__main__":
    main()
