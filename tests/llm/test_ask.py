"""Many requests at once, against a server that does not behave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import pytest

from spacy_bel.errors import BelError
from spacy_bel.llm.ask import ask, ask_one
from spacy_bel.llm.cache import RequestCache
from spacy_bel.llm.client import ChatClient
from spacy_bel.llm.ledger import Ledger
from spacy_bel.llm.requests import Answer, Request
from spacy_bel.llm.retries import RetryPolicy
from tests.servers import Call, Reply, chat, error, serving

pytest.importorskip("openai")

PER_CALL = {"input": 0, "output": 1_000_000}
"""A price of 1 for each token of an answer; each answer has one."""

FAST = RetryPolicy(first_wait=0.01)


def _request(key: str, text: str | None = None) -> Request:
    content = key if text is None else text
    body = {"model": "m", "messages": [{"role": "user", "content": content}]}
    return Request(key, body, 1)


def _client(address: str, timeout: float = 5.0, retries: RetryPolicy = FAST) -> ChatClient:
    return ChatClient(address, timeout=timeout, retries=retries)


def _told(requests: Sequence[Request], taken: Event) -> Iterator[Request]:
    """Requests, with a word when the last one is taken."""
    yield from requests[:-1]
    taken.set()
    yield requests[-1]


def _text(answer: Answer) -> str:
    assert answer.response is not None, answer.error
    return str(answer.response["choices"][0]["message"]["content"])


def test_answers_out_of_order_belong_to_their_requests() -> None:
    random = Random(0)
    delays = [random.uniform(0, 0.1) for _ in range(300)]
    ledger = Ledger(prices=PER_CALL)
    with serving(lambda call: chat(f"re {call.text}", delay=delays[call.number])) as server:
        requests = [_request(str(number)) for number in range(300)]
        answers = list(
            ask(requests, _client(server.address), RequestCache(), ledger, concurrency=32)
        )
    assert [answer.key for answer in answers] != [request.key for request in requests]
    assert {answer.key: _text(answer) for answer in answers} == {
        request.key: f"re {request.key}" for request in requests
    }
    assert len(answers) == len(server.calls) == 300
    assert ledger.spent == sum(answer.cost for answer in answers) == 300


@pytest.mark.parametrize(
    "reply",
    [
        error(429),
        error(429, headers={"retry-after": "0"}),
        error(500),
        error(503),
        Reply(then="reset"),
        Reply(then="hang"),
        chat("A", then="break off"),
        Reply(b'{"choices": [{"message": {"content": "A'),
    ],
    ids=["429", "429 with Retry-After", "500", "503", "reset", "hang", "cut body", "cut JSON"],
)
def test_what_passes_is_tried_again(reply: Reply) -> None:
    with serving(lambda call: chat("A") if call.number > 1 else reply) as server:
        ledger = Ledger(prices=PER_CALL)
        client = _client(server.address, timeout=1.0 if reply.then == "hang" else 30.0)
        (answer,) = ask([_request("1")], client, RequestCache(), ledger)
    assert _text(answer) == "A"
    assert len(server.calls) == 3
    assert ledger.costs()[""].calls == 3
    assert ledger.spent == answer.cost


def test_the_wait_that_the_server_asks_for_holds_for_all() -> None:
    def script(call: Call) -> Reply:
        return chat("A") if call.number else error(429, headers={"retry-after": "0.4"})

    with serving(script) as server:
        client = _client(server.address)
        cache, ledger = RequestCache(), Ledger(prices="free")
        answers = list(ask(map(_request, "abcd"), client, cache, ledger, concurrency=1))
    assert all(_text(answer) == "A" for answer in answers)
    assert server.calls[1].at - server.calls[0].at >= 0.4


@pytest.mark.parametrize(
    ("reply", "attempts"),
    [(error(500), 3), (error(400, "too long"), 1), (error(429, headers={"retry-after": "999"}), 1)],
)
def test_one_that_fails_for_good_does_not_harm_others(reply: Reply, attempts: int) -> None:
    with serving(lambda call: reply if call.text == "bad" else chat(call.text)) as server:
        client = _client(server.address, retries=RetryPolicy(attempts=3, first_wait=0.01))
        requests = map(_request, ["a", "bad", "b"])
        ledger = Ledger(prices=PER_CALL)
        cache = RequestCache()
        answers = {answer.key: answer for answer in ask(requests, client, cache, ledger)}
    assert (_text(answers["a"]), _text(answers["b"])) == ("a", "b")
    assert "B738" in str(answers["bad"].error)
    assert Counter(call.text for call in server.calls)["bad"] == attempts
    assert len(cache) == 2  # a failure is not kept


@pytest.mark.parametrize("reply", [error(401), error(404), error(429, code="insufficient_quota")])
def test_a_server_that_refuses_all_is_asked_once(reply: Reply) -> None:
    with serving(lambda call: reply) as server:
        cache, ledger = RequestCache(), Ledger(prices="free")
        requests = (_request(str(number)) for number in range(1000))
        with pytest.raises(BelError, match="B736"):
            list(ask(requests, _client(server.address), cache, ledger, concurrency=1))
    assert len(server.calls) == 1


def test_a_server_that_is_gone_is_not_asked_for_ever() -> None:
    def script(call: Call) -> Reply:
        return chat("A") if call.number < 10 else error(503)

    with serving(script) as server:
        retries = RetryPolicy(attempts=1, give_up_after=5)
        client = _client(server.address, retries=retries)
        cache, ledger = RequestCache(), Ledger(prices="free")
        requests = [_request(str(number)) for number in range(1000)]
        with pytest.raises(BelError, match=r"B740.*503"):
            list(ask(requests, client, cache, ledger, concurrency=2))
    assert 15 <= len(server.calls) <= 20
    assert len(cache) == 10


def test_equal_requests_are_sent_once() -> None:
    with serving(lambda call: chat(call.text, delay=0.05)) as server:
        ledger = Ledger(prices=PER_CALL)
        requests = [_request(str(number), "same" if number % 2 else "x") for number in range(20)]
        answers = list(ask(requests, _client(server.address), RequestCache(), ledger))
    assert len(server.calls) == 2
    assert sorted(answer.key for answer in answers) == sorted(str(n) for n in range(20))
    assert sum(answer.cached for answer in answers) == 18
    costs = ledger.costs()[""]
    assert (costs.calls, costs.cached, costs.cost) == (2, 18, 2)


def test_equal_requests_fail_together() -> None:
    taken = Event()

    def script(call: Call) -> Reply:
        taken.wait(5)
        return error(400)

    with serving(script) as server:
        ledger = Ledger(prices=PER_CALL)
        requests = _told([_request(str(number), "same") for number in range(3)], taken)
        answers = list(ask(requests, _client(server.address, 30), RequestCache(), ledger))
    assert len(server.calls) == 1
    assert [bool(answer.error) for answer in answers] == [True] * 3
    assert ledger.costs()[""].cached == 0


def test_two_requests_with_one_key_are_refused() -> None:
    with serving(lambda call: chat("A")) as server:
        requests = [_request("1", "a"), _request("1", "b")]
        with pytest.raises(BelError, match="B742"):
            list(ask(requests, _client(server.address), RequestCache(), Ledger(prices="free")))


def test_the_budget_stops_in_the_middle_and_what_came_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "llm.sqlite"
    requests = [_request(str(number)) for number in range(50)]
    came: list[Answer] = []

    def run(budget: float | None) -> None:
        ledger = Ledger(path, prices=PER_CALL)
        client = _client(server.address)
        came.extend(ask(requests, client, RequestCache(path), ledger, budget=budget, concurrency=8))

    with serving(lambda call: chat(call.text, delay=0.01)) as server:
        with pytest.raises(BelError, match=r"B733.*budget of 20"):
            run(20)
        assert len(server.calls) == 20
        assert Ledger(path).spent == 20
        assert len(RequestCache(path)) == 20
        came.clear()
        run(None)
    assert {answer.key: _text(answer) for answer in came} == {str(n): str(n) for n in range(50)}
    assert Counter(call.text for call in server.calls).most_common(1)[0][1] == 1


def test_a_budget_of_nothing_sends_nothing() -> None:
    with serving(lambda call: chat("A")) as server:
        ledger = Ledger(prices=PER_CALL)
        with pytest.raises(BelError, match="B733"):
            list(ask([_request("1")], _client(server.address), RequestCache(), ledger, budget=0))
    assert not server.calls


def test_without_a_price_nothing_is_sent() -> None:
    with serving(lambda call: chat("A")) as server, pytest.raises(BelError, match="B731"):
        list(ask([_request("1")], _client(server.address), RequestCache(), Ledger()))
    assert not server.calls


def test_who_stops_reading_stops_the_run() -> None:
    with serving(lambda call: chat(call.text, delay=0.02)) as server:
        cache = RequestCache()
        requests = (_request(str(number)) for number in range(10_000))
        ledger = Ledger(prices="free")
        answers = ask(requests, _client(server.address), cache, ledger, concurrency=4)
        next(answers)
        answers.close()  # type: ignore[attr-defined]
        calls = len(server.calls)
        assert calls <= 20
        assert len(cache) == calls  # what was under way is paid for and kept
        time.sleep(0.1)
        assert len(server.calls) == calls


def test_no_thread_is_left_waiting_when_the_reader_is_slow() -> None:
    taken, served = Event(), Event()
    first = [_request(str(number)) for number in range(16)]  # two for each of the eight threads
    others = (_request(str(number)) for number in range(16, 100))

    def script(call: Call) -> Reply:
        taken.wait(5)  # so that no answer is read before that many have been taken
        if call.number == 15:
            served.set()
        return chat("A")

    with serving(script) as server:
        cache, ledger = RequestCache(), Ledger(prices="free")
        requests = chain(_told(first, taken), others)
        answers = ask(requests, _client(server.address, 30), cache, ledger, concurrency=8)
        next(answers)
        assert served.wait(5)  # with nobody reading
        assert len(list(answers)) == 99


def test_one_request_may_be_refused_without_stopping() -> None:
    with serving(lambda call: error(404)) as server:
        client = _client(server.address)
        answer = ask_one(_request("1"), client, RequestCache(), Ledger(prices="free"))
    assert (answer.status, answer.response) == (404, None)


def test_progress_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(lambda call: chat("A")) as server:
        requests = [_request(str(number)) for number in range(7)]
        client = _client(server.address)
        list(ask(requests, client, RequestCache(), Ledger(prices="free"), progress=True))
    assert "7/7" in capsys.readouterr().err


def test_at_least_one_at_a_time() -> None:
    with pytest.raises(BelError, match="B737"):
        list(ask([], ChatClient(), RequestCache(), Ledger(), concurrency=0))


_RUN = """
import sys
from spacy_bel.llm.ask import ask
from spacy_bel.llm.cache import RequestCache
from spacy_bel.llm.client import ChatClient
from spacy_bel.llm.ledger import Ledger
from spacy_bel.llm.requests import Request

