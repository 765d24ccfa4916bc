from __future__ import annotations

import json
from collections.abc import Callable
from math import log

import pytest

from spacy_bel.kb.store import Store
from spacy_bel.retrieval.exact import SAME_KEY
from spacy_bel.retrieval.fusion import ANNOTATED_PRIOR
from spacy_bel.retrieval.registry import NGRAM_WEIGHT, lexical_retriever, ngram_retriever
from spacy_bel.types import Alias, Candidate, Concept, Mention

MakeKB = Callable[..., Store]


def _annotated(count: int) -> list[Concept]:
    often = Alias("limb weakness", "annotated", count=count)
    return [
        Concept("A:1", "Grip Weakness"),
        Concept("A:2", "Gait Weakness", (often,) if count else ()),
    ]


def _find(kb: Store, text: str) -> dict[str, Candidate]:
    (found,) = lexical_retriever()(kb).retrieve([Mention(text)], 5)
    return {candidate.id: candidate for candidate in found}


def test_what_annotators_named_often_gains(make_kb: MakeKB) -> None:
    found = _find(make_kb(_annotated(30)), "facial weaknesses")
    first, second = found.values()
    assert first.id == "A:2"
    gain = ANNOTATED_PRIOR * log(31)
    assert first.score == pytest.approx(NGRAM_WEIGHT * first.scores["ngram"] + gain, abs=2e-6)
    assert second.score == pytest.approx(NGRAM_WEIGHT * second.scores["ngram"], abs=2e-6)


def test_it_never_becomes_a_sure_match_by_that(make_kb: MakeKB) -> None:
    (found,) = ngram_retriever()(make_kb(_annotated(10**6))).retrieve([Mention("limb weakness")], 5)
    assert found[0].score == 1.0
    (found,) = ngram_retriever()(make_kb(_annotated(10**6))).retrieve([Mention("limb weak")], 5)
    assert found[0].score <= SAME_KEY


def test_without_annotation_nothing_gains(make_kb: MakeKB) -> None:
    for candidate in _find(make_kb(_annotated(0)), "facial weaknesses").values():
        assert candidate.score == pytest.approx(NGRAM_WEIGHT * candidate.scores["ngram"], abs=2e-6)


def test_of_names_that_tie_in_everything_the_first_counts(make_kb: MakeKB) -> None:
    names = (Alias("tumör"), Alias("tumor"))
    found = _find(make_kb([Concept("A:1", "Neoplasm of Something", names)]), "tumor like")
    assert found["A:1"].alias == "tumör"


def test_candidates_are_plain_data(sample: Store) -> None:
    (found,) = lexical_retriever()(sample).retrieve([Mention("breast cancer")], 20)
    assert all(type(candidate) is Candidate for candidate in found)
    for candidate in found:
        assert json.loads(json.dumps(candidate.scores)) == candidate.scores
        assert all(type(score) is float for score in (candidate.score, *candidate.scores.values()))
        with pytest.raises(AttributeError):
            candidate.score = 1.0  # type: ignore[misc]


def test_a_concept_keeps_what_every_stage_gave(sample: Store) -> None:
    (found,) = lexical_retriever()(sample).retrieve([Mention("heart attack")], 20)
    assert set(found[0].scores) == {"exact", "ngram"}
    assert found[0].scores == pytest.approx({"exact": 1.0, "ngram": 1.0}, abs=1e-6)
