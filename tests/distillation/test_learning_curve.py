"""Accuracy against rows and money."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from spacy_bel.distillation.learning_curve import learning_curve
from spacy_bel.errors import BelError
from spacy_bel.examples import Example, Label, write_examples


@pytest.fixture
def config(rows: list[Example], sample_dir: Path, tmp_path: Path) -> Path:
    """A config whose teacher says that the second candidate is right."""
    taught = [
        replace(row, labels=(Label("m", row.candidates[1].id, cost=0.5),))
        for row in rows
        if len(row.candidates) > 2
    ]
    dev = [replace(row, gold=(row.candidates[1].id,)) for row in taught[:10]]
    write_examples(taught[10:], tmp_path / "train.jsonl")
    write_examples(dev, tmp_path / "dev.jsonl")
    path = tmp_path / "train.cfg"
    path.write_text(
        f"""
[corpora]
train = "{tmp_path}/train.jsonl"
dev = "{tmp_path}/dev.jsonl"
kb = "{sample_dir}"

[reranker]
@misc = "spacy-bel.CrossEncoder.v1"
model = ""
compare = ""

[training]
epochs = 20
batch_size = 8

[training.sampling]
teacher = "m"

[training.rates]
head = 0.1
""",
        encoding="utf-8",
    )
    return path


def test_the_curve_rises_and_is_drawn(config: Path, tmp_path: Path) -> None:
    output = tmp_path / "curve"
    steps = learning_curve(config, output, (0.2, 1.0))
    untrained, some, whole = steps
    assert (untrained.rows, untrained.cost, untrained.accuracy) == (0, 0.0, 0.0)
    assert 0 < some.rows < whole.rows
    assert whole.cost == 0.5 * whole.rows
    assert untrained.accuracy <= some.accuracy
    assert whole.accuracy > 0.5
    written = json.loads((output / "learning_curve.json").read_text())
    assert [each["rows"] for each in written] == [step.rows for step in steps]
    html = (output / "learning_curve.html").read_text()
    assert html.count("<polyline") == 2
    # Going on from what is there changes nothing.
    assert learning_curve(config, output, (0.2, 1.0)) == steps


@pytest.mark.parametrize("portions", [(), (0.0,), (1.5,)])
def test_portions_out_of_range_are_refused(
    portions: tuple[float, ...], config: Path, tmp_path: Path
) -> None:
    with pytest.raises(BelError, match=r"B801.*portions"):
        learning_curve(config, tmp_path / "curve", portions)
