"""``python -m spacy_bel kb names``: names from elsewhere for the concepts of a knowledge base."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacy_bel.cli.kb_build import parse_option
from spacy_bel.kb.readers.registry import READERS

if TYPE_CHECKING:
    from spacy_bel.kb.names import NameReport, NameRules


def names(
    directory: Annotated[Path, typer.Argument(help="A knowledge base.", metavar="DIR")],
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Files of names with identifiers: Wikidata's, translations, or any other source "
            "of kb build.",
        ),
    ],
    *,
    languages: Annotated[
        str, typer.Option("--languages", help="Of the names, such as es,fr; all by default.")
    ] = "",
    max_concepts: Annotated[
        int,
        typer.Option(
            "--max-concepts",
            min=0,
            help="How many concepts of one vocabulary a name may mean; 0 for any number, which "
            "saves reading the sources twice.",
        ),
    ] = 5,
    min_length: Annotated[int, typer.Option("--min-length", min=1, help="In characters.")] = 2,
    max_length: Annotated[int, typer.Option("--max-length", min=1, help="In characters.")] = 200,
    file_format: Annotated[
        str, typer.Option("--format", "-f", help=f"One of auto, {', '.join(READERS)}.")
    ] = "auto",
    option: Annotated[
        list[str] | None,
        typer.Option("--option", help="KEY=VALUE for the reader; repeatable."),
    ] = None,
    max_errors: Annotated[
        int, typer.Option("--max-errors", min=0, help="Malformed lines to pass over.")
    ] = 10,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be added.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write there, and leave DIR as it is."),
    ] = None,
) -> None:
    """Add names to concepts by their identifiers, and show per language what became of them.

    Names of concepts that the knowledge base does not have are left out, and so are names of a
    wrong length or script, codes, addresses, and words that mean too many concepts.
    """
    from spacy_bel.kb.join import add_names, names_to_add
    from spacy_bel.kb.names import NameReport, NameRules
    from spacy_bel.kb.readers.wikidata_properties import parse_languages
    from spacy_bel.kb.sources import Sources
    from spacy_bel.kb.store import Store

    rules = NameRules(parse_languages(languages), min_length, max_length, max_concepts)
    read_as = None if file_format == "auto" else file_format
    options = dict(parse_option(text) for text in option or ())
    files = Sources(sources, read_as, options, max_errors, progress=True)
    report = NameReport()
    if dry_run:
        for _ in names_to_add(Store(directory), files, rules, report):
            pass
    else:
        add_names(directory, files, rules, report, output=output)
    _print(report, rules)
    total = f"{report.kept.total():,} names, {report.new.total():,} of them new to their concepts,"
    if dry_run:
        typer.echo(f"{total} would be added to {output or directory}; nothing was written.")
    else:
        typer.echo(f"Wrote {output or directory}: {total} added.")


def _print(report: NameReport, rules: NameRules) -> None:
    from wasabi.printer import Printer

    shown = [lang for lang in report.languages if not rules.languages or lang in rules.languages]
    reasons = [reason for reason, _ in report.reasons.most_common() if reason != "language"]
    rows = [
        (
            lang,
            f"{report.offered(lang):,}",
            *(f"{report.rejected_for(lang, reason):,}" for reason in reasons),
            f"{report.kept[lang]:,}",
            f"{report.new[lang]:,}",
        )
        for lang in shown
    ]
    header = ("language", "offered", *reasons, "kept", "new")
    Printer().table(rows, header=header, divider=True, aligns=("l", *"r" * (len(header) - 1)))
    others = sum(map(report.offered, report.languages)) - sum(map(report.offered, shown))
    if others:
        typer.echo(f"Names in languages that were not asked for: {others:,}.")
    for reason, number in report.left_out.most_common():
        typer.echo(f"Left out by the reader, {reason}: {number:,}.")
