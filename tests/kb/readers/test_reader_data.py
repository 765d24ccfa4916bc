"""Real vocabularies, from the folder that SPACY_BEL_DATA names."""

from __future__ import annotations

import gzip
import itertools
import os
import re
from pathlib import Path

import pytest

from spacy_bel.kb.readers import ReadProblem, Record, Retired, read, sniff
from spacy_bel.types import Concept

DATA = Path(os.environ.get("SPACY_BEL_DATA", "/nonexistent"))

needs_data = pytest.mark.skipif(
    "SPACY_BEL_DATA" not in os.environ, reason="SPACY_BEL_DATA names no folder of real data"
)

# File, format, concepts, and distinct names of concepts as the data's own inventory counts them.
COUNTS = [
    ("research_only/medic/CTD_diseases_2017-06-06.tsv.gz", "ctd", 11_865, 77_994),
    ("research_only/medic/medic_06Jul2012.txt.gz", "biosyn", 11_915, 76_237),
    ("kb/doid/doid_2020-12-22.obo.gz", "obo", 10_598, None),
    ("kb/hpo/hp_2016-04-01.obo.gz", "obo", 11_785 - 112, None),
    ("kb/symp/symp.obo.gz", "obo", 1_020 - 125, None),
    ("kb/ordo/ordo_2021-11.obo.gz", "obo", 13_580, None),
    ("kb/gard/gard.obo.gz", "obo", 6_110, None),
    ("kb/medquad_cui/medquad_cui.tsv.gz", "table", 3_557, 17_699),
    ("kb/cui_free/medmentions_train_names.tsv.gz", "table", 18_506, 46_994),
    ("kb/go/go_cc_2017.tsv.gz", "table", 2_047, 3_066),
    ("kb/chebi/chebi_2017_cmdict.tsv.gz", "table", 19_631, 19_631),
    ("kb/ncbitaxon/species_names_2016_reach.tsv.gz", "table", 10_002, 74_363),
    ("kb/ncbitaxon/speclist.txt.gz", "speclist", 26_658, None),  # as its own head says
    # Each translation brings the English label.
    ("kb/hpo/translations/hp-ja.babelon.tsv.gz", "table", 17_649, 35_298),
    ("kb/hpo/translations/hp-de.babelon.tsv.gz", "table", 3_488, 6_976),
]


def read_all(path: Path) -> tuple[list[Record], list[ReadProblem]]:
    problems: list[ReadProblem] = []
    return list(read(path, on_error=problems.append)), problems


@needs_data
@pytest.mark.parametrize(("name", "format_", "concepts", "names"), COUNTS)
def test_counts(name: str, format_: str, concepts: int, names: int | None) -> None:
    assert sniff(DATA / name) == format_
    records, problems = read_all(DATA / name)
    found = [record for record in records if isinstance(record, Concept)]
    assert problems == []
    assert len({concept.id for concept in found}) == len(found) == concepts
    if names is not None:
        assert names == sum(len(concept.aliases) + bool(concept.name) for concept in found)


@needs_data
def test_the_first_records_of_every_vocabulary() -> None:
    paths = sorted(DATA.glob("kb/**/*.gz"))
    assert len(paths) >= 50
    for path in paths:
        problems: list[ReadProblem] = []
        records = list(itertools.islice(read(path, on_error=problems.append), 300))
        assert problems == [], path
        for record in records:
            ids = (
                (record.old,)
                if isinstance(record, Retired)
                else (record.id, *record.parents, *record.xrefs, *record.retired)
            )
            assert all(re.fullmatch(r"[^\s:]+:\S+", curie) for curie in ids), path


