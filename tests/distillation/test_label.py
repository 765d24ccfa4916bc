"""Labelling by a server that is scripted: once each, resumable, refused where it makes no sense."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from threading import Event

import pytest

pytest.importorskip("openai")

from spacy_bel.cli.app import app
from spacy_bel.distillation.asking import shuffles
from spacy_bel.distillation.label import failures_path, label
from spacy_bel.distillation.pricing import price
from spacy_bel.distillation.teacher import read_teacher
from spacy_bel.errors import BelError
from spacy_bel.examples import Example, KBReference, read_examples, write_examples
from spacy_bel.files import only_one
from spacy_bel.kb.store import Store
from spacy_bel.types import NIL
from tests.distillation.conftest import WriteTeacher
from tests.servers import FAULTS, Call, Reply, Script, chat, serving

OPTION = re.compile(r"^([A-Z]): (.*)$", re.MULTILINE)


def options(call: Call) -> dict[str, str]:
    """Letter -> what the option shows."""
    return dict(OPTION.findall(call.text))


def first_by_name(call: Call) -> Reply:
    """Chooses the option whose name comes first in the alphabet: a choice by content."""
    letters = options(call)
    nil = max(letters)
    return chat(min((name for name in letters if name != nil), key=letters.__getitem__))


def expected(row: Example) -> str:
    """What ``first_by_name`` chooses."""

    def shown(candidate: object) -> str:
        alias, name = candidate.alias, candidate.name  # type: ignore[attr-defined]
        return alias if alias.casefold() == name.casefold() else f"{alias} (aka {name})"

    return min(row.candidates[:10], key=shown).id


def run(path: Path, output: Path, teacher: Path, script: Script, **settings: object) -> object:
    with serving(script) as server:
        overrides = {"reranker.llm.base_url": server.address}
        who = read_teacher(
            teacher,
            overrides,
            answers=output.with_name("llm.sqlite"),
            **settings,  # type: ignore[arg-type]
        )
        return label(path, output, who)


def test_labels_belong_to_their_rows(
    mined: Path, rows: list[Example], write_teacher: WriteTeacher, tmp_path: Path
) -> None:
    output = tmp_path / "labelled.jsonl"
    random = Random(0)
    outcome = run(
        mined,
        output,
        write_teacher("x"),
        lambda call: replace(first_by_name(call), delay=random.uniform(0, 0.02)),
    )
    labelled = list(read_examples(output))
    assert [row.key() for row in labelled] == [row.key() for row in rows]
    for row in labelled:
        (own,) = row.labels
        assert own.id == expected(row)
        assert (own.source, own.kind, own.probs, own.agreement) == ("m", "choice", None, None)
        assert row.provenance == "teacher"
        assert own.prompt.startswith("setwise.v1:")
    # 100 tokens in and 1 out for each answer of the server.
    costs = sum(row.labels[0].cost or 0.0 for row in labelled)
    assert costs == pytest.approx(outcome.cost) == pytest.approx(102e-6 * len(rows))  # type: ignore[attr-defined]
    assert failures_path(output).read_text() == ""


def test_failures_are_listed_and_shift_nobody(
    mined: Path, rows: list[Example], write_teacher: WriteTeacher, tmp_path: Path
) -> None:
    output = tmp_path / "labelled.jsonl"

    def script(call: Call) -> Reply:
        if "fibrillation" in call.text.partition("\nA: ")[0]:
            return chat("I cannot say.")
        return first_by_name(call)

    outcome = run(mined, output, write_teacher("x"), script)
    labelled = {row.key(): row for row in read_examples(output)}
    failed = [json.loads(line) for line in failures_path(output).read_text().splitlines()]
    assert 0 < len(failed) == outcome.failed.total()  # type: ignore[attr-defined]
    assert {each["key"] for each in failed}.isdisjoint(labelled)
    assert len(failed) + len(labelled) == len(rows)
    assert all("B739" in each["reason"] for each in failed)
    assert all(row.labels[0].id == expected(row) for row in labelled.values())


def test_repeated_questions_give_agreement(
    mined: Path, write_teacher: WriteTeacher, tmp_path: Path
) -> None:
    """A server that is right by content in two of three calls, and says A in the third."""
    output = tmp_path / "labelled.jsonl"
    calls: Counter[str] = Counter()

    def script(call: Call) -> Reply:
        question = call.text.partition("\nA: ")[0]
        calls[question] += 1
        return chat("A") if calls[question] % 3 == 0 else first_by_name(call)

    teacher = write_teacher("x", teacher="questions = 3")
    run(mined, output, teacher, script)
    seen: Counter[float] = Counter()
    for row in read_examples(output):
        (own,) = row.labels
        assert own.kind == "votes"
        assert own.agreement is not None
        assert own.probs is not None
        assert sum(own.probs.values()) == pytest.approx(1)
        seen[round(own.agreement, 3)] += 1
        if len(row.candidates) > 2:
            assert own.id == expected(row)
            assert own.probs[own.id] == pytest.approx(own.agreement)
    assert set(seen) == {0.667, 1.0}


@pytest.mark.parametrize(("temperature", "calls_per_row"), [(1, 5), (0, 2)])
def test_a_random_teacher_is_asked_anew_where_orders_repeat(
    temperature: int,
    calls_per_row: int,
    rows: list[Example],
    write_teacher: WriteTeacher,
    tmp_path: Path,
) -> None:
    """Two candidates have two orders: what repeats one is a request of its own, or a copy."""
    row = next(row for row in rows if len(row.offers) >= 2)
    pair = replace(row, offers=row.offers[:2])
    path, output = tmp_path / "pair.jsonl", tmp_path / "labelled.jsonl"
    write_examples([pair], path)
    calls: list[Call] = []

    def script(call: Call) -> Reply:
        calls.append(call)
        return first_by_name(call)

    llm = f'prices = {{"input": 1.0, "output": 2.0}}\nparameters = {{"temperature": {temperature}}}'
    run(path, output, write_teacher("x", teacher="questions = 5", llm=llm), script)
    assert len(calls) == calls_per_row
    assert len({json.dumps(call.body) for call in calls}) == 2
    (labelled,) = read_examples(output)
    assert labelled.labels[0].agreement == 1.0


@pytest.mark.parametrize(("answer", "code"), [("nil", "B810"), ("A", "B811"), ("B", "B811")])
def test_a_teacher_that_always_says_the_same_is_refused_early(
    answer: str, code: str, mined: Path, write_teacher: WriteTeacher, tmp_path: Path
) -> None:
    rows = list(read_examples(mined))
    many = [replace(row, doc_id=f"{row.doc_id}/{copy}") for copy in range(4) for row in rows]
    path = tmp_path / "many.jsonl"
    write_examples(many, path)
    calls = []

    def script(call: Call) -> Reply:
        calls.append(call)
        return chat(max(options(call)) if answer == "nil" else answer)

    with pytest.raises(BelError, match=code):
        run(path, tmp_path / "out.jsonl", write_teacher("x"), script)
    assert len(calls) < len(many) / 2
    assert not (tmp_path / "out.jsonl").exists()


def test_the_budget_stops_and_a_higher_one_goes_on(
    mined: Path, rows: list[Example], write_teacher: WriteTeacher, tmp_path: Path
) -> None:
    output = tmp_path / "labelled.jsonl"
    asked: Counter[str] = Counter()

    def script(call: Call) -> Reply:
        asked[json.dumps(call.body)] += 1
        return first_by_name(call)

    prices = 'prices = {"input": 1.0, "output": 2.0}'
    teacher = write_teacher("x", llm=f"{prices}\nconcurrency = 1")
    with pytest.raises(BelError, match="B733"):
        run(mined, output, teacher, script, budget=102e-6 * len(rows) / 2 + 0.002)
    assert 0 < asked.total() < len(rows)
    outcome = run(mined, output, teacher, script, budget=1.0)
    assert max(asked.values()) == 1
    assert outcome.labelled == len(rows)  # type: ignore[attr-defined]


def test_an_unknown_price_is_asked_for(
    mined: Path, write_teacher: WriteTeacher, tmp_path: Path
) -> None:
    teacher = write_teacher("x", llm="concurrency = 2")
    with pytest.raises(BelError, match="B731"):
        run(mined, tmp_path / "out.jsonl", teacher, first_by_name)


def test_a_dry_run_asks_nothing_and_is_right_about_the_price(
    mined: Path, rows: list[Example], write_teacher: WriteTeacher, tmp_path: Path
) -> None:
    answers = tmp_path / "llm.sqlite"
    teacher = write_teacher("http://127.0.0.1:9/v1", teacher="questions = 2")
    before = price(read_teacher(teacher, answers=answers), rows)
    assert not before.is_measured
    assert before.requests == 2 * len(rows)
    outcome = run(mined, tmp_path / "labelled.jsonl", teacher, first_by_name)
    after = price(read_teacher(teacher, answers=answers), rows)
    assert after.cached == after.requests == before.requests
    assert after.cost == 0
    assert outcome.cost <= before.worst  # type: ignore[attr-defined]


def test_rows_of_another_knowledge_base(
    mined: Path,
    rows: list[Example],
    write_teacher: WriteTeacher,
    tmp_path: Path,
    sample: Store,
) -> None:
    """Ids that are still known are taken over; others are refused before anything is asked."""
    other = KBReference("older", "0", "0" * 8)
    path = tmp_path / "older.jsonl"
    write_examples([replace(row, kb=other) for row in rows], path)
    output = tmp_path / "labelled.jsonl"
    run(path, output, write_teacher("x"), first_by_name)
    assert {row.kb.checksum for row in read_examples(output)} == {sample.checksum}
    first = rows[0].offers[0]
    strange = replace(first, candidate=replace(first.candidate, id="MESH:D999999"))
    bad = replace(rows[0], kb=other, offers=(strange, *rows[0].offers[1:]))
    write_examples([*rows[1:], bad], path)
    with pytest.raises(BelError, match=r"B806.*MESH:D999999"):
        run(path, output, write_teacher("x"), lambda call: pytest.fail("asked"))


def test_rows_that_are_there_twice_are_labelled_once(
    rows: list[Example], write_teacher: WriteTeacher, tmp_path: Path
) -> None:
    path = tmp_path / "twice.jsonl"
    write_examples([*rows, *rows[:5]], path)
    outcome = run(path, tmp_path / "out.jsonl", write_teacher("x"), first_by_name)
    assert (outcome.labelled, outcome.duplicates) == (len(rows), 5)  # type: ignore[attr-defined]


def test_a_second_run_on_the_same_output_is_refused(
    mined: Path, write_teacher: WriteTeacher, tmp_path: Path
) -> None:
    with only_one(tmp_path / "out.jsonl"), pytest.raises(BelError, match="B804"):
        run(mined, tmp_path / "out.jsonl", write_teacher("x"), first_by_name)


@pytest.mark.parametrize("nearest", [True, False])
def test_worked_examples_are_shown(
    nearest: bool,
    mined: Path,
    rows: list[Example],
    write_teacher: WriteTeacher,
    tmp_path: Path,
) -> None:
    shots = tmp_path / "shots.jsonl"
    annotated = [replace(row, gold=(row.candidates[0].id,)) for row in rows[:30]]
    write_examples(annotated, shots)
    settings = f'shots = "{shots}"\nshot_count = 2\nnearest = {str(nearest).lower()}'
    seen: list[tuple[str, ...]] = []

    def script(call: Call) -> Reply:
        messages = call.body["messages"]
        assert [message["role"] for message in messages] == ["user", "assistant"] * 2 + ["user"]
        seen.append(tuple(message["content"] for message in messages[:-1]))
        # Examples that are the same for all are shown to all, themselves among them.
        assert not nearest or messages[-1]["content"] not in messages[0]["content"]
        return first_by_name(call)

    run(mined, tmp_path / "out.jsonl", write_teacher("x", teacher=settings), script)
    assert (len(set(seen)) > 1) is nearest


@pytest.mark.parametrize(
    ("teacher", "reranker", "reason"),
    [
        ("candidates = 30", "", "candidates is 30"),
        ("shotz = 1", "", "shotz"),
        ("", "colour = 1", "colour"),
        ("questions = 0", "", "questions"),
    ],
)
def test_a_config_that_makes_no_sense_is_refused(
    teacher: str, reranker: str, reason: str, write_teacher: WriteTeacher
) -> None:
    path = write_teacher("x", teacher, reranker)
    with pytest.raises(BelError, match=f"(?s)B807.*{reason}"):
        read_teacher(path)


def test_any_reranker_can_be_the_teacher(
    mined: Path, rows: list[Example], sample_dir: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    config = tmp_path / "teacher.cfg"
    config.write_text(
        f'[teacher]\nkb = "{sample_dir}"\nsource = "numbers"\n\n'
        '[reranker]\n@misc = "spacy-bel.CrossEncoder.v1"\nmodel = ""\ncompare = ""\n'
    )
    outcome = label(mined, tmp_path / "out.jsonl", read_teacher(config))
    assert outcome.labelled == len(rows)
    for row in read_examples(tmp_path / "out.jsonl"):
        (own,) = row.labels
        assert (own.source, own.kind, own.cost) == ("numbers", "probability", None)
        assert own.probs is not None
        assert own.id == max(own.probs, key=own.probs.__getitem__)
        # Before any training it ranks as the retriever does.
        assert own.id in (row.candidates[0].id, NIL) or (
            row.candidates[0].score == row.candidates[1].score
        )


def test_the_config_that_comes_along_can_be_read(sample_dir: Path) -> None:
    config = Path(__file__).parents[2] / "configs" / "teacher.cfg"
    teacher = read_teacher(config, {"teacher.kb": str(sample_dir)})
    assert (teacher.source, teacher.has_prompt) == ("gpt-4.1-mini", True)


def test_orders_differ_as_long_as_they_can() -> None:
    assert len(set(shuffles(3, 6, "s"))) == 6
    assert set(shuffles(2, 5, "s")) == {(0, 1), (1, 0)}
    assert shuffles(5, 3, "s") == shuffles(5, 8, "s")[:3]
    assert shuffles(0, 1, "s") == [()]


def test_nothing_that_arrived_is_asked_again_after_a_kill(
    mined: Path, rows: list[Example], write_teacher: WriteTeacher, tmp_path: Path
) -> None:
    output = tmp_path / "labelled.jsonl"
    asked: Counter[str] = Counter()
    half, killed = Event(), Event()

    def script(call: Call) -> Reply:
        asked[json.dumps(call.body)] += 1
        if asked.total() >= len(rows) / 2:
            half.set()
            killed.wait(30)
        return first_by_name(call)

    with serving(script) as server:
        teacher = write_teacher(
            server.address, llm='prices = {"input": 1.0, "output": 2.0}\nconcurrency = 4'
        )
        arguments = ["label", str(mined), str(output), "--teacher", str(teacher)]
        command = [sys.executable, "-m", "spacy_bel", *arguments]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ}) as running:
            assert half.wait(120)
            running.send_signal(signal.SIGKILL)
        killed.set()
        before = asked.total()
        assert before < len(rows)
        from typer.testing import CliRunner

        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
    repeated = sum(count - 1 for count in asked.values())
    assert repeated <= 4
    assert f"{len(rows)} rows labelled by m" in result.output
    assert len(list(read_examples(output))) == len(rows)


def test_a_server_with_faults_labels_every_row_once_or_says_why(
    rows: list[Example], write_teacher: WriteTeacher, tmp_path: Path
) -> None:
    many = [replace(row, doc_id=f"{row.doc_id}/{n}") for n in range(10) for row in rows]
    many = [
        replace(row, mention=replace(row.mention, context=f"{row.mention.context} {n}"))
        for n, row in enumerate(many)
    ]
    path = tmp_path / "many.jsonl"
    write_examples(many, path)
    random = Random(0)

    def script(call: Call) -> Reply:
        return random.choice(FAULTS) if random.random() < 0.05 else first_by_name(call)

    outcome = run(path, tmp_path / "out.jsonl", write_teacher("x"), script)
    labelled = Counter(row.key() for row in read_examples(tmp_path / "out.jsonl"))
    lines = failures_path(tmp_path / "out.jsonl").read_text().splitlines()
    failed = {json.loads(line)["key"] for line in lines}
    assert set(labelled.values()) == {1}
    assert failed.isdisjoint(labelled)
    assert failed | set(labelled) == {row.key() for row in many}
    assert 0 < len(failed) < 0.06 * len(many)
    assert outcome.failed.total() == len(failed)  # type: ignore[attr-defined]
