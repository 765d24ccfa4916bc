"""The calibrate command: what it fits is saved, and scores become probabilities."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

pytest.importorskip("transformers")

from spacy_bel.cli.app import app
from spacy_bel.corpora import read_corpus
from spacy_bel.corpora.docs import to_doc
from spacy_bel.errors import BelError
from spacy_bel.evaluation.calibrate import calibrate
from spacy_bel.kb.build import build

ASSETS = Path(__file__).parents[2] / "assets"
NUMBERS = {"@misc": "spacy-bel.CrossEncoder.v1", "model": None, "compare": None}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline with a reranker, and a corpus."""
    folder = tmp_path_factory.mktemp("calibrate")
    build([ASSETS / "concepts.obo", ASSETS / "chemicals.tsv"], folder / "kb", name="sample")
    nlp = spacy.blank("en")
    settings = {"kb": str(folder / "kb"), "threshold": 0.0}
    nlp.add_pipe("bel_linker", config={**settings, "reranker": NUMBERS})
    nlp.to_disk(folder / "pipeline")
    docs = _docs()
    DocBin(docs=docs, store_user_data=True).to_disk(folder / "dev.spacy")
    return folder


def _docs() -> list[Doc]:
    vocab = spacy.blank("en").vocab
    return [
        to_doc(document, vocab) for document in read_corpus(ASSETS / "annotated_dev.PubTator.txt")
    ]


def test_the_command_writes_a_calibrated_pipeline(folder: Path, tmp_path: Path) -> None:
    report, output = tmp_path / "report.html", tmp_path / "calibrated"
    arguments = [str(folder / "pipeline"), str(folder / "dev.spacy"), "--output", str(output)]
    done = CliRunner().invoke(app, ["calibrate", *arguments, "--report", str(report)])
    assert done.exit_code == 0, done.output
    assert "expected calibration error" in done.output
    assert report.read_text().count("<svg") == 2
    scaling = spacy.load(output).get_pipe("bel_linker").reranker.scaling  # type: ignore[attr-defined]
    assert scaling.fitted
    assert scaling.temperature != 1
    before = spacy.load(folder / "pipeline").get_pipe("bel_linker").reranker.scaling  # type: ignore[attr-defined]
    assert not before.fitted


def test_the_steps_of_a_cascade_are_calibrated(folder: Path) -> None:
    nlp = spacy.blank("en")
    cascade = {
        "@misc": "spacy-bel.Cascade.v1",
        "steps": {"small": NUMBERS, "large": NUMBERS},
        "confidences": {"small": 0.9},
    }
    nlp.add_pipe("bel_linker", config={"kb": str(folder / "kb"), "reranker": cascade})
    assert [each.name for each in calibrate(nlp, _docs())] == ["small", "large"]


def test_what_cannot_be_calibrated_is_an_error(folder: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("bel_linker", config={"kb": str(folder / "kb")})
    with pytest.raises(BelError, match=r"B770.*no scores"):
        calibrate(nlp, _docs())
    with pytest.raises(BelError, match=r"B770.*no mention"):
        calibrate(spacy.load(folder / "pipeline"), [])
    done = CliRunner().invoke(app, ["calibrate", "en_no_such_package", str(folder / "dev.spacy")])
    assert isinstance(done.exception, BelError)
    assert "B771" in str(done.exception)
