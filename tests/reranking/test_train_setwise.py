"""Training a language model: it learns, and its adapter is what the reranker takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("peft")

from spacy_bel.errors import BelError
from spacy_bel.examples import Example, Offer
from spacy_bel.reranking.prompt import PromptBuilder
from spacy_bel.reranking.setwise import SetwiseLLM
from spacy_bel.training.causal import Method, TrainableSetwise
from spacy_bel.training.loop import Settings, train
from spacy_bel.training.optimiser import Rates
from spacy_bel.training.rows import Sampling, targets_of
from spacy_bel.training.scores import dev_scores
from spacy_bel.training.trainable import trainable
from spacy_bel.types import Candidate, Mention


@pytest.fixture
def rows() -> list[Example]:
    contexts = {"red": "X:1", "blue": "X:2", "green": "X:3"}
    offers = tuple(
        Offer(Candidate(id_, name, name, (), 0.5))
        for id_, name in (("X:1", "one"), ("X:2", "two"), ("X:3", "three"))
    )
    return [
        Example(Mention("it", context=f"it is {word}", end=2), offers, (gold,), doc_id=word)
        for word, gold in contexts.items()
    ]


FAST = Settings(
    epochs=15,
    batch_size=3,
    sampling=Sampling(nil_rate=0.0),
    rates=Rates(encoder=1e-2, head=0.0, weight_decay=0.0),
)


def _reranker(make_lm: Any, model: Path, **settings: Any) -> SetwiseLLM:
    return SetwiseLLM(make_lm(model, **settings), PromptBuilder())


def test_training_asks_what_inference_asks(
    make_lm: Any, any_model: Path, rows: list[Example]
) -> None:
    import torch

    reranker = _reranker(make_lm, any_model)
    fewer = replace(rows[1], offers=rows[1].offers[:2])
    expected = reranker.scores(
        [row.mention for row in (rows[0], fewer)], [row.candidates for row in (rows[0], fewer)]
    )
    learner = TrainableSetwise(_reranker(make_lm, any_model), Method())
    questions = [targets_of(row, Sampling())[0].question for row in (rows[0], fewer)]
    with torch.no_grad():
        found = torch.log_softmax(learner.logits(questions), dim=1).double().numpy()
    assert found[0] == pytest.approx(expected[0], abs=1e-4)
    assert [*found[1][:2], found[1][3]] == pytest.approx(expected[1], abs=1e-4)
    assert found[1][2] == -float("inf")


@pytest.mark.parametrize("kind", ["lora", "full"])
def test_what_was_learned_is_what_the_reranker_takes(
    make_lm: Any, qwen: Path, rows: list[Example], tmp_path: Path, kind: Any
) -> None:
    learner = trainable(_reranker(make_lm, qwen), Method(kind, rank=4, alpha=16))
    curves = train(learner, rows, rows, tmp_path, FAST)
    assert max(entry["dev"]["acc@1"] for entry in curves) == 1.0 > curves[0]["dev"]["acc@1"]
    best = tmp_path / "best"
    lm = {"adapter": str(best)} if kind == "lora" else {}
    taken = _reranker(make_lm, qwen if kind == "lora" else best, **lm)
    rankings = taken.rerank([row.mention for row in rows], [row.candidates for row in rows])
    chosen = [
        row.candidates[max(range(3), key=ranking.probs.__getitem__)].id
        for row, ranking in zip(rows, rankings, strict=True)
    ]
    assert chosen == ["X:1", "X:2", "X:3"]
    assert dev_scores(learner, rows)[0] == curves[-1]["dev"]["acc@1"]


def test_what_cannot_be_trained_says_so(make_lm: Any, qwen: Path, rows: list[Example]) -> None:
    with pytest.raises(BelError, match="B916"):
        trainable(object())
    with pytest.raises(BelError, match="B910"):
        Method(rank=0)
    learner = TrainableSetwise(_reranker(make_lm, qwen, max_tokens=20), Method())
    with pytest.raises(BelError, match="B917"):
        learner.logits([targets_of(rows[0], Sampling())[0].question])
