"""Cross-references that make one concept of several."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.kb.build import build, build_from_records
from spacy_bel.kb.increments import Target, update_source
from spacy_bel.kb.merge import INDIRECT, SAME, SEVERAL, MergeRow
from spacy_bel.kb.readers.base import Retired
from spacy_bel.kb.sources import Sources
from spacy_bel.kb.store import Store
from spacy_bel.types import Alias, Concept


def merged(directory: Path, *records: Concept | Retired) -> tuple[Store, list[MergeRow]]:
    meta = build_from_records(records, directory, {}, merge_by="xref")
    return Store(directory), meta["merges"]


def test_a_reference_joins_two_concepts_and_all_that_is_known_of_them(tmp_path: Path) -> None:
    kb, rows = merged(
        tmp_path / "kb",
        Concept(
            "DOID:1",
            "gout",
            (Alias("podagra"),),
            types=("Disease",),
            xrefs=("MESH:D1", "OMIM:1"),
            source="doid.obo",
        ),
        Concept("DOID:2", "gouty nephropathy", parents=("MESH:D1",), source="doid.obo"),
        Concept(
            "MESH:D1",
            "Gout",
            (Alias("gouty arthritis"), Alias("gota", "preferred", "es")),
            types=("Disease", "Joint"),
            definition="Urate.",
            parents=("MESH:D2",),
            xrefs=("UMLS:C1",),
            retired=("MESH:C1",),
            source="mesh.xml",
        ),
        Concept("MESH:D2", "Joint Diseases", source="mesh.xml"),
        Concept("MESH:D3", "Tophus", parents=("MESH:D1",), source="mesh.xml"),
    )
    assert rows == [MergeRow("merged", "DOID:1", "gout", "MESH:D1", "Gout")]
    (gout,) = kb.describe(["MESH:D1"])
    assert gout == Concept(
        "DOID:1",
        "gout",
        (
            Alias("gout", "preferred", source="doid.obo"),
            Alias("gota", "preferred", "es", source="mesh.xml"),
            Alias("podagra"),
            Alias("gouty arthritis", source="mesh.xml"),
        ),
        types=("Disease", "Joint"),
        definition="Urate.",
        parents=("MESH:D2",),
        xrefs=("MESH:D1", "OMIM:1", "UMLS:C1"),
        retired=("MESH:C1", "MESH:D1"),
        source="doid.obo",
    )
    assert kb.describe(["DOID:2", "MESH:D3"])[0].parents == ("DOID:1",)
    assert kb.describe(["MESH:D3"])[0].parents == ("DOID:1",)
    assert kb.resolve("MESH:C1") == "DOID:1"
    assert len(kb) == 4


def test_without_asking_nothing_is_joined(tmp_path: Path) -> None:
    records = [Concept("DOID:1", "gout", xrefs=("MESH:D1",)), Concept("MESH:D1", "Gout")]
    assert "merges" not in build_from_records(records, tmp_path / "kb", {})
    assert len(Store(tmp_path / "kb")) == 2


def test_chains_and_both_directions(tmp_path: Path) -> None:
    kb, rows = merged(
        tmp_path / "kb",
        Concept("A:1", "gout", xrefs=("B:1",)),
        Concept("B:1", "gout", xrefs=("A:1", "C:1")),
        Concept("C:1", "gout"),
    )
    assert [row[:4] for row in rows] == [
        ("merged", "A:1", "gout", "B:1"),
        ("merged", "A:1", "gout", "C:1"),
    ]
    assert list(kb) == ["A:1"]
    assert kb.describe(["A:1"])[0].xrefs == ("B:1", "C:1")


def test_a_reference_to_a_retired_id(tmp_path: Path) -> None:
    kb, _ = merged(
        tmp_path / "kb",
        Concept("A:1", "gout", xrefs=("B:9",)),
        Concept("B:1", "Gout"),
        Retired("B:9", "B:1"),
    )
    assert kb.resolve("B:1") == kb.resolve("B:9") == "A:1"


@pytest.mark.parametrize(
    ("concepts", "expected"),
    [
        (  # one to two
            [("A:1", "B:1 B:2"), ("B:1", ""), ("B:2", "")],
            [("A:1", "B:1", SEVERAL), ("A:1", "B:2", SEVERAL)],
        ),
        (  # two to one
            [("A:1", "B:1"), ("A:2", "B:1"), ("B:1", "")],
            [("A:1", "B:1", SEVERAL), ("A:2", "B:1", SEVERAL)],
        ),
        ([("A:1", "A:2"), ("A:2", "")], [("A:1", "A:2", SAME)]),
        (  # A:1 = B:1 = C:1 = A:2
            [("A:1", "B:1"), ("A:2", "C:1"), ("B:1", "C:1"), ("C:1", "")],
            [("B:1", "C:1", INDIRECT)],
        ),
    ],
)
def test_conflicts_are_told_and_left_as_they_were(
    concepts: list[tuple[str, str]], expected: list[tuple[str, str, str]], tmp_path: Path
) -> None:
    records = [Concept(id_, "x", xrefs=tuple(xrefs.split())) for id_, xrefs in concepts]
    kb, rows = merged(tmp_path / "kb", *records)
    conflicts = [row for row in rows if row.outcome == "conflict"]
    assert [(row.first, row.second, row.reason) for row in conflicts] == expected
    for row in conflicts:
        assert kb.resolve(row.first) != kb.resolve(row.second)


def test_a_third_concept_decides_between_several(tmp_path: Path) -> None:
    concepts = [("A:1", ""), ("A:2", "B:1"), ("B:1", "A:1 C:1"), ("C:1", "A:1")]
    records = [Concept(id_, id_, xrefs=tuple(xrefs.split())) for id_, xrefs in concepts]
    kb, rows = merged(tmp_path / "kb", *records)
    assert kb.resolve("B:1") == kb.resolve("C:1") == "A:1"
    conflicts = [row for row in rows if row.outcome == "conflict"]
    assert [(row.first, row.second, row.reason) for row in conflicts] == [("A:2", "B:1", SEVERAL)]


def test_many_genes_of_one_taxon_are_no_taxon(tmp_path: Path) -> None:
    genes = [Concept(f"NCBIGene:{n}", f"G{n}", xrefs=("NCBITaxon:9606",)) for n in range(3)]
    kb, rows = merged(tmp_path / "kb", *genes, Concept("NCBITaxon:9606", "Homo sapiens"))
    assert len(kb) == 4
    assert {row.reason for row in rows} == {SEVERAL}


pairs = st.tuples(st.sampled_from("ABC"), st.integers(1, 3)).map(lambda p: f"{p[0]}:{p[1]}")


@settings(max_examples=15)
@given(links=st.dictionaries(pairs, st.lists(pairs, max_size=2), min_size=1, max_size=9))
def test_no_concept_is_lost_and_no_vocabulary_is_joined_with_itself(
    links: dict[str, list[str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    records = [Concept(id_, f"name of {id_}", xrefs=tuple(xrefs)) for id_, xrefs in links.items()]
    kb, rows = merged(tmp_path_factory.mktemp("merge") / "kb", *records)
    homes: dict[str, set[str]] = {}
    for id_ in links:
        home = kb.resolve(id_)
        assert home is not None
        assert home in kb.ids_of_name(f"name of {id_}")
        homes.setdefault(home, set()).add(id_)
    for together in homes.values():
        assert len({id_[0] for id_ in together}) == len(together)
    assert sum(row.outcome == "merged" for row in rows) == len(links) - len(kb)
    told = {frozenset((row.first, row.second)) for row in rows if row.outcome == "conflict"}
    for id_, xrefs in links.items():
        for xref in xrefs:
            if xref in links and xref != id_:
                apart = kb.resolve(id_) != kb.resolve(xref)
                assert apart == (frozenset((id_, xref)) in told)


def test_an_update_joins_again(tmp_path: Path) -> None:
    disease, mesh = tmp_path / "doid.tsv", tmp_path / "mesh.tsv"
    disease.write_text("id\tname\txrefs\nDOID:1\tgout\tMESH:D1\nDOID:2\tpain\t\n")
    mesh.write_text("id\tname\nMESH:D1\tpodagra\n")
    meta = build([disease, mesh], tmp_path / "kb", merge_by="xref")
    assert [row.outcome for row in meta["merges"]] == ["merged"]
    mesh.write_text("id\tname\nMESH:D1\tgouty arthritis\nMESH:D2\tnew\n")
    update_source(Target(tmp_path / "kb"), Sources([mesh]))
    kb = Store(tmp_path / "kb")
    assert list(kb) == ["DOID:1", "DOID:2", "MESH:D2"]
    names = {alias.name for alias in kb.describe(["MESH:D1"])[0].aliases}
    assert names == {"gout", "gouty arthritis"}
    assert kb.meta["merge_by"] == "xref"


def test_an_unknown_way_to_merge(tmp_path: Path) -> None:
    with pytest.raises(BelError, match=r"B194.*'name'"):
        build_from_records([Concept("A:1", "gout")], tmp_path / "kb", {}, merge_by="name")
    assert not (tmp_path / "kb").exists()
