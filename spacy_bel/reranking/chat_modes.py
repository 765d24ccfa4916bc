"""The ways to ask a server for a choice, and to read its answer."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from spacy_bel.llm.model import LanguageModel
from spacy_bel.llm.requests import Request
from spacy_bel.reranking.chat_endpoints import DecisionsMode, SystemOneMode
from spacy_bel.reranking.chat_questions import MAX_TOKENS, Mode, Question, Reading, finite
from spacy_bel.reranking.letters import Unusable, first_choice, offered, read_letter, read_text

_TOP_LOGPROBS = 20
_AROUND = " \t\n\"'*([:▁Ġ)].,"


class LetterMode:
    """A chat whose answer is a letter: every server can do this."""

    def request(self, llm: LanguageModel, question: Question) -> Request:
        """What to send."""
        return llm.chat(
            question.key,
            question.prompt.messages,
            MAX_TOKENS,
            self.more(question),
            version=question.prompt.version,
            **question.labels,
        )

    def more(self, question: Question) -> dict[str, Any]:
        """Parameters of this mode."""
        return {}

    def is_offered(self, response: Mapping[str, Any]) -> bool:
        """Whether a response shows that the server knows this way."""
        return bool(response.get("choices"))

    def read(self, response: Mapping[str, Any], question: Question) -> Reading:
        """What a response says."""
        return Reading({read_letter(response, question.prompt, question.names): 1.0}, False)


class SchemaMode(LetterMode):
    """A chat whose answer the server holds to a JSON schema."""

    def more(self, question: Question) -> dict[str, Any]:
        """The schema: an object with one of the letters."""
        schema = {
            "type": "object",
            "properties": {"answer": {"type": "string", "enum": list(question.letters)}},
            "required": ["answer"],
            "additionalProperties": False,
        }
        form = {"name": "choice", "strict": True, "schema": schema}
        return {"response_format": {"type": "json_schema", "json_schema": form}}

    def is_offered(self, response: Mapping[str, Any]) -> bool:
        """Whether the answer is an object as the schema has it."""
        try:
            return "answer" in _read_object(response)
        except Unusable as problem:
            return problem.kind == "refused"

    def read(self, response: Mapping[str, Any], question: Question) -> Reading:
        """What a response says."""
        content = _read_object(response)
        answer = content.get("answer")
        if not isinstance(answer, str):
            raise Unusable("malformed", content)
        return Reading({offered(answer, question.prompt, content): 1.0}, False)


class LogprobsMode(LetterMode):
    """A chat whose answer comes with the probabilities of other tokens in its place."""

    def more(self, question: Question) -> dict[str, Any]:
        """Ask for as many probabilities as OpenAI's protocol allows."""
        return {"logprobs": True, "top_logprobs": _TOP_LOGPROBS}

    def is_offered(self, response: Mapping[str, Any]) -> bool:
        """Whether the answer comes with probabilities."""
        return bool(_tokens(response))

    def read(self, response: Mapping[str, Any], question: Question) -> Reading:
        """Probabilities where the letter is a token; a bare choice elsewhere."""
        letter = read_letter(response, question.prompt, question.names)
        place = next((t for t in _tokens(response) if _clean(t) == letter), None)
        values: dict[str, float] = {}
        for token in () if place is None else _alternatives(place):
            name, logprob = _clean(token), finite(token.get("logprob"))
            if name in question.letters and logprob is not None:
                values[name] = values.get(name, 0.0) + math.exp(min(0.0, logprob))
        total = sum(values.values())
        if not total > 0:
            return Reading({letter: 1.0}, False)
        return Reading({letter: value / total for letter, value in values.items()}, True)


MODES: Mapping[str, Mode] = {
    "decisions": DecisionsMode(),
    "systemone": SystemOneMode(),
    "logprobs": LogprobsMode(),
    "schema": SchemaMode(),
    "letter": LetterMode(),
}
"""Every way to ask, the one that tells most first."""


def _read_object(response: Mapping[str, Any]) -> dict[str, Any]:
    text = read_text(response)
    try:
        content = json.loads(text)
    except ValueError:
        raise Unusable("malformed", text) from None
    if not isinstance(content, dict):
        raise Unusable("malformed", text)
    return content


def _tokens(response: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The tokens of a chat's answer; none where the server gives no probabilities."""
    try:
        logprobs = first_choice(response).get("logprobs")
    except Unusable:
        return []
    content = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    return _mappings(content)


def _alternatives(token: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A token and what might have stood in its place, each once."""
    others = _mappings(token.get("top_logprobs"))
    every = {str(other.get("token")): other for other in others}
    every.setdefault(str(token.get("token")), token)
    return list(every.values())


def _mappings(values: object) -> list[Mapping[str, Any]]:
    every = values if isinstance(values, list) else []
    return [value for value in every if isinstance(value, Mapping)]


def _clean(token: Mapping[str, Any]) -> str:
    return str(token.get("token", "")).strip(_AROUND)
