"""Processes of their own, and a knowledge base that stands where another one is to be built."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spacy_bel.kb.build import build_from_records
from spacy_bel.types import Concept

PRELUDE = """
import os, sys
from pathlib import Path
from spacy_bel.errors import BelError
from spacy_bel.kb.build import build_from_records
from spacy_bel.kb.store import Store
from spacy_bel.types import Concept

directory = Path(sys.argv[1])

def concepts(count, name="name"):
    return (Concept(f"A:{number}", f"{name} {number}") for number in range(count))
"""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts Python in a process of its own, with the functions of the prelude."""
    processes: list[subprocess.Popen[str]] = []

    def begin(code: str, *arguments: object, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        command = [*before, sys.executable, "-c", PRELUDE + code, *map(str, arguments)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        processes.append(process)
        return process

    yield begin
    for process in processes:
        with process:
            process.kill()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A knowledge base that stands where another one is to be built."""
    directory = tmp_path / "kb"
    build_from_records([Concept("OLD:1", "gout")], directory, {})
    return directory
