"""The geometry of the report's charts: figures in, coordinates out.

Coordinates are those of an SVG view box, in units from its upper left corner.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spacy_bel.evaluation.metrics import CUTOFFS

KS = (1, *CUTOFFS)
"""The k on the axis of the recall chart."""

_LABEL_GAP = 17.0


@dataclass(frozen=True, slots=True)
class Frame:
    """A chart's area and scale.

    Args:
        width: Width of the view box.
        height: Height of the view box.
        left: Where the plotted area begins.
        top: Upper edge of the plotted area.
        right: Where the plotted area ends.
        bottom: Lower edge of the plotted area.
        floor: The value at the lower edge; the upper edge is 1.
    """

    width: float = 640
    height: float = 340
    left: float = 48
    top: float = 18
    right: float = 548
    bottom: float = 296
    floor: float = 0.0

    def y(self, value: float) -> float:
        """The height at which a value is drawn.

        Args:
            value: A value, which is drawn at the lower edge where it is below ``floor``.

        Returns:
            A coordinate.
        """
        share = (max(value, self.floor) - self.floor) / (1 - self.floor)
        return round(self.bottom - share * (self.bottom - self.top), 1)

    def x(self, share: float) -> float:
        """The place at which a share of the width is drawn.

        Args:
            share: From 0, the left edge, to 1, the right edge.

        Returns:
            A coordinate.
        """
        return round(self.left + share * (self.right - self.left), 1)

    @property
    def ticks(self) -> list[tuple[float, float]]:
        """Round values for the vertical axis with their heights, from the top down."""
        span = 1 - self.floor
        step = next(step for step in (0.05, 0.1, 0.2) if step == 0.2 or span <= 6 * step)
        values = [1 - step * tick for tick in range(int(span / step + 1e-6) + 1)]
        return [(value, self.y(value)) for value in values]


@dataclass(frozen=True, slots=True)
class Point:
    """A figure in a chart.

    Args:
        x: Horizontal coordinate.
        y: Vertical coordinate.
        title: What is shown when the point is looked at.
    """

    x: float
    y: float
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """One protocol in the recall chart.

    Args:
        name: The protocol.
        points: Its figures.
        band: The corners of its confidence band.
        label_y: Where its name stands, clear of the other names.
    """

    name: str
    points: tuple[Point, ...]
    band: tuple[tuple[float, float], ...]
    label_y: float


@dataclass(frozen=True, slots=True)
class RecallChart:
    """Recall@k by protocol.

    Args:
        frame: Area and scale.
        ticks: Labels of the horizontal axis with their places.
        lines: One line per protocol that counts any mention.
    """

    frame: Frame
    ticks: tuple[tuple[int, float], ...]
    lines: tuple[Line, ...]


def recall_chart(protocols: Mapping[str, Mapping[str, Any] | None]) -> RecallChart:
    """Recall@k by protocol, with Acc@1 as Recall@1.

    Args:
        protocols: The summary of each protocol, by name; those without mentions are left out.

    Returns:
        The chart.
    """
    figures = {
        name: [summary[f"recall@{k}" if k > 1 else "acc@1"] for k in KS]
        for name, summary in protocols.items()
        if summary and summary["n"]
    }
    lows = [figure["low"] for row in figures.values() for figure in row]
    frame = Frame(floor=min(0.75, math.floor(min(lows, default=0) * 10) / 10))
    places = [frame.x(index / (len(KS) - 1)) for index in range(len(KS))]
    labels = _apart([frame.y(row[-1]["value"]) for row in figures.values()])
    lines = [
        Line(name, _points(name, row, places, frame), _band(row, places, frame), label_y)
        for (name, row), label_y in zip(figures.items(), labels, strict=True)
    ]
    return RecallChart(frame, tuple(zip(KS, places, strict=True)), tuple(lines))


def _points(
    name: str, row: Sequence[Mapping[str, float]], places: Sequence[float], frame: Frame
) -> tuple[Point, ...]:
    return tuple(
        Point(
            x,
            frame.y(figure["value"]),
            f"{name}, k = {k}: {figure['value']:.1%} "
            f"(95 % interval {figure['low']:.1%} to {figure['high']:.1%})",
        )
        for k, x, figure in zip(KS, places, row, strict=True)
    )


def _band(
    row: Sequence[Mapping[str, float]], places: Sequence[float], frame: Frame
) -> tuple[tuple[float, float], ...]:
    upper = [(x, frame.y(figure["high"])) for x, figure in zip(places, row, strict=True)]
    lower = [(x, frame.y(figure["low"])) for x, figure in zip(places, row, strict=True)]
    return (*upper, *reversed(lower))


def _apart(heights: Sequence[float]) -> list[float]:
    """Heights moved down where they would be closer than a line of text."""
    placed = list(heights)
    previous = -math.inf
    for index in sorted(range(len(placed)), key=placed.__getitem__):
        placed[index] = previous = max(placed[index], previous + _LABEL_GAP)
    return placed


@dataclass(frozen=True, slots=True)
class ReliabilityChart:
    """Accuracy by confidence.

    Args:
        frame: Area and scale.
        points: One point per bin.
    """

    frame: Frame
    points: tuple[Point, ...]


def reliability_chart(bins: Sequence[Mapping[str, float]]) -> ReliabilityChart:
    """Accuracy by confidence, to be compared with the diagonal.

    Args:
        bins: The bins of the calibration, in order of confidence.

    Returns:
        The chart, whose plotted area is square.
    """
    frame = Frame(width=340, right=326)
    return ReliabilityChart(
        frame,
        tuple(
            Point(
                frame.x(each["confidence"]),
                frame.y(each["accuracy"]),
                f"confidence {each['confidence']:.1%}, accuracy {each['accuracy']:.1%} "
                f"({each['n']} answers)",
            )
            for each in bins
        ),
    )


def coverage_chart(points: Sequence[Mapping[str, float]]) -> ReliabilityChart:
    """The share of wrong answers by the share of answers that are given.

    Args:
        points: The points of a risk-coverage curve.

    Returns:
        The chart, in the frame of the reliability chart.
    """
    frame = Frame(width=340, right=326)
    return ReliabilityChart(
        frame,
        tuple(
            Point(
                frame.x(each["coverage"]),
                frame.y(each["risk"]),
                f"{each['coverage']:.0%} answered, {each['risk']:.1%} of them wrong, "
                f"threshold {each['threshold']:.3f}",
            )
            for each in points
        ),
    )
