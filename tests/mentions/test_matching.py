from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc

from spacy_bel.kb.build import build_from_records
from spacy_bel.kb.store import Store
from spacy_bel.mentions.matching import Guards, find_matches, spans_of_matches
from spacy_bel.types import Alias, Concept

DISEASE, GENE = ("Disease",), ("Gene",)
CONCEPTS = [
    Concept("MESH:D002289", "Lung Neoplasms", (Alias("cancer of the lung"),), DISEASE),
    Concept("MESH:D008175", "Non-Small-Cell Lung Carcinoma", (Alias("NSCLC"),), DISEASE),
    Concept("MESH:D009369", "Neoplasms", (Alias("tumor"), Alias("cancer")), DISEASE),
    Concept("MESH:D003424", "Crohn Disease", (), DISEASE),
    Concept("MESH:D054218", "Leukemia, T-Cell", (Alias("ALL", "related"),), DISEASE),
    Concept("MESH:D006073", "Gout", (), DISEASE),
    Concept("MESH:D006505", "Hepatitis", (Alias("inflammation of the liver"),), DISEASE),
    Concept("MESH:D006506", "Hepatitis A", (), DISEASE),
    Concept("MESH:D014801", "Vitamin A", (), ("Chemical",)),
    Concept("MESH:D001943", "Breast Neoplasms", (Alias("breast cancer"),), DISEASE),
    Concept("MESH:D003924", "Diabetes Mellitus, Type 2", (Alias("2型糖尿病", lang="zh"),), DISEASE),
    Concept("MESH:D009203", "Myocardial Infarction", (Alias("心肌梗死", lang="zh"),), DISEASE),
    Concept("MESH:D003643", "Death", (Alias("was"), Alias("X"), Alias("in"), Alias("1984")), ()),
    Concept("NCBIGene:7157", "TP53", (Alias("p53"), Alias("CAT")), GENE),
    Concept(
        "NCBIGene:17", "Shorts", tuple(map(Alias, ("II", "2-1", "MOST-1", "AT mutated"))), GENE
    ),
    Concept("NCBITaxon:9685", "Felis catus", (Alias("cat"),), ("Species",)),
    Concept("NCBIGene:1", "Twin 1", (Alias("cold"),), GENE),
    Concept("NCBIGene:2", "Twin 2", (Alias("cold"),), GENE),
    Concept("MESH:D003139", "Common Cold", (Alias("cold"),), DISEASE),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    directory = tmp_path_factory.mktemp("kb")
    build_from_records(CONCEPTS, directory, {"name": "toy"})
    return Store(directory)


@cache
def _blank(lang: str) -> Language:
    return spacy.blank(lang)


def _match(
    store: Store, text: str, lang: str = "en", guards: Guards | None = None
) -> list[tuple[str, str]]:
    doc = _blank(lang).make_doc(text)
    return [
        (doc[match.start : match.end].text, store.concept_ids[store.alias_concepts[match.alias]])
        for match in find_matches(doc, store, guards or Guards())
    ]


def _texts(store: Store, text: str, lang: str = "en", guards: Guards | None = None) -> list[str]:
    return [found for found, _ in _match(store, text, lang, guards)]


def test_the_longest_name_from_the_left(store: Store) -> None:
    text = "Breast cancer, lung cancer and cancer; non-small-cell lung carcinomas."
    assert _match(store, text) == [
        ("Breast cancer", "MESH:D001943"),
        ("lung cancer", "MESH:D002289"),
        ("cancer", "MESH:D009369"),
        ("non-small-cell lung carcinomas", "MESH:D008175"),
    ]


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("Gout", "MESH:D006073"),
        ("BREAST CANCER", "MESH:D001943"),
        ("breast neoplasm", "MESH:D001943"),
        ("tumours", "MESH:D009369"),
        ("cancers of the lung", "MESH:D002289"),
        ("inflammation of the liver", "MESH:D006505"),
        ("Crohn's disease", "MESH:D003424"),
        ("Crohn’s Disease", "MESH:D003424"),
        ("T-cell leukaemia", "MESH:D054218"),
        ("T cell leukemias", "MESH:D054218"),
        ("type II diabetes mellitus", "MESH:D003924"),
        ("NSCLCs", "MESH:D008175"),
        ("p53", "NCBIGene:7157"),
    ],
)
def test_case_inflection_spelling_and_word_order(store: Store, text: str, id_: str) -> None:
    assert _match(store, f"A case of {text} is seen") == [(text, id_)]


@pytest.mark.parametrize("text", ["gouty", "goutx", "xgout", "hepatitisA", "Crohn", "measles", ""])
def test_a_part_of_a_word_or_of_a_name_is_no_match(store: Store, text: str) -> None:
    assert _match(store, text) == []


def test_capitals_of_short_names_count(store: Store) -> None:
    assert _match(store, "ALL patients, all patients. All of them: All") == [
        ("ALL", "MESH:D054218")
    ]
    assert _match(store, "the CAT and the cat") == [
        ("CAT", "NCBIGene:7157"),
        ("cat", "NCBITaxon:9685"),
    ]
    assert _texts(store, "GOUT") == []  # it may stand for something else
    assert _texts(store, "GOUT", guards=Guards(case_chars=3)) == ["GOUT"]


