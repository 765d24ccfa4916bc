"""MEDIC, the disease vocabulary of the Comparative Toxicogenomics Database (CTD).

``CTD_diseases.tsv``, as described on CTD's download pages and by Davis et al. (2012,
doi:10.1093/database/bar065): MeSH diseases merged with OMIM. Comment lines start with ``#``;
the one after ``# Fields:`` names the columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from spacy_bel.errors import Errors
from spacy_bel.kb.readers.base import Reader, Record, clean, identifier, make_concept
from spacy_bel.kb.readers.textfile import TextFile
from spacy_bel.types import Alias, Concept

_NAME, _ID = "DiseaseName", "DiseaseID"


def read_ctd(file: TextFile, options: Mapping[str, str]) -> Iterator[Record]:
    """The diseases of a MEDIC file.

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
    for line in file:
        if line.startswith("#") or not columns:
            fields = line.lstrip("# ").split("\t")
            if _ID in fields and _NAME in fields:
                columns = fields
                continue
        if line.startswith("#") or not line.strip():
            continue
        if not columns:
            reason = f"no line before line {file.line} names {_NAME} and {_ID}"
            raise Errors.B161(path=file.path, reason=reason, options="of the table format")
        cells = line.split("\t")
        if len(cells) != len(columns):
            file.problem(f"{len(cells)} columns where the header names {len(columns)}")
            continue
        concept = _disease(file, dict(zip(columns, cells, strict=True)))
        if concept is not None:
            yield concept


def _disease(file: TextFile, row: Mapping[str, str]) -> Concept | None:
    concept_id, name = identifier(row[_ID]), clean(row[_NAME])
    if not concept_id or not name:
        file.problem(f"no name or no id in {row[_ID]!r}, {row[_NAME]!r}")
        return None
    alternatives = _ids(row.get("AltDiseaseIDs", ""))
    return make_concept(
        concept_id,
        name,
        [Alias(synonym) for synonym in row.get("Synonyms", "").split("|")],
        types=["Disease"],
        definition=row.get("Definition", ""),
        parents=_ids(row.get("ParentIDs", "")),
        xrefs=[curie for curie in alternatives if curie.startswith("DOID:")],
        retired=[curie for curie in alternatives if not curie.startswith("DOID:")],
        source=file.source,
    )


def _ids(cell: str) -> list[str]:
    return [identifier(text) for text in cell.split("|")]


def _recognises(beginning: str) -> bool:
    return any({_NAME, _ID} <= set(line.lstrip("# ").split("\t")) for line in beginning.split("\n"))


CTD = Reader(
    description="CTD/MEDIC diseases (CTD_diseases.tsv)",
    recognises=_recognises,
    read=read_ctd,
)