address, path = sys.argv[1:]
requests = [
    Request(str(n), {"model": "m", "messages": [{"role": "user", "content": str(n)}]}, 1)
    for n in range(200)
]
ledger = Ledger(path, prices={"input": 0, "output": 1_000_000})
for answer in ask(requests, ChatClient(address), RequestCache(path), ledger, concurrency=8):
    print(answer.key, answer.response["choices"][0]["message"]["content"], flush=True)
"""


def test_after_a_kill_no_answered_request_is_sent_again(tmp_path: Path) -> None:
    path = tmp_path / "llm.sqlite"
    command: list[Any] = [sys.executable, "-c", _RUN]
    killed = Event()

    def script(call: Call) -> Reply:
        if call.number >= 100:
            killed.wait(30)
        return chat(f"re {call.text}")

    with serving(script) as server:
        command += [server.address, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            answered = {running.stdout.readline().split()[0] for _ in range(60)}
            os.kill(running.pid, signal.SIGKILL)
            answered |= {line.split()[0] for line in running.stdout if line.endswith("\n")}
        killed.set()
        assert running.returncode == -signal.SIGKILL
        before = len(server.calls)
        assert 60 <= before < 200
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert sorted(done.stdout.splitlines()) == sorted(f"{n} re {n}" for n in range(200))
    sent = Counter(call.text for call in server.calls)
    assert {key for key in answered if sent[key] > 1} == set()
    assert len(sent) == 200
    # Only what was under way at the kill was sent twice, and it is in the book both times.
    assert len(server.calls) <= 200 + 8
    assert len(server.calls) <= Ledger(path).spent <= len(server.calls) + 8
