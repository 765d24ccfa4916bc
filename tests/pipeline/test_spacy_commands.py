"""``spacy assemble``, ``evaluate`` and ``find-threshold`` over a small corpus."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from spacy.cli._util import app
from spacy.cli.evaluate import evaluate as spacy_evaluate
from spacy.cli.find_threshold import find_threshold
from spacy.tokens import DocBin
from spacy.util import registry

from spacy_bel.corpora.docs import to_doc
from spacy_bel.corpora.pubtator import read_pubtator
from spacy_bel.corpora.reader import read_docs
from spacy_bel.evaluation.run import evaluate
from tests.commands import run

ROOT = Path(__file__).parents[2]
ATTRS = ["ENT_IOB", "ENT_TYPE", "ENT_KB_ID"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "dev.spacy"
    documents = read_pubtator(ROOT / "assets" / "annotated_dev.PubTator.txt")
    DocBin(docs=[to_doc(document) for document in documents], attrs=ATTRS).to_disk(path)
    return path


@pytest.fixture(scope="module")
def assembled(sample_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pipeline of ``configs/linker.cfg``; the knowledge base it was made from is gone."""
    directory = tmp_path_factory.mktemp("assembled")
    source = shutil.copytree(sample_dir, directory / "source")
    config = ROOT / "configs" / "linker.cfg"
    run("assemble", config, directory / "pipeline", "--paths.kb", source, program=app)
    shutil.rmtree(source)
    return directory / "pipeline"


def test_an_assembled_pipeline_links(assembled: Path) -> None:
    nlp = spacy.load(assembled)
    assert nlp.pipe_names[-1] == "bel_linker"
    found = {entity.text: entity.kb_id_ for entity in nlp("Aspirin after a heart attack").ents}
    assert found == {"Aspirin": "MESH:D001241", "heart attack": "MESH:D009203"}


def _end_to_end(pipeline: Path, corpus: Path, **settings: Any) -> dict[str, Any]:
    nlp = spacy.load(pipeline, config={"components": {"bel_linker": settings}})
    metrics = evaluate(nlp, read_docs(corpus, nlp.vocab), resamples=10).metrics
    figures: dict[str, Any] = metrics["end_to_end"]
    return figures


def test_spacy_evaluate_agrees_with_the_end_to_end_figures(
    assembled: Path, corpus: Path, tmp_path: Path
) -> None:
    output = tmp_path / "scores.json"
    spacy_evaluate(str(assembled), corpus, output=output, per_component=True)
    scores = srsly.read_json(output)["bel_linker"]
    figures = _end_to_end(assembled, corpus)
    for variant in ("strict", "overlap"):
        for key, figure in (("p", "precision"), ("r", "recall"), ("f", "f1")):
            expected = figures[variant][figure]["value"]
            assert scores[f"bel_linker_{variant}_{key}"] == pytest.approx(expected)
    assert scores["bel_linker_acc"] == pytest.approx(figures["accuracy"]["value"])
    assert figures["strict"]["f1"]["value"] > 0.5


def test_find_threshold_finds_the_best_one(
    assembled: Path, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best, score, scores = find_threshold(
        str(assembled), corpus, "bel_linker", "threshold", "bel_linker_strict_f", n_trials=3
    )
    assert list(scores) == [0, 0.5, 1]
    assert score == scores[best] == max(scores.values())
    assert len(set(scores.values())) > 1
    for threshold, value in scores.items():
        figures = _end_to_end(assembled, corpus, threshold=float(threshold))
        assert value == pytest.approx(figures["strict"]["f1"]["value"])
    assert "bel_linker_strict_f" in capsys.readouterr().out


def test_nlp_evaluate_over_gold_mentions(assembled: Path, corpus: Path) -> None:
    nlp = spacy.load(assembled, exclude=["bel_matcher"])
    reader = registry.readers.get("spacy-bel.GoldCorpus.v1")(corpus)
    scores = nlp.evaluate(list(reader(nlp)))
    assert scores["bel_linker_acc"] == pytest.approx(scores["bel_linker_strict_r"])
    end_to_end = _end_to_end(assembled, corpus)["strict"]["recall"]["value"]
    assert scores["bel_linker_strict_r"] >= end_to_end > 0.5
