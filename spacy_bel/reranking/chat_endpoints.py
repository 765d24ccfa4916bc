"""Asking for a choice at endpoints that give probabilities and write no text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spacy_bel.llm.model import LanguageModel
from spacy_bel.llm.requests import Request
from spacy_bel.reranking.chat_questions import MAX_TOKENS, Question, Reading, finite
from spacy_bel.reranking.letters import Unusable

_INSTRUCTION = "Which option answers the question?"


class DecisionsMode:
    """OpenAI's ``decisions`` endpoint: a probability for each choice, no text."""

    def request(self, llm: LanguageModel, question: Question) -> Request:
        """What to send; parameters of a chat do not apply."""
        asked = {
            "type": "choice",
            "name": "link",
            "instructions": _INSTRUCTION,
            "choices": [{"value": letter} for letter in question.letters],
        }
        body = {
            "model": llm.model,
            "input": [dict(message) for message in question.prompt.messages],
            "questions": [asked],
        }
        # One token for each choice, and the frame around them.
        limit = 4 * len(question.letters) + MAX_TOKENS
        version = question.prompt.version
        return Request(question.key, body, limit, "/decisions", version, **question.labels)

    def is_offered(self, response: Mapping[str, Any]) -> bool:
        """Whether there are answers."""
        return bool(response.get("answers"))

    def read(self, response: Mapping[str, Any], question: Question) -> Reading:
        """What a response says."""
        answers = response.get("answers")
        answer = answers[0] if isinstance(answers, list) and len(answers) == 1 else None
        if not isinstance(answer, Mapping):
            raise Unusable("malformed", answers)
        if answer.get("type") == "refusal":
            raise Unusable("refused", answer)
        pairs = answer.get("probabilities")
        if not isinstance(pairs, list) or not all(isinstance(pair, Mapping) for pair in pairs):
            raise Unusable("malformed", answer)
        found = {str(pair.get("value")): pair.get("probability") for pair in pairs}
        return _probabilities(found, question)


class SystemOneMode:
    """The ``systemone`` endpoint of ``transformers serve``: the same for any local model."""

    def request(self, llm: LanguageModel, question: Question) -> Request:
        """What to send; parameters of a chat do not apply."""
        names = {**question.names, question.prompt.nil_letter: "None of the above"}
        asked = {"type": "choice", "instructions": _INSTRUCTION, "criteria": names}
        body = {
            "model": llm.model,
            "state": question.prompt.plain,
            "questions": {"link": asked},
        }
        version = question.prompt.version
        return Request(question.key, body, 0, "/systemone", version, **question.labels)

    def is_offered(self, response: Mapping[str, Any]) -> bool:
        """Whether there are answers."""
        return bool(response.get("answers"))

    def read(self, response: Mapping[str, Any], question: Question) -> Reading:
        """What a response says."""
        answers = response.get("answers")
        answer = answers.get("link") if isinstance(answers, Mapping) else None
        found = answer.get("probabilities") if isinstance(answer, Mapping) else None
        if not isinstance(found, Mapping):
            raise Unusable("malformed", answers)
        return _probabilities(found, question)


def _probabilities(found: Mapping[str, Any], question: Question) -> Reading:
    """Values that a server gives for letters, as probabilities."""
    if not set(found) <= set(question.letters):
        raise Unusable("invented", found)
    values = {}
    for letter, value in found.items():
        number = finite(value)
        if number is None or not 0 <= number <= 1.001:
            raise Unusable("malformed", found)
        values[letter] = number
    total = sum(values.values())
    if not total > 0:
        raise Unusable("empty", found)
    return Reading({letter: value / total for letter, value in values.items()}, True)
