"""The benchmark of concurrent requests runs."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("openai")


def test_the_benchmark_prints_a_row_for_each_concurrency(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    arguments = "--requests 32 --latency 0.01 --concurrency 2 8".split()
    import_module("benchmarks.chat").main(arguments)
    output = capsys.readouterr().out
    rows = [line.split(" | ") for line in output.splitlines() if line.startswith("| ")][2:]
    assert [row[0] for row in rows] == ["| 2", "| 8"]
    assert all(0 < int(row[2].removesuffix(" %")) <= 100 for row in rows)