def test_words_that_say_nothing_are_left_alone(store: Store) -> None:
    assert _texts(store, "It was in 1984 that X was in it") == []
    assert _texts(store, "X", guards=Guards(min_chars=1)) == ["X"]


def test_names_that_many_concepts_bear_are_left_alone(store: Store) -> None:
    assert _texts(store, "a cold") == ["cold"]
    assert _texts(store, "a cold", guards=Guards(max_concepts=3)) == ["cold"]
    assert _texts(store, "a cold", guards=Guards(max_concepts=2)) == []
    # The names of other types do not count.
    guards = Guards(max_concepts=1, types=frozenset({"Disease"}))
    assert _match(store, "a cold", guards=guards) == [("cold", "MESH:D003139")]


def test_only_the_types_that_are_wanted(store: Store) -> None:
    text = "p53 in breast cancer of cats"
    assert _texts(store, text, guards=Guards(types=frozenset({"Gene"}))) == ["p53"]
    assert _texts(store, text, guards=Guards(types=frozenset({"Disease"}))) == ["breast cancer"]


def test_only_as_many_tokens_as_are_wanted(store: Store) -> None:
    assert _texts(store, "lung cancer", guards=Guards(max_tokens=1)) == ["cancer"]


def test_the_letter_a_belongs_to_the_name(store: Store) -> None:
    assert _match(store, "hepatitis A and vitamin A; hepatitis. A hepatitis, a vitamin") == [
        ("hepatitis A", "MESH:D006506"),
        ("vitamin A", "MESH:D014801"),
        ("hepatitis", "MESH:D006505"),
        ("hepatitis", "MESH:D006505"),
    ]


def test_a_repeated_name_is_found_twice(store: Store) -> None:
    assert _texts(store, "gout, gout and gout") == ["gout"] * 3
    assert _texts(store, "cancer of cancer") == ["cancer", "cancer"]


@pytest.mark.parametrize(
    "text",
    [
        "lung. Cancer",
        "lung! cancer",
        "lung; cancer",
        "lung: cancer",
        "lung\n\ncancer",
        "lung\ncancer",
    ],
)
def test_no_match_crosses_the_end_of_a_sentence(store: Store, text: str) -> None:
    assert [found.lower() for found in _texts(store, text)] == ["cancer"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gout/hepatitis", ["gout", "hepatitis"]),
        ("gout-hepatitis", ["gout", "hepatitis"]),
        ("anti-p53", ["p53"]),
        ("(gout)", ["gout"]),
        ('"gout", gout.', ["gout", "gout"]),
        ("lung\u2013cancer", ["lung\u2013cancer"]),
        ("cancer  of\u00a0the lung", ["cancer  of\u00a0the lung"]),
    ],
)
def test_hyphens_brackets_and_glued_tokens(store: Store, text: str, expected: list[str]) -> None:
    assert _texts(store, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("他患2型糖尿病和心肌梗死。", ["2型糖尿病", "心肌梗死"]),
        ("2型糖尿病", ["2型糖尿病"]),
        ("心肌梗死TP53突变", ["心肌梗死", "TP53"]),
        ("心肌。梗死", []),
        ("心肌", []),
    ],
)
def test_chinese(store: Store, text: str, expected: list[str]) -> None:
    assert _texts(store, text, "zh") == expected


def test_spans_of_matches(store: Store) -> None:
    doc = _blank("en").make_doc("gout or asthma or hepatitis")
    matches = find_matches(doc, store, Guards())
    spans = spans_of_matches(doc, matches, ["A", "B"])
    assert [(span.text, span.label_) for span in spans] == [("gout", "A"), ("hepatitis", "B")]


def test_an_empty_doc(store: Store) -> None:
    assert find_matches(Doc(_blank("en").vocab), store, Guards()) == []


def _check(doc: Doc, store: Store) -> None:
    end = 0
    for match in find_matches(doc, store, Guards()):
        assert end <= match.start < match.end <= len(doc)
        assert 0 <= match.alias < len(store.alias_names)
        end = match.end


PIECES = [
    "lung",
    "cancer",
    "of",
    "the",
    "hepatitis",
    "A",
    "ALL",
    "-",
    "'s",
    " ",
    "\n",
    "2",
    "型",
    ".",
]


@settings(max_examples=150, deadline=None)
@given(text=st.text() | st.lists(st.sampled_from(PIECES)).map("".join))
def test_any_text(store: Store, text: str) -> None:
    _check(_blank("en").make_doc(text), store)


@settings(max_examples=150, deadline=None)
@given(words=st.lists(st.text(min_size=1, max_size=6) | st.sampled_from(PIECES)), data=st.data())
def test_any_tokens(store: Store, words: Sequence[str], data: st.DataObject) -> None:
    spaces = data.draw(st.lists(st.booleans(), min_size=len(words), max_size=len(words)))
    _check(Doc(_blank("en").vocab, words=list(words), spaces=spaces), store)


@pytest.mark.parametrize(
    "text",
    ["The second visit", "the first and second visit", "one of the most cited", "mutated cells"],
)
def test_common_words_are_not_short_names_in_another_guise(store: Store, text: str) -> None:
    assert _match(store, text) == []


@pytest.mark.parametrize("text", ["MOST-1"])
def test_short_names_match_as_they_are_written(store: Store, text: str) -> None:
    assert _match(store, f"In {text} cells") == [(text, "NCBIGene:17")]
