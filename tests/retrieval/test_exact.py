from __future__ import annotations

from collections.abc import Callable

import pytest

from spacy_bel.features import NameForms
from spacy_bel.kb.store import Store
from spacy_bel.lexicon import MODIFIERS
from spacy_bel.protocols import Retriever
from spacy_bel.retrieval import exact
from spacy_bel.retrieval.registry import exact_retriever
from spacy_bel.types import Alias, Concept, Mention

MakeKB = Callable[..., Store]


def _grade(mention: str, name: str) -> float:
    forms = NameForms.of(mention), NameForms.of(name)
    assert forms[0].key == forms[1].key, "exact match looks up names of the same key"
    return exact.grade(*forms)


@pytest.mark.parametrize(
    ("mention", "name"),
    [
        ("hypertension", "Hypertension"),
        ("Crohn's disease", "Crohn Disease"),
        ("T-cell leukemia", "T cell leukemia"),
        ("β-thalassemia", "beta Thalassemia"),
        ("von Hippel–Lindau disease", "von Hippel-Lindau disease"),
        ("glucosephosphate dehydrogenase (G6PD)", "Glucosephosphate Dehydrogenase G6PD"),
        ("ＡＩＤＳ", "AIDS"),
    ],
)
def test_typography_makes_no_difference(mention: str, name: str) -> None:
    assert _grade(mention, name) == exact.SAME_SURFACE == 1


@pytest.mark.parametrize(
    ("mention", "name"),
    [
        ("breast neoplasm", "Breast Neoplasms"),
        ("neuropathies", "neuropathy"),
        ("diagnoses", "diagnosis"),
        ("tumour of the lung", "lung tumor"),
        ("haemolytic anaemia", "Anemia, Hemolytic"),
        ("cancer of the breast", "Breast Cancer"),
        ("type II diabetes", "Diabetes, Type 2"),
        ("factor eight deficiency", "Factor VIII Deficiency"),
        ("first degree burn", "burn, 1 degree"),
    ],
)
def test_the_same_words_in_another_form(mention: str, name: str) -> None:
    assert _grade(mention, name) == exact.SAME_WORDS < exact.SAME_SURFACE


def test_capitals_of_short_names_tell_them_apart(make_kb: MakeKB) -> None:
    concepts = [Concept("A:1", "Common cold", (Alias("cold"),)), Concept("A:2", "COLD")]
    retriever = exact_retriever()(make_kb(concepts))
    assert _found(retriever, "cold") == {"A:1": exact.SAME_SURFACE, "A:2": exact.SAME_WORDS}
    assert _found(retriever, "Cold") == {"A:1": exact.SAME_SURFACE, "A:2": exact.SAME_WORDS}
    assert _found(retriever, "COLD") == {"A:2": exact.SAME_SURFACE, "A:1": exact.SAME_WORDS}


def test_what_annotators_wrote_is_nearly_as_good_in_the_plural(make_kb: MakeKB) -> None:
    annotated = Alias("growth", "annotated", count=2)
    concepts = [
        Concept("A:1", "Cancer", (annotated,)),
        Concept("A:2", "Growth"),
        Concept("A:3", "Cell growths", (Alias("growths", "annotated", count=1),)),
    ]
    found = _found(exact_retriever()(make_kb(concepts)), "growths")
    grades = (exact.SAME_ANNOTATED, exact.SAME_WORDS, exact.SAME_SURFACE)
    assert found == dict(zip(("A:1", "A:2", "A:3"), grades, strict=True))
    assert sorted(grades) == [exact.SAME_WORDS, exact.SAME_ANNOTATED, exact.SAME_SURFACE]


def test_words_that_stand_for_the_same_thing() -> None:
    expected = pytest.approx(exact.SAME_KEY - 2 * exact.SYNONYM_COST)
    assert _grade("renal cyst", "kidney cyst") == expected
    assert _grade("hepatic abscess", "liver abscess") == expected


def test_words_that_stand_for_nearly_the_same() -> None:
    loose = _grade("lung carcinoma", "lung neoplasm")
    assert loose == pytest.approx(exact.SAME_KEY - 2 * exact.LOOSE_SYNONYM_COST)
    assert loose < _grade("renal cyst", "kidney cyst")


def test_a_compound_and_its_meanings() -> None:
    assert (
        exact.SAME_KEY
        > _grade("nephropathy", "kidney disease")
        > _grade("acute nephropathy", "kidney disease")
    )


