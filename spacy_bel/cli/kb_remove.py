"""``python -m spacy_bel kb remove``: single concepts."""

from __future__ import annotations

from typing import Annotated

import typer

from spacy_bel.cli.changes import (
    DirectoryArgument,
    DryRunOption,
    OutputOption,
    ReportOption,
    print_outcome,
)


def remove(
    directory: DirectoryArgument,
    *,
    ids: Annotated[
        list[str], typer.Option("--id", help="A concept, such as MESH:D003920; repeatable.")
    ],
    dry_run: DryRunOption = False,
    report: ReportOption = None,
    output: OutputOption = None,
) -> None:
    """Remove concepts from a knowledge base."""
    from spacy_bel.kb.increments import Target, remove_concepts

    target = Target(directory, output, dry_run, report, progress=True)
    print_outcome(remove_concepts(target, ids), target)
