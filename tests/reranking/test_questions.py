"""What is asked about composites, and what is made of the answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.examples import Offer
from spacy_bel.reranking.questions import answer, ask
from spacy_bel.types import Candidate, Mention

COMPOSITE = Mention("breast and ovarian cancer", parts=("breast cancer", "ovarian cancer"))


def _offers(*parts: int) -> list[Offer]:
    """Candidates, each for a part of a composite; 0 for the whole."""
    return [
        Offer(Candidate(f"A:{n}", "", "", (), 1.0, {"part": float(part)} if part else {}))
        for n, part in enumerate(parts)
    ]


def test_a_whole_that_is_as_good_as_every_part_keeps_its_place() -> None:
    asked = ask(COMPOSITE, _offers(0, 1, 2))
    ranking = answer(asked, [[0.4, 0.3, 0.3, 0.0], [1.0, 0.0], [1.0, 0.0]], 3, calibrated=False)
    assert ranking.probs == pytest.approx((4 / 7, 3 / 7, 3 / 7))


def test_parts_do_not_compete_with_each_other() -> None:
    asked = ask(COMPOSITE, _offers(1, 2, 1, 0))
    values = [[0.5, 0.4, 0.05, 0.05, 0.0], [0.9, 0.1, 0.0], [1.0, 0.0]]
    ranking = answer(asked, values, 5, calibrated=False)
    assert min(ranking.probs[:2]) > 0.8
    assert ranking.probs[4] == 0, "it was not asked about"


def test_many_candidates_of_a_part_do_not_outweigh_the_whole() -> None:
    asked = ask(COMPOSITE, _offers(0, 1, 1, 1, 2, 2, 2))
    values = [[0.22, *[0.13] * 6, 0.0], *[[0.4, 0.3, 0.3, 0.0]] * 2]
    first, *others = answer(asked, values, 7, calibrated=False).probs
    assert max(others) < first


@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=6),
    st.lists(st.integers(0, 100), min_size=7, max_size=7),
)
def test_equal_answers_about_whole_and_parts_keep_what_is_first(
    parts: list[int], weights: list[int]
) -> None:
    offers = _offers(*parts)
    asked = ask(COMPOSITE, offers)
    values = []
    for places in asked.places:
        own = [float(weights[place]) for place in (*places, 6)]
        values.append([each / (sum(own) or 1.0) for each in own])
    ranking = answer(asked, values, len(offers), calibrated=False)
    assert all(0 <= value <= 1 for value in (*ranking.probs, ranking.nil))
    best = values[0].index(max(values[0][:-1]))
    assert ranking.probs[best] == max(ranking.probs)
    if len(asked.questions) == 1:
        assert (*ranking.probs, ranking.nil) == pytest.approx(tuple(values[0]))
    for places in asked.places[1:]:
        others = [p for p, part in enumerate(parts) if not part]
        assert sum(ranking.probs[p] for p in (*others, *places)) + ranking.nil <= 1 + 1e-9
