"""Answers are kept by the whole request, at once, by many threads and processes."""

from __future__ import annotations

import os
import pickle
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.llm.cache import RequestCache
from spacy_bel.llm.ledger import Ledger
from spacy_bel.llm.requests import Request

BODY: dict[str, Any] = {
    "model": "m",
    "temperature": 0,
    "messages": [{"role": "user", "content": "cold?"}],
}


def _request(body: dict[str, Any] | None = None, **settings: Any) -> Request:
    return Request("1", {**BODY, **(body or {})}, 1, **settings)


@pytest.mark.parametrize(
    "other",
    [
        _request({"model": "n"}),
        _request({"temperature": 1}),
        _request({"temperature": None}),
        _request({"seed": 1}),
        _request({"messages": [{"role": "user", "content": "Cold?"}]}),
        _request({"messages": [{"role": "system", "content": "cold?"}]}),
        _request(version="setwise.v2"),
        _request(sample=1),
        _request(path="/decisions"),
    ],
)
def test_another_request_has_another_answer(other: Request) -> None:
    cache = RequestCache()
    cache.put(_request().digest, "m", {"answer": 1})
    assert cache.get(other.digest) is None
    assert cache.get(_request().digest) == {"answer": 1}


def test_neither_key_nor_labels_nor_order_make_another_request() -> None:
    turned = dict(reversed(BODY.items()))
    labelled = Request("2", turned, 9, document="d", mention="m")
    assert labelled.digest == _request().digest


@given(st.text(), st.text())
def test_digests_differ_where_texts_do(one: str, other: str) -> None:
    digests = {
        _request({"messages": [{"role": "user", "content": text}]}).digest for text in (one, other)
    }
    assert len(digests) == len({one, other})


def test_an_answer_is_there_for_others_at_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "cache.sqlite"
    RequestCache(path).put("d", "m", {"text": "糖尿病 \ud800"})
    script = (
        "import sys; from spacy_bel.llm.cache import RequestCache;"
        "print(ascii(RequestCache(sys.argv[1]).get('d')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == ascii({"text": "糖尿病 \ud800"}), done.stderr


_WRITER = """
import sys
from spacy_bel.llm.cache import RequestCache
from spacy_bel.llm.ledger import Ledger
from spacy_bel.llm.requests import Request
path, name = sys.argv[1:]
cache, ledger = RequestCache(path), Ledger(path, prices={"input": 0, "output": 1_000_000})
for number in range(100):
    request = Request(f"{name}-{number}", {"model": "m"}, 1)
    cache.put(f"{name}-{number}", "m", {"n": number})
    ledger.settle(ledger.reserve(request), request, "answered")
"""


def test_several_processes_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "shared.sqlite"
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(path), str(number)])
        for number in range(3)
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert len(RequestCache(path)) == 300
    ledger = Ledger(path)
    assert ledger.spent == 300
    assert ledger.costs()[""].calls == 300


def test_many_threads_write_one_file(tmp_path: Path) -> None:
    cache = RequestCache(tmp_path / "cache.sqlite")

    def write(number: int) -> object:
        cache.put(str(number), "m", {"n": number})
        return cache.get(str(number))

    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(write, range(500))) == [{"n": number} for number in range(500)]


def test_the_first_answer_stays() -> None:
    cache = RequestCache()
    cache.put("d", "m", {"n": 1})
    cache.put("d", "m", {"n": 2})
    assert cache.get("d") == {"n": 1}


def test_pickled_it_opens_the_file_again(tmp_path: Path) -> None:
    cache = RequestCache(tmp_path / "cache.sqlite")
    cache.put("d", "m", {"n": 1})
    assert pickle.loads(pickle.dumps(cache)).get("d") == {"n": 1}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_opens_its_own_connection(tmp_path: Path) -> None:
    script = """
import os, sys
from spacy_bel.llm.cache import RequestCache
cache = RequestCache(sys.argv[1])
cache.put("parent", "m", {})
children = []
for number in range(3):
    child = os.fork()
    if not child:
        for step in range(50):
            cache.put(f"{number}-{step}", "m", {})
        sys.exit(0)
    children.append(child)
for step in range(50):
    cache.put(f"parent-{step}", "m", {})
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
print(len(cache))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "cache.sqlite")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "201", done.stderr


def test_a_file_that_is_no_cache(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(BelError, match=r"B734.*cache\.sqlite"):
        RequestCache(path).get("d")
    assert path.read_bytes() == b"no database" * 1000


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BelError, match="B734"):
        RequestCache(tmp_path / "file" / "cache.sqlite").put("d", "m", {})


def test_a_file_of_another_version(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    RequestCache(path).put("d", "m", {})
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE formats SET version = 2")
    connection.close()
    with pytest.raises(BelError, match=r"B735.*format 2; this one reads 1"):
        RequestCache(path).get("d")
