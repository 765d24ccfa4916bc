"""Labelling by files, against a server that keeps files and batches as OpenAI's does."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

pytest.importorskip("openai")

from spacy_bel.distillation.batch import BatchFiles
from spacy_bel.distillation.label import label
from spacy_bel.distillation.teacher import Teacher, read_teacher
from spacy_bel.errors import BelError
from spacy_bel.examples import Example, read_examples
from spacy_bel.types import NIL
from tests.distillation.conftest import WriteTeacher
from tests.distillation.test_label import expected

USAGE = {"prompt_tokens": 100, "completion_tokens": 1, "total_tokens": 101}


class BatchServer(ThreadingHTTPServer):
    """Files and batches in memory; every seventh request of a file fails."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.posts: Counter[str] = Counter()
        Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def complete(self) -> None:
        """Answer everything."""
        for batch in self.batches.values():
            answers, errors = [], []
            for number, line in enumerate(self.files[batch["input_file_id"]].splitlines()):
                asked = json.loads(line)
                shown = asked["body"]["messages"][-1]["content"]
                letters = dict(re.findall(r"^([A-Z]): (.*)$", shown, re.MULTILINE))
                choice = {"message": {"content": min(letters, key=letters.__getitem__)}}
                result = {"custom_id": asked["custom_id"], "error": None}
                if number % 7 == 6:
                    failed = {"status_code": 429, "body": {"error": {"message": "too fast"}}}
                    errors.append({**result, "response": failed})
                    continue
                body = {"choices": [choice], "usage": USAGE}
                answers.append({**result, "response": {"status_code": 200, "body": body}})
            for kind, lines in (("output", answers), ("error", errors)):
                name = f"{batch['id']}-{kind}"
                text = "".join(f"{json.dumps(each)}\n" for each in reversed(lines))
                self.files[name] = text.encode()
                batch[f"{kind}_file_id"] = name
            batch["status"] = "completed"


class _Handler(BaseHTTPRequestHandler):
    server: BatchServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        server = self.server
        server.posts[self.path] += 1
        if self.path == "/v1/files":
            content = body.split(b"filename=")[1].split(b"\r\n\r\n", 1)[1]
            name = f"file-{len(server.files)}"
            server.files[name] = content.split(b"\r\n--")[0]
            self._send({"id": name, "object": "file"})
        elif self.path == "/v1/batches":
            name = f"batch-{len(server.batches)}"
            asked = json.loads(body)
            server.batches[name] = {"id": name, "object": "batch", "status": "in_progress", **asked}
            self._send(server.batches[name])
        else:
            self._send({"error": {"message": "only files here"}}, 400)

    def do_GET(self) -> None:
        *_, name = self.path.removesuffix("/content").split("/")
        if self.path.endswith("/content"):
            self._send(self.server.files[name])
        else:
            self._send(self.server.batches[name])

    def _send(self, content: Any, status: int = 200) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacy_bel.distillation.batch.MOST_REQUESTS", 25)


@pytest.fixture
def server() -> Iterator[BatchServer]:
    running = BatchServer()
    yield running
    running.shutdown()
    running.server_close()


@pytest.mark.usefixtures("small_files")
def test_a_batch_fills_the_cache_at_half_the_price(
    server: BatchServer,
    mined: Path,
    rows: list[Example],
    write_teacher: WriteTeacher,
    tmp_path: Path,
) -> None:
    config = write_teacher(server.address)

    def teacher() -> Teacher:
        return read_teacher(config, answers=tmp_path / "llm.sqlite")

    def files() -> BatchFiles:
        return BatchFiles(teacher(), tmp_path / "batch")

    with pytest.raises(BelError, match=r"B813.*write it first"):
        files().submit()
    assert files().write(rows) == len(rows)
    ids = files().submit()
    assert len(ids) == -(-len(rows) // 25)
    assert files().submit() == ids
    assert server.posts["/v1/batches"] == len(ids)
    assert files().poll() == {"in_progress": len(ids)}
    server.complete()
    assert files().is_over(files().poll())
    counts = files().collect(rows)
    failed = counts["too fast"]
    sent = [data for name, data in server.files.items() if name.startswith("file-")]
    assert failed == sum(len(data.splitlines()) // 7 for data in sent) > 0
    assert counts["answered"] == len(rows) - failed
    assert teacher().spent == pytest.approx(51e-6 * counts["answered"])
    assert files().write(rows) == failed  # a second batch asks for the rest alone
    outcome = label(mined, tmp_path / "out.jsonl", teacher())
    assert outcome.labelled == counts["answered"]
    assert outcome.failed.total() == failed  # this server answers nothing but files
    for row in read_examples(tmp_path / "out.jsonl"):
        assert row.labels[0].id in {expected(row), NIL}
        assert row.labels[0].cost == pytest.approx(51e-6)


def test_what_no_batch_can_ask_is_refused(
    rows: list[Example], write_teacher: WriteTeacher, tmp_path: Path
) -> None:
    config = write_teacher("http://127.0.0.1:9/v1")
    for mode, reason in (("auto", "mode is auto"), ("decisions", "none of schema")):
        teacher = read_teacher(config, {"reranker.mode": mode})
        with pytest.raises(BelError, match=f"B813.*{reason}"):
            BatchFiles(teacher, tmp_path / mode).write(rows)
    teacher = read_teacher(config, budget=1e-5)
    with pytest.raises(BelError, match=r"B813.*more than"):
        BatchFiles(teacher, tmp_path / "budget").write(rows)
