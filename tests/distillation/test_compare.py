"""Systems side by side, and how their difference is tested."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_bel.cli.app import app
from spacy_bel.corpora import read_corpus
from spacy_bel.corpora.docs import to_doc
from spacy_bel.distillation.compare import Measured, System, differences, measure
from spacy_bel.distillation.comparison import render
from spacy_bel.errors import BelError
from tests.distillation.conftest import ASSETS, WriteTeacher
from tests.servers import chat, serving

RANKS = ("lenient", "name", "strict")


@pytest.fixture(scope="module")
def saved(nlp: Language, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pipeline")
    nlp.to_disk(path)
    return path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "dev.spacy"
    documents = list(read_corpus(ASSETS / "annotated_dev.PubTator.txt"))[:6]
    DocBin(docs=map(to_doc, documents)).to_disk(path)
    return path


def _measured(name: str, hits: list[bool]) -> Measured:
    summary = {"acc@1": {"value": 0.5, "low": 0.4, "high": 0.6}}
    metrics = dict.fromkeys((*RANKS, "unseen"), summary)
    documents = [str(number // 4) for number in range(len(hits))]
    return Measured(name, metrics, documents, dict.fromkeys(RANKS, hits), len(hits), 2.0, 10**8)


def test_a_difference_is_tested_in_pairs() -> None:
    first = _measured("a", [True] * 20 + [False] * 20)
    second = _measured("b", [True] * 18 + [False] * 2 + [True] * 12 + [False] * 8)
    for found in differences([first, second]):
        assert (found.only_first, found.only_second) == (2, 12)
        assert found.gain["value"] == pytest.approx(10 / 40)
        assert found.gain["low"] is not None
        assert found.gain["low"] < 0.25
        # Twice the chance of at most 2 heads in 14 throws of a coin.
        assert found.p == pytest.approx(2 * (1 + 14 + 91) / 2**14)
    same = differences([first, _measured("c", first.hits["lenient"])])
    assert {found.p for found in same} == {1.0}


def test_money_is_that_of_the_server_or_of_the_machine() -> None:
    local = _measured("a", [True] * 40)
    assert local.speed == 20
    assert local.cost(None) is None
    assert local.cost(3.6) == pytest.approx(1000 / 20 / 3600 * 3.6)
    assert "cost of 1,000 mentions" not in render([local], [], None)
    assert "an hour of this machine costs 3.6" in render([local], [], 3.6)


def test_a_system_is_measured(saved: Path, corpus: Path) -> None:
    found = measure(System("retriever", str(saved)), corpus=corpus, resamples=20)
    assert found.mentions == found.metrics["counts"]["mentions"]
    assert found.speed is not None
    assert found.speed > 0
    lenient = found.metrics["lenient"]
    assert sum(found.hits["lenient"]) / lenient["n"] == pytest.approx(lenient["acc@1"]["value"])
    assert found.api_cost is None
    assert found.memory > 10**7


def test_a_server_is_priced_by_its_ledger(
    saved: Path, corpus: Path, write_teacher: WriteTeacher, tmp_path: Path
) -> None:
    pytest.importorskip("openai")
    with serving(lambda call: chat("A")) as server:
        config = write_teacher(server.address)
        run: Callable[[], Measured] = lambda: measure(  # noqa: E731
            System("teacher", str(saved), str(config)),
            corpus=corpus,
            resamples=20,
            answers=tmp_path / "llm.sqlite",
        )
        found, again = run(), run()
    assert found.speed is not None
    asked = len(server.calls)
    assert found.api_cost == pytest.approx(102e-6 * asked / found.mentions)
    assert again.api_cost == found.api_cost
    assert again.speed is None  # the answers were there already


def test_a_cascade_asks_the_teacher_where_the_student_is_unsure(
    nlp: Language, corpus: Path, write_teacher: WriteTeacher, sample_dir: Path, tmp_path: Path
) -> None:
    pytest.importorskip("openai")
    pytest.importorskip("torch")
    student = spacy.blank("en")
    student.add_pipe("bel_matcher", config={"kb": str(sample_dir)})
    numbers = {"@misc": "spacy-bel.CrossEncoder.v1", "model": None, "compare": None}
    student.add_pipe("bel_linker", config={"kb": str(sample_dir), "reranker": numbers})
    student.to_disk(tmp_path / "student")

    def run(config: str, confidence: float) -> Measured:
        overrides = {"teacher.candidates": 5}
        system = System("cascade", str(tmp_path / "student"), config, overrides, confidence)
        return measure(system, corpus=corpus, resamples=20, answers=tmp_path / "llm.sqlite")

    with serving(lambda call: chat("A")) as server:
        config = str(write_teacher(server.address))
        alone = run("none", 1.0)
        assert set(alone.steps) == {"exact", "student"}
        assert not server.calls
        both = run(config, 1.0)
        assert set(both.steps) == {"exact", "teacher"}
        assert both.steps["exact"] == alone.steps["exact"]
        assert server.calls
        assert set(run(config, 0.0).steps) == {"exact", "student"}


def test_a_cascade_needs_a_student(saved: Path, corpus: Path) -> None:
    with pytest.raises(BelError, match="B842"):
        measure(System("cascade", str(saved), "none", {}, 0.9), corpus=corpus)


def test_the_command_compares_in_processes_of_their_own(
    saved: Path, corpus: Path, tmp_path: Path
) -> None:
    arguments = [str(corpus), str(tmp_path), "--system", f"one={saved}", "--pipeline", str(saved)]
    arguments += ["--reranker", "two=none", "--reranker", "three=own"]
    arguments += ["--hourly-price", "1", "--resamples", "20"]
    result = CliRunner().invoke(app, ["compare", *arguments])
    assert result.exit_code == 0, result.output
    content = json.loads((tmp_path / "comparison.json").read_text())
    assert [each["name"] for each in content["systems"]] == ["one", "two", "three"]
    assert all(each["cost_per_1000"] > 0 for each in content["systems"])
    assert len(content["differences"]) == 3 * len(RANKS)
    assert "two against one, lenient: +0.00 points" in result.output
    assert "circle" in (tmp_path / "comparison.html").read_text()


@pytest.mark.parametrize(
    "arguments",
    [("--system", "a"), ("--reranker", "a=none"), ("--system", "a=x", "--system", "a=y"), ()],
)
def test_systems_that_are_not_named_well_are_refused(
    arguments: tuple[str, ...], corpus: Path, tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, ["compare", str(corpus), str(tmp_path), *arguments])
    assert isinstance(result.exception, BelError)
    assert "[B840]" in str(result.exception)
