"""How good a student becomes with how many labelled rows, and for how much money."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spacy_bel.distillation.charts import Curve, curve, page
from spacy_bel.distillation.sampling import lot
from spacy_bel.errors import Errors
from spacy_bel.examples import Example, read_examples
from spacy_bel.files import replacing
from spacy_bel.training.config import TrainingConfig, read_config
from spacy_bel.training.loop import train
from spacy_bel.training.trainable import trainable

PORTIONS = (0.05, 0.1, 0.25, 0.5, 1.0)
"""Portions of the rows where no others are asked for."""


@dataclass(frozen=True, slots=True)
class Step:
    """A student that was trained on some of the rows.

    Args:
        rows: How many.
        cost: What their labels cost, in the currency of the prices; None where no label has one.
        accuracy: Lenient Acc@1 on dev, of the best state.
    """

    rows: int
    cost: float | None
    accuracy: float


def learning_curve(
    config: Path,
    output: Path,
    portions: Sequence[float] = PORTIONS,
    overrides: Mapping[str, Any] | None = None,
    *,
    progress: bool = False,
) -> list[Step]:
    """Train a student on growing portions of its rows; an interrupted run goes on.

    Each portion holds all rows of the smaller ones.

    Args:
        config: A training config (``training.config``).
        output: Folder for a training run per portion, ``learning_curve.json`` and
            ``learning_curve.html``.
        portions: Shares of the training rows, in (0, 1].
        overrides: Values in place of those in the config.
        progress: Whether to show progress bars on a terminal.

    Returns:
        The untrained student, then one step per portion.

    Raises:
        BelError: The config cannot be used, or a portion is out of range.
    """
    if not portions or not all(0 < portion <= 1 for portion in portions):
        raise Errors.B801(setting="portions", value=list(portions), allowed="above 0, up to 1")
    given = read_config(config, overrides)
    rows = _by_lot([row for path in given.train for row in read_examples(path)], given)
    dev = [row for path in given.dev for row in read_examples(path)]
    steps: list[Step] = []
    for size in sorted({max(1, math.ceil(portion * len(rows))) for portion in portions}):
        own = rows[:size]
        curves = train(
            trainable(given.reranker()),
            own,
            dev,
            output / f"rows-{size}",
            given.settings,
            progress=progress,
        )
        if not steps:
            steps.append(Step(0, _cost([], rows), curves[0]["dev"]["acc@1"]))
        best = max(entry["dev"]["acc@1"] for entry in curves)
        steps.append(Step(size, _cost(own, rows), best))
        _write(steps, output)
    return steps


def _by_lot(rows: list[Example], given: TrainingConfig) -> list[Example]:
    return sorted(rows, key=lambda row: (lot(row.key(), given.settings.seed), row.key()))


def _cost(rows: Sequence[Example], every: Sequence[Example]) -> float | None:
    """What the labels of rows cost; None where none of all rows has a cost."""
    if not any(label.cost is not None for row in every for label in row.labels):
        return None
    return sum(label.cost or 0.0 for row in rows for label in row.labels)


def _write(steps: Sequence[Step], output: Path) -> None:
    contents = {
        "learning_curve.json": json.dumps([asdict(step) for step in steps], indent=1) + "\n",
        "learning_curve.html": render(steps),
    }
    for name, content in contents.items():
        with replacing(output / name, Errors.B803) as beside:
            beside.write_text(content, encoding="utf-8")


def render(steps: Sequence[Step]) -> str:
    """The page: dev Acc@1 against rows, and against money where that is known."""
    charts: dict[str, Curve] = {
        "labelled rows": curve(
            [(step.rows, step.accuracy, f"{step.rows:,} rows") for step in steps]
        )
    }
    if all(step.cost is not None for step in steps):
        charts["cost of labels"] = curve(
            [(step.cost or 0.0, step.accuracy, f"{step.cost:.4g}") for step in steps]
        )
    table = [
        (f"{s.rows:,}", "–" if s.cost is None else f"{s.cost:.4g}", f"{s.accuracy:.4f}")
        for s in steps
    ]
    return page("Learning curve", charts, ("rows", "cost", "dev Acc@1"), table)
