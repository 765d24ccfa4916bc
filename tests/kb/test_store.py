"""Reading a knowledge base: the contract and the filters."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.kb.build import build_from_records
from spacy_bel.kb.readers.base import Record
from spacy_bel.kb.store import Store
from spacy_bel.protocols import KnowledgeBase
from spacy_bel.types import Alias, Concept


def test_a_store_is_a_knowledge_base(kb: Store, one_concept_kb: Store) -> None:
    for each in (kb, one_concept_kb):
        assert isinstance(each, KnowledgeBase)
        assert len(each) == len(list(each)) == len(each.concept_ids)
    assert (kb.name, one_concept_kb.name) == ("dozen", "one")
    assert len(kb.checksum) == 64
    assert kb.checksum != one_concept_kb.checksum


def test_membership(kb: Store) -> None:
    assert "MESH:D009103" in kb
    for other in ("MESH:C000001", "MESH:D000000", "", None, 5, ("MESH:D009103",), "\ud800"):
        assert other not in kb


@pytest.mark.parametrize(
    ("concept_id", "current"),
    [
        ("MESH:D009103", "MESH:D009103"),
        ("MESH:C000001", "MESH:D009103"),  # an alternative id
        ("MESH:C000004", "MESH:D003924"),  # a chain of three
        ("MESH:C000002", "MESH:D003924"),
        ("MESH:C000011", None),  # a cycle
        ("MESH:C000020", None),  # no successor
        ("MESH:D000000", None),
        ("NIL", None),
        ("", None),
    ],
)
def test_resolve(kb: Store, concept_id: str, current: str | None) -> None:
    assert kb.resolve(concept_id) == current


@given(st.text())
def test_any_unknown_id_resolves_to_nothing(kb: Store, concept_id: str) -> None:
    assert kb.resolve(concept_id) is None
    assert concept_id not in kb


def test_describe_tells_all_that_was_given(kb: Store, records: Sequence[Record]) -> None:
    given_concepts = [record for record in records if isinstance(record, Concept)]
    found = kb.describe([concept.id for concept in given_concepts])
    for concept, other in zip(given_concepts, found, strict=True):
        assert (other.id, other.name, other.types) == (concept.id, concept.name, concept.types)
        assert (other.definition, other.parents) == (concept.definition, concept.parents)
        assert sorted(other.xrefs) == sorted(concept.xrefs)
        assert set(other.retired) >= set(concept.retired)
        assert other.aliases[0] == Alias(concept.name, "preferred")
        assert set(other.aliases[1:]) == set(concept.aliases)


def test_describe_keeps_the_order_and_takes_retired_ids(kb: Store) -> None:
    ids = ["NCBITaxon:9606", "MESH:C000004", "NCBITaxon:9606"]
    found = [concept.id for concept in kb.describe(ids)]
    assert found == ["NCBITaxon:9606", "MESH:D003924", "NCBITaxon:9606"]
    assert kb.describe([]) == []


@pytest.mark.parametrize("unknown", ["MESH:D000000", "MESH:C000011", ""])
def test_an_unknown_id_cannot_be_described(kb: Store, unknown: str) -> None:
    with pytest.raises(BelError, match=rf"\[B108\].*'{unknown}'.*'dozen'"):
        kb.describe(["NCBITaxon:9606", unknown])


def test_concepts_come_one_by_one(kb: Store) -> None:
    assert [concept.id for concept in kb.concepts()] == list(kb)
    one = next(iter(kb.concepts(["MESH:C000001"])))
    assert one == kb.describe(["MESH:D009103"])[0]


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("MS", ["MESH:D009103", "MESH:D008946"]),
        ("ms", ["MESH:D009103", "MESH:D008946"]),
        ("cold", ["MESH:D003139", "MESH:D003080"]),
        ("Steinert’s Disease", ["MESH:D009223"]),
        ("多发性硬化", ["MESH:D009103"]),
        ("ESCLEROSIS MÚLTIPLE", ["MESH:D009103"]),
        ("diabetes mellitus type 2", ["MESH:D003924"]),  # typography only
        ("type 2 diabetes mellitus", []),  # another order
        ("breast cancers", []),  # another number
        ("", []),
        ("?", []),
    ],
)
def test_ids_of_name(kb: Store, name: str, ids: list[str]) -> None:
    assert kb.ids_of_name(name) == ids


def test_every_name_leads_to_its_concept(kb: Store) -> None:
    for concept in kb.concepts():
        for alias in concept.aliases:
            assert concept.id in kb.ids_of_name(alias.name)


@given(st.text())
def test_any_text_can_be_looked_up(kb: Store, text: str) -> None:
    assert set(kb.ids_of_name(text)) <= set(kb)


def test_names_that_fit_equally_well_have_an_order(kb: Store) -> None:
    cold = sorted(kb.aliases_of_keys(["cold"])[0].tolist(), key=kb.preference)
    assert [kb.alias_names[alias] for alias in cold][-2:] == ["cold", "cold"]
    # Equal kind and count: the concept with more names first.
    assert kb.concept_ids[kb.alias_concepts[cold[-2]]] == "MESH:D003139"
    assert len({kb.preference(alias) for alias in cold}) == len(cold)


def _admitted(kb: Store, **filters: frozenset[str]) -> set[str]:
    mask = kb.alias_mask(**filters)
    assert mask is not None
    assert mask.shape == (len(kb.alias_names),)
    return {kb.alias_names[alias] for alias in np.flatnonzero(mask)}


def test_filters(kb: Store) -> None:
    assert kb.alias_mask() is None
    assert "BRCA1" in _admitted(kb, types=frozenset({"Gene"}))
    assert "Multiple Sclerosis" not in _admitted(kb, types=frozenset({"Gene"}))
    assert "Aspirin" in _admitted(kb, types=frozenset({"Drug", "Gene"}))
    assert _admitted(kb, languages=frozenset({"zh"})) == {"多发性硬化", "糖尿病"}
    assert _admitted(kb, prefixes=frozenset({"NCBITaxon"})) == {"Homo sapiens", "human"}
    assert _admitted(kb, prefixes=frozenset({"NCBI"})) == set()
    both = {"types": frozenset({"Disease"}), "languages": frozenset({"es"})}
    assert _admitted(kb, **both) == {"esclerosis múltiple"}
    assert _admitted(kb, types=frozenset({"no such type"})) == set()


def test_filters_are_remembered_and_cannot_be_changed(kb: Store) -> None:
    mask = kb.alias_mask(types=frozenset({"Gene"}))
    assert mask is not None
    assert kb.alias_mask(frozenset({"Gene"}), frozenset(), frozenset()) is mask
    with pytest.raises(ValueError, match="read-only"):
        mask[0] = True


def test_as_many_filters_as_one_likes(one_concept_kb: Store) -> None:
    for number in range(200):
        mask = one_concept_kb.alias_mask(types=frozenset({f"type {number}"}))
        assert mask is not None
        assert not mask.any()


def test_counts(kb: Store) -> None:
    assert kb.count_prefixes() == {"MESH": 10, "NCBIGene": 1, "NCBITaxon": 1}
    types = {"Disease": 8, "Gene": 1, "Chemical": 1, "Drug": 1, "Phenomenon": 1, "Species": 1}
    assert kb.count_types() == types
    assert sum(kb.count_languages().values()) == len(kb.alias_names)


def test_arrays_are_read_only(kb: Store) -> None:
    for name in kb.meta["files"]:
        if name != "concepts":
            with pytest.raises(ValueError, match="read-only"):
                kb.array(name)[:] = 0
    with pytest.raises(BelError, match=r"\[B101\].*no array vectors"):
        kb.array("vectors")


def test_opening_reads_nothing_that_grows_with_the_vocabulary(tmp_path: Path) -> None:
    def memory(count: int) -> int:
        directory = tmp_path / str(count)
        build_from_records((Concept(f"A:{n}", f"name {n}") for n in range(count)), directory, {})
        Store(directory)  # what is loaded once for all
        tracemalloc.start()
        kb = Store(directory)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(kb) == count
        for name in kb.meta["files"]:
            if name != "concepts":
                array = kb.array(name)
                while isinstance(array.base, np.ndarray):
                    array = array.base
                assert isinstance(array, np.memmap)
        return peak

    assert memory(3000) < memory(30) + 20_000  # one number per name would be 24,000 bytes


def test_a_knowledge_base_of_one_name(one_concept_kb: Store) -> None:
    assert one_concept_kb.ids_of_name("diabetes mellitus") == ["MESH:D003920"]
    assert one_concept_kb.describe(["MESH:D003920"])[0].types == ()
    assert one_concept_kb.count_types() == {"": 1}
    assert one_concept_kb.knows_words(["zzz", "aaa", "diabete"]).tolist() == [False, False, True]
