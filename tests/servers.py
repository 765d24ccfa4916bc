"""A real HTTP server on the loopback address that answers as a test's script says."""

from __future__ import annotations

import argparse
import json
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Event, Lock, Thread
from typing import Any
from zlib import crc32


@dataclass(frozen=True)
class Call:
    """What the server was sent.

    Args:
        number: How many calls came before.
        path: The path, such as ``/v1/chat/completions``.
        body: The JSON of the body.
        headers: By lower-case name.
        at: When it came, on the monotonic clock.
    """

    number: int
    path: str
    body: dict[str, Any]
    headers: dict[str, str]
    at: float

    @property
    def text(self) -> str:
        """The content of the last message."""
        return str(self.body["messages"][-1]["content"])


@dataclass(frozen=True)
class Reply:
    """What the server does.

    Args:
        body: JSON to send, or bytes as they are.
        status: The HTTP status.
        headers: Further headers.
        delay: Seconds to wait first.
        then: What to do instead of a full reply: reset the connection, hang until the server is
            closed, or break off in the middle of the body.
    """

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    then: str = ""


Script = Callable[[Call], Reply]


def chat(content: str | None, **settings: Any) -> Reply:
    """A chat completion.

    Args:
        content: The answer.
        **settings: ``finish_reason``, ``refusal``, ``logprobs``, ``usage`` of the completion,
            and what ``Reply`` takes.
    """
    message = {"role": "assistant", "content": content, "refusal": settings.pop("refusal", None)}
    choice = {
        "index": 0,
        "message": message,
        "finish_reason": settings.pop("finish_reason", "stop"),
        "logprobs": settings.pop("logprobs", None),
    }
    usage = {"prompt_tokens": 100, "completion_tokens": 1, "total_tokens": 101}
    usage = settings.pop("usage", usage)
    return Reply({"object": "chat.completion", "choices": [choice], "usage": usage}, **settings)


def error(status: int, message: str = "no", code: str | None = None, **settings: Any) -> Reply:
    """An error as OpenAI's protocol has it."""
    body = {"error": {"message": message, "type": "error", "code": code}}
    return Reply(body, status=status, **settings)


class ScriptedServer:
    """Answers every POST as a script says and remembers all calls.

    Args:
        script: From a call to what to do.
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        self.calls: list[Call] = []
        self.problems: list[BaseException] = []
        self.closed = Event()
        self._lock = Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.scripted = self
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """What a client calls the base URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def note(self, path: str, headers: Mapping[str, str], body: bytes) -> Call:
        """Remember a call."""
        named = {name.lower(): value for name, value in headers.items()}
        with self._lock:
            call = Call(len(self.calls), path, json.loads(body), named, time.monotonic())
            self.calls.append(call)
        return call

    def close(self) -> None:
        """Stop, and let go of connections that hang."""
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def serving(script: Script) -> Iterator[ScriptedServer]:
    """A server for the time of a block; what goes wrong in the script is raised at its end."""
    server = ScriptedServer(script)
    try:
        yield server
    finally:
        server.close()
        for problem in server.problems:
            raise problem


class _Server(ThreadingHTTPServer):
    scripted: ScriptedServer
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are what the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_POST(self) -> None:
        scripted = self.server.scripted
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        call = scripted.note(self.path, dict(self.headers.items()), body)
        try:
            reply = scripted.script(call)
        except BaseException as problem:
            scripted.problems.append(problem)
            reply = error(500, f"the script failed: {problem!r}")
        if reply.delay:
            scripted.closed.wait(reply.delay)
        if reply.then == "hang":
            scripted.closed.wait()
        if reply.then in ("hang", "reset"):
            self._reset()
            return
        content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in {"content-type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if reply.then == "break off" else content)
        self.wfile.flush()
        if reply.then == "break off":
            self.close_connection = True

    def _reset(self) -> None:
        self.close_connection = True
        now = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


FAULTS = (
    error(429, headers={"retry-after": "0"}),
    error(500),
    Reply(then="reset"),
    chat("A", then="break off"),
    chat(""),
    chat("Z"),
    chat("MESH:D000001"),
    chat(None, refusal="no"),
)
"""What a busy server does now and then; the last four are answers that choose nothing."""


def main() -> None:
    """Answer chat requests with one of two letters until the standard input is closed.

    At the end comes a line of JSON: how many requests came, and how many of them after a full
    answer to the same one.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--faults", type=float, default=0.0)
    given = parser.parse_args()
    random, answered, again = Random(0), set[bytes](), [0]

    def script(call: Call) -> Reply:
        body = call.text.encode()
        again[0] += body in answered
        if random.random() < given.faults:
            reply = random.choice(FAULTS)
        else:
            reply = chat("AB"[crc32(body) % 2])
        if reply.status == 200 and not reply.then:
            answered.add(body)
        return replace(reply, delay=given.latency)

    with serving(script) as server:
        print(server.address, flush=True)
        sys.stdin.read()
    print(json.dumps({"requests": len(server.calls), "again": again[0]}), flush=True)


if __name__ == "__main__":
    main()