@needs_data
def test_genes_of_several_organisms() -> None:
    total: set[str] = set()
    for organism, taxon, count in (
        ("Homo_sapiens", "9606", 63_353),  # each has a placeholder beside them
        ("Drosophila_melanogaster", "7227", 25_097),
    ):
        path = DATA / "kb" / "ncbi_gene" / f"{organism}.gene_info_min.tsv.gz"
        assert sniff(path) == "gene-info"
        records, problems = read_all(path)
        found = [record for record in records if isinstance(record, Concept)]
        assert (problems, len(found)) == ([], count)
        # A file may hold a few genes of its organism's subspecies, such as the Neanderthals'.
        own = [concept for concept in found if concept.types == ("Gene", f"NCBITaxon:{taxon}")]
        assert len(own) > 0.99 * count
        assert all(concept.definition.endswith(f" [{concept.types[1]}]") for concept in found)
        total.update(concept.id for concept in found)
    assert len(total) == 63_353 + 25_097


@needs_data
def test_icd10cm_as_it_is_published(tmp_path: Path) -> None:
    """The codes of a release, put back into the columns that they were taken from."""
    (table,) = (DATA / "kb" / "icd10cm").glob("*.tsv.gz")
    with gzip.open(table, "rt", encoding="utf-8") as stream:
        codes = dict(line.rstrip("\n").split("\t") for line in stream)
    codes.pop("code")
    path = tmp_path / "icd10cm_order_2020.txt"
    with path.open("w", encoding="utf-8") as stream:
        for number, code in enumerate(sorted(codes), 1):
            name, bare = codes[code], code.replace(".", "")
            stream.write(f"{number:05} {bare:<7} 1 {name[:60]:<60} {name}\n")
    assert sniff(path) == "icd10cm"
    records, problems = read_all(path)
    found = {r.id: r for r in records if isinstance(r, Concept)}
    assert problems == []
    assert {id_.partition(":")[2]: concept.name for id_, concept in found.items()} == codes
    for id_, concept in found.items():
        longer = [id_[:end].rstrip(".") for end in range(len(id_) - 1, len("ICD10CM:"), -1)]
        assert concept.parents == tuple(parent for parent in longer if parent in found)[:1]


@needs_data
def test_ordo_refers_to_equal_concepts_only_and_mondo_to_all() -> None:
    records, _ = read_all(DATA / "kb/ordo/ordo_2021-11.obo.gz")
    ordo = {record.id: record for record in records if isinstance(record, Concept)}
    # OMIM:208910 is one of the several diseases that ORPHA:100 comprises; G11.3 is broader.
    assert ordo["ORPHA:100"].xrefs == (
        "MEDDRA:10003594",
        "MESH:D001260",
        "OMIM:208900",
        "UMLS:C0004135",
    )
    records, _ = read_all(DATA / "kb/mondo/mondo_assembled_2023-2026.obo.gz")
    mondo = {record.id: record for record in records if isinstance(record, Concept)}
    assert len(mondo) == 26_586  # and 1,870 that are called obsolete
    assert {"DOID:4", "ORPHA:377788", "SNOMEDCT:64572001"} <= set(mondo["MONDO:0000001"].xrefs)


@needs_data
def test_replaced_terms_of_hpo_lead_to_current_ones() -> None:
    records, _ = read_all(DATA / "kb/hpo/hp_2016-04-01.obo.gz")
    concepts = [record for record in records if isinstance(record, Concept)]
    current = {concept.id for concept in concepts}
    alternative = {old for concept in concepts for old in concept.retired}
    obsolete = {record.old: record.new for record in records if isinstance(record, Retired)}
    assert not set(obsolete) & current
    replaced = {old: new for old, new in obsolete.items() if new}
    assert len(replaced) >= 36
    # HP:0003114 was replaced by HP:0001113, which was itself replaced later.
    assert replaced["HP:0003114"] == "HP:0001113"
    assert replaced["HP:0001113"] in current
    assert set(replaced.values()) <= current | alternative | set(replaced)


@needs_data
def test_the_only_problem_of_the_cell_ontology_is_an_id_that_is_an_address() -> None:
    _, problems = read_all(DATA / "kb/cl/cl-base_2022-12-15.obo.gz")
    assert ["http://purl.obolibrary.org/obo/" in problem.message for problem in problems] == [True]
