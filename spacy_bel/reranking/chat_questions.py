"""A question to a server about one mention, and what its answer says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from spacy_bel.llm.model import LanguageModel
from spacy_bel.llm.requests import Request
from spacy_bel.reranking.prompt import Prompt
from spacy_bel.types import Candidate, Mention

MAX_TOKENS = 16
"""Most tokens of an answer that is a letter, where the model was given no limit."""


@dataclass(frozen=True, slots=True)
class Question:
    """One prompt about one mention.

    Args:
        key: What the answer is matched by.
        prompt: The prompt.
        candidates: What it offers, in the order in which they were given.
        labels: ``sample`` and ``mention`` of the request.
    """

    key: str
    prompt: Prompt
    candidates: Sequence[Candidate]
    labels: Mapping[str, Any]

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters of all options, that of NIL last."""
        return (*self.prompt.letters, self.prompt.nil_letter)

    @property
    def names(self) -> dict[str, str]:
        """Letter -> the name that the option shows."""
        shown = (self.candidates[number] for number in self.prompt.order)
        names = (candidate.alias or candidate.name for candidate in shown)
        return dict(zip(self.prompt.letters, names, strict=True))


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer says.

    Args:
        values: Letter -> value; they add up to 1.
        is_probability: Whether the values are probabilities, and not one choice.
    """

    values: Mapping[str, float]
    is_probability: bool


def mention_label(mention: Mention) -> str:
    """What the cost of a mention is booked under: its text, and a digest of where it stands.

    Args:
        mention: The mention.

    Returns:
        The same for equal mentions in equal contexts.
    """
    place = repr((mention.context, mention.start, mention.end, mention.text))
    return f"{mention.text}#{sha256(place.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


class Mode(Protocol):
    """A way to ask for a choice."""

    def request(self, llm: LanguageModel, question: Question) -> Request:
        """What to send."""
        ...

    def is_offered(self, response: Mapping[str, Any]) -> bool:
        """Whether a response shows that the server knows this way."""
        ...

    def read(self, response: Mapping[str, Any], question: Question) -> Reading:
        """What a response says; raises ``Unusable`` where it chooses none of the options."""
        ...


def finite(value: object) -> float | None:
    """A number that a server gave, or None where it is none to count with."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
