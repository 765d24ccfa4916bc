"""``python -m spacy_bel kb update``: the newer release of a vocabulary."""

from __future__ import annotations

from typing import Annotated

import typer

from spacy_bel.cli.changes import (
    DirectoryArgument,
    DryRunOption,
    MaxErrorsOption,
    OptionOption,
    OutputOption,
    ReportOption,
    VersionOption,
    make_sources,
    print_outcome,
)
from spacy_bel.cli.kb_build import FormatOption


def update(
    directory: DirectoryArgument,
    source: Annotated[
        str, typer.Argument(help="The newer release, as for kb build.", metavar="SOURCE")
    ],
    *,
    replaces: Annotated[
        str,
        typer.Option(
            "--replaces",
            help="The older release's file name, as kb info shows it; by default the one of the "
            "same name, or the only one there is.",
        ),
    ] = "",
    file_format: FormatOption = "auto",
    option: OptionOption = None,
    max_errors: MaxErrorsOption = 10,
    version: VersionOption = "",
    dry_run: DryRunOption = False,
    report: ReportOption = None,
    output: OutputOption = None,
) -> None:
    """Put the newer release of a vocabulary in the place of an older one, and show what changes.

    Concepts that it does not define any more are retired. What other sources, corpora and
    Wikidata gave stays.
    """
    from spacy_bel.kb.increments import Target, update_source

    target = Target(directory, output, dry_run, report, version, progress=True)
    sources = make_sources([source], file_format, option, max_errors)
    print_outcome(update_source(target, sources, replaces), target)
