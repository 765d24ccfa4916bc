from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spacy_bel.kb.store import Store
from spacy_bel.retrieval.ancestors import ANCESTOR, EVERY, FIRST, PER_LEVEL, SharedAncestors
from spacy_bel.retrieval.exact import SAME_WORDS
from spacy_bel.retrieval.registry import lexical_retriever
from spacy_bel.types import Candidate, Concept, Mention

_KINDS = "paranoid borderline schizoid outburst mood child patient driver offender".split()

CONCEPTS = [
    Concept("A:1", "Mental Disorders", types=("Group",)),
    Concept("A:2", "Personality Disorders", types=("Disease",), parents=("A:1",)),
    Concept("A:3", "Bone Diseases", types=("Disease",)),
    Concept("A:4", "Rickets", types=("Disease",), parents=("A:3",)),
    *(
        Concept(f"B:{number}", f"Aggressive {kind}", types=("Disease",), parents=("A:2",))
        for number, kind in enumerate(_KINDS)
    ),
    Concept("C:1", "Aggressive wolf", parents=("C:2",)),
    Concept("C:2", "Canine", parents=("C:1",)),
]


@pytest.fixture(scope="module")
def kb(make_kb: Callable[[Sequence[Concept]], Store]) -> Store:
    return make_kb(CONCEPTS)


def _candidates(*ids: str, best: float = 0.6) -> list[Candidate]:
    names = {concept.id: concept.name for concept in CONCEPTS}
    return [
        Candidate(id_, names[id_], names[id_], (), round(best - 0.03 * rank, 6), {"ngram": 0.5})
        for rank, id_ in enumerate(ids)
    ]


FOUND = _candidates(*(f"B:{number}" for number in range(9)), "A:4", "C:1")


Offer = Callable[..., list[Candidate]]


@pytest.fixture(scope="module")
def offer(kb: Store) -> Offer:
    places = {id_: place for place, id_ in enumerate(kb)}
    ancestors = SharedAncestors(kb, places)

    def of_one(
        mention: Mention,
        found: list[Candidate],
        others: list[Candidate],
        mask: NDArray[np.bool_] | None,
        k: int,
    ) -> list[Candidate]:
        (offered,) = ancestors.offer([mention], [found], [others], [mask], k)
        return offered

    return of_one


def _ids(candidates: Sequence[Candidate]) -> list[str]:
    return [candidate.id for candidate in candidates]


def test_from_the_eighth_on_every_fourth_candidate_is_a_shared_ancestor(
    offer: Offer, kb: Store
) -> None:
    offered = offer(Mention("aggressiveness"), FOUND, [], None, 20)
    expected = _ids(FOUND)
    expected[7:7], expected[11:11] = ["A:2"], ["A:1"]
    assert _ids(offered) == expected
    of_children = sum(candidate.score for candidate in FOUND[:9])
    share = PER_LEVEL * of_children / sum(candidate.score for candidate in FOUND)
    assert offered[7] == Candidate(
        "A:2",
        "Personality Disorders",
        "Personality Disorders",
        ("Disease",),
        offered[6].score,
        {ANCESTOR: round(share, 6)},
        kb.name,
    )
    assert offered[11].scores[ANCESTOR] == pytest.approx(PER_LEVEL * share, abs=1e-6)
    assert [c for c in offered if ANCESTOR not in c.scores] == FOUND


def test_a_candidate_that_is_an_ancestor_moves_up(offer: Offer) -> None:
    found = [*FOUND, *_candidates("A:2", best=0.2)]
    offered = offer(Mention("aggressiveness"), found, [], None, 20)
    assert _ids(offered) == [*_ids(FOUND[:7]), "A:2", *_ids(FOUND[7:10]), "A:1", "C:1"]
    assert offered[7].score == offered[6].score
    assert offered[7].scores.keys() == {"ngram", ANCESTOR}


