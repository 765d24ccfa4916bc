"""The NCBI Taxonomy as its ``taxdump`` archive holds it.

``names.dmp``, ``nodes.dmp``, ``merged.dmp`` and ``delnodes.dmp``, as the archive's own
``readme.txt`` describes them: columns are separated by tab, bar, tab, and lines end with tab, bar.
Schoch et al. 2020, doi:10.1093/database/baaa062.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import groupby
from operator import itemgetter

from spacy_bel.kb.readers.base import Reader, Record, Retired, make_concept
from spacy_bel.kb.readers.file_set import flag, needed
from spacy_bel.kb.readers.side_table import SideTable
from spacy_bel.kb.readers.textfile import TextFile
from spacy_bel.types import Alias, AliasKind, Concept

SCIENTIFIC = "scientific name"
"""The class of the name by which a taxon is called."""

_KINDS: Mapping[str, AliasKind] = {
    "in-part": "broad",  # a part of what bears the name
    "includes": "narrow",
    "misspelling": "related",
    "misnomer": "related",
}
_TYPE_MATERIAL = "type material"
_FIRST_NAME = re.compile(r"\d+\t\|\t[^\t]*\t\|\t[^\t]*\t\|\t[a-z -]+\t\|\n")


def read_taxonomy(file: TextFile, options: Mapping[str, str]) -> Iterator[Record]:
    """The taxa, each with its rank as a second type beside ``Species``.

    Type material names specimens rather than taxa and is left out, counted.

    Args:
        file: ``names.dmp``; the other files lie beside it.
        options: ``ranks`` yes or no, for ``nodes.dmp``, and ``retired`` yes or no, for
            ``merged.dmp`` and ``delnodes.dmp``.

    Yields:
        A concept for each run of names of one taxon, then a ``Retired`` for each id that was
        merged or deleted.

    Raises:
        BelError: A file of the set is missing, or an option cannot be used.
    """
    nodes = needed(file, "nodes.dmp", "ranks") if flag(options, "ranks") else None
    retired: list[TextFile] = []
    if flag(options, "retired"):
        retired = [needed(file, name, "retired") for name in ("merged.dmp", "delnodes.dmp")]
    with ExitStack() as stack:
        places = stack.enter_context(SideTable(2, () if nodes is None else dump_rows(nodes, 3)))
        for taxon, group in groupby(dump_rows(file, 4), key=itemgetter(0)):
            concept = _taxon(file, taxon, list(group), places)
            if concept is not None:
                yield concept
    for other, width in zip(retired, (2, 1), strict=False):
        for row in dump_rows(other, width):
            yield Retired(_curie(row[0]), "".join(map(_curie, row[1:])), file.source)


def dump_rows(file: TextFile, width: int) -> Iterator[list[str]]:
    """The rows of a file of the archive.

    Args:
        file: The file.
        width: Number of columns that are needed; what stands behind them is cut off.
    """
    for line in file:
        cells = line.removesuffix("\t|").split("\t|\t")
        if line.endswith("\t|") and len(cells) >= width and cells[0].isdecimal():
            yield cells[:width]
        elif line.strip():
            file.problem(f"not a row of {width} columns that begins with a number")


def _taxon(file: TextFile, taxon: str, rows: list[list[str]], places: SideTable) -> Concept | None:
    names = [row for row in rows if row[3] == SCIENTIFIC]
    if not names or not names[0][1].strip():
        file.problem(f"the taxon {taxon} has no scientific name")
        return None
    aliases = []
    for _, name, _, kind in rows:
        if kind == _TYPE_MATERIAL:
            file.left_out[_TYPE_MATERIAL] += 1
        else:
            aliases.append(Alias(name, _KINDS.get(kind, "exact")))
    found = places[taxon]
    return make_concept(
        _curie(taxon),
        names[0][1],
        aliases,
        types=["Species", *(rank for _, rank in found)],
        parents=[_curie(parent) for parent, _ in found],
        source=file.source,
    )


def _curie(taxon: str) -> str:
    return f"NCBITaxon:{taxon.strip()}"


def _recognises(beginning: str) -> bool:
    return bool(_FIRST_NAME.match(beginning))


TAXONOMY = Reader(
    description="NCBI Taxonomy (names.dmp and the files beside it)",
    recognises=_recognises,
    read=read_taxonomy,
    options={
        "ranks": "yes or no: ranks and parents from nodes.dmp (yes)",
        "retired": "yes or no: retired ids from merged.dmp and delnodes.dmp (yes)",
    },
    main="names.dmp*",
)
