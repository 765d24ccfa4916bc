from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_bel.kb.store import Store
from spacy_bel.retrieval.ancestors import ANCESTOR, EVERY, PER_LEVEL, SharedAncestors
from spacy_bel.retrieval.exact import SAME_WORDS
from spacy_bel.retrieval.registry import lexical_retriever
from spacy_bel.types import Candidate, Concept, Mention

CONCEPTS = [
    Concept("A:1", "Mental Disorders", types=("Group",)),
    Concept("A:2", "Personality Disorders", types=("Disease",), parents=("A:1",)),
    Concept("A:3", "Bone Diseases", types=("Disease",)),
    Concept("A:4", "Rickets", types=("Disease",), parents=("A:3",)),
    *(
        Concept(f"B:{number}", f"Aggressive {kind}", types=("Disease",), parents=("A:2",))
        for number, kind in enumerate(["paranoid", "borderline", "schizoid", "outburst", "mood"])
    ),
    Concept("C:1", "Aggressive wolf", parents=("C:2",)),
    Concept("C:2", "Canine", parents=("C:1",)),
]


@pytest.fixture(scope="module")
def kb(make_kb: Callable[[Sequence[Concept]], Store]) -> Store:
    return make_kb(CONCEPTS)


@pytest.fixture(scope="module")
def ancestors(kb: Store) -> SharedAncestors:
    return SharedAncestors(kb, {id_: place for place, id_ in enumerate(kb)})


def _candidates(*ids: str, best: float = 0.6) -> list[Candidate]:
    names = {concept.id: concept.name for concept in CONCEPTS}
    return [
        Candidate(id_, names[id_], names[id_], (), round(best - 0.05 * rank, 6), {"ngram": 0.5})
        for rank, id_ in enumerate(ids)
    ]


FOUND = _candidates("B:0", "B:1", "B:2", "B:3", "B:4", "A:4", "A:3")


def _ids(candidates: Sequence[Candidate]) -> list[str]:
    return [candidate.id for candidate in candidates]


def test_every_fourth_candidate_is_a_shared_ancestor(ancestors: SharedAncestors, kb: Store) -> None:
    offered = ancestors.offer(Mention("aggressiveness"), FOUND, [], None, 20)
    assert _ids(offered) == ["B:0", "B:1", "B:2", "A:2", "B:3", "B:4", "A:4", "A:1", "A:3"]
    of_children = sum(candidate.score for candidate in FOUND[:5])
    share = PER_LEVEL * of_children / sum(candidate.score for candidate in FOUND)
    assert offered[3] == Candidate(
        "A:2",
        "Personality Disorders",
        "Personality Disorders",
        ("Disease",),
        offered[2].score,
        {ANCESTOR: round(share, 6)},
        kb.name,
    )
    assert offered[7].scores[ANCESTOR] == pytest.approx(PER_LEVEL * share, abs=1e-6)
    assert [c for c in offered if ANCESTOR not in c.scores] == FOUND


def test_a_candidate_that_is_an_ancestor_moves_up(ancestors: SharedAncestors) -> None:
    found = _candidates("A:4", "B:0", "C:1", "B:1", "B:2", "A:2", "A:3")
    offered = ancestors.offer(Mention("aggressiveness"), found, [], None, 20)
    assert _ids(offered) == ["A:4", "B:0", "C:1", "A:2", "B:1", "B:2", "A:3"]
    assert offered[3].score == offered[2].score
    assert offered[3].scores.keys() == {"ngram", ANCESTOR}


def test_the_other_concepts_of_the_document_vote(ancestors: SharedAncestors) -> None:
    found = _candidates("B:0", "C:1", "B:1", "C:2")
    (rickets,) = _candidates("A:4", best=1.0)
    for others, expected in (([], "A:2"), ([rickets] * 2, "A:3")):
        offered = ancestors.offer(Mention("softening"), found, others, None, 4)
        assert _ids(offered) == ["B:0", "C:1", "B:1", expected]


def test_no_concept_is_its_own_ancestor(ancestors: SharedAncestors) -> None:
    found = _candidates("C:1", "A:1", "A:3", "B:0")
    offered = {c.id: c for c in ancestors.offer(Mention("wolves"), found, [], None, 5)}
    assert offered["C:2"].scores == {ANCESTOR: pytest.approx(PER_LEVEL * 0.6 / 2.1, abs=1e-6)}
    assert ANCESTOR not in offered["C:1"].scores


@pytest.mark.parametrize(
    ("mention", "found"),
    [
        (Mention("a sure match"), _candidates("B:0", "B:1", "B:2", "B:3", best=SAME_WORDS)),
        (Mention("two", parts=("one", "other")), FOUND),
        (Mention("few candidates"), FOUND[: EVERY - 1]),
        (Mention("none"), []),
    ],
)
def test_candidates_stay_as_they_are(
    ancestors: SharedAncestors, mention: Mention, found: list[Candidate]
) -> None:
    assert ancestors.offer(mention, found, FOUND, None, 20) == found


def test_what_a_filter_leaves_out_is_not_offered(ancestors: SharedAncestors, kb: Store) -> None:
    mask = kb.alias_mask(frozenset({"Group"}))
    offered = ancestors.offer(Mention("aggressiveness"), FOUND, [], mask, 4)
    assert _ids(offered) == ["B:0", "B:1", "B:2", "A:1"]
    nothing = np.zeros(len(kb.alias_names), bool)
    assert ancestors.offer(Mention("aggressiveness"), FOUND, [], nothing, 20) == FOUND


def test_scores_of_zero(ancestors: SharedAncestors) -> None:
    found = [Candidate(c.id, c.name, c.alias, (), 0.0) for c in FOUND]
    offered = ancestors.offer(Mention("aggressiveness"), found, [], None, 4)
    assert offered[3].scores == {ANCESTOR: 0.0}


@settings(max_examples=50, deadline=None)
@given(
    ids=st.lists(st.sampled_from([concept.id for concept in CONCEPTS]), unique=True),
    others=st.lists(st.sampled_from(FOUND)),
    k=st.integers(1, 12),
)
def test_any_candidates(
    ancestors: SharedAncestors, ids: list[str], others: list[Candidate], k: int
) -> None:
    found = _candidates(*ids)[:k]
    offered = ancestors.offer(Mention("aggressiveness"), found, others, None, k)
    assert len(set(_ids(offered))) == len(offered) <= k
    assert len(offered) >= len(found)
    scores = [candidate.score for candidate in offered]
    assert scores == sorted(scores, reverse=True)
    assert offered[: EVERY - 1] == found[: EVERY - 1]
    rest = [candidate.id for candidate in offered if ANCESTOR not in candidate.scores]
    assert rest == [id_ for id_ in _ids(found) if id_ in rest]
    places = [place for place, c in enumerate(offered, 1) if ANCESTOR in c.scores]
    assert all(place % EVERY == 0 for place in places)


def test_a_retriever_offers_them_unless_told_not_to(kb: Store) -> None:
    mention = Mention("aggressiveness")
    (found,) = lexical_retriever()(kb).retrieve([mention], 20)
    assert [place for place, c in enumerate(found, 1) if ANCESTOR in c.scores][:1] == [EVERY]
    (without,) = lexical_retriever(broader=0)(kb).retrieve([mention], 20)
    assert not any(ANCESTOR in candidate.scores for candidate in without)
