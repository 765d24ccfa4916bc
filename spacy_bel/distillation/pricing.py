"""What labelling will cost, and its requests, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from spacy_bel.distillation.asking import label_rows
from spacy_bel.distillation.teacher import Teacher, language_models
from spacy_bel.examples import Example
from spacy_bel.llm.estimate import Estimate, estimate
from spacy_bel.llm.model import LanguageModel
from spacy_bel.llm.requests import Answer, Request

_ROWS = 256

Take = Callable[[LanguageModel, Sequence[Request]], None]
"""Takes requests that would be sent to a model."""


class NotSent(LanguageModel):
    """A language model that answers nothing but what its cache holds, and sends nothing.

    Args:
        model: The model whose settings, cache and ledger it has.
        take: Takes the requests.
    """

    def __init__(self, model: LanguageModel, take: Take) -> None:
        self.__dict__.update(model.__dict__)
        self._take = take

    def ask(self, requests: Iterable[Request]) -> Iterator[Answer]:
        """No answers."""
        every = list(requests)
        self._take(self, every)
        return (Answer(request.key, error="not sent") for request in every)

    def ask_one(self, request: Request) -> Answer:
        """The answer to a trial: the one that is there, or one that any server might give."""
        known = self.cache.get(request.digest)
        plain: dict[str, Any] = {"choices": [{"message": {"content": "A"}}]}
        return Answer(request.key, plain if known is None else known, status=200)


def unsent(teacher: Teacher, rows: Iterable[Example], take: Take) -> None:
    """Hand over every request that labelling rows would send or find in the cache.

    Other steps of a cascade are really asked. Afterwards the teacher sends nothing any more.

    Args:
        teacher: The teacher.
        rows: The rows.
        take: Takes the requests, some at a time.
    """
    for holder in language_models(teacher.reranker):
        holder.llm = NotSent(holder.llm, take)
    rows = iter(rows)
    while batch := list(islice(rows, _ROWS)):
        label_rows(teacher, batch)


def price(teacher: Teacher, rows: Iterable[Example]) -> Estimate:
    """What labelling rows would cost; nothing is sent.

    Args:
        teacher: The teacher, who sends nothing any more afterwards.
        rows: The rows.

    Returns:
        The estimate; all zero for a teacher that asks no server.

    Raises:
        BelError: A model's price is not known.
    """
    total = Estimate(0, 0, 0, 0, 0.0, 0.0, is_measured=True)

    def take(model: LanguageModel, requests: Sequence[Request]) -> None:
        nonlocal total
        own = estimate(requests, model.cache, model.ledger)
        total = Estimate(
            total.requests + own.requests,
            total.cached + own.cached,
            total.input_tokens + own.input_tokens,
            total.output_tokens + own.output_tokens,
            total.cost + own.cost,
            total.worst + own.worst,
            is_measured=total.is_measured and own.is_measured,
        )

    unsent(teacher, rows, take)
    return total
