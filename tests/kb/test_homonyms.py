"""Names that several concepts bear, counted and rewritten (Shlyk, Montanelli, Hunter 2026)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from spacy_bel.kb.store import Store
from spacy_bel.types import Alias, Concept

MakeKB = Callable[..., Store]


def _names(kb: Store, concept_id: str) -> list[str]:
    return [alias.name for alias in kb.describe([concept_id])[0].aliases]


def test_homonyms_are_surface_forms_of_several_concepts(make_kb: MakeKB) -> None:
    kb = make_kb(
        [
            Concept("A:1", "Common Cold", (Alias("COLD"), Alias("coryza"))),
            Concept("A:2", "Cold Temperature", (Alias("cold"), Alias("kalt", lang="de"))),
            Concept("A:3", "Coldness", (Alias("Cold"), Alias("cold", lang="de"))),
        ]
    )
    assert kb.meta["counts"]["homonyms"] == 1


def test_shared_synonyms_get_the_preferred_name(make_kb: MakeKB) -> None:
    kb = make_kb(
        [
            Concept("A:1", "Common Cold", (Alias("a cold"), Alias("coryza"))),
            Concept("A:2", "Cold Temperature", (Alias("a cold"),)),
        ],
        homonyms=True,
    )
    assert _names(kb, "A:1") == ["Common Cold", "a cold (Common Cold)", "coryza"]
    assert _names(kb, "A:2") == ["Cold Temperature", "a cold (Cold Temperature)"]
    assert kb.ids_of_name("a cold (common cold)") == ["A:1"]
    assert kb.meta["counts"]["homonyms"] == 0


def test_short_synonyms_get_the_preferred_name(make_kb: MakeKB) -> None:
    kb = make_kb([Concept("A:1", "Lead", (Alias("Pb"), Alias("saturn")))], homonyms=True)
    assert _names(kb, "A:1") == ["Lead", "Pb (Lead)", "saturn"]


def test_a_shared_preferred_name_gets_the_longest_name_of_its_own(make_kb: MakeKB) -> None:
    kb = make_kb(
        [
            Concept("A:1", "Cold", (Alias("coryza"), Alias("acute coryza"), Alias("the chill"))),
            Concept("A:2", "Cold", (Alias("the chill"), Alias("low temperature"))),
        ],
        homonyms=True,
    )
    assert _names(kb, "A:1") == [
        "Cold (acute coryza)",
        "coryza",
        "acute coryza",
        "the chill (acute coryza)",  # the preferred name would not tell which one
    ]
    assert _names(kb, "A:2")[0] == "Cold (low temperature)"
    assert kb.describe(["A:1"])[0].name == "Cold", "what is shown keeps the source's name"
    assert kb.meta["counts"]["homonyms"] == 0


def test_a_clash_that_nothing_tells_apart_stays_and_is_counted(make_kb: MakeKB) -> None:
    concepts = [Concept("A:1", "Cold"), Concept("A:2", "Cold", (Alias("chilliness"),))]
    kb = make_kb(concepts, homonyms=True)
    assert (_names(kb, "A:1"), _names(kb, "A:2")[0]) == (["Cold"], "Cold (chilliness)")
    assert kb.meta["counts"]["homonyms"] == 0
    kb = make_kb([Concept("A:1", "Cold"), Concept("A:2", "cold")], homonyms=True)
    assert kb.ids_of_name("cold") == ["A:1", "A:2"]
    assert kb.meta["counts"]["homonyms"] == 1


@pytest.mark.parametrize("count", [2, 500])
def test_a_name_of_many_concepts(make_kb: MakeKB, count: int) -> None:
    concepts = [Concept(f"A:{n}", f"disease {n}", (Alias("illness"),)) for n in range(count)]
    kb = make_kb(concepts, homonyms=True)
    assert kb.ids_of_name("illness") == []
    assert kb.ids_of_name("illness (disease 1)") == ["A:1"]


def test_a_name_that_tells_its_concept_is_left_alone(make_kb: MakeKB) -> None:
    concept = Concept("A:1", "Gout", (Alias("podagra"), Alias("gouty arthritis")))
    plain, rewritten = make_kb([concept]), make_kb([concept], homonyms=True)
    assert _names(plain, "A:1") == _names(rewritten, "A:1")
