"""``python -m spacy_bel kb add``: vocabularies, or annotated mentions as names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
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
from spacy_bel.errors import Errors


def add(
    directory: DirectoryArgument,
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Vocabulary files as for kb build, or with --as-aliases annotated corpora.",
            metavar="SOURCE...",
        ),
    ],
    *,
    as_aliases: Annotated[
        bool,
        typer.Option(
            "--as-aliases", help="Take the mentions of .spacy corpora as names of concepts."
        ),
    ] = False,
    file_format: FormatOption = "auto",
    option: OptionOption = None,
    max_errors: MaxErrorsOption = 10,
    version: VersionOption = "",
    dry_run: DryRunOption = False,
    report: ReportOption = None,
    output: OutputOption = None,
) -> None:
    """Add vocabularies without reading again what is there, or annotated mentions as names.

    The result is that of kb build with the new sources last.

    Annotated names are the dictionary setting of BioSyn: figures that use it must say so, and the
    corpus must not be the one that is evaluated on.
    """
    from spacy_bel.kb.increments import Target, add_sources

    if as_aliases:
        _add_mentions(directory, list(map(Path, sources)), output)
        return
    for source in sources:
        if source.endswith(".spacy"):
            raise Errors.B111(source=source)
    target = Target(directory, output, dry_run, report, version, progress=True)
    read = make_sources(sources, file_format, option, max_errors)
    print_outcome(add_sources(target, read), target)


def _add_mentions(directory: Path, corpora: list[Path], output: Path | None) -> None:
    from spacy.vocab import Vocab

    from spacy_bel.corpora.names import annotated_names
    from spacy_bel.corpora.reader import read_docs
    from spacy_bel.kb.build import add_annotated_aliases

    def names() -> Iterator[tuple[str, str, str]]:
        for corpus in corpora:
            yield from annotated_names(read_docs(corpus, Vocab()))

    source = ", ".join(corpus.name for corpus in corpora)
    meta = add_annotated_aliases(directory, names(), source=source, output=output, progress=True)
    typer.echo(
        f"Wrote {output or directory}: {meta['added']:,} annotated names added, "
        f"{meta['unknown']:,} left out because their id is not in the knowledge base; "
        f"{meta['counts']['aliases']:,} names now."
    )
