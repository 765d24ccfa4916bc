"""The report of a comparison: a table, a page with charts, and plain data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from spacy_bel.distillation.charts import page, scatter
from spacy_bel.distillation.compare import Difference, Measured
from spacy_bel.errors import Errors
from spacy_bel.evaluation.ranks import RANKS
from spacy_bel.files import replacing

HEADER = ("system", *RANKS, "unseen", "mentions/s", "memory, MB", "cost of 1,000")
"""The columns of the table."""


def write(
    measured: Sequence[Measured],
    found: Sequence[Difference],
    output: Path,
    hourly_price: float | None,
) -> None:
    """Write ``comparison.json`` and ``comparison.html``.

    Args:
        measured: The systems.
        found: Their differences.
        output: The folder.
        hourly_price: Of the machine.
    """
    content = {
        "hourly_price": hourly_price,
        "systems": [
            {
                **{key: value for key, value in asdict(each).items() if key != "hits"},
                "speed": each.speed,
                "cost_per_1000": each.cost(hourly_price),
            }
            for each in measured
        ],
        "differences": [asdict(each) for each in found],
    }
    contents = {
        "comparison.json": json.dumps(content, indent=1) + "\n",
        "comparison.html": render(measured, found, hourly_price),
    }
    for name, text in contents.items():
        with replacing(output / name, Errors.B803) as beside:
            beside.write_text(text, encoding="utf-8")


def rows_of(measured: Sequence[Measured], hourly_price: float | None) -> list[tuple[str, ...]]:
    """The table: Acc@1 by protocol with intervals, speed, memory and money."""
    return [
        (
            each.name,
            *(_figure(each.metrics[name]) for name in (*RANKS, "unseen")),
            "–" if each.speed is None else f"{each.speed:,.0f}",
            f"{each.memory / 1e6:,.0f}",
            "–" if (cost := each.cost(hourly_price)) is None else f"{cost:.3g}",
        )
        for each in measured
    ]


def notes_of(found: Sequence[Difference], hourly_price: float | None) -> list[str]:
    """The lenient differences, and what was assumed."""
    lines = [
        f"{each.second} against {each.first}, lenient: {100 * (each.gain['value'] or 0):+.2f} "
        f"points ({100 * (each.gain['low'] or 0):+.2f} to {100 * (each.gain['high'] or 0):+.2f}; "
        f"{each.only_second} mentions won, {each.only_first} lost; p = {each.p:.2g}, McNemar)"
        for each in found
        if each.protocol == "lenient"
    ]
    price = "not known" if hourly_price is None else f"{hourly_price:g}"
    lines.append(
        f"Assumed: an hour of this machine costs {price}; a server's mentions cost what its "
        "ledger says at the prices of its config. Energy was not measured."
    )
    return lines


def render(
    measured: Sequence[Measured], found: Sequence[Difference], hourly_price: float | None
) -> str:
    """The page."""
    figures: dict[str, Mapping[str, float]] = {
        each.name: each.metrics["lenient"]["acc@1"] for each in measured
    }
    speeds = [(m.name, m.speed, figures[m.name]) for m in measured if m.speed]
    costs = [(m.name, c, figures[m.name]) for m in measured if (c := m.cost(hourly_price))]
    charts = {
        axis: scatter(points)
        for axis, points in (("mentions per second", speeds), ("cost of 1,000 mentions", costs))
        if points
    }
    table = rows_of(measured, hourly_price)
    return page("Comparison", charts, HEADER, table, notes_of(found, hourly_price))


def _figure(summary: Mapping[str, Any] | None) -> str:
    if summary is None or summary["acc@1"]["value"] is None:
        return "–"
    figure = summary["acc@1"]
    return f"{figure['value']:.3f} ({figure['low']:.3f}–{figure['high']:.3f})"
