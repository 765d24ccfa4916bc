"""The commands of ``python -m spacy_bel``."""

from __future__ import annotations

import sys

import typer

from spacy_bel.cli.calibrate import calibrate
from spacy_bel.cli.card import card
from spacy_bel.cli.compare import compare
from spacy_bel.cli.convert import convert
from spacy_bel.cli.evaluate import evaluate
from spacy_bel.cli.examples import examples
from spacy_bel.cli.fit import fit
from spacy_bel.cli.kb_add import add
from spacy_bel.cli.kb_build import build
from spacy_bel.cli.kb_embed import embed
from spacy_bel.cli.kb_info import info
from spacy_bel.cli.kb_lookup import lookup
from spacy_bel.cli.kb_names import names
from spacy_bel.cli.kb_remove import remove
from spacy_bel.cli.kb_update import update
from spacy_bel.cli.kb_wikidata import wikidata
from spacy_bel.cli.label import label
from spacy_bel.cli.learning_curve import learning_curve
from spacy_bel.cli.link import link
from spacy_bel.cli.mine import mine
from spacy_bel.cli.position_bias import position_bias
from spacy_bel.cli.select import select
from spacy_bel.cli.synthesise import synthesise
from spacy_bel.cli.train import OVERRIDES, train_app
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
kb_app.command()(embed)
kb_app.command()(update)
kb_app.command()(remove)
kb_app.command()(names)
kb_app.command()(wikidata)
app.command()(convert)
app.command()(link)
app.command()(evaluate)
app.command()(fit)
app.command()(examples)
app.command()(mine)
app.command(context_settings=OVERRIDES)(label)
app.command()(synthesise)
app.command()(select)
app.command(context_settings=OVERRIDES)(learning_curve)
app.command(context_settings=OVERRIDES)(compare)
app.command()(calibrate)
app.command()(card)
app.add_typer(train_app, name="train")
app.command()(position_bias)


def main() -> None:
    """Run a command; an error that the library knows is shown without a traceback."""
    try:
        app()
    except BelError as error:
        # On one line, however long: what it says to run can be copied.
        typer.secho(f"✘ {error}", fg=typer.colors.RED, err=True)
        sys.exit(1)
