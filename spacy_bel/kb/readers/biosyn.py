"""The dictionaries of BioSyn and its followers: ``id|id||name|name``.

The left side holds the concept's id and its alternatives, the right side the preferred name and
synonyms. MEDIC of 6 July 2012, the vocabulary of the NCBI disease literature (Dogan et al. 2014,
doi:10.1016/j.jbi.2013.12.006), is distributed so by Sung et al. (2020, arXiv:2005.00239);
dictionaries with one ``id||name`` on each line are read the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from spacy_bel.kb.readers.base import Reader, Record, clean, identifier, make_concept
from spacy_bel.kb.readers.textfile import TextFile
from spacy_bel.types import Alias

_LINE = re.compile(r"(?P<ids>[^|\t]+(?:\|[^|\t]+)*)\|\|(?P<names>[^|]+(?:\|[^|]+)*)")


def read_biosyn(file: TextFile, options: Mapping[str, str]) -> Iterator[Record]:
    """The concepts of a dictionary.

    Args:
        file: The file.
        options: ``prefix`` of bare ids, by default MEDIC's use: numbers are OMIM's and the rest
            MeSH's; ``type`` of all concepts, by default Disease.

    Yields:
        A concept for every line; ids after the first resolve to it.
    """
    prefix, type_ = options.get("prefix", ""), options.get("type", "Disease")
    for line in file:
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            file.problem("not of the form id|id||name|name")
            continue
        ids = [_curie(text, prefix, type_) for text in match["ids"].split("|")]
        name, *synonyms = map(clean, match["names"].split("|"))
        if not ids[0] or not name:
            file.problem(f"no name or no id in {line[:80]!r}")
            continue
        yield make_concept(
            ids[0],
            name,
            map(Alias, synonyms),
            types=[type_],
            retired=ids[1:],
            source=file.source,
        )


def _curie(text: str, prefix: str, type_: str) -> str:
    return identifier(text, prefix=prefix, label=type_) or identifier(text, prefix="MESH")


def _recognises(beginning: str) -> bool:
    lines = [line.strip() for line in beginning.split("\n") if line.strip()][:20]
    return 2 * sum(_LINE.fullmatch(line) is not None for line in lines) > len(lines)


BIOSYN = Reader(
    description="BioSyn dictionary (id|id||name|name), MEDIC 2012 among them",
    recognises=_recognises,
    read=read_biosyn,
    options={
        "prefix": "vocabulary of ids without prefix (numbers are OMIM, others MESH)",
        "type": "semantic type of every concept (Disease)",
    },
)
