from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.evaluation.charts import KS, Frame, recall_chart, reliability_chart


def _summary(*values: float) -> dict[str, Any]:
    figures = [{"value": each, "low": each - 0.02, "high": each + 0.02} for each in values]
    names = ["acc@1", *(f"recall@{k}" for k in KS[1:])]
    return {"n": 1, **dict(zip(names, figures, strict=True))}


@pytest.mark.parametrize(
    ("floor", "values"),
    [
        (0.0, [1.0, 0.8, 0.6, 0.4, 0.2, 0.0]),
        (0.3, [1.0, 0.8, 0.6, 0.4]),
        (0.6, [1.0, 0.9, 0.8, 0.7, 0.6]),
        (0.7, [1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7]),
    ],
)
def test_ticks_are_round(floor: float, values: list[float]) -> None:
    frame = Frame(floor=floor)
    assert [value for value, _ in frame.ticks] == pytest.approx(values)
    assert frame.ticks[0][1] == frame.top
    assert frame.y(floor) == frame.bottom
    assert frame.y(floor - 1) == frame.bottom


def test_recall_chart() -> None:
    chart = recall_chart(
        {
            "lenient": _summary(0.8, 0.85, 0.9, 0.92, 0.94, 0.96),
            "name": _summary(0.8, 0.85, 0.9, 0.92, 0.94, 0.96),
            "strict": {"n": 0},
            "unseen": None,
        }
    )
    assert [line.name for line in chart.lines] == ["lenient", "name"]
    assert [k for k, _ in chart.ticks] == list(KS)
    (lenient, name) = chart.lines
    assert lenient.points[0].x == chart.frame.left
    assert lenient.points[-1].x == chart.frame.right
    assert "lenient, k = 5: 85.0%" in lenient.points[1].title
    assert len(lenient.band) == 2 * len(KS)
    assert name.label_y - lenient.label_y >= 15


@given(st.lists(st.floats(0.1, 0.9), min_size=1, max_size=4))
def test_labels_never_collide(values: list[float]) -> None:
    summaries = {str(number): _summary(*[value] * 6) for number, value in enumerate(values)}
    labels = sorted(line.label_y for line in recall_chart(summaries).lines)
    assert all(below - above >= 15 for above, below in pairwise(labels))


def test_a_perfect_calibration_lies_on_the_diagonal() -> None:
    bins = [{"n": 3, "confidence": each, "accuracy": each} for each in (0.0, 0.5, 1.0)]
    chart = reliability_chart(bins)
    frame = chart.frame
    assert frame.right - frame.left == frame.bottom - frame.top
    assert all(
        point.x - frame.left == pytest.approx(frame.bottom - point.y) for point in chart.points
    )
    assert "(3 answers)" in chart.points[0].title
