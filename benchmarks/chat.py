"""How busy a server is kept, with request cache and ledger on disk.

    python -m benchmarks.chat [--requests N] [--latency SECONDS] [--concurrency N ...]

The server is a process of its own that answers each request after the latency. It is fully busy
when as many requests as allowed are with it all the time.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.common import machine, table
from spacy_bel.llm.ask import ask
from spacy_bel.llm.cache import RequestCache
from spacy_bel.llm.client import ChatClient
from spacy_bel.llm.ledger import Ledger
from spacy_bel.llm.requests import Request

PROMPT = "Text: a patient with a cold. Options: " * 60
"""About as long as a prompt with ten options."""


@contextmanager
def server(latency: float) -> Iterator[str]:
    """A server in a process of its own, and its address."""
    command = [sys.executable, "-m", "tests.servers", "--latency", str(latency)]
    root = Path(__file__).parents[1]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as running:
        assert running.stdout is not None
        yield running.stdout.readline().strip()
        assert running.stdin is not None
        running.stdin.close()


def requests(count: int) -> Iterator[Request]:
    """Requests that all differ."""
    for number in range(count):
        message = {"role": "user", "content": f"{PROMPT}{number}"}
        yield Request(str(number), {"model": "m", "messages": [message]}, 1)


def measure(address: str, count: int, latency: float, concurrency: int) -> list[str]:
    """A row of the table: asking all requests, and asking them again."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "llm.sqlite"
        cache, ledger = RequestCache(path), Ledger(path, prices={"input": 1, "output": 1})
        client = ChatClient(address)
        # The import of the library and the opening of the file are no part of it.
        client.send(next(requests(1)))
        len(cache)
        begin, processor = time.perf_counter(), time.process_time()
        answers = list(ask(requests(count), client, cache, ledger, concurrency=concurrency))
        seconds, processor = time.perf_counter() - begin, time.process_time() - processor
        assert all(answer.response is not None for answer in answers)
        begin = time.perf_counter()
        again = list(ask(requests(count), client, cache, ledger, concurrency=concurrency))
        cached = time.perf_counter() - begin
        assert all(answer.cached for answer in again)
    busy = count * latency / concurrency / seconds
    return [
        str(concurrency),
        f"{count / seconds:.0f}",
        f"{100 * busy:.0f} %",
        f"{1000 * processor / count:.1f}",
        f"{count / cached:.0f}",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[16, 64])
    given = parser.parse_args(arguments)
    header = ["concurrency", "requests/s", "busy", "CPU ms/request", "from the cache/s"]
    with server(given.latency) as address:
        rows = []
        for number in given.concurrency:
            count = given.requests * number // max(given.concurrency)
            rows.append(measure(address, count, given.latency, number))
    print(f"{machine('openai')}\n\nlatency {given.latency:g} s\n\n{table(header, rows, 'rrrrr')}")


if __name__ == "__main__":
    main()
