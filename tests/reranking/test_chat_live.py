"""A live server of a tiny local model: ``transformers serve``."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from spacy_bel.llm.model import LanguageModel
from spacy_bel.reranking.chat import ChatReranker
from spacy_bel.reranking.prompt import PromptBuilder
from spacy_bel.reranking.reformulation import Reformulator
from spacy_bel.types import Candidate, Mention

CANDIDATES = [
    Candidate(f"MESH:D{number}", name, name, (), 0.5)
    for number, name in enumerate(["Common Cold", "Cold Temperature"])
]
MENTIONS = [Mention("cold", context=f"Case {n}: a cold", start=-4, end=16) for n in range(6)]

_START = 300.0
"""Seconds that the server may take to start."""


@pytest.fixture(scope="module")
def address(qwen: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("openai")
    for part in ("fastapi", "uvicorn"):
        pytest.importorskip(part, reason="transformers[serving] is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = tmp_path_factory.mktemp("hub")
    script = "from transformers.cli.transformers import main; main()"
    command = [sys.executable, "-c", script, "serve", str(qwen), "--device", "cpu"]
    environment = {**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    with (
        (home / "log").open("w+") as log,
        subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            env={**environment, "OMP_NUM_THREADS": "1"},
            stdout=log,
            stderr=log,
        ) as server,
    ):
        try:
            _wait(f"http://127.0.0.1:{port}/health", server, home / "log")
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.kill()


def _wait(health: str, server: subprocess.Popen[Any], log: Path) -> None:
    deadline = time.monotonic() + _START
    while True:
        try:
            urlopen(health, timeout=5).close()
        except (URLError, OSError):
            assert server.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < deadline, "the server does not start"
            time.sleep(0.1)
        else:
            return


def _model(address: str, folder: Path, **settings: Any) -> LanguageModel:
    return LanguageModel(str(folder), base_url=address, prices="free", timeout=120.0, **settings)


def test_the_server_offers_probabilities(address: str, qwen: Path) -> None:
    llm = _model(address, qwen)
    reranker = ChatReranker(llm, PromptBuilder())
    rankings = reranker.rerank(MENTIONS, [CANDIDATES] * len(MENTIONS))
    assert reranker.mode == "systemone"
    assert {ranking.kind for ranking in rankings} == {"probability"}
    for ranking in rankings:
        assert ranking.error is None
        assert sum(ranking.probs) + ranking.nil == pytest.approx(1.0)
    assert len({ranking.probs for ranking in rankings}) > 1
    costs = llm.ledger.costs()[""]
    assert costs.input_tokens > 0
    assert costs.cost == 0


@pytest.mark.parametrize("mode", ["logprobs", "schema", "letter"])
def test_what_a_random_model_writes_is_an_error_and_not_a_choice(
    address: str, qwen: Path, mode: str
) -> None:
    llm = _model(address, qwen, max_tokens=4)
    reranker = ChatReranker(llm, PromptBuilder(), mode=mode)
    rankings = reranker.rerank(MENTIONS, [CANDIDATES] * len(MENTIONS))
    assert all("B739" in str(ranking.error) for ranking in rankings)
    assert sum(reranker.failures.values()) == len(MENTIONS)
    costs = llm.ledger.costs()[""]
    assert (costs.calls, costs.output_tokens) == (6, 24)  # the limit was kept


def test_a_random_model_gives_no_names(address: str, qwen: Path) -> None:
    reformulator = Reformulator(_model(address, qwen, max_tokens=4), "MeSH")
    assert reformulator(MENTIONS) == [""] * len(MENTIONS)
    assert "no answer" not in reformulator.failures
