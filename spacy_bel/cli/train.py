"""``python -m spacy_bel train``: training local models; one command for each kind."""

from __future__ import annotations

import typer

from spacy_bel.cli.train_reranker import reranker
from spacy_bel.cli.train_retriever import retriever

train_app = typer.Typer(help="Train local models on examples.", no_args_is_help=True)
OVERRIDES = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Settings of a command that takes values of its config as options."""

for _command in (retriever, reranker):
    train_app.command(context_settings=OVERRIDES)(_command)
