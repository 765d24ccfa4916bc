"""What the commands that change a knowledge base have in common: options, and what they print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacy_bel.cli.kb_build import parse_option

if TYPE_CHECKING:
    from spacy_bel.kb.increments import Outcome, Target
    from spacy_bel.kb.merge import MergeRow
    from spacy_bel.kb.sources import Sources

DirectoryArgument = Annotated[Path, typer.Argument(help="A knowledge base.", metavar="DIR")]
OptionOption = Annotated[
    list[str] | None, typer.Option("--option", help="KEY=VALUE for the reader; repeatable.")
]
MaxErrorsOption = Annotated[
    int, typer.Option("--max-errors", min=0, help="Malformed lines to pass over.")
]
VersionOption = Annotated[str, typer.Option("--version", help="The vocabulary's new version.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")]
ReportOption = Annotated[
    Path | None, typer.Option("--report", help="Write all differences as a table (TSV).")
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write there, and leave DIR as it is.")
]

_SIGNS = {"added": "+", "changed": "~", "retired": "-"}
_SHOWN = 10


def make_sources(
    paths: Sequence[str], file_format: str, option: Iterable[str] | None, max_errors: int
) -> Sources:
    """The sources that a command line names.

    Raises:
        BelError: An option is not written as KEY=VALUE.
    """
    from spacy_bel.kb.sources import Sources

    options = dict(parse_option(text) for text in option or ())
    read_as = None if file_format == "auto" else file_format
    return Sources(list(paths), read_as, options, max_errors, progress=True)


def print_outcome(outcome: Outcome, target: Target) -> None:
    """Show what a change did, or would do: numbers, and some concepts of each kind."""
    from spacy_bel.kb.differences import KINDS

    differences = outcome.differences
    for kind in KINDS:
        for found in differences.examples[kind]:
            detail = f" -> {found.detail}" if kind == "retired" and found.detail else ""
            detail = f" ({found.detail})" if kind == "changed" else detail
            typer.echo(f"{_SIGNS[kind]} {found.id} {found.name}{detail}")
        left = differences.counts[kind] - len(differences.examples[kind])
        if left:
            typer.echo(f"{_SIGNS[kind]} ... and {left:,} more")
    print_merges(outcome.merges)
    counted = ", ".join(f"{differences.counts[kind]:,} {kind}" for kind in KINDS)
    if target.dry_run:
        typer.echo(f"Concepts of {target.written}: {counted}; nothing was written.")
    else:
        typer.echo(f"Wrote {target.written}: concepts {counted}.")


def print_merges(merges: Sequence[MergeRow]) -> None:
    """Show how many concepts were joined, and some of the conflicts."""
    if not merges:
        return
    conflicts = [row for row in merges if row.outcome == "conflict"]
    for row in conflicts[:_SHOWN]:
        typer.echo(
            f"! {row.first} {row.first_name} and {row.second} {row.second_name}: {row.reason}"
        )
    if len(conflicts) > _SHOWN:
        typer.echo(f"! ... and {len(conflicts) - _SHOWN:,} more")
    typer.echo(
        f"{len(merges) - len(conflicts):,} concepts joined with another by cross-references, "
        f"{len(conflicts):,} conflicts left as they were."
    )
