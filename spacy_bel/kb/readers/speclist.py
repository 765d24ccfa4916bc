"""UniProt's controlled vocabulary of species, ``speclist.txt``: NCBI Taxonomy ids and names.

The format explains itself in its head: a line ``CODE KINGDOM TAXON: N=scientific name``, then
lines ``C=common name`` and ``S=synonym``. A list goes from its first such line to an empty line
or a rule; the prose around it, and the web page that it may be served in, are passed over.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping

from spacy_bel.kb.readers.base import Reader, Record, make_concept
from spacy_bel.kb.readers.textfile import TextFile
from spacy_bel.types import Alias, Concept

_ORGANISM = re.compile(r"[A-Z0-9]{2,5} +[A-Z] +(?P<taxon>\d+): N=(?P<name>.+)")
_OTHER_NAME = re.compile(r" +[CS]=(?P<name>.+)")


def read_speclist(file: TextFile, options: Mapping[str, str]) -> Iterator[Record]:
    """The organisms of the list, "real" and "virtual" codes alike.

    Args:
        file: The file.
        options: None are known.

    Yields:
        A concept for every code; UniProt's mnemonic codes are not names and are left out.
    """
    taxon, names, within = "", list[str](), False
    for line in file:
        if taxon and (match := _OTHER_NAME.match(line)) is not None:
            names.append(html.unescape(match["name"]))
            continue
        if taxon:
            yield _organism(taxon, names, file)
            taxon = ""
        if (match := _ORGANISM.match(line)) is not None:
            taxon, names, within = match["taxon"], [html.unescape(match["name"])], True
        elif not line.strip() or line.startswith(("=", "-")):
            within = False
        elif within:
            file.problem("neither CODE KINGDOM TAXON: N=name nor another name of that taxon")
    if taxon:
        yield _organism(taxon, names, file)


def _organism(taxon: str, names: list[str], file: TextFile) -> Concept:
    return make_concept(f"NCBITaxon:{taxon}", names[0], map(Alias, names[1:]), source=file.source)


def _recognises(beginning: str) -> bool:
    return "N=Official (scientific) name" in beginning


SPECLIST = Reader(
    description="UniProt species list (speclist.txt)",
    recognises=_recognises,
    read=read_speclist,
)
