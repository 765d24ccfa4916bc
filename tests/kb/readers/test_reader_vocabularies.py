"""MEDIC, BioSyn dictionaries, scispaCy's JSONL and UniProt's species list."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.kb.readers import ReadProblem, Record, read
from spacy_bel.types import Alias, Concept

COLUMNS = ("DiseaseName", "DiseaseID", "AltDiseaseIDs", "Definition", "ParentIDs", "Synonyms")

cell = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\t\0|"))


def records(folder: Path, text: str, **options: str) -> list[Record]:
    path = folder / "vocabulary.txt"
    path.write_bytes(text.encode())
    return list(read(f"{path}?{urlencode(options)}"))


def only(folder: Path, text: str, **options: str) -> Concept:
    (record,) = records(folder, text, **options)
    assert isinstance(record, Concept)
    return record


def medic(*rows: str) -> str:
    return "\n".join(["# Fields:", "# " + "\t".join(COLUMNS), "#", *rows, ""])


def test_medic_ids_resolve_and_ontology_ids_are_references(tmp_path: Path) -> None:
    row = "A\tMESH:C537806\tOMIM:203400|DO:DOID:1|MESH:D1\tWhat.\tMESH:D006994|MESH:D2\tB|C"
    assert only(tmp_path, medic(row)) == Concept(
        id="MESH:C537806",
        name="A",
        aliases=(Alias("B"), Alias("C")),
        types=("Disease",),
        definition="What.",
        parents=("MESH:D006994", "MESH:D2"),
        xrefs=("DOID:1",),
        retired=("OMIM:203400", "MESH:D1"),
        source="vocabulary.txt",
    )


def test_medic_columns_are_found_by_name(tmp_path: Path) -> None:
    text = "DiseaseID\tDiseaseName\nMESH:D1\tfever\n"
    assert only(tmp_path, text).name == "fever"


def test_medic_without_columns(tmp_path: Path) -> None:
    with pytest.raises(BelError, match=r"B161.*line 2.*DiseaseID"):
        records(tmp_path, "# MEDIC\nfever\tMESH:D1\n", format="ctd")


@pytest.mark.parametrize("row", ["\tMESH:D1\t\t\t\t", "fever\t\t\t\t\t", "fever\tsome id\t\t\t\t"])
def test_medic_lines_without_name_or_id(row: str, tmp_path: Path) -> None:
    path = tmp_path / "medic.tsv"
    path.write_text(medic("good\tMESH:D9\t\t\t\t", row))
    problems: list[ReadProblem] = []
    assert len(list(read(path, on_error=problems.append))) == 1
    assert [problem.line for problem in problems] == [5]


@given(name=cell, synonym=cell, definition=cell)
def test_medic_cells_are_taken_as_they_are(
    tmp_path_factory: pytest.TempPathFactory, name: str, synonym: str, definition: str
) -> None:
    row = f"n{name}\tMESH:D1\t\t{definition}\t\ts{synonym}"
    concept = only(tmp_path_factory.getbasetemp(), medic(row))
    assert concept.name == " ".join(f"n{name}".split())
    assert concept.definition == " ".join(definition.split())
    assert [alias.name for alias in concept.aliases] == [" ".join(f"s{synonym}".split())]


def test_biosyn_ids(tmp_path: Path) -> None:
    text = "115200|D002311|C580047||Cardiomyopathy, Dilated|CMD1A\nC||Diseases\n"
    first, root = records(tmp_path, text)
    assert isinstance(first, Concept)
    assert isinstance(root, Concept)
    assert (first.id, first.retired) == ("OMIM:115200", ("MESH:D002311", "MESH:C580047"))
    assert first.aliases == (Alias("CMD1A"),)
    assert (root.id, root.types) == ("MESH:C", ("Disease",))


def test_biosyn_dictionaries_of_other_types(tmp_path: Path) -> None:
    assert only(tmp_path, "672||BRCA1\n", type="Gene").id == "NCBIGene:672"
    assert only(tmp_path, "C0000005||albumin\n").id == "UMLS:C0000005"
    chemical = only(tmp_path, "7||water\n", prefix="CHEBI", type="Chemical")
    assert (chemical.id, chemical.types) == ("CHEBI:7", ("Chemical",))


@given(name=cell.filter(str.strip), aliases=st.lists(cell), definition=st.none() | cell)
def test_scispacy_entities_round_trip(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    aliases: list[str],
    definition: str | None,
) -> None:
    entity = {
        "concept_id": "C0000005",
        "canonical_name": name,
        "aliases": aliases,
        "types": ["T116"],
        "definition": definition,
    }
    concept = only(tmp_path_factory.getbasetemp(), json.dumps(entity), format="scispacy")
    assert concept.name == " ".join(name.split())
    expected = {" ".join(alias.split()) for alias in aliases} - {"", concept.name}
    assert {alias.name for alias in concept.aliases} == expected
    assert concept.types == ("T116",)
    assert concept.definition == " ".join((definition or "").split())


@pytest.mark.parametrize(
    "change",
    [
        {"concept_id": ""},
        {"concept_id": 5},
        {"concept_id": "Q42"},
        {"canonical_name": " "},
        {"canonical_name": None},
        {"aliases": "fever"},
        {"aliases": [1]},
        {"types": {"T047": 1}},
        {"definition": 3},
        {"canonical_name": "half a pair \ud800"},
        {"canonical_name": "NUL \0"},
    ],
)
def test_scispacy_entities_of_the_wrong_shape(change: dict[str, object], tmp_path: Path) -> None:
    good = {"concept_id": "C0000005", "canonical_name": "albumin", "aliases": []}
    path = tmp_path / "kb.jsonl"
    path.write_text("\n".join(json.dumps(entity) for entity in (good, {**good, **change})))
    problems: list[ReadProblem] = []
    assert len(list(read(path, on_error=problems.append))) == 1
    assert [problem.line for problem in problems] == [2]


def test_scispacy_ids_of_any_vocabulary(tmp_path: Path) -> None:
    entity = '{"concept_id": "Q42", "canonical_name": "x", "aliases": []}'
    assert only(tmp_path, entity, prefix="wikidata").id == "wikidata:Q42"


SPECIES = """<html><body><pre>
Code    Taxon    N=Official (scientific) name

(1) Real organism codes

_____ _ _______  ____
HUMAN E    9606: N=Homo sapiens
                 C=Human
                 S=Man &amp; woman
MOUSE E   10090: N=Mus musculus
garbage
                 C=House mouse

===
(2) Virtual codes
===

9VIRU V   10239: N=Viruses

---
Copyrighted by the UniProt Consortium
</pre></body></html>
"""


def test_species_in_both_lists(tmp_path: Path) -> None:
    path = tmp_path / "speclist.txt"
    path.write_text(SPECIES)
    problems: list[ReadProblem] = []
    human, mouse, viruses = read(path, on_error=problems.append)
    assert isinstance(human, Concept)
    assert isinstance(mouse, Concept)
    assert isinstance(viruses, Concept)
    assert human.id == "NCBITaxon:9606"
    assert human.aliases == (Alias("Human"), Alias("Man & woman"))
    assert human.types == ("Species",)
    # A name behind a line that cannot be read is nobody's, rather than the previous organism's.
    assert mouse.aliases == ()
    assert [problem.line for problem in problems] == [11, 12]
    assert viruses.name == "Viruses"
