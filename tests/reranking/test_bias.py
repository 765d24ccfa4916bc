from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from spacy_bel.reranking.bias import position_bias
from spacy_bel.reranking.prompt import PromptBuilder
from spacy_bel.reranking.setwise import SetwiseLLM
from spacy_bel.types import Candidate, Mention, Ranking
from tests.reranking.conftest import CANDIDATES, MENTIONS, MakeLM


class First:
    """A reranker that likes what stands first."""

    def rerank(
        self, mentions: Sequence[Mention], candidates: Sequence[Sequence[Candidate]]
    ) -> list[Ranking]:
        return [
            Ranking((0.6, *(0.3 / (len(own) - 1),) * (len(own) - 1)), 0.1) for own in candidates
        ]


class ByScore:
    """A reranker that does not look at places."""

    def rerank(
        self, mentions: Sequence[Mention], candidates: Sequence[Sequence[Candidate]]
    ) -> list[Ranking]:
        return [Ranking(tuple(each.score for each in own)) for own in candidates]


class Failing:
    def rerank(
        self, mentions: Sequence[Mention], candidates: Sequence[Sequence[Candidate]]
    ) -> list[Ranking]:
        return [Ranking((0.0,) * len(own), error="no answer") for own in candidates]


def test_extremes() -> None:
    own = [CANDIDATES[:4], CANDIDATES[1:6], CANDIDATES[:2]]
    biased = position_bias(First(), MENTIONS[:3], own, places=4)
    assert biased.mentions == 2
    assert biased.chosen == (1.0, 0.0, 0.0, 0.0)
    assert biased.consistent == 0
    assert biased.largest_change == pytest.approx(0.5)
    fair = position_bias(ByScore(), MENTIONS[:3], own, places=4)
    assert fair.chosen == pytest.approx((0.25,) * 4)
    assert fair.consistent == 1
    assert fair.largest_change == 0
    assert position_bias(Failing(), MENTIONS[:2], own[:2], places=4).mentions == 0


def test_averaging_over_all_orders_takes_the_bias_away(qwen: Path, make_lm: MakeLM) -> None:
    lm, own = make_lm(qwen), [CANDIDATES[:3]] * len(MENTIONS)
    plain = position_bias(SetwiseLLM(lm, PromptBuilder()), MENTIONS, own, places=3)
    averaged = position_bias(SetwiseLLM(lm, PromptBuilder(), orders=3), MENTIONS, own, places=3)
    assert plain.largest_change > 0.01
    assert averaged.largest_change < 1e-5
    assert averaged.consistent == 1
