"""One model at one server, with all that belongs to asking it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spacy_bel.errors import Errors
from spacy_bel.llm.ask import ask, ask_one
from spacy_bel.llm.cache import RequestCache
from spacy_bel.llm.client import OPENAI, ChatClient
from spacy_bel.llm.ledger import Ledger
from spacy_bel.llm.requests import CHAT, Answer, Request
from spacy_bel.llm.retries import RetryPolicy

DETERMINISTIC: Mapping[str, Any] = {"temperature": 0}
"""Parameters of a request where no others are given."""

_LIMITS = ("max_completion_tokens", "max_tokens")


class LanguageModel:
    """A model behind an address that speaks OpenAI's protocol.

    Making one opens nothing and needs neither network nor key, and it can be pickled.

    Args:
        model: The model's name at the server. Answers are kept under it, so it must change when
            the model does.
        base_url: The server's address; empty for ``OPENAI_BASE_URL`` or OpenAI's own.
        key_variable: The environment variable that holds the key; it need not be set for a
            server on this machine or in one's own network.
        parameters: Of every request, such as ``{"temperature": 0}``, which is the default, or
            ``{"reasoning_effort": "low"}``.
        max_tokens: Most tokens of an answer, those of hidden reasoning among them; what asks the
            model decides where None.
        concurrency: Most calls at a time.
        timeout: Seconds without a byte from the server after which an attempt has failed.
        attempts: Most attempts per request.
        cache: An SQLite file of answers; None to keep them in memory only.
        ledger: An SQLite file of calls, which may be that of the cache; None for memory only.
        prices: The model's price for a million tokens, ``{"input": 0.4, "output": 1.6}``; the
            path of a JSON or YAML file with a table of models; or ``"free"``. Without it the
            first call is refused.
        budget: What the run may cost, in the currency of the prices; None for any sum.
        run: The name under which costs are added up and compared with the budget.
        progress: Whether to show a progress bar.

    Raises:
        BelError: A setting is out of range.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str = "",
        key_variable: str = "OPENAI_API_KEY",
        parameters: Mapping[str, Any] | None = None,
        max_tokens: int | None = None,
        concurrency: int = 16,
        timeout: float = 120.0,
        attempts: int = 6,
        cache: str | Path | None = None,
        ledger: str | Path | None = None,
        prices: str | Path | Mapping[str, Any] | None = None,
        budget: float | None = None,
        run: str = "",
        progress: bool = False,
    ) -> None:
        retries = RetryPolicy(attempts=attempts)
        self.client = ChatClient(
            base_url, key_variable=key_variable, timeout=timeout, retries=retries
        )
        for setting, value in (("concurrency", concurrency), ("max_tokens", max_tokens)):
            if value is not None and value < 1:
                raise Errors.B737(setting=setting, value=value, allowed="1 or more")
        if budget is not None and not budget >= 0:
            raise Errors.B737(setting="budget", value=budget, allowed="0 or more")
        self.model = model
        self.parameters = dict(DETERMINISTIC if parameters is None else parameters)
        self.max_tokens = max_tokens
        self.concurrency = concurrency
        self.cache = RequestCache(cache)
        self.ledger = Ledger(ledger, prices=prices, run=run)
        self.budget = budget
        self.progress = progress

    @property
    def is_deterministic(self) -> bool:
        """Whether the same request is meant to have the same answer each time."""
        return bool(self.parameters.get("temperature", 1) == 0)

    def chat(
        self,
        key: str,
        messages: Sequence[Mapping[str, Any]],
        max_tokens: int,
        more: Mapping[str, Any] | None = None,
        **labels: Any,
    ) -> Request:
        """A chat request.

        Args:
            key: What its answer is matched by.
            messages: The conversation.
            max_tokens: Most tokens of the answer where the model was given no limit.
            more: Further parameters.
            **labels: ``version``, ``sample``, ``document`` and ``mention`` of the request.

        Returns:
            The request.
        """
        limits = [self.parameters[name] for name in _LIMITS if name in self.parameters]
        limit = int(limits[0] if limits else self.max_tokens or max_tokens)
        body = {**self.parameters, **(more or {}), "model": self.model, "messages": list(messages)}
        if not limits:
            # OpenAI's newer models refuse the old name, and small servers know no other.
            body[_LIMITS[self.client.address != OPENAI]] = limit
        return Request(key, body, limit, CHAT, **labels)

    def ask(self, requests: Iterable[Request]) -> Iterator[Answer]:
        """Answers to requests by key, as they arrive (see ``spacy_bel.llm.ask.ask``)."""
        return ask(
            requests,
            self.client,
            self.cache,
            self.ledger,
            budget=self.budget,
            concurrency=self.concurrency,
            progress=self.progress,
        )

    def ask_one(self, request: Request) -> Answer:
        """The answer to one request (see ``spacy_bel.llm.ask.ask_one``)."""
        return ask_one(request, self.client, self.cache, self.ledger, self.budget)
