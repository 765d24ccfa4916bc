"""Merging records: duplicates, preferred names, retired ids."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.kb.readers.base import Record, Retired
from spacy_bel.kb.schema import storable
from spacy_bel.kb.store import Store
from spacy_bel.kb.writer import Writer, surface_hash
from spacy_bel.types import Alias, Concept

MakeKB = Callable[..., Store]


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    writer = Writer(tmp_path / "concepts.sqlite")
    yield writer
    writer.close()


def _names(kb: Store, concept_id: str) -> list[tuple[str, str]]:
    (concept,) = kb.describe([concept_id])
    return [(alias.name, alias.kind) for alias in concept.aliases]


def test_a_concept_of_two_sources_is_one(make_kb: MakeKB) -> None:
    kb = make_kb(
        [
            Concept(
                "MESH:D003920",
                "Diabetes Mellitus",
                (Alias("diabetes"),),
                types=("Disease",),
                parents=("MESH:D008659",),
                xrefs=("DOID:9351",),
                source="a.tsv",
            ),
            Concept("MESH:D006973", "Hypertension"),
            Concept(
                "MESH:D003920",
                "DM",
                (Alias("diabetes"), Alias("sugar disease", "related")),
                types=("Disease", "Disorder"),
                definition="Too much sugar.",
                parents=("MESH:D004700",),
                xrefs=("DOID:9351", "HP:0000819"),
                source="b.tsv",
            ),
        ]
    )
    assert list(kb) == ["MESH:D003920", "MESH:D006973"]
    (concept,) = kb.describe(["MESH:D003920"])
    assert concept.name == "Diabetes Mellitus"
    assert concept.source == "a.tsv"
    assert concept.types == ("Disease", "Disorder")
    assert concept.definition == "Too much sugar."
    assert concept.parents == ("MESH:D004700", "MESH:D008659")
    assert concept.xrefs == ("DOID:9351", "HP:0000819")
    # Only the first source's name is preferred.
    assert _names(kb, "MESH:D003920") == [
        ("Diabetes Mellitus", "preferred"),
        ("diabetes", "exact"),
        ("DM", "exact"),
        ("sugar disease", "related"),
    ]


def test_the_preferred_name_may_come_after_other_names(make_kb: MakeKB) -> None:
    kb = make_kb(
        [
            Concept("A:1", "", (Alias("Zucker", "exact", "de"),), source="names.tsv"),
            Concept("A:1", "Diabetes", source="concepts.tsv"),
        ]
    )
    (concept,) = kb.describe(["A:1"])
    assert (concept.name, concept.source) == ("Diabetes", "concepts.tsv")
    assert [alias.lang for alias in concept.aliases] == ["en", "de"]


def test_a_concept_of_names_only_takes_the_best_of_them(make_kb: MakeKB) -> None:
    kb = make_kb([Concept("A:1", "", (Alias("b", "broad"), Alias("e"), Alias("f")))])
    assert kb.describe(["A:1"])[0].name == kb.concept_names[0] == "e"


def test_a_concept_of_names_only_takes_an_english_one_where_there_is_any(make_kb: MakeKB) -> None:
    spanish = Alias("tos", "preferred", "es")
    kb = make_kb(
        [
            Concept("A:1", "", (spanish, Alias("hacking", "narrow"), Alias("cough"))),
            Concept("A:2", "", (spanish, Alias("hacking", "annotated", count=1))),
            Concept("A:3", "", (spanish,)),
        ]
    )
    assert [concept.name for concept in kb.concepts()] == ["cough", "hacking", "tos"]
    assert ("cough", "preferred") in _names(kb, "A:1")
    assert ("hacking", "annotated") in _names(kb, "A:2"), "weaker evidence stays what it is"
    assert kb.meta["counts"]["names_only"] == 3


def test_of_names_with_one_surface_the_best_kind_stays(make_kb: MakeKB) -> None:
    aliases = (Alias("LUNG-CANCER", "related"), Alias("lung cancer"), Alias("Lung cancer", "broad"))
    kb = make_kb([Concept("A:1", "Lung Neoplasms", aliases)])
    assert _names(kb, "A:1") == [("Lung Neoplasms", "preferred"), ("lung cancer", "exact")]


def test_one_name_in_two_languages_is_two(make_kb: MakeKB) -> None:
    kb = make_kb([Concept("A:1", "Asthma", (Alias("asthma", "preferred", "de"),))])
    assert kb.count_languages() == {"de": 1, "en": 1}


def test_a_name_that_its_aliases_repeat_has_their_language(make_kb: MakeKB) -> None:
    kb = make_kb([Concept("A:1", "gota", (Alias("gota", "preferred", "es"),))])
    (concept,) = kb.describe(["A:1"])
    assert concept.name == "gota"
    assert [(alias.name, alias.lang) for alias in concept.aliases] == [("gota", "es")]


def test_empty_names_are_left_out(make_kb: MakeKB) -> None:
    kb = make_kb(
        [
            Concept("A:1", "gout", (Alias(""), Alias(" \n"), Alias("Gout"))),
            Concept("A:2", " \t", (Alias(" "),)),
            Concept("A:3", "", parents=("A:1",), xrefs=("B:1",)),
        ]
    )
    assert list(kb) == ["A:1"]
    assert _names(kb, "A:1") == [("gout", "preferred")]
    assert kb.meta["counts"]["aliases"] == 1
    assert kb.meta["counts"]["parents"] == kb.meta["counts"]["xrefs"] == 0


@pytest.mark.parametrize("empty", ["", "  "])
def test_a_concept_without_id_is_refused(make_kb: MakeKB, empty: str) -> None:
    with pytest.raises(BelError, match=r"\[B112\].*gout.*names\.tsv"):
        make_kb([Concept(empty, "gout", source="names.tsv")])


def test_retired_ids_lead_to_the_end_of_their_chain(make_kb: MakeKB) -> None:
    chain = [Retired(f"OLD:{n}", f"OLD:{n + 1}") for n in range(100)]
    kb = make_kb([*chain[50:], Concept("A:1", "gout", retired=("OLD:100",)), *chain[:50]])
    assert {kb.resolve(f"OLD:{n}") for n in range(101)} == {"A:1"}
    assert set(kb.describe(["OLD:0"])[0].retired) == {f"OLD:{n}" for n in range(101)}
    assert kb.meta["counts"]["retired"] == 101


@pytest.mark.parametrize("length", [1, 2, 3, 7])
def test_a_cycle_of_retired_ids_leads_nowhere(make_kb: MakeKB, length: int) -> None:
    cycle = [Retired(f"OLD:{n}", f"OLD:{(n + 1) % length}") for n in range(length)]
    kb = make_kb([Concept("A:1", "gout"), *cycle, Retired("INTO:1", "OLD:0")])
    assert [kb.resolve(each.old) for each in cycle] == [None] * length
    assert kb.resolve("INTO:1") is None


def test_an_id_without_successor_leads_nowhere_until_a_source_names_one(make_kb: MakeKB) -> None:
    kb = make_kb([Concept("A:1", "gout"), Retired("OLD:1"), Retired("OLD:2", "B:9")])
    assert kb.resolve("OLD:1") is kb.resolve("OLD:2") is kb.resolve("") is None
    kb = make_kb([Retired("OLD:1"), Concept("A:1", "gout", retired=("OLD:1",))])
    assert kb.resolve("OLD:1") == "A:1"


def test_a_concept_that_a_source_names_is_not_retired(make_kb: MakeKB) -> None:
    kb = make_kb([Concept("A:1", "gout"), Concept("A:2", "pain"), Retired("A:1", "A:2")])
    assert kb.resolve("A:1") == "A:1"
    assert kb.describe(["A:2"])[0].retired == ()


@pytest.mark.parametrize("hops", [1, 2, 5])
def test_what_is_given_to_a_retired_id_goes_to_its_successor(make_kb: MakeKB, hops: int) -> None:
    chain = [Retired(f"OLD:{n}", f"OLD:{n + 1}") for n in range(hops - 1)]
    late = Concept(
        "OLD:0",
        "",
        (Alias("gota", "preferred", "es"), Alias("podagra", "exact", count=2)),
        parents=("B:1",),
        xrefs=("C:1",),
    )
    concept = Concept("A:1", "Gout", (Alias("Podagra", "related", count=1),))
    kb = make_kb([late, *chain, Retired(f"OLD:{hops - 1}", "A:1"), concept])
    assert list(kb) == ["A:1"]
    (found,) = kb.describe(["A:1"])
    names = {(alias.name, alias.kind, alias.lang, alias.count) for alias in found.aliases}
    assert names == {
        ("Gout", "preferred", "en", 0),
        ("gota", "preferred", "es", 0),
        ("podagra", "exact", "en", 3),  # the better kind; counts add up
    }
    assert (found.parents, found.xrefs) == (("B:1",), ("C:1",))
    assert kb.ids_of_name("gota") == ["A:1"]


def test_names_of_a_retired_id_without_successor_stay_findable(make_kb: MakeKB) -> None:
    kb = make_kb([Concept("OLD:1", "", (Alias("dropsy"),)), Retired("OLD:1", "B:9")])
    assert kb.ids_of_name("dropsy") == ["OLD:1"]
    assert kb.resolve("OLD:1") == "OLD:1"


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 11)), max_size=12))
def test_resolving_is_following(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[int, int]]
) -> None:
    # The ids 10 and 11 are concepts, of the others the first successor counts.
    writer = Writer(tmp_path_factory.mktemp("writer") / "concepts.sqlite")
    records: list[Record] = [Retired(f"A:{old}", f"A:{new}") for old, new in pairs]
    for record in [*records, Concept("A:10", "gout"), Concept("A:11", "pain")]:
        writer.add(record)
    writer.finish()
    successor: dict[int, int] = {}
    for old, new in pairs:
        if old != new:
            successor.setdefault(old, new)
    for start in range(12):
        end = start
        for _ in range(12):
            end = successor.get(end, end)
        number = writer.current_number(f"A:{start}")
        assert number == ({10: 1, 11: 2}[end] if end >= 10 else None)
    writer.close()


def test_nothing_is_left_of_what_was_moved(writer: Writer) -> None:
    writer.add(Concept("OLD:1", "", (Alias("gota"),), parents=("B:1",), xrefs=("C:1",)))
    writer.add(Concept("A:1", "gout", retired=("OLD:1",)))
    writer.finish()
    for table in ("aliases", "parents", "xrefs"):
        left = writer.connection.execute(
            f"SELECT count(*) FROM {table} WHERE concept NOT IN (SELECT number FROM concepts)"
        )
        assert left.fetchone() == (0,)


def test_finishing_twice_changes_nothing(writer: Writer, tmp_path: Path) -> None:
    writer.add(Concept("OLD:1", "", (Alias("gota"),)))
    writer.add(Concept("A:1", "gout", retired=("OLD:1",)))
    writer.finish()
    writer.close()

    def content() -> list[str]:
        db = sqlite3.connect(tmp_path / "concepts.sqlite")
        lines = list(db.iterdump())
        db.close()
        return lines

    before = content()
    again = Writer(tmp_path / "concepts.sqlite")
    again.finish()
    again.close()
    assert content() == before


@given(st.text())
def test_any_text_can_be_stored(text: str) -> None:
    stored = storable(text)
    assert storable(stored) == stored
    assert stored.encode().decode() == stored
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert stored == text


def test_surrogates_are_joined_or_replaced() -> None:
    assert storable("\ud83e\udda0 virus") == "🦠 virus"
    assert storable("\ud83e virus") == "� virus"


def test_names_of_one_surface_have_one_digest() -> None:
    assert surface_hash("Crohn's  Disease") == surface_hash("CROHN’S-disease")
    assert surface_hash("Crohn disease") != surface_hash("Crohn diseases")
    assert surface_hash("+") != surface_hash("-")
