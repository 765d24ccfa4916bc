"""The commands of ``python -m spacy_bel``."""

from __future__ import annotations

import sys

import typer

from spacy_bel.cli.convert import convert
from spacy_bel.cli.evaluate import evaluate
from spacy_bel.cli.kb_add import add
from spacy_bel.cli.kb_build import build
from spacy_bel.cli.kb_info import info
from spacy_bel.cli.kb_lookup import lookup
from spacy_bel.cli.link import link
from spacy_bel.errors import BelError

app = typer.Typer(
    name="python -m spacy_bel",
    help="Biomedical entity linking for spaCy.",
    no_args_is_help=True,
    add_completion=False,
)
kb_app = typer.Typer(help="Build and inspect knowledge bases.", no_args_is_help=True)
app.add_typer(kb_app, name="kb")
kb_app.command()(build)
kb_app.command()(info)
kb_app.command()(lookup)
kb_app.command()(add)
app.command()(convert)
app.command()(link)
app.command()(evaluate)


def main() -> None:
    """Run a command; an error that the library knows is shown without a traceback."""
    try:
        app()
    except BelError as error:
        # On one line, however long: what it says to run can be copied.
        typer.secho(f"✘ {error}", fg=typer.colors.RED, err=True)
        sys.exit(1)
