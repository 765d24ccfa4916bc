"""The curves of a training run, as JSON and as a page without external resources."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from spacy_bel.errors import Errors
from spacy_bel.evaluation.charts import Frame, Point
from spacy_bel.files import replacing


def write_curves(curves: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Write ``curves.json`` and ``curves.html``.

    Args:
        curves: One entry per evaluation (see ``training.loop.Progress``).
        folder: Where to.

    Raises:
        BelError: They cannot be written.
    """
    contents = {
        "curves.json": json.dumps(list(curves), indent=1) + "\n",
        "curves.html": render(curves),
    }
    for name, content in contents.items():
        with replacing(folder / name, Errors.B914) as beside:
            beside.write_text(content, encoding="utf-8")


def best_step(path: Path) -> int:
    """After how many steps the state was the best one, which is the one that was kept.

    Args:
        path: A ``curves.json``.

    Raises:
        BelError: It cannot be read.
    """
    try:
        curves = json.loads(path.read_text(encoding="utf-8"))
        return int(max(curves, key=lambda entry: float(entry["dev"]["acc@1"]))["step"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Errors.B918(path=path, reason=repr(error)) from error


def render(curves: Sequence[Mapping[str, Any]]) -> str:
    """The page: dev Acc@1, and the losses of training and dev, by step."""
    last = max((entry["step"] for entry in curves), default=0) or 1
    accuracy = [(e["step"] / last, e["dev"]["acc@1"], e) for e in curves]
    lows = [value for _, value, _ in accuracy]
    top = max((max(e["loss"] or 0.0, e["dev"]["loss"]) for e in curves), default=1.0) or 1.0
    losses = {
        "training": [(e["step"] / last, e["loss"], e) for e in curves if e["loss"] is not None],
        "dev": [(e["step"] / last, e["dev"]["loss"], e) for e in curves],
    }
    frame = Frame(floor=min(0.9, int(10 * min(lows, default=0.0)) / 10))
    unit = Frame()
    return _template().render(
        curves=curves,
        frame=frame,
        last=last,
        accuracy=[
            Point(frame.x(x), frame.y(v), f"step {e['step']}: {v:.2%}") for x, v, e in accuracy
        ],
        loss_frame=unit,
        loss_top=top,
        losses={
            name: [
                Point(unit.x(x), unit.y(v / top), f"{name}, step {e['step']}: {v:.4f}")
                for x, v, e in points
            ]
            for name, points in losses.items()
        },
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("spacy_bel", "training"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("curves.html.jinja")
