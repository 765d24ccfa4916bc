from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_bel.kb.store import Store
from spacy_bel.retrieval.document import HIGHEST, LEAST_SCORE, OTHER_WEIGHT, SHARED_WEIGHT
from spacy_bel.retrieval.exact import SAME_WORDS
from spacy_bel.retrieval.lexical import NameRetriever
from spacy_bel.retrieval.registry import lexical_retriever
from spacy_bel.types import Alias, Candidate, Concept, Mention

CONCEPTS = [
    Concept("A:1", "Emery-Dreifuss Muscular Dystrophy", types=("Disease",)),
    Concept("A:2", "Deficiency Diseases", types=("Disease",)),
    Concept("A:3", "Zinc Deficiency Disease", types=("Disease",)),
    Concept("A:4", "Asthma", types=("Disease",)),
    Concept("A:5", "Emerin", types=("Gene",)),
]


@pytest.fixture(scope="module")
def retriever(make_kb: Callable[..., Store]) -> NameRetriever:
    made = lexical_retriever()(make_kb(CONCEPTS))
    assert isinstance(made, NameRetriever)
    return made


def _find(
    retriever: NameRetriever, *documents: Sequence[Mention | str], k: int = 5
) -> list[list[list[Candidate]]]:
    mentions = [[Mention(m) if isinstance(m, str) else m for m in own] for own in documents]
    numbers = [number for number, own in enumerate(mentions) for _ in own]
    found = iter(retriever.retrieve_documents([m for own in mentions for m in own], k, numbers))
    return [[next(found) for _ in own] for own in mentions]


def _by_id(candidates: list[Candidate]) -> dict[str, Candidate]:
    return {candidate.id: candidate for candidate in candidates}


def test_a_concept_named_elsewhere_in_the_document_is_a_candidate(
    retriever: NameRetriever,
) -> None:
    ((_, found), (alone,)) = _find(
        retriever, ["emery-dreifuss muscular dystrophy", "lamin defect"], ["lamin defect"]
    )
    other = _by_id(found)["A:1"]
    assert (other.score, other.scores) == (OTHER_WEIGHT, {"document": 1.0})
    assert "A:1" not in _by_id(alone) or "document" not in _by_id(alone)["A:1"].scores


def test_of_a_sure_match_the_document_is_noted_only(retriever: NameRetriever) -> None:
    texts = ["zinc deficiency disease", "deficiency diseases"]
    ((_, found), (alone,)) = _find(retriever, texts, texts[1:])
    assert alone[0].score >= SAME_WORDS
    assert [(c.id, c.score) for c in found] == [(c.id, c.score) for c in alone]
    assert _by_id(found)["A:3"].scores["document"] == 1.0
    assert "document" not in _by_id(alone)["A:3"].scores


def test_the_document_decides_between_equals(make_kb: Callable[..., Store]) -> None:
    concepts = [
        Concept("A:1", "Multiple Sclerosis", (Alias("MS"), Alias("disseminated sclerosis"))),
        Concept("A:2", "Mitral Stenosis", (Alias("MS"),)),
    ]
    retriever = lexical_retriever()(make_kb(concepts))
    assert isinstance(retriever, NameRetriever)
    ((first, _), (alone,), (_, other)) = _find(
        retriever, ["MS", "mitral stenosis"], ["MS"], ["multiple sclerosis", "MS"]
    )
    assert [c.id for c in alone] == ["A:1", "A:2"]
    assert [c.id for c in other] == ["A:1", "A:2"]
    assert [(c.id, c.score) for c in first] == [("A:2", 1.0), ("A:1", 1.0)]


def test_a_candidate_that_is_named_elsewhere_gains(retriever: NameRetriever) -> None:
    ((_, found), (alone,)) = _find(
        retriever, ["zinc deficiency disease", "copper deficiency"], ["copper deficiency"]
    )
    before, after = _by_id(alone)["A:3"], _by_id(found)["A:3"]
    assert before.score < HIGHEST
    assert after.score == pytest.approx(
        max(min(before.score + SHARED_WEIGHT, HIGHEST), OTHER_WEIGHT), abs=1e-6
    )
    assert after.scores == {**before.scores, "document": 1.0}


def test_a_sure_match_keeps_its_candidates(retriever: NameRetriever) -> None:
    together = _find(retriever, ["asthma", "deficiency diseases"])
    assert together == [
        [_find(retriever, [text])[0][0] for text in ("asthma", "deficiency diseases")]
    ]


def test_other_documents_and_the_same_text_are_no_evidence(retriever: NameRetriever) -> None:
    apart = _find(retriever, ["asthma"], ["lamin defect", "Lamin defect"], ["asthma"])
    (alone,) = retriever.retrieve([Mention("lamin defect")], 5)
    assert apart[1] == [alone, alone]


def test_a_bad_match_is_no_evidence(retriever: NameRetriever) -> None:
    ((first, found),) = _find(retriever, ["asthenic chasms", "lamin defect"])
    assert first[0].score < LEAST_SCORE
    assert not any("document" in candidate.scores for candidate in found)


def test_the_filter_of_the_mention_holds(retriever: NameRetriever) -> None:
    genes = Mention("emerin like", types=frozenset({"Gene"}))
    ((_, found),) = _find(retriever, ["asthma", genes])
    assert {candidate.id for candidate in found} == {"A:5"}


@settings(max_examples=50, deadline=None)
@given(
    documents=st.lists(
        st.lists(st.sampled_from(["asthma", "emerin", "copper deficiency", "?", "dystrophies"])),
        max_size=4,
    ),
    k=st.integers(1, 6),
)
def test_any_documents(retriever: NameRetriever, documents: list[list[str]], k: int) -> None:
    for texts, own in zip(documents, _find(retriever, *documents, k=k), strict=True):
        plain = retriever.retrieve([Mention(text) for text in texts], k)
        for before, after in zip(plain, own, strict=True):
            ids = [candidate.id for candidate in after]
            scores = [candidate.score for candidate in after]
            assert len(set(ids)) == len(ids) <= k
            assert len(after) >= len(before)
            assert scores == sorted(scores, reverse=True)
            assert all(0 < score <= 1 for score in scores)
            if before and before[0].score >= SAME_WORDS:
                assert before == after
