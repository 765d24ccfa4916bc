"""The README's commands and examples, run as a reader would run them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from confection import Config
from typer.core import TyperGroup
from typer.main import get_command
from weasel.util.config import parse_config_overrides

from spacy_bel.cli.app import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SET_UP_BLOCKS = 2
OURS = "python -m spacy_bel "


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def _commands(beginning: str) -> list[str]:
    """Every command that begins so, in blocks and in the text, on one line each."""
    blocks = "".join(_blocks("bash") + _blocks("sh")).replace("\\\n", " ")
    text = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
    quoted = [" ".join(each.split()) for each in re.findall(r"(?<!`)`([^`]+)`", text)]
    return [line for line in (*blocks.splitlines(), *quoted) if line.startswith(beginning)]


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


@pytest.mark.parametrize("command", _commands(OURS))
def test_every_command_is_one_that_there_is(command: str) -> None:
    words = shlex.split(command.partition(" > ")[0])[len(OURS.split()) :]
    found: Any = get_command(app)
    context = found.context_class(found)
    while isinstance(found, TyperGroup):
        _, child, words = found.resolve_command(context, words)
        found, context = child, found.context_class(child, parent=context)
    assert found.make_context(found.name, [*words], parent=context).command is found
    configs = [word.rpartition("=")[2] for word in words if word.endswith(".cfg")]
    changed = [word.removeprefix("--") for word in words if re.match(r"--\w+\.\w", word)]
    if configs:
        config = spacy.util.load_config(ROOT / configs[0])
        for name in changed:
            section, _, key = name.rpartition(".")
            block: Any = config
            for part in section.split("."):
                block = block[part]
            assert key in block


@pytest.mark.parametrize("command", _commands("python -m spacy project run"))
def test_every_variable_of_the_project_is_one_that_there_is(command: str) -> None:
    project = srsly.read_yaml(ROOT / "project.yml")
    words = shlex.split(re.sub(r"\[[^]]*\]", "", command))[7:]
    changed = list(parse_config_overrides([*words]))
    # A value that begins like an option would be taken for one.
    assert changed == [word.removeprefix("--") for word in words[::2]]
    assert set(changed) <= {f"vars.{name}" for name in project["vars"]}
    assert shlex.split(command)[5] in project["workflows"].keys() | {
        each["name"] for each in project["commands"]
    }


@pytest.mark.parametrize("block", _blocks("ini"))
def test_every_config_is_one_that_a_linker_takes(block: str) -> None:
    config = Config().from_str(f"[components]\n[components.bel_linker]\n{block}")
    (settings,) = config["components"].values()
    nlp = spacy.blank("en")
    nlp.add_pipe("bel_linker", config=settings)
    taken = nlp.get_pipe_config("bel_linker")
    assert _is_within(settings, taken)


def _is_within(asked: dict[str, Any], taken: dict[str, Any]) -> bool:
    """Whether a config has all that was asked for, where defaults may stand beside."""
    return all(
        _is_within(value, taken[key]) if isinstance(value, dict) else taken[key] == value
        for key, value in asked.items()
    )


@pytest.mark.parametrize("module", sorted(set(re.findall(r"python -m (benchmarks\.\w+)", README))))
def test_every_benchmark_is_one_that_there_is(module: str) -> None:
    assert (ROOT / f"{module.replace('.', '/')}.py").exists()


def test_no_block_is_in_another_language() -> None:
    languages = set(re.findall(r"^```(\w*)\n", README, re.MULTILINE)) - {""}
    assert languages == {"bash", "sh", "python", "text", "ini"}
