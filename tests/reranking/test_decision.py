"""The same prompt gives the same probabilities as the library's own pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spacy_bel.reranking.prompt import PromptBuilder
from spacy_bel.reranking.setwise import SetwiseLLM
from tests.reranking.conftest import QUESTIONS, MakeLM


def test_probabilities_are_those_of_the_decision_pipeline(
    qwen: Path, make_lm: MakeLM, transformers: Any
) -> None:
    decision = pytest.importorskip("transformers.decision")
    lm = make_lm(qwen)
    builder = PromptBuilder()
    found = SetwiseLLM(lm, builder).rerank(*zip(*QUESTIONS, strict=True))
    decide = transformers.pipeline(
        "decision",
        model=str(qwen),
        dtype="float32",
        device="cpu",
        decision_config=decision.DecisionConfig(
            chat_template="{{ state }}", sanitize_control_tokens=False
        ),
    )
    for question, ranking in zip(QUESTIONS, found, strict=True):
        prompt = builder.build(*question)
        criteria = dict.fromkeys((*prompt.letters, prompt.nil_letter))
        answers = decide(
            {
                "state": lm.encoder.text(prompt),
                "questions": {"link": {"type": "choice", "criteria": criteria}},
            }
        )
        expected = list(answers["link"]["probabilities"].values())
        assert [*ranking.probs, ranking.nil] == pytest.approx(expected, abs=2e-6)
