"""The README's commands and examples, run as a reader would run them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SET_UP_BLOCKS = 2


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of what the examples read, with the knowledge base that the first command builds."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("assets", "configs"):
        shutil.copytree(ROOT / name, folder / name)
    _run("python -m spacy project run kb", folder, project=True)
    yield folder


def _run(command: str, folder: Path, *, project: bool = False) -> str:
    if project:
        shutil.copy(ROOT / "project.yml", folder)
    python = Path(sys.executable)
    environment = {**os.environ, "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_two_commands_set_everything_up() -> None:
    first, second = _blocks("bash")[:SET_UP_BLOCKS]
    assert len(first.splitlines()) == len(second.splitlines()) == 1
    assert "spacy project run all" in first
    assert "pytest" in second


@pytest.mark.parametrize("number", range(len(re.findall(r"^```python$", README, re.MULTILINE))))
def test_example_prints_what_the_readme_says(checkout: Path, number: int) -> None:
    code = _blocks("python")[number]
    shown = _blocks("text")[number]
    script = checkout / f"example{number}.py"
    script.write_text(code, encoding="utf-8")
    assert _run(f"python {script.name}", checkout) == shown


def test_commands_run_in_their_order(checkout: Path) -> None:
    for block in _blocks("bash")[SET_UP_BLOCKS:]:
        _run(block, checkout)
    assert (checkout / "results" / "linked.html").exists()
    assert (checkout / "results" / "mine" / "report.html").exists()


def test_every_table_row_names_a_known_format() -> None:
    from spacy_bel.kb.readers.registry import READERS

    rows = re.findall(r"^\| .*`python -m spacy_bel kb build .*$", README, re.MULTILINE)
    # A row for each format; tables have two.
    assert len(rows) == len(READERS) + 1
