"""The disease and chemical vocabularies of the Comparative Toxicogenomics Database (CTD).

``CTD_diseases.tsv`` (MEDIC: MeSH diseases merged with OMIM; Davis et al. 2012,
doi:10.1093/database/bar065) and ``CTD_chemicals.tsv`` (MeSH chemicals), as CTD's download pages
describe them. Comment lines start with ``#``; the one after ``# Fields:`` names the columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from spacy_bel.errors import Errors
from spacy_bel.kb.readers.base import Reader, Record, clean, identifier, make_concept
from spacy_bel.kb.readers.textfile import TextFile
from spacy_bel.types import Alias, Concept

_KINDS = ("Disease", "Chemical")
_RELATED = frozenset({"GeneID", "PathwayID", "GOTermID", "PhenotypeID"})
_SYNONYMS = ("Synonyms", "MESHSynonyms", "CTDCuratedSynonyms")
_REFERENCES = {
    "CasRN": "CAS",
    "PubChemCID": "PUBCHEM.COMPOUND",
    "DTXSID": "EPA.DTXSID",
    "DrugBankIDs": "DRUGBANK",
}
"""Columns of a chemical's ids elsewhere, which differ between releases."""


def read_ctd(file: TextFile, options: Mapping[str, str]) -> Iterator[Record]:
    """The diseases or chemicals of a file.

    Alternative MeSH and OMIM ids are what corpora call the same disease, so they resolve to the
    concept (``retired``); Disease Ontology ids are cross-references. Tree numbers repeat the
    parents, and the slim mappings are groups of diseases rather than types: both are left out.

    Args:
        file: The file.
        options: None are known.

    Yields:
        A concept for every line.

    Raises:
        BelError: The columns are not named.
    """
    columns: list[str] = []
    kind = ""
    for line in file:
        if line.startswith("#") or not columns:
            fields = line.lstrip("# ").split("\t")
            if found := _kind(fields):
                columns, kind = fields, found
                continue
        if line.startswith("#") or not line.strip():
            continue
        if not columns:
            wanted = " or ".join(f"{kind}Name and {kind}ID" for kind in _KINDS)
            reason = f"no line before line {file.line} names {wanted}"
            raise Errors.B161(path=file.path, reason=reason, options="of the table format")
        cells = line.split("\t")
        if len(cells) != len(columns):
            file.problem(f"{len(cells)} columns where the header names {len(columns)}")
            continue
        concept = _concept(file, dict(zip(columns, cells, strict=True)), kind)
        if concept is not None:
            yield concept


def _kind(fields: list[str]) -> str:
    """What a header line names the columns of; empty for any other line."""
    kinds = [kind for kind in _KINDS if {f"{kind}Name", f"{kind}ID"} <= set(fields)]
    # A table with ids of two kinds relates them, and is no vocabulary.
    return kinds[0] if len(kinds) == 1 and not _RELATED.intersection(fields) else ""


def _concept(file: TextFile, row: Mapping[str, str], kind: str) -> Concept | None:
    written, name = row[f"{kind}ID"], clean(row[f"{kind}Name"])
    concept_id = identifier(written)
    if not concept_id or not name:
        file.problem(f"no name or no id in {written!r}, {name!r}")
        return None
    alternatives = _ids(row.get("AltDiseaseIDs", ""))
    references = [
        identifier(text.rpartition(":")[2], prefix=prefix)
        for column, prefix in _REFERENCES.items()
        for text in row.get(column, "").split("|")
    ]
    synonyms = (text for column in _SYNONYMS for text in row.get(column, "").split("|"))
    return make_concept(
        concept_id,
        name,
        map(Alias, synonyms),
        types=[kind],
        definition=row.get("Definition", ""),
        parents=_ids(row.get("ParentIDs", "")),
        xrefs=[*(curie for curie in alternatives if curie.startswith("DOID:")), *references],
        retired=[curie for curie in alternatives if not curie.startswith("DOID:")],
        source=file.source,
    )


def _ids(cell: str) -> list[str]:
    return [identifier(text) for text in cell.split("|")]


def _recognises(beginning: str) -> bool:
    return any(_kind(line.lstrip("# ").split("\t")) for line in beginning.split("\n"))


CTD = Reader(
    description="CTD diseases (MEDIC) or chemicals (CTD_diseases.tsv, CTD_chemicals.tsv)",
    recognises=_recognises,
    read=read_ctd,
)
