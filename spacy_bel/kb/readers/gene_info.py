"""NCBI Gene's ``gene_info``, whole or of one organism, as published or with its columns cut.

The columns are described in the ``README`` of https://ftp.ncbi.nlm.nih.gov/gene/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from spacy_bel.errors import Errors
from spacy_bel.kb.readers.base import Reader, Record, clean, identifier, make_concept
from spacy_bel.kb.readers.file_set import beside, choices
from spacy_bel.kb.readers.side_table import SideTable
from spacy_bel.kb.readers.table_layouts import column_key
from spacy_bel.kb.readers.taxonomy import SCIENTIFIC, dump_rows
from spacy_bel.kb.readers.textfile import TextFile
from spacy_bel.types import Alias, Concept

_MISSING = "-"
_PLACEHOLDER = "NEWENTRY"  # a record that only collects literature
_NAMES = (
    "synonyms",
    "description",
    "other_designations",
    "symbol_from_nomenclature_authority",
    "full_name_from_nomenclature_authority",
)


def read_gene_info(file: TextFile, options: Mapping[str, str]) -> Iterator[Record]:
    """The genes.

    Genes of several organisms bear the same symbol. What tells them apart is the organism, which
    is a semantic type beside ``Gene``: the taxon's CURIE and, where NCBI's ``names.dmp`` lies
    beside the file, its scientific name. ``label_types``, or ``--types`` of ``kb lookup``, then
    restrict candidates to an organism before the cut; ``organisms`` does so for the whole
    knowledge base. For those who read candidates, the definition is written as NCBI titles its
    records: ``insulin [Homo sapiens]``. Records that are placeholders are left out, counted.

    Args:
        file: The file.
        options: ``organisms`` to keep, as taxonomy ids separated by commas.

    Yields:
        A concept for every line.

    Raises:
        BelError: The columns are not named.
    """
    wanted = choices(options, "organisms")
    names_file = beside(file, "names.dmp")
    with SideTable(1, _organisms(names_file, wanted)) as organisms:
        columns: list[str] = []
        for line in file:
            cells = line.split("\t")
            if not columns:
                columns = _columns(file, cells)
            elif len(cells) != len(columns):
                if line.strip():
                    file.problem(f"{len(cells)} columns where the header names {len(columns)}")
            else:
                row = dict(zip(columns, cells, strict=True))
                if wanted and row["tax_id"] not in wanted:
                    file.left_out["gene of another organism"] += 1
                elif (concept := _gene(file, row, organisms)) is not None:
                    yield concept


def _columns(file: TextFile, cells: list[str]) -> list[str]:
    columns = [column_key(cell).replace("geneid", "gene_id") for cell in cells]
    if not {"tax_id", "gene_id", "symbol"} <= set(columns):
        reason = "its first line does not name tax_id, GeneID and Symbol"
        raise Errors.B161(path=file.path, reason=reason, options="of the table format")
    return columns


def _gene(file: TextFile, row: Mapping[str, str], organisms: SideTable) -> Concept | None:
    taxon, gene, symbol = row["tax_id"].strip(), row["gene_id"].strip(), clean(row["symbol"])
    if not taxon.isdecimal() or not gene.isdecimal() or symbol in ("", _MISSING):
        file.problem(f"no gene id, taxonomy id or symbol in {gene!r}, {taxon!r}, {symbol!r}")
        return None
    if symbol == _PLACEHOLDER:
        file.left_out["placeholder"] += 1
        return None
    texts = [text for column in _NAMES for text in row.get(column, "").split("|")]
    names = [name for (name,) in organisms[taxon]][:1]
    description = row.get("description", _MISSING)
    title = symbol if clean(description) in ("", _MISSING) else description
    return make_concept(
        f"NCBIGene:{gene}",
        symbol,
        [Alias(text) for text in texts if text.strip() != _MISSING],
        types=["Gene", f"NCBITaxon:{taxon}", *names],
        definition=f"{title} [{names[0] if names else f'NCBITaxon:{taxon}'}]",
        xrefs=[identifier(text) for text in row.get("dbxrefs", "").split("|") if ":" in text],
        source=file.source,
    )


def _organisms(file: TextFile | None, wanted: frozenset[str]) -> Iterator[tuple[str, str]]:
    for taxon, name, _, kind in dump_rows(file, 4) if file is not None else ():
        if kind == SCIENTIFIC and (not wanted or taxon in wanted):
            yield taxon, name


def _recognises(beginning: str) -> bool:
    columns = {column_key(cell) for cell in beginning.partition("\n")[0].split("\t")}
    return {"tax_id", "symbol"} <= columns and bool(columns & {"geneid", "gene_id"})


GENE_INFO = Reader(
    description="NCBI gene_info, all organisms or one",
    recognises=_recognises,
    read=read_gene_info,
    options={"organisms": "taxonomy ids of the organisms to keep, such as 9606,10090 (all)"},
)
