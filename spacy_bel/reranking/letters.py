"""Reading the letter of an option out of what a model wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from spacy_bel.errors import Errors
from spacy_bel.reranking.prompt import Prompt

Problem = Literal["refused", "empty", "cut off", "malformed", "invented", "several", "no answer"]
"""What may be wrong with an answer; ``no answer`` where no server gave one."""

_THOUGHT = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
_LEAD = r"(?:the\s+)?(?:(?:final|best|correct|right)\s+)?(?:answer|option|choice)(?:\s+is)?"
_BARE = re.compile(rf"\W*(?:{_LEAD}\W*)?\b([A-Z])\W*", re.IGNORECASE)
_NAMED = re.compile(r"\W*\b([A-Z])\s*[:.)–-]+\s*(\S.*?)\W*")
_STATED = re.compile(rf"\b(?i:{_LEAD})\W{{1,4}}([A-Z])(?=[.,;:)*\"\]\s]*(?:\n|$))", re.MULTILINE)
_SINGLE = re.compile(r"(?<![\w'’])[A-Z](?![\w'’])")
_CURIE = re.compile(r"\b[A-Za-z][\w.]*:\d*\w+")


class Unusable(Exception):  # noqa: N818 -- it is caught within the package
    """An answer that does not choose one of the options.

    Args:
        kind: What is wrong.
        answer: What the model wrote.
        message: What to tell of it, where no model wrote anything.
    """

    def __init__(self, kind: Problem, answer: object = "", message: str | None = None) -> None:
        super().__init__(kind)
        self.kind: Problem = kind
        self._answer = answer
        self._message = message

    @property
    def message(self) -> str:
        """What to tell of it."""
        if self._message is not None:
            return self._message
        return str(Errors.B739(problem=_PROBLEMS[self.kind], answer=str(self._answer)[:200]))


_PROBLEMS: Mapping[str, str] = {
    "refused": "the model refused to answer",
    "empty": "it is empty",
    "cut off": "it was cut off, so max_tokens may be too small",
    "malformed": "it is not in the form that was asked for",
    "invented": "it names an option that was not offered",
    "several": "it names several options",
}


def read_text(response: Mapping[str, Any]) -> str:
    """What a chat response says.

    Args:
        response: The response's JSON.

    Returns:
        The text, without reasoning.

    Raises:
        Unusable: There is none.
    """
    choice = first_choice(response)
    message = choice.get("message")
    if not isinstance(message, Mapping):
        raise Unusable("malformed", response)
    if message.get("refusal") or choice.get("finish_reason") == "content_filter":
        raise Unusable("refused", message.get("refusal") or "")
    content = message.get("content")
    text = _THOUGHT.sub("", content).strip() if isinstance(content, str) else ""
    if not text:
        raise Unusable("cut off" if is_cut(response) else "empty", content or "")
    return text


def is_cut(response: Mapping[str, Any]) -> bool:
    """Whether a chat response ends because it reached its most tokens."""
    return bool(first_choice(response).get("finish_reason") == "length")


def first_choice(response: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first of the answers in a chat response.

    Raises:
        Unusable: There is none.
    """
    choices = response.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(first, Mapping):
        raise Unusable("malformed", response)
    return first


def read_letter(response: Mapping[str, Any], prompt: Prompt, names: Mapping[str, str]) -> str:
    """The letter that a chat response chooses.

    Only an answer that is the letter, says that it is the answer, or goes on with the option's
    own name counts: a letter somewhere in a sentence may be an article or a pronoun.

    Args:
        response: The response's JSON.
        prompt: What was asked.
        names: Letter -> what may follow it.

    Returns:
        One of the prompt's letters.

    Raises:
        Unusable: There is not exactly one.
    """
    text = read_text(response)
    letter = _letter(text, names)
    if letter is not None:
        return offered(letter, prompt, text)
    if is_cut(response):
        raise Unusable("cut off", text)
    if len(set(_SINGLE.findall(text)) & {*prompt.letters, prompt.nil_letter}) > 1:
        raise Unusable("several", text)
    raise Unusable("invented" if _CURIE.search(text) else "malformed", text)


def offered(letter: str, prompt: Prompt, answer: object) -> str:
    """A letter, if it is one of the prompt's.

    Raises:
        Unusable: It is not.
    """
    if letter not in (*prompt.letters, prompt.nil_letter):
        raise Unusable("invented", answer)
    return letter


def _letter(text: str, names: Mapping[str, str]) -> str | None:
    bare = _BARE.fullmatch(text)
    if bare:
        return bare[1].upper()
    named = _NAMED.fullmatch(text)
    if named and named[2].casefold() == names.get(named[1], "").casefold().rstrip(".)"):
        return named[1]
    stated = set(_STATED.findall(text))
    return stated.pop() if len(stated) == 1 else None
