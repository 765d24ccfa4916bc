"""One attempt at a request, against a real server."""

from __future__ import annotations

import json
import multiprocessing
import pickle
import subprocess
import sys
import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.llm.client import ChatClient
from spacy_bel.llm.requests import Request
from spacy_bel.llm.retries import CallFailed, RetryPolicy, retry_after
from tests.servers import Reply, ScriptedServer, chat, error, serving

pytest.importorskip("openai")

REQUEST = Request("1", {"model": "m", "messages": [{"role": "user", "content": "?"}]}, 1)


def _failure(reply: Reply, timeout: float = 5.0) -> CallFailed:
    with serving(lambda call: reply) as server, pytest.raises(CallFailed) as caught:
        ChatClient(server.address, timeout=timeout).send(REQUEST)
    return caught.value


def test_the_body_is_sent_as_it_is() -> None:
    body = {"model": "m/ü", "messages": [{"role": "user", "content": "糖尿病"}], "x_own": [1]}
    with serving(lambda call: chat("A")) as server:
        response = ChatClient(server.address).send(Request("1", body, 1))
    (call,) = server.calls
    assert (call.path, call.body) == ("/v1/chat/completions", body)
    assert response["choices"][0]["message"]["content"] == "A"


@pytest.mark.parametrize(
    ("reply", "status", "can_repeat", "is_fatal", "may_cost"),
    [
        (error(429), 429, True, False, False),
        (error(429, code="insufficient_quota"), 429, False, True, False),
        (error(500), 500, True, False, True),
        (error(503), 503, True, False, False),
        (error(400, "too long"), 400, False, False, False),
        (error(401), 401, False, True, False),
        (error(403, "the input was flagged"), 403, False, False, False),
        (error(404, "no such model"), 404, False, True, False),
        (Reply(then="reset"), None, True, False, True),
        (Reply(then="hang"), None, True, False, True),
        (chat("A", then="break off"), None, True, False, True),
        (Reply(b'{"choices": [{"mess'), 200, True, False, True),
        (Reply(b"<html>502 Bad Gateway</html>"), 200, True, False, True),
        (Reply([1]), 200, True, False, True),
        (Reply({"error": {"message": "upstream"}}), 200, True, False, True),
    ],
)
def test_what_a_failure_means(
    reply: Reply, status: int | None, can_repeat: bool, is_fatal: bool, may_cost: bool
) -> None:
    failure = _failure(reply, 0.3)
    assert (failure.status, failure.can_repeat) == (status, can_repeat)
    assert (failure.is_fatal, failure.may_cost) == (is_fatal, may_cost)


def test_what_the_server_says_is_passed_on() -> None:
    assert "HTTP 400: too long" in str(_failure(error(400, "too\nlong")))


def test_nobody_there() -> None:
    with serving(lambda call: chat("A")) as server:
        address = server.address
    with pytest.raises(CallFailed, match="connection failed") as caught:
        ChatClient(address).send(REQUEST)
    assert caught.value.can_repeat


def test_text_that_is_no_unicode_fails_alone() -> None:
    with serving(lambda call: chat("A")) as server, pytest.raises(CallFailed, match="JSON"):
        ChatClient(server.address).send(
            Request("1", {"model": "m", "messages": [{"role": "user", "content": "\ud800"}]}, 1)
        )
    assert not server.calls


@pytest.mark.parametrize("variable", ["OPENAI_API_KEY", "OTHER_KEY"])
def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "from-" + variable)
    with serving(lambda call: chat("A")) as server:
        ChatClient(server.address, key_variable=variable).send(REQUEST)
    assert server.calls[0].headers["authorization"] == f"Bearer from-{variable}"


def test_without_a_key_a_server_of_ones_own_is_asked_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with serving(lambda call: chat("A")) as server:
        ChatClient(server.address).send(REQUEST)
    assert "authorization" in server.calls[0].headers
    for address in ("", "https://llm.example.org/v1", "https://93.184.216.34/v1"):
        client = ChatClient(address)  # needs no key
        with pytest.raises(BelError, match=r"B730.*OPENAI_API_KEY"):
            client.send(REQUEST)


def test_the_address_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda call: chat("A")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.address)
        ChatClient().send(REQUEST)
    assert len(server.calls) == 1


def test_pickled_without_connection_or_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a-secret")
    with serving(lambda call: chat("A")) as server:
        client = ChatClient(server.address)
        client.send(REQUEST)
        data = pickle.dumps(client)
        assert b"a-secret" not in data
        assert pickle.loads(data).send(REQUEST) == client.send(REQUEST)


def _send_in_child(client: ChatClient, queue: multiprocessing.Queue[str]) -> None:
    queue.put(client.send(REQUEST)["choices"][0]["message"]["content"])


def test_a_fork_opens_its_own_connection() -> None:
    context = multiprocessing.get_context("fork")
    queue: multiprocessing.Queue[str] = context.Queue()
    with serving(lambda call: chat("A")) as server:
        client = ChatClient(server.address)
        client.send(REQUEST)
        child = context.Process(target=_send_in_child, args=(client, queue))
        child.start()
        assert queue.get(timeout=10) == "A"
        child.join()
        assert client.send(REQUEST)
    assert len(server.calls) == 3


def test_making_a_client_imports_nothing() -> None:
    script = (
        "import sys; from spacy_bel.llm.registry import language_model; language_model('m');"
        "print(sorted({'openai', 'httpx', 'httpx2', 'torch', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Fri, 01 Jan 2010 00:00:00 GMT"}, 0.0),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_retry_after_a_date() -> None:
    found = retry_after({"retry-after": formatdate(time.time() + 30, usegmt=True)})
    assert found is not None
    assert 28 <= found <= 31


@given(st.text(max_size=30))
def test_no_header_is_too_strange(value: str) -> None:
    found = retry_after({"retry-after": value})
    assert found is None or found >= 0


@given(st.integers(1, 20), st.floats(0, 100))
def test_waits_grow_and_honour_the_server(attempt: int, asked: float) -> None:
    policy = RetryPolicy(attempts=30, first_wait=0.5, longest_wait=30.0)
    own = policy.wait(attempt, CallFailed("?"))
    assert own is not None
    assert min(30.0, 0.5 * 2 ** (attempt - 1)) / 2 <= own <= 30.0
    told = policy.wait(attempt, CallFailed("?", retry_after=asked))
    assert told is not None
    assert told >= asked


def test_no_wait_where_another_attempt_makes_no_sense() -> None:
    policy = RetryPolicy(attempts=3, longest_retry_after=60.0)
    assert policy.wait(3, CallFailed("?")) is None
    assert policy.wait(1, CallFailed("?", can_repeat=False)) is None
    assert policy.wait(1, CallFailed("?", retry_after=61.0)) is None


@pytest.mark.parametrize("timeout", [0.0, -1.0, float("nan")])
def test_impossible_timeouts(timeout: float) -> None:
    with pytest.raises(BelError, match="B737"):
        ChatClient("http://localhost/v1", timeout=timeout)


@pytest.mark.parametrize("setting", ["attempts", "give_up_after"])
def test_impossible_policies(setting: str) -> None:
    with pytest.raises(BelError, match=f"B737.*{setting}=0"):
        RetryPolicy(**{setting: 0})


def test_the_server_takes_what_json_can_say() -> None:
    server = ScriptedServer(lambda call: Reply(call.body))
    try:
        body = {"model": "m", "messages": [], "n": json.loads("1e3")}
        assert ChatClient(server.address).send(Request("1", body, 1)) == body
    finally:
        server.close()
