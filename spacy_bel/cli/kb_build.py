"""``python -m spacy_bel kb build``: vocabulary files to a knowledge base."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spacy_bel.errors import Errors
from spacy_bel.kb.readers.registry import READERS

SourcesArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...",
        help="Vocabulary files, plain or compressed. A source can carry options of its own: "
        "'names.tsv?id=code&prefix=MESH&lang=es'.",
        show_default=False,
    ),
]
OutputOption = Annotated[Path, typer.Option("--output", "-o", help="Directory to write.")]
FormatOption = Annotated[
    str, typer.Option("--format", "-f", help=f"One of auto, {', '.join(READERS)}.")
]
NameOption = Annotated[str, typer.Option("--name", "-n", help="Name; the directory's by default.")]
VersionOption = Annotated[str, typer.Option("--version", help="The vocabulary's version.")]
LicenceOption = Annotated[str, typer.Option("--licence", help="The terms of the sources.")]
OptionOption = Annotated[
    list[str] | None,
    typer.Option("--option", help="KEY=VALUE for the reader, such as id=code; repeatable."),
]
MaxErrorsOption = Annotated[
    int,
    typer.Option(
        "--max-errors",
        min=0,
        help="Malformed lines to pass over; each is shown. Published vocabularies of many thousand "
        "lines often hold a few, and the other names are right without them.",
    ),
]
MergeByOption = Annotated[
    str,
    typer.Option(
        "--merge-by",
        help="xref to make one concept of those that a cross-reference connects; the id of the "
        "source that stands first stays, the others resolve to it.",
    ),
]
MergeReportOption = Annotated[
    Path | None,
    typer.Option(
        "--merge-report", help="Write all that was joined, and every conflict, as a table."
    ),
]
HomonymsOption = Annotated[
    bool,
    typer.Option(
        "--rewrite-homonyms",
        help="Append the preferred name to names that several concepts share and to those under "
        "5 characters: 'MS (Multiple Sclerosis)'. It serves rerankers that write or read names, "
        "and weakens lexical linking.",
    ),
]


def build(
    sources: SourcesArgument,
    *,
    output: OutputOption,
    file_format: FormatOption = "auto",
    name: NameOption = "",
    version: VersionOption = "",
    licence: LicenceOption = "",
    option: OptionOption = None,
    max_errors: MaxErrorsOption = 10,
    merge_by: MergeByOption = "",
    merge_report: MergeReportOption = None,
    rewrite_homonyms: HomonymsOption = False,
) -> None:
    """Build a knowledge base from vocabulary files.

    Several sources become one knowledge base: concepts with the same id merge, retired ids
    resolve. What was in the directory stays until the new state is whole.
    """
    from spacy_bel.cli.changes import print_merges
    from spacy_bel.kb.build import build as build_kb
    from spacy_bel.kb.differences import table
    from spacy_bel.kb.merge import MergeRow

    meta = build_kb(
        sources,
        output,
        name=name,
        version=version,
        licence=licence,
        format=None if file_format == "auto" else file_format,
        options=dict(parse_option(text) for text in option or ()),
        max_errors=max_errors,
        homonyms=rewrite_homonyms,
        merge_by=merge_by,
        progress=True,
    )
    merges = meta.get("merges", ())
    with table(merge_report, MergeRow._fields) as write:
        for row in merges:
            write(row)
    print_merges(merges)
    counts = dict(meta["counts"])
    names_only = counts.pop("names_only")
    listed = ", ".join(f"{number:,} {kind}" for kind, number in counts.items())
    typer.echo(f"Wrote {output}: {listed}; {meta['skipped']:,} malformed lines skipped.")
    if names_only:
        typer.echo(
            f"{names_only:,} of the concepts are defined by no source: they have names only from "
            "translations and other additions."
        )


def parse_option(text: str) -> tuple[str, str]:
    """Key and value of an option that is written ``KEY=VALUE``.

    Raises:
        BelError: It is not.
    """
    key, sign, value = text.partition("=")
    if not sign:
        raise Errors.B110(option=text)
    return key, value
