from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spacy_bel.errors import BelError
from spacy_bel.reranking.pointwise import PointwiseLLM
from spacy_bel.reranking.prompt import PairBuilder
from spacy_bel.reranking.scaling import Scaling
from spacy_bel.types import Ranking
from tests.reranking.conftest import CANDIDATES, MENTIONS, QUESTIONS, MakeLM


def rerank(reranker: PointwiseLLM, questions: Any = QUESTIONS) -> list[Ranking]:
    return reranker.rerank(*zip(*questions, strict=True))


def test_scores_are_those_of_yes_and_no(any_model: Path, make_lm: MakeLM) -> None:
    """Against the model asked by hand, one prompt at a time and without anything of ours."""
    import torch

    lm = make_lm(any_model)
    tokenizer = lm.encoder.tokenizer
    mention, candidates = QUESTIONS[1]
    expected = []
    for text in PairBuilder().build(mention, candidates):
        yes, no = (
            tokenizer(text + word, add_special_tokens=False)["input_ids"] for word in ("yes", "no")
        )
        same = next(n for n, (a, b) in enumerate(zip(yes, no, strict=False)) if a != b)
        with torch.no_grad():
            logits = lm.model(torch.tensor([yes[:same]])).logits[0, -1]
        expected.append(float(logits[yes[same]] - logits[no[same]]))
    (found,) = PointwiseLLM(lm, PairBuilder()).scores([mention], [candidates])
    assert found is not None
    np.testing.assert_allclose(found, [*expected, 0.0], atol=1e-5)
    powers = np.exp([*expected, 0.0])
    (ranking,) = rerank(PointwiseLLM(lm, PairBuilder()), [(mention, candidates)])
    assert (*ranking.probs, ranking.nil) == pytest.approx(powers / powers.sum(), abs=1e-5)


def test_batches_do_not_change_answers(any_model: Path, make_lm: MakeLM) -> None:
    together = rerank(PointwiseLLM(make_lm(any_model, batch_size=32), PairBuilder()))
    lm = make_lm(any_model, batch_size=1)
    for question, ranking in zip(QUESTIONS, together, strict=True):
        (alone,) = rerank(PointwiseLLM(lm, PairBuilder()), [question])
        assert alone.probs == pytest.approx(ranking.probs, abs=3e-6)


def test_what_is_shown_of_the_text_matters(qwen: Path, make_lm: MakeLM) -> None:
    lm = make_lm(qwen)
    found = [
        rerank(PointwiseLLM(lm, PairBuilder(context=context)))[0].nil
        for context in ("marked", "unmarked", "none")
    ]
    assert len({round(value, 4) for value in found}) == 3


def test_nil_by_bias(qwen: Path, make_lm: MakeLM) -> None:
    lm = make_lm(qwen)
    never = rerank(PointwiseLLM(lm, PairBuilder(), scaling=Scaling(nil_bias=-60)))
    always = rerank(PointwiseLLM(lm, PairBuilder(), scaling=Scaling(nil_bias=60)))
    assert all(ranking.nil < 1e-6 for ranking in never)
    assert all(ranking.nil > 1 - 1e-6 for ranking in always)


def test_options_and_windows(qwen: Path, make_lm: MakeLM) -> None:
    few = rerank(PointwiseLLM(make_lm(qwen), PairBuilder(), options=2), [(MENTIONS[0], CANDIDATES)])
    assert all(few[0].probs[:2])
    assert few[0].probs[2:] == (0.0,) * 4
    short = PointwiseLLM(make_lm(qwen, max_tokens=30), PairBuilder())
    failed, empty = short.rerank(MENTIONS[:2], [CANDIDATES, ()])
    assert "B721" in str(failed.error)
    assert empty == Ranking((), nil=1.0)
    with pytest.raises(BelError, match=r"B706.*options"):
        PointwiseLLM(make_lm(qwen), PairBuilder(), options=0)
