"""A server that speaks OpenAI's protocol, by the openai package."""

from __future__ import annotations

import ipaddress
import json
import os
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from spacy_bel.errors import Errors
from spacy_bel.extras import load
from spacy_bel.llm.requests import Request
from spacy_bel.llm.retries import CallFailed, RetryPolicy, retry_after

OPENAI = "https://api.openai.com/v1"
"""The address where no other is given."""

_NO_KEY = "none"
_REPEATABLE = frozenset({408, 409, 429})
_FATAL = frozenset({401, 404})


class ChatClient:
    """Sends single requests to one server.

    Nothing is imported, opened or looked up before the first request: no key is needed until
    then. Threads may share a client; each process opens its own connections.

    Args:
        base_url: The server's address, such as ``http://localhost:8000/v1``. Empty for the
            environment variable ``OPENAI_BASE_URL``, or OpenAI's own address.
        key_variable: The environment variable that holds the key. A server on this machine or
            in one's own network needs none.
        timeout: Seconds without a byte from the server after which an attempt has failed.
        retries: When to ask again.
    """

    def __init__(
        self,
        base_url: str = "",
        *,
        key_variable: str = "OPENAI_API_KEY",
        timeout: float = 120.0,
        retries: RetryPolicy | None = None,
    ) -> None:
        if not timeout > 0:
            raise Errors.B737(setting="timeout", value=timeout, allowed="more than 0 seconds")
        self._base_url = base_url
        self._key_variable = key_variable
        self._timeout = timeout
        self.retries = retries or RetryPolicy()
        self._forget()

    def __getstate__(self) -> dict[str, Any]:
        """The settings: connections and the key stay in their process."""
        dropped = ("_clients", "_locks")
        return {name: value for name, value in self.__dict__.items() if name not in dropped}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what another process sent."""
        self.__dict__.update(state)
        self._forget()

    def _forget(self) -> None:
        self._clients: dict[int, Any] = {}
        self._locks: dict[int, Any] = {}

    @property
    def address(self) -> str:
        """The server's address."""
        return self._base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI

    def send(self, request: Request) -> dict[str, Any]:
        """Make one attempt at a request.

        Args:
            request: What to send.

        Returns:
            The response's JSON.

        Raises:
            BelError: The openai package or the key is missing.
            CallFailed: There is no response.
        """
        openai = load("openai", "llm")
        client = self._client(openai)
        try:
            text = client.post(request.path, cast_to=str, body=dict(request.body))
        except openai.APIStatusError as error:
            raise _refusal(error) from error
        except openai.APITimeoutError as error:
            reason = f"nothing came within {self._timeout:g} seconds"
            raise CallFailed(reason, may_cost=True) from error
        except openai.APIConnectionError as error:
            cause = error.__cause__ or error
            reason = f"the connection failed ({type(cause).__name__}: {cause})"
            raise CallFailed(reason, may_cost=True) from error
        except (UnicodeError, TypeError) as error:
            reason = f"the request cannot be written as JSON ({error})"
            raise CallFailed(reason, can_repeat=False) from error
        return _content(text)

    def connection(self) -> Any:
        """The openai package's own client, for what goes beyond single requests.

        Raises:
            BelError: The openai package or the key is missing.
        """
        return self._client(load("openai", "llm"))

    def _client(self, openai: Any) -> Any:
        process = os.getpid()
        with self._locks.setdefault(process, Lock()):
            if process not in self._clients:
                self._clients[process] = openai.OpenAI(
                    api_key=self._key(),
                    base_url=self.address,
                    # Repeated attempts are ours: each has to be booked.
                    max_retries=0,
                    timeout=openai.Timeout(self._timeout, connect=min(10.0, self._timeout)),
                )
            return self._clients[process]

    def _key(self) -> str:
        key = os.environ.get(self._key_variable, "") if self._key_variable else ""
        if not key and not _is_near(urlsplit(self.address).hostname or ""):
            raise Errors.B730(variable=self._key_variable, address=self.address)
        return key or _NO_KEY


def _is_near(host: str) -> bool:
    """Whether a host is this machine or in one's own network."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".localhost", ".internal"))


def _refusal(error: Any) -> CallFailed:
    """What a response with an error status means."""
    status = int(error.status_code)
    body = error.body if isinstance(error.body, dict) else {}
    has_no_credit = "insufficient_quota" in (body.get("code"), body.get("type"))
    said = str(body.get("message") or error.message)
    return CallFailed(
        f"HTTP {status}: {' '.join(said.split())[:300]}",
        status=status,
        can_repeat=(status in _REPEATABLE or status >= 500) and not has_no_credit,
        is_fatal=status in _FATAL or has_no_credit,
        may_cost=status >= 500 and status != 503,
        retry_after=retry_after(error.response.headers),
    )


def _content(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise CallFailed("the response is no JSON", status=200, may_cost=True) from error
    if not isinstance(content, dict):
        raise CallFailed("the response is no JSON object", status=200, may_cost=True)
    if content.get("error"):  # some gateways pass on a model's failure with status 200
        reason = f"the response is an error: {str(content['error'])[:300]}"
        raise CallFailed(reason, status=200, may_cost=True)
    return content
