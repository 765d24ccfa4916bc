"""One linker measured in a process of its own; ``benchmarks.speed`` starts it.

    python -m benchmarks.one_side {spacy_bel,scispacy} DIR K CALLS.json [--one-core]

``CALLS.json`` holds calls, each a list of mentions; the first one is made before the others are
timed. One line of JSON comes out: seconds and MiB.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

Answer = Callable[[list[str], int], Any]

IMPORTS = {
    "spacy_bel": ("spacy_bel.retrieval.registry", "scipy.sparse"),
    "scispacy": ("scispacy.candidate_generation", "benchmarks.peers"),
}
"""What each side needs; imported before anything is measured."""


def load_spacy_bel(directory: Path) -> Answer:
    """The default retriever."""
    from spacy_bel.kb.store import Store
    from spacy_bel.retrieval.registry import lexical_retriever
    from spacy_bel.types import Mention

    retriever = lexical_retriever()(Store(directory))
    return lambda texts, k: retriever.retrieve([Mention(text) for text in texts], k)


def load_scispacy(directory: Path) -> Answer:
    """The candidate generator."""
    from benchmarks import peers

    return cast(Answer, peers.load_scispacy(directory))


LOAD: dict[str, Callable[[Path], Answer]] = {
    "spacy_bel": load_spacy_bel,
    "scispacy": load_scispacy,
}


def resident() -> float:
    """Resident memory of this process, in MiB; pages of mapped files that were read count."""
    import psutil  # type: ignore[import-untyped]

    return float(psutil.Process().memory_info().rss) / 2**20


def seconds(answer: Answer, calls: Sequence[list[str]], k: int) -> float:
    """How long some calls take that ask for the ``k`` best."""
    start = time.perf_counter()
    for texts in calls:
        answer(texts, k)
    return time.perf_counter() - start


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("side", choices=sorted(LOAD))
    parser.add_argument("directory", type=Path)
    parser.add_argument("k", type=int)
    parser.add_argument("calls", type=Path)
    parser.add_argument("--one-core", action="store_true")
    given = parser.parse_args(arguments)
    if given.one_core and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    warm_up, *calls = json.loads(given.calls.read_text(encoding="utf-8"))
    for module in IMPORTS[given.side]:
        importlib.import_module(module)
    before = resident()
    start = time.perf_counter()
    answer = LOAD[given.side](given.directory)
    result = {"load": time.perf_counter() - start, "memory loaded": resident() - before}
    result["first answer"] = seconds(answer, [warm_up[:1]], given.k)
    seconds(answer, [warm_up], given.k)
    result["seconds"] = seconds(answer, calls, given.k)
    result["memory used"] = resident() - before
    print(json.dumps(result))


if __name__ == "__main__":
    main()
