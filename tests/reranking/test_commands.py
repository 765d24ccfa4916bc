"""The command that measures position bias, and the benchmark."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import spacy
from typer.testing import CliRunner

from spacy_bel.cli.app import app
from spacy_bel.errors import BelError

ROOT = Path(__file__).parents[2]
DEV = ROOT / "assets" / "annotated_dev.PubTator.txt"


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if done.exception is not None:
        raise done.exception
    return done.stdout


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "dev.spacy"
    run("convert", DEV, path)
    return path


def test_position_bias_of_a_saved_pipeline(
    qwen: Path, kb_dir: Path, corpus: Path, tmp_path: Path
) -> None:
    here = Path(shutil.copytree(qwen, tmp_path / "model"))
    for orders, folder in ((1, "one"), (3, "three")):
        nlp = spacy.blank("en")
        reranker = {
            "@misc": "spacy-bel.SetwiseLLM.v1",
            "model": str(here),
            "orders": orders,
            "dtype": "float32",
            "device": "cpu",
            "include_weights": True,
        }
        nlp.add_pipe("bel_linker", config={"kb": str(kb_dir), "reranker": reranker})
        nlp.to_disk(tmp_path / folder)
    shutil.rmtree(here)
    biased, fair = (
        run("position-bias", tmp_path / folder, corpus, "--places", "3", "--limit", "12")
        for folder in ("one", "three")
    )
    changes = [
        float(line.split()[-1])
        for output in (biased, fair)
        for line in output.splitlines()
        if line.startswith("Mean largest change")
    ]
    assert changes[0] > 0.01
    assert changes[1] < 0.001


def test_what_position_bias_cannot_measure(kb_dir: Path, corpus: Path, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("bel_linker", config={"kb": str(kb_dir)})
    nlp.to_disk(tmp_path / "without")
    with pytest.raises(BelError, match="B724"):
        run("position-bias", tmp_path / "without", corpus)


def test_the_benchmark_runs(
    transformers: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import llm_rerankers

    llm_rerankers.main(["--sample", "--tiny", "--mentions", "2", "--repeat", "1"])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    rows = {cells[0]: cells[1:] for line in lines for cells in [line.strip("| ").split(" | ")]}
    assert float(rows["DecisionPipeline, same prompts"][2]) > 0
    assert float(rows["4 examples, without"][0]) > 2 * float(rows["set-wise"][0])
