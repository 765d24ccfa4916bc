"""The benchmarks run on the sample, and turning off a step turns it off."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={"PATH": "", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def table_of(output: str) -> dict[str, list[str]]:
    """The first table's lines by their first cell."""
    rows = [line.strip("| ").split(" | ") for line in output.splitlines() if line[:1] == "|"]
    return {row[0]: row[1:] for row in reversed(rows)}


def test_retrieval_on_the_sample(tmp_path: Path) -> None:
    result = run("benchmarks.retrieval", "--sample", "--work", str(tmp_path), "--intervals")
    assert result.returncode == 0, result.stderr
    rows = table_of(result.stdout)
    vocabulary, names, n, in_kb, accuracy, *_ = rows["sample dev"]
    assert (vocabulary, names, n, in_kb) == ("sample", "none", "79", "1.000")
    value, low, high = (float(x) for x in accuracy.strip(")").replace("(", "–").split("–"))
    assert low <= value <= high
    assert rows["sample es"][-1] == "–"
    assert "Python" in result.stdout


def test_what_was_built_is_used_again(tmp_path: Path) -> None:
    command = ("benchmarks.retrieval", "--sample", "--work", str(tmp_path), "--only", "es")
    first = run(*command)
    assert first.returncode == 0, first.stderr
    built = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    again = run(*command)
    assert again.stdout == first.stdout
    assert built == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


def test_speed_on_the_sample() -> None:
    result = run("benchmarks.speed", "--sample", "--repeat", "1", "--no-peer")
    assert result.returncode == 0, result.stderr
    rows = table_of(result.stdout)
    assert float(rows["mentions/s, distinct, one core"][0].replace(",", "")) > 0
    assert 0.5 < float(rows["Recall@30, sample dev"][0]) <= 1


def test_speed_beside_scispacy() -> None:
    pytest.importorskip("scispacy", reason="the extra scispacy is not installed")
    result = run("benchmarks.speed", "--sample", "--repeat", "1")
    assert result.returncode == 0, result.stderr
    rows = table_of(result.stdout)
    assert float(rows["mentions/s, stream, default threads"][1].replace(",", "")) > 0
    ours, theirs, gain = (float(cell) for cell in rows["Recall@30, sample dev"])
    assert gain == pytest.approx(ours - theirs, abs=0.002)


def test_steps_on_the_sample() -> None:
    result = run("benchmarks.steps", "--sample", "--only", "abbreviations")
    assert result.returncode == 0, result.stderr
    rows = table_of(result.stdout)
    assert float(rows["without abbreviations"][0]) < 0


@pytest.mark.parametrize("script", ["retrieval", "speed", "steps"])
def test_data_must_be_named(script: str) -> None:
    result = run(f"benchmarks.{script}", *(["--no-peer"] if script == "speed" else []))
    assert result.returncode == 1
    assert "--data DIR, or SPACY_BEL_DATA" in result.stderr


@pytest.mark.parametrize("script", ["retrieval", "steps"])
def test_an_unknown_row_is_refused(script: str) -> None:
    result = run(f"benchmarks.{script}", "--sample", "--only", "none such")
    assert result.returncode == 2
    assert "there are: " in result.stderr


SAME_KEY = {
    "accents dropped": ("Sjögren syndrome", "Sjogren syndrome"),
    "American spelling": ("haemophilia", "hemophilia"),
    "singular": ("neuropathies", "neuropathy"),
    "numerals": ("factor VIII", "factor 8"),
    "Greek letters": ("α toxin", "alpha toxin"),
    "function words dropped": ("cancer of the lung", "lung cancer"),
    "synonyms": ("renal cyst", "kidney cyst"),
    "adjectives": ("diabetic foot", "diabetes foot"),
    "compounds": ("nephropathy", "kidney disease"),
    "modifiers": ("sporadic goiter", "goiter"),
}


@pytest.mark.parametrize(("name", "pair"), SAME_KEY.items())
def test_a_step_of_the_normaliser_can_be_left_out(
    name: str, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import steps
    from spacy_bel.text import key

    step = next(step for step in steps.STEPS if step.name == name)
    one, other = pair
    assert key(one) == key(other)
    with steps.without(step):
        assert key(one) != key(other)
    assert key(one) == key(other)
