"""The benchmark runs on the sample, and its fixture errs as often as it is told to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("openai")
pytest.importorskip("torch")

from spacy_bel.distillation.asking import shuffles
from spacy_bel.examples import Example
from spacy_bel.reranking.prompt import PromptBuilder
from tests.servers import Call

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def test_the_fixture_errs_as_often_as_it_is_told_to(rows: list[Example]) -> None:
    """Three quarters of the errors are the same at every call, whatever the order of options."""
    from benchmarks.known_teacher import KnownTeacher

    many = [
        replace(row, mention=replace(row.mention, context=f"{row.mention.context} {copy}"))
        for copy in range(10)
        for row in rows
    ]
    many = [
        replace(row, gold=(row.candidates[-1 if n % 3 else 0].id,)) for n, row in enumerate(many)
    ]
    teacher = KnownTeacher(many, 0.8)
    builder = PromptBuilder()
    wrong: list[int] = []
    for row in many:
        offered = row.candidates[:10]
        is_offered = any(each.id in (row.gold or ()) for each in offered)
        count = 0
        for order in shuffles(len(offered), 4, row.key()):
            prompt = builder.build(row.mention, offered, order)
            call = Call(0, "", {"messages": [dict(m) for m in prompt.messages]}, {}, 0.0)
            letter = teacher(call).body["choices"][0]["message"]["content"]
            chosen = prompt.candidate_of(letter)
            right = chosen is not None and offered[chosen].id in (row.gold or ())
            count += not (right if is_offered else chosen is None)
        wrong.append(count)
    assert sum(wrong) / (4 * len(many)) == pytest.approx(0.2, abs=0.04)
    assert Counter(wrong)[4] / len(many) == pytest.approx(0.15, abs=0.04)


@pytest.mark.parametrize(("part", "lines"), [("teacher", 4), ("unlabelled", 2)])
def test_a_part_runs_on_the_sample(
    part: str, lines: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main: Callable[[list[str]], None] = import_module("benchmarks.distillation").main
    main(["--sample", "--work", str(tmp_path), "--only", part, "--accuracy", "1", "--epochs", "1"])
    output = capsys.readouterr().out
    rows = re.findall(r"^\| (?:teacher|retriever|synthesised).*", output, re.MULTILINE)
    assert len(rows) >= lines
    if part == "teacher":
        assert " 100.0 | 40 |" in rows[-2]
