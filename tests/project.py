"""The project's commands, run in this process as ``spacy project run`` would in others."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

from spacy.cli._util import app as spacy_app
from typer.testing import CliRunner
from weasel.util import load_project_config

from spacy_bel.cli.app import app

ROOT = Path(__file__).parents[1]


def checkout(folder: Path) -> Path:
    """A folder with what the project needs of the repository."""
    for name in ("assets", "configs"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "project.yml", folder)
    return folder


def config(folder: Path, **settings: Any) -> dict[str, Any]:
    """The project's file with other values of its variables."""
    overrides = {f"vars.{name}": value for name, value in settings.items()}
    found: dict[str, Any] = load_project_config(folder, overrides=overrides)
    return found


def small(encoder: Path, texts: str) -> dict[str, Any]:
    """Values of the variables with which all goes fast: English names, a tiny encoder, few rows."""
    return {
        "name": "small",
        "further": "assets/chemicals.tsv",
        "encoder": str(encoder),
        "texts": texts,
        "made": 60,
    }


def run(folder: Path, steps: str, **settings: Any) -> dict[str, str]:
    """Run commands in the current directory, which must be the project's.

    Args:
        folder: The project's directory.
        steps: Commands, or one workflow.
        **settings: Values of the project's variables.

    Returns:
        What each command has printed.
    """
    project = config(folder, **settings)
    commands = {command["name"]: command for command in project["commands"]}
    printed = {}
    for name in project["workflows"].get(steps) or steps.split():
        missing = [dep for dep in commands[name]["deps"] if not (folder / dep).exists()]
        assert not missing, f"{name} needs {missing}"
        printed[name] = "".join(_run(shlex.split(line)) for line in commands[name]["script"])
        missing = [out for out in commands[name].get("outputs", ()) if not (folder / out).exists()]
        assert not missing, f"{name} did not make {missing}"
    return printed


def _run(line: list[str]) -> str:
    apps = {"spacy_bel": app, "spacy": spacy_app}
    if line[:2] == ["python", "-m"] and line[2] in apps:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # of spacy package about its files
            result = CliRunner().invoke(apps[line[2]], line[3:])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output
    assert line[0] == "python"
    done = subprocess.run([sys.executable, *line[1:]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
