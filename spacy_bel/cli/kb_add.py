"""``python -m spacy_bel kb add``: annotated mentions as names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from spacy_bel.errors import Errors


def add(
    directory: Annotated[Path, typer.Argument(help="A knowledge base.", metavar="DIR")],
    corpora: Annotated[
        list[Path], typer.Argument(help="Annotated corpora.", metavar="CORPUS.spacy...")
    ],
    *,
    as_aliases: Annotated[
        bool, typer.Option("--as-aliases", help="Take their mentions as names of concepts.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write there, and leave DIR as it is."),
    ] = None,
) -> None:
    """Add the mentions of annotated corpora as names of their concepts, with counts.

    This is the dictionary setting of BioSyn: figures that use it must say so, and the corpus
    must not be the one that is evaluated on.
    """
    from spacy.vocab import Vocab

    from spacy_bel.corpora.names import annotated_names
    from spacy_bel.corpora.reader import read_docs
    from spacy_bel.kb.build import add_annotated_aliases

    if not as_aliases:
        raise Errors.B111()

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