def test_a_word_that_only_says_illness() -> None:
    grade = _grade("gout disease", "gout")
    assert grade == _grade("gout", "gout disease")
    assert grade == pytest.approx(exact.SAME_KEY - exact.HEAD_COST)


@pytest.mark.parametrize("modifier", ["sporadic", "inherited", "recurrent", "acute", "chronic"])
def test_a_modifier_before_the_head(modifier: str) -> None:
    more = _grade(f"{modifier} pancreatitis", "pancreatitis")
    less = _grade("pancreatitis", f"{modifier} pancreatitis")
    assert more == pytest.approx(exact.SAME_KEY - exact.MENTION_MODIFIER_COST)
    assert less == pytest.approx(exact.SAME_KEY - exact.NAME_MODIFIER_COST)


def test_a_special_name_costs_more_than_a_special_mention() -> None:
    assert _grade("pancreatitis", "acute pancreatitis") < _grade(
        "acute pancreatitis", "pancreatitis"
    )


def test_every_modifier_counts() -> None:
    one = _grade("acute pancreatitis", "pancreatitis")
    two = _grade("recurrent acute pancreatitis", "pancreatitis")
    three = _grade("severe recurrent acute pancreatitis", "pancreatitis")
    assert one > two > three > 0


def test_a_grade_is_always_positive() -> None:
    every = " ".join(sorted(MODIFIERS - {"idiopathic"}))
    assert 0 < _grade(f"{every} pancreatitis", "pancreatitis") < 0.1
    assert 0 < _grade("pancreatitis", f"{every} pancreatitis") < 0.1


def _found(retriever: Retriever, text: str) -> dict[str, float]:
    (candidates,) = retriever.retrieve([Mention(text)], 10)
    return {candidate.id: candidate.score for candidate in candidates}


def test_a_word_that_only_says_that_something_is_wrong(make_kb: MakeKB) -> None:
    kb = make_kb([Concept("A:1", "Kidney Diseases"), Concept("A:2", "Kidney Failure")])
    retriever = exact_retriever()(kb)
    found = _found(retriever, "renal damage")
    assert set(found) == {"A:1"}
    assert found["A:1"] <= exact.SAME_KEY - exact.WEAK_HEAD_COST
    assert _found(retriever, "renal disease")["A:1"] > found["A:1"]


def test_without_weak_head() -> None:
    forms = NameForms.of("hepatic lesions")
    assert exact.without_weak_head(forms.concept) == NameForms.of("liver").key
    assert exact.without_weak_head(NameForms.of("asthma").concept) == ""
    assert exact.without_weak_head(NameForms.of("lesion").concept) == ""
    assert exact.without_weak_head(frozenset()) == ""


def test_the_better_grade_comes_first(make_kb: MakeKB) -> None:
    names = {
        "A:1": "lung tumor, acute",
        "A:2": "lung carcinoma",
        "A:3": "lung tumors",
        "A:4": "Lung-Tumor",
        "A:5": "liver tumor",
    }
    kb = make_kb([Concept(id_, name) for id_, name in names.items()])
    assert list(_found(exact_retriever()(kb), "lung tumor")) == ["A:4", "A:3", "A:2", "A:1"]


def test_the_letter_a_is_no_article_where_a_name_has_it(make_kb: MakeKB) -> None:
    concepts = [Concept("A:1", "Hepatitis", (Alias("hepatitides"),)), Concept("A:2", "Hepatitis A")]
    retriever = exact_retriever()(make_kb(concepts))
    assert next(iter(_found(retriever, "hepatitis A"))) == "A:2"
    assert next(iter(_found(retriever, "hepatitis"))) == "A:1"


def test_the_very_name_is_graded_however_many_share_its_key(make_kb: MakeKB) -> None:
    grades = ["acute", "chronic", "severe", "mild", "fatal", "late", "early", "benign", "adult"]
    names = [
        f"{a} {b} {c} pancreatitis" for a in grades for b in grades for c in grades if a < b or c
    ]
    assert len(names) > exact.MAX_NAMES
    kb = make_kb(
        [*(Concept(f"A:{n}", x) for n, x in enumerate(names)), Concept("B:1", "Pancreatitis")]
    )
    assert next(iter(_found(exact_retriever()(kb), "pancreatitis"))) == "B:1"
