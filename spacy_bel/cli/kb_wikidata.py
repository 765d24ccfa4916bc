"""``python -m spacy_bel kb wikidata``: the query that fetches names from Wikidata."""

from __future__ import annotations

from typing import Annotated

import typer

from spacy_bel.kb.readers.wikidata_properties import PROPERTIES

_KNOWN = ", ".join(f"{name} ({prefix})" for name, prefix in PROPERTIES.items())


def wikidata(
    property_: Annotated[
        str, typer.Option("--query", metavar="PROPERTY", help=f"Identifier property: {_KNOWN}.")
    ],
    *,
    languages: Annotated[
        str,
        typer.Option(
            "--languages",
            help="Of the names, such as es,fr; all by default. The code mul stands for names "
            "that Wikidata keeps once for many languages.",
        ),
    ] = "",
) -> None:
    """Print the SPARQL query for the names of the items with an identifier.

    Run it at https://query.wikidata.org or another server, keep the answer as JSON, and give the
    file to kb names.
    """
    from spacy_bel.kb.readers.wikidata_properties import parse_languages
    from spacy_bel.kb.readers.wikidata_results import make_query

    typer.echo(make_query(property_.upper(), parse_languages(languages)), nl=False)
