"""What is asked of a server, and what it answered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CHAT = "/chat/completions"
"""The path of chat requests below a server's address."""

_DIGEST_FORMAT = 1
_MOST_TOKENS = 1 << 40  # more is no count of tokens, and more than a database holds
_TEMPLATE_TOKENS = 64
"""What a chat template may add to the text of a request."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call.

    Args:
        input_tokens: Tokens of the request, the server's cached ones among them.
        output_tokens: Tokens of the answer, those of hidden reasoning among them.
        cached_tokens: Tokens of the request that the server had in its prompt cache.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0

    @classmethod
    def of(cls, response: Mapping[str, Any]) -> Usage | None:
        """The tokens that a response names; None where it names none."""
        usage = response.get("usage")
        if not isinstance(usage, Mapping):
            return None
        read = _counter(usage, "prompt_tokens", "input_tokens")
        written = _counter(usage, "completion_tokens", "output_tokens")
        if read is None or written is None:
            return None
        details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
        cached = _counter(details, "cached_tokens") if isinstance(details, Mapping) else None
        return cls(read, written, min(cached or 0, read))


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Args:
        key: What the answer is matched by; no two requests of a run share one.
        body: The whole JSON body: model, parameters, messages.
        max_output: Most tokens that the answer can have.
        path: The path below the server's address.
        version: The version of the prompt.
        sample: Which of several answers to the same body this is.
        document: The document that the cost is booked under.
        mention: The mention that the cost is booked under; the key where empty.
    """

    key: str
    body: Mapping[str, Any]
    max_output: int
    path: str = CHAT
    version: str = ""
    sample: int = 0
    document: str = ""
    mention: str = ""

    @property
    def model(self) -> str:
        """The model that is asked."""
        return str(self.body.get("model", ""))

    @property
    def digest(self) -> str:
        """What the answer is kept under: a SHA-256 of the whole request, without its key."""
        content = [_DIGEST_FORMAT, self.path, self.body, self.version, self.sample]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def size(self) -> int:
        """Bytes of the body as UTF-8."""
        text = json.dumps(self.body, ensure_ascii=False)
        return len(text.encode("utf-8", "surrogatepass"))

    @property
    def worst(self) -> Usage:
        """The most tokens that the call can use.

        Tokenizers of language models fall back to bytes, so no text has more tokens than bytes.
        """
        return Usage(self.size + _TEMPLATE_TOKENS, self.max_output)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one request.

    Args:
        key: The request's key.
        response: The response's JSON, or None where there is none.
        error: Why there is no response, or None.
        status: The HTTP status of the last attempt; None where no server answered.
        cost: What the call cost, failed attempts included, in the currency of the prices.
        cached: Whether the answer was there already.
        is_fatal: Whether every other request would fail too.
    """

    key: str
    response: Mapping[str, Any] | None = None
    error: str | None = None
    status: int | None = None
    cost: float = 0.0
    cached: bool = False
    is_fatal: bool = False


def _counter(usage: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = usage.get(name)
        if isinstance(value, int) and 0 <= value <= _MOST_TOKENS:
            return value
    return None
