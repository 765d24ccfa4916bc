"""Pages with charts of accuracy against something, without external resources."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import Template

from spacy_bel.evaluation.charts import Frame, Point
from spacy_bel.pages import html_environment


@dataclass(frozen=True, slots=True)
class Mark:
    """A figure with its interval in a chart.

    Args:
        point: The figure.
        low: Where its interval begins.
        high: Where its interval ends.
        name: What stands beside it.
    """

    point: Point
    low: float
    high: float
    name: str = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """A chart of accuracy.

    Args:
        frame: Area and scale.
        marks: The figures.
        ticks: Labels of the horizontal axis with their places.
        is_line: Whether the figures follow from each other.
    """

    frame: Frame
    marks: tuple[Mark, ...]
    ticks: tuple[tuple[str, float], ...]
    is_line: bool


def curve(points: Sequence[tuple[float, float, str]]) -> Curve:
    """A line of figures.

    Args:
        points: Place on the axis, from 0, accuracy, and what the place is called.

    Returns:
        The chart.
    """
    last = max((x for x, *_ in points), default=0.0) or 1.0
    frame = _frame([value for _, value, _ in points])
    marks = []
    for x, value, name in points:
        point = Point(frame.x(x / last), frame.y(value), f"{name}: {value:.2%}")
        marks.append(Mark(point, point.y, point.y))
    ticks = tuple((f"{share * last:.4g}", frame.x(share)) for share in (0.0, 0.25, 0.5, 0.75, 1.0))
    return Curve(frame, tuple(marks), ticks, is_line=True)


def scatter(points: Sequence[tuple[str, float, Mapping[str, float]]]) -> Curve:
    """Figures of several systems over a logarithmic axis.

    Args:
        points: Name, place on the axis, above 0, and accuracy as ``value``, ``low``, ``high``.

    Returns:
        The chart.
    """
    places = [math.log10(x) for _, x, _ in points]
    first, last = math.floor(min(places, default=0)), math.ceil(max(places, default=1))
    width = max(1, last - first)
    frame = _frame([figure["low"] for *_, figure in points])
    marks = [
        Mark(
            Point(
                frame.x((place - first) / width),
                frame.y(figure["value"]),
                f"{name}: {figure['value']:.2%} (95 % interval {figure['low']:.2%} to "
                f"{figure['high']:.2%}) at {x:.3g}",
            ),
            frame.y(figure["low"]),
            frame.y(figure["high"]),
            name,
        )
        for place, (name, x, figure) in zip(places, points, strict=True)
    ]
    ticks = tuple((f"{10.0**n:g}", frame.x((n - first) / width)) for n in range(first, last + 1))
    return Curve(frame, tuple(marks), ticks, is_line=False)


def page(
    title: str,
    charts: Mapping[str, Curve],
    header: Sequence[str],
    table: Sequence[Sequence[str]],
    notes: Sequence[str] = (),
) -> str:
    """A page with charts of Acc@1 and a table.

    Args:
        title: What it is about.
        charts: By the name of their horizontal axis.
        header: Names of the table's columns.
        table: Its rows.
        notes: What was assumed.

    Returns:
        HTML.
    """
    return _template().render(title=title, charts=charts, header=header, table=table, notes=notes)


def _frame(values: Sequence[float]) -> Frame:
    return Frame(floor=min(0.9, int(10 * min(values, default=0.0)) / 10))


@lru_cache(maxsize=1)
def _template() -> Template:
    return html_environment("distillation").get_template("charts.html.jinja")