def test_an_ancestor_that_stands_higher_stays(offer: Offer) -> None:
    found = [*_candidates("A:2", best=0.7), *FOUND]
    offered = offer(Mention("aggressiveness"), found, [], None, 8)
    assert _ids(offered) == [*_ids(found[:7]), "A:1"]
    assert offered[:7] == found[:7]


def test_the_other_concepts_of_the_document_vote(offer: Offer) -> None:
    (rickets,) = _candidates("A:4", best=1.0)
    for others, expected in (([], "A:2"), ([rickets] * 6, "A:3")):
        offered = offer(Mention("softening"), FOUND, others, None, 8)
        assert _ids(offered) == [*_ids(FOUND[:7]), expected]


def test_no_concept_is_its_own_ancestor(offer: Offer) -> None:
    (wolf,) = _candidates("C:1", best=1.0)
    offered = offer(Mention("wolves"), FOUND, [wolf] * 20, None, 20)
    assert [c.id for c in offered if ANCESTOR in c.scores] == ["C:2", "A:2"]


@pytest.mark.parametrize(
    ("mention", "found"),
    [
        (Mention("a sure match"), [*_candidates("A:4", best=SAME_WORDS), *FOUND[:9]]),
        (Mention("two", parts=("one", "other")), FOUND),
        (Mention("few candidates"), FOUND[: FIRST - 1]),
        (Mention("none"), []),
    ],
)
def test_candidates_stay_as_they_are(
    offer: Offer, mention: Mention, found: list[Candidate]
) -> None:
    assert offer(mention, found, FOUND, None, 20) == found


def test_what_a_filter_leaves_out_is_not_offered(offer: Offer, kb: Store) -> None:
    mask = kb.alias_mask(frozenset({"Group"}))
    offered = offer(Mention("aggressiveness"), FOUND, [], mask, 8)
    assert _ids(offered) == [*_ids(FOUND[:7]), "A:1"]
    nothing = np.zeros(len(kb.alias_names), bool)
    assert offer(Mention("aggressiveness"), FOUND, [], nothing, 20) == FOUND


def test_scores_of_zero(offer: Offer) -> None:
    found = [Candidate(c.id, c.name, c.alias, (), 0.0) for c in FOUND]
    offered = offer(Mention("aggressiveness"), found, [], None, 8)
    assert offered[7].scores == {ANCESTOR: 0.0}


@settings(max_examples=50, deadline=None)
@given(
    ids=st.lists(st.sampled_from([concept.id for concept in CONCEPTS]), unique=True),
    others=st.lists(st.sampled_from(FOUND)),
    k=st.integers(1, 12),
)
def test_any_candidates(offer: Offer, ids: list[str], others: list[Candidate], k: int) -> None:
    found = _candidates(*ids)[:k]
    offered = offer(Mention("aggressiveness"), found, others, None, k)
    assert len(set(_ids(offered))) == len(offered) <= k
    assert len(offered) >= len(found)
    scores = [candidate.score for candidate in offered]
    assert scores == sorted(scores, reverse=True)
    assert offered[: FIRST - 1] == found[: FIRST - 1]
    rest = [candidate.id for candidate in offered if ANCESTOR not in candidate.scores]
    assert rest == [id_ for id_ in _ids(found) if id_ in rest]
    places = [place for place, c in enumerate(offered, 1) if ANCESTOR in c.scores]
    assert all(place >= FIRST and place % EVERY == 0 for place in places)


def test_a_retriever_offers_them_unless_told_not_to(kb: Store) -> None:
    mention = Mention("aggressiveness")
    (found,) = lexical_retriever()(kb).retrieve([mention], 20)
    assert [place for place, c in enumerate(found, 1) if ANCESTOR in c.scores][:1] == [FIRST]
    (without,) = lexical_retriever(broader=0)(kb).retrieve([mention], 20)
    assert not any(ANCESTOR in candidate.scores for candidate in without)
