"""A cascade: who answers what, budgets, failures, and what is saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from spacy.util import registry

from spacy_bel.errors import BelError
from spacy_bel.kb.store import Store
from spacy_bel.protocols import DocumentReranker
from spacy_bel.reranking.cascade import EXACT, Cascade, confidence
from spacy_bel.types import Candidate, Mention, Ranking


class Fixed:
    """Gives the same value to the best candidate of every mention, and remembers the mentions."""

    def __init__(self, *values: float, kind: str = "probability", error: str | None = None) -> None:
        self.ranking = Ranking(values, kind=kind, error=error)  # type: ignore[arg-type]
        self.asked: list[str] = []

    def rerank(
        self, mentions: Sequence[Mention], candidates: Sequence[Sequence[Candidate]]
    ) -> list[Ranking]:
        self.asked += [mention.text for mention in mentions]
        return [self.ranking] * len(mentions)


class ByText(Fixed):
    """As sure as the mention says."""

    def rerank(
        self, mentions: Sequence[Mention], candidates: Sequence[Sequence[Candidate]]
    ) -> list[Ranking]:
        super().rerank(mentions, candidates)
        return [Ranking((float(mention.text), 0.0)) for mention in mentions]


def _candidates(*exact: float) -> list[Candidate]:
    return [
        Candidate(f"X:{n}", "a", "a", (), 0.5, {"exact": value} if value else {})
        for n, value in enumerate(exact)
    ]


UNSURE = _candidates(0.0, 0.0)


def test_the_next_one_is_asked_about_what_is_not_sure() -> None:
    small, large = ByText(), Fixed(0.1, 0.6)
    cascade = Cascade({"small": small, "large": large}, {"small": 0.8})
    assert isinstance(cascade, DocumentReranker)
    rankings = cascade.rerank([Mention("0.9"), Mention("0.5")], [UNSURE, UNSURE])
    assert [ranking.step for ranking in rankings] == ["small", "large"]
    assert [ranking.probs for ranking in rankings] == [(0.9, 0.0), (0.1, 0.6)]
    assert large.asked == ["0.5"]
    assert cascade.counts == {"small": 1, "large": 1}


def test_what_is_written_exactly_like_one_name_is_left_alone() -> None:
    step = Fixed(0.2, 0.7)
    cascade = Cascade({"step": step}, {})
    mentions = [Mention("one"), Mention("two"), Mention("none"), Mention("whole", parts=("a", "b"))]
    offered = [_candidates(1, 0.9), _candidates(1, 1), UNSURE, _candidates(1, 0)]
    rankings = cascade.rerank(mentions, offered)
    assert [ranking.step for ranking in rankings] == [EXACT, "step", "step", "step"]
    assert rankings[0].probs == (1.0, 0.0)
    off = Cascade({"step": step}, {}, exact=False).rerank(mentions[:1], offered[:1])
    assert off[0].step == "step"


def test_the_budget_of_a_document_goes_to_the_least_sure() -> None:
    large = Fixed(0.1, 0.6)
    cascade = Cascade({"small": ByText(), "large": large}, {"small": 0.9}, budget=1)
    texts = ["0.5", "0.2", "0.95", "0.7"]
    rankings = cascade.rerank_documents(
        [Mention(text) for text in texts], [UNSURE] * 4, [0, 0, 0, 1]
    )
    assert [ranking.step for ranking in rankings] == ["small", "large", "small", "large"]
    assert sorted(large.asked) == ["0.2", "0.7"]


def test_a_failure_leaves_the_answer_before_it() -> None:
    broken = Fixed(error="no answer")
    cascade = Cascade({"small": Fixed(0.4, 0.3), "broken": broken}, {"small": 0.9})
    (ranking,) = cascade.rerank([Mention("x")], [UNSURE])
    assert (ranking.step, ranking.error, ranking.probs) == ("small", None, (0.4, 0.3))
    (alone,) = Cascade({"broken": broken}, {}).rerank([Mention("x")], [UNSURE])
    assert alone.error == "no answer"


def test_a_bare_choice_is_final() -> None:
    large = Fixed(0.1, 0.6)
    cascade = Cascade({"small": Fixed(0.0, 0.0, kind="choice"), "large": large}, {"small": 0.9})
    assert cascade.rerank([Mention("x")], [UNSURE])[0].step == "small"
    assert large.asked == []


def test_confidence_of_a_composite_is_that_of_its_least_sure_part() -> None:
    first, second = (replace(c, scores={"part": n}) for n, c in enumerate(UNSURE, 1))
    assert confidence(Ranking((0.9, 0.6)), [first, second]) == 0.6
    assert confidence(Ranking((0.9, 0.6)), UNSURE) == 0.9
    assert confidence(Ranking((0.1, 0.2), nil=0.7), UNSURE) == 0.7
    assert confidence(None, UNSURE) == confidence(Ranking((), error="x"), []) == -1


@pytest.mark.parametrize(
    ("confidences", "settings", "code"),
    [
        ({}, {}, "B766"),
        ({"first": 0.5, "second": 0.5}, {}, "B766"),
        ({"third": 0.5}, {}, "B766"),
        ({"first": 1.5}, {}, "B765"),
        ({"first": 0.5}, {"budget": -1}, "B765"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    confidences: dict[str, float], settings: dict[str, Any], code: str
) -> None:
    steps = {"first": Fixed(), "second": Fixed()}
    with pytest.raises(BelError, match=code):
        Cascade(steps, confidences, **settings)
    with pytest.raises(BelError, match="B766"):
        Cascade({}, {})
    with pytest.raises(BelError, match="B766"):
        Cascade({EXACT: Fixed()}, {})


def test_a_config_makes_one_and_its_steps_are_saved(kb: Store, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    block = {"@misc": "spacy-bel.CrossEncoder.v1", "model": None}
    config = {
        "@misc": "spacy-bel.Cascade.v1",
        "steps": {"small": block, "large": block},
        "confidences": {"small": 0.9},
    }
    make = registry.resolve({"reranker": config})["reranker"]
    cascade, other = make(kb), make(kb)
    weight = cascade.steps["large"].modules()["numbers"][-1].weight
    torch.nn.init.ones_(weight)
    assert cascade.extras == ("dense",)
    cascade.to_disk(tmp_path)
    other.from_disk(tmp_path)
    found = other.steps["large"].modules()["numbers"][-1].weight
    assert torch.equal(found, weight)
    assert not other.steps["small"].modules()["numbers"][-1].weight.any()
