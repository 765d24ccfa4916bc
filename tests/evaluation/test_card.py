"""The model card says what was measured, and refuses what belongs to something else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language

from spacy_bel.corpora import read_corpus
from spacy_bel.corpora.docs import to_doc
from spacy_bel.errors import BelError
from spacy_bel.evaluation.card import Corpus, Rows, card, read_metrics
from spacy_bel.evaluation.run import evaluate
from spacy_bel.examples import Example, Label
from spacy_bel.kb.build import build
from spacy_bel.training.curves import best_step
from spacy_bel.types import Mention

ASSETS = Path(__file__).parents[2] / "assets"


@pytest.fixture(scope="module")
def nlp(tmp_path_factory: pytest.TempPathFactory) -> Language:
    directory = tmp_path_factory.mktemp("kb") / "sample"
    build([ASSETS / "concepts.obo"], directory, name="sample", licence="some terms")
    nlp = spacy.blank("en")
    for name in ("bel_matcher", "bel_linker"):
        nlp.add_pipe(name, config={"kb": str(directory)})
    return nlp


@pytest.fixture(scope="module")
def corpus(nlp: Language) -> list[Any]:
    documents = read_corpus(ASSETS / "annotated_dev.PubTator.txt")
    return [to_doc(document, nlp, source="dev.txt") for document in documents]


@pytest.fixture(scope="module")
def metrics(nlp: Language, corpus: list[Any]) -> dict[str, Any]:
    return evaluate(nlp, corpus, resamples=20).metrics


def test_it_says_what_was_measured_and_on_what(
    nlp: Language, corpus: list[Any], metrics: dict[str, Any]
) -> None:
    mention = Mention("MS", context="MS", end=2)
    made = Example(mention, (), ("MESH:D009103",), provenance="synthetic")
    labelled = Example(mention, (), labels=(Label("gpt", "NIL"),), provenance="teacher")
    meta = card(
        nlp, metrics, rows=Rows.of([made, made, labelled]), dev=Corpus.of(corpus[:3]), best_step=0
    )
    assert meta["license"] == "some terms"
    assert meta["sources"] == [{"name": "concepts.obo", "author": "vocabulary of sample"}]
    assert meta["performance"]["strict_acc"] == metrics["strict"]["acc@1"]["value"]
    assert (
        meta["performance"]["end_to_end_strict_f"] == metrics["end_to_end"]["strict"]["f1"]["value"]
    )
    assert "unseen_acc" not in meta["performance"]
    notes = meta["notes"]
    assert "3 rows: 2 synthetic, 1 teacher (labels: 1 gpt)" in notes
    assert "its state before training was the best one" in notes
    assert "on 3 documents" in notes
    assert "models are inside" in meta["description"]
    assert notes.count("`dev.txt`") == 2
    counts = metrics["counts"]
    assert f"{counts['linkable']} with a concept, {counts['nil']} NIL" in notes
    assert "Scores are not calibrated" in notes
    # A few dozen mentions: their interval is wide. And there are no chemicals to link to.
    assert "wider than 10 points" in notes
    assert "where *type* is *Chemical*: Acc@1 0.000" in notes


def test_the_best_step_is_read_from_the_curves(tmp_path: Path) -> None:
    path = tmp_path / "curves.json"
    found = ((0, 0.5), (4, 0.7), (8, 0.7))
    curves = [{"step": step, "dev": {"acc@1": value}} for step, value in found]
    path.write_text(json.dumps(curves))
    assert best_step(path) == 4
    path.write_text("[]")
    with pytest.raises(BelError, match="B918"):
        best_step(path)


def test_metrics_of_something_else_are_refused(
    nlp: Language, metrics: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(BelError, match="B511"):
        card(nlp, {**metrics, "kb": {**metrics["kb"], "checksum": "0"}})
    path = tmp_path / "metrics.json"
    for content in ("no JSON", "[]", json.dumps({"schema": 99})):
        path.write_text(content)
        with pytest.raises(BelError, match="B510"):
            read_metrics(path)
    with pytest.raises(BelError, match="B510"):
        read_metrics(tmp_path / "nowhere.json")
    path.write_text(json.dumps(metrics))
    assert read_metrics(path)["counts"] == metrics["counts"]
