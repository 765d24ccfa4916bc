"""Commands, called as a shell would call them."""

from __future__ import annotations

import subprocess
import sys

import typer
from typer.testing import CliRunner

from spacy_bel.cli.app import app


def run(*arguments: object, program: typer.Typer = app) -> str:
    """Run a command in this process and give what it prints."""
    result = CliRunner().invoke(program, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def shell(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    command = [sys.executable, "-m", "spacy_bel", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
