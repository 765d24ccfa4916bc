"""Labelling by files: OpenAI's Batch API answers them within a day, at half the price.

A batch fills the cache: once its answers are collected, labelling finds them there and asks the
server for nothing but what failed. The folder of a batch holds ``state.json``, the files of
requests, and the files of answers, each line of which bears the digest of its request.
https://platform.openai.com/docs/guides/batch
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import Any

from spacy_bel.distillation.pricing import unsent
from spacy_bel.distillation.teacher import Teacher, language_models
from spacy_bel.errors import Errors
from spacy_bel.examples import Example
from spacy_bel.files import replacing
from spacy_bel.llm.model import LanguageModel
from spacy_bel.llm.prices import Price, Prices
from spacy_bel.llm.requests import CHAT, Request, Usage
from spacy_bel.reranking.chat import AUTO

MOST_REQUESTS = 50_000
"""Most requests of one file."""

MOST_BYTES = 180_000_000
"""Most bytes of one file; the server takes 200 MB."""

_STATE = "state.json"
_OVER = frozenset({"completed", "expired", "cancelled", "failed"})


class BatchFiles:
    """A teacher's questions as files for the Batch API.

    Args:
        teacher: A teacher with exactly one language model, whose mode is a chat's.
        folder: Where the files lie.
        discount: What the server charges, as a share of its price.

    Raises:
        BelError: The teacher asks no language model, or several.
    """

    def __init__(self, teacher: Teacher, folder: Path, discount: float = 0.5) -> None:
        if len(teacher.models) != 1:
            raise Errors.B813(reason=f"the teacher asks {len(teacher.models)} language models")
        modes = [getattr(holder, "mode", "") for holder in language_models(teacher.reranker)]
        if modes == [AUTO]:
            raise Errors.B813(reason="the mode is auto: name schema, logprobs or letter")
        self.model: LanguageModel = teacher.models[0]
        self.teacher = teacher
        self.folder = folder
        self._ledger = copy(self.model.ledger)
        self._ledger.prices = _Discounted(self.model.ledger.prices, discount)

    def write(self, rows: Iterable[Example]) -> int:
        """Write the questions that have no answer in the cache.

        Args:
            rows: What to ask about.

        Returns:
            How many there are.

        Raises:
            BelError: They are no chat requests, the model's price is not known, they may cost
                more than the budget, or a file cannot be written.
        """
        budget, worst, count = self.model.budget, self._ledger.spent, 0
        files: list[dict[str, Any]] = []
        price = self._ledger.prices.of(self.model.model)
        lines: list[str] = []
        size = 0

        def finish() -> None:
            nonlocal lines, size
            if lines:
                name = f"requests-{len(files)}.jsonl"
                with replacing(self.folder / name, Errors.B803) as beside:
                    beside.write_text("".join(lines), encoding="utf-8")
                files.append({"requests": name})
            lines, size = [], 0

        for request in self._new(rows):
            worst += price.worst(request.worst)
            if budget is not None and worst > budget:
                raise Errors.B813(reason=f"its requests can cost more than {budget:g}")
            line = _line(request)
            if len(lines) >= MOST_REQUESTS or size + len(line) > MOST_BYTES:
                finish()
            lines.append(line)
            size += len(line.encode())
            count += 1
        finish()
        self._save(files)
        return count

    def submit(self) -> list[str]:
        """Send the files that have not been sent.

        Returns:
            The ids of all batches.
        """
        client = self.model.client.connection()
        files = self._load()
        for file in files:
            if "batch" not in file:
                with (self.folder / file["requests"]).open("rb") as stream:
                    sent = client.files.create(file=stream, purpose="batch")
                batch = client.batches.create(
                    input_file_id=sent.id,
                    endpoint=f"/v1{CHAT}",
                    completion_window="24h",
                )
                file["batch"] = batch.id
                self._save(files)
        return [file["batch"] for file in files]

    def poll(self) -> Counter[str]:
        """How many batches are in which state, as the server calls it."""
        client = self.model.client.connection()
        statuses = [client.batches.retrieve(batch).status for batch in self.submit()]
        return Counter(statuses)

    def is_over(self, statuses: Iterable[str]) -> bool:
        """Whether no more answers will come."""
        return _OVER.issuperset(statuses)

    def collect(self, rows: Iterable[Example]) -> Counter[str]:
        """Fetch what has been answered into the cache, and book it.

        Args:
            rows: What was asked about.

        Returns:
            Counts: ``answered``, and what went wrong with others.
        """
        answers = _Answers(self._fetch())
        counts: Counter[str] = Counter(answers.problems)
        for request in self._new(rows):
            response = answers.get(request.digest)
            if response is not None:
                call = self._ledger.reserve(request)
                self._ledger.settle(call, request, "answered", Usage.of(response))
                self.model.cache.put(request.digest, request.model, response)
                counts["answered"] += 1
        return counts

    def _new(self, rows: Iterable[Example]) -> Iterator[Request]:
        """The requests without answer, each once."""
        found: list[Request] = []
        known: set[str] = set()

        def take(model: LanguageModel, requests: Sequence[Request]) -> None:
            for request in requests:
                if request.path != CHAT:
                    raise Errors.B813(reason="the mode is none of schema, logprobs and letter")
                if request.digest not in known and model.cache.get(request.digest) is None:
                    known.add(request.digest)
                    found.append(request)

        for row in rows:
            unsent(self.teacher, [row], take)
            yield from found
            found.clear()

    def _fetch(self) -> list[Path]:
        """The files of answers, fetched where they are not here yet."""
        client = self.model.client.connection()
        paths = []
        for number, batch in enumerate(map(client.batches.retrieve, self.submit())):
            for kind in ("output", "error"):
                path = self.folder / f"{kind}-{number}.jsonl"
                remote = getattr(batch, f"{kind}_file_id", None)
                if remote:
                    content = client.files.content(remote).content
                    with replacing(path, Errors.B803) as beside:
                        beside.write_bytes(content)
                    paths.append(path)
        return paths

    def _load(self) -> list[dict[str, Any]]:
        try:
            content = json.loads((self.folder / _STATE).read_text(encoding="utf-8"))
            return list(content["files"])
        except (OSError, ValueError, KeyError) as error:
            raise Errors.B813(reason=f"there is none in {self.folder}: write it first") from error

    def _save(self, files: Sequence[dict[str, Any]]) -> None:
        with replacing(self.folder / _STATE, Errors.B803) as beside:
            beside.write_text(json.dumps({"files": list(files)}, indent=1), encoding="utf-8")


class _Discounted(Prices):
    """Prices of which a share is charged."""

    def __init__(self, prices: Prices, share: float) -> None:
        self._prices, self._share = prices, share

    def of(self, model: str) -> Price:
        price, share = self._prices.of(model), self._share
        cached = None if price.cached_input is None else share * price.cached_input
        return Price(share * price.input, share * price.output, cached)


class _Answers:
    """Answers in files, found by the digest of their request without holding them."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._places: dict[str, tuple[Path, int]] = {}
        self.problems: Counter[str] = Counter()
        for path in paths:
            offset = 0
            with path.open("rb") as file:
                for line in file:
                    self._note(line, path, offset)
                    offset += len(line)

    def get(self, digest: str) -> dict[str, Any] | None:
        """The response to a request, or None."""
        if digest not in self._places:
            return None
        path, offset = self._places[digest]
        with path.open("rb") as file:
            file.seek(offset)
            return dict(json.loads(file.readline())["response"]["body"])

    def _note(self, line: bytes, path: Path, offset: int) -> None:
        try:
            content = json.loads(line)
            response = content.get("response") or {}
            if response.get("status_code") == 200 and isinstance(response.get("body"), dict):
                self._places[str(content["custom_id"])] = (path, offset)
                return
            error = content.get("error") or response.get("body", {}).get("error") or {}
            self.problems[str(error.get("message") or error.get("code") or "no response")] += 1
        except (ValueError, KeyError, AttributeError):
            self.problems["a line that is none of an answer"] += 1


def _line(request: Request) -> str:
    content = {
        "custom_id": request.digest,
        "method": "POST",
        "url": f"/v1{request.path}",
        "body": dict(request.body),
    }
    return json.dumps(content) + "\n"
