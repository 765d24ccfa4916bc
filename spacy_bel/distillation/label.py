"""Labelling: a teacher's choices, each mention once, resumable, within a budget."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from tqdm import tqdm

from spacy_bel.distillation.asking import Labelled, label_rows
from spacy_bel.distillation.current import brought_up_to_date
from spacy_bel.distillation.habits import LEAST, Habits
from spacy_bel.distillation.seen import Seen
from spacy_bel.distillation.teacher import Teacher
from spacy_bel.distillation.work import Work, digest_of
from spacy_bel.errors import BelError, Errors
from spacy_bel.examples import Example, from_line, read_examples, to_line, write_examples
from spacy_bel.files import only_one, replacing
from spacy_bel.reranking.chat_questions import mention_label
from spacy_bel.types import NIL

FAILED = ".failed.jsonl"
"""How the names of lists of rows without label end."""

_QUESTIONS = 2048
"""Questions that are asked between two states on disk, in the long run."""


@dataclass(slots=True)
class Outcome:
    """What came of labelling.

    Args:
        labelled: Rows with a label.
        failed: Rows without, by reason.
        duplicates: Rows that occur twice, which are labelled once.
        nil: Rows labelled NIL.
        cost: What the run has cost so far, in the currency of the prices.
        judged: Rows with gold.
        right: Of these, those whose label is right; NIL is where no gold concept was offered.
    """

    labelled: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    nil: int = 0
    cost: float = 0.0
    judged: int = 0
    right: int = 0


def failures_path(output: Path) -> Path:
    """Where the rows without label are listed."""
    return output.with_name(f"{output.name.partition('.jsonl')[0]}{FAILED}")


def label(examples: Path, output: Path, teacher: Teacher, *, progress: bool = False) -> Outcome:
    """Label rows; an interrupted run goes on where it was, and asks no question twice.

    Args:
        examples: Rows with candidates, such as mined ones.
        output: The labelled rows to write. Rows without label are listed beside, with reasons,
            in ``failures_path``.
        teacher: Who labels. Its language models should have a cache on disk.
        progress: Whether to show a progress bar on a terminal.

    Returns:
        What came of it.

    Raises:
        BelError: Another process labels to the same place, the rows are of another knowledge
            base, the teacher always says the same or answers nothing, or the budget might be
            passed. What was labelled is kept for the next run with the same settings.
    """
    run = {"teacher": teacher.settings, "kb": teacher.store.checksum, "rows": digest_of(examples)}
    with only_one(output):
        total = sum(1 for _ in current_rows(examples, teacher))
        if not total:
            raise Errors.B800(path=examples, reason="there is no row in it")
        work = Work(output, run)
        try:
            duplicates = _ask(examples, teacher, work, total, progress)
            outcome = _write(work, output, teacher)
            outcome.duplicates = duplicates
        finally:
            work.close()
        work.done()
    return outcome


def current_rows(path: Path, teacher: Teacher) -> Iterator[Example]:
    """The rows of a file in the terms of a teacher's knowledge base."""
    return (brought_up_to_date(row, teacher.store) for row in read_examples(path))


def _ask(examples: Path, teacher: Teacher, work: Work, total: int, progress: bool) -> int:
    """Label what has no label yet; returns how many rows are there twice."""
    habits, duplicates = Habits(), 0
    with Seen() as done, tqdm(total=total, unit=" rows", disable=None if progress else True) as bar:
        for kept in map(json.loads, work.lines()):
            done.add(kept["key"])
            habits.add(kept["places"], kept["options"])
        bar.update(before := int(work.state.get("rows", 0)))

        def left() -> Iterator[Example]:
            nonlocal duplicates
            for row in current_rows(examples, teacher):
                if done.add(row.key()):
                    yield row
                else:
                    duplicates += 1

        # Small at first, so that a teacher who always says the same is not paid for long.
        spent, size = teacher.spent, 2 * LEAST
        rows = left()
        while batch := list(islice(rows, max(1, size // teacher.teaching.questions))):
            found = label_rows(teacher, batch)
            work.keep(map(_line, found), rows=work.state.get("rows", 0) + len(found))
            for each in found:
                habits.add(each.places, each.options)
            _check(habits, teacher, work)
            size = min(2 * size, _QUESTIONS)
            bar.update(len(found))
            _tell(bar, teacher, spent, before, total)
    return duplicates - before


def _check(habits: Habits, teacher: Teacher, work: Work) -> None:
    try:
        habits.check(teacher.source)
    except BelError:
        work.done()  # what a language model answered stays in its cache
        raise


def _tell(bar: Any, teacher: Teacher, before: float, rows_before: int, total: int) -> None:
    """Say what was spent and what will be."""
    if teacher.models:
        spent = teacher.spent
        each = (spent - before) / max(1, bar.n - rows_before)
        bar.set_postfix_str(f"cost {spent:.4g}, to come {each * (total - bar.n):.4g}")


def _line(labelled: Labelled) -> str:
    content = {
        "key": labelled.example.key(),
        "places": labelled.places,
        "options": labelled.options,
        "problem": labelled.problem,
        "row": to_line(labelled.example),
    }
    return json.dumps(content)


def _write(work: Work, output: Path, teacher: Teacher) -> Outcome:
    """Put the labelled rows, with what each has cost, and the failed ones in their places."""
    outcome = Outcome(cost=teacher.spent)
    costs = _costs(teacher)

    def labelled() -> Iterator[Example]:
        for kept in map(json.loads, work.lines()):
            if not kept["problem"]:
                row = _with_cost(from_line(kept["row"]), costs)
                yield _count(row, outcome, teacher.teaching.candidates)

    with replacing(failures_path(output), Errors.B803) as beside:
        with beside.open("w", encoding="utf-8") as file:
            for kept in map(json.loads, work.lines()):
                if kept["problem"]:
                    outcome.failed[kept["problem"]] += 1
                    file.write(_failure(kept) + "\n")
        kept_rows = work.state.get("rows", 0) - outcome.failed.total()
        if not kept_rows:
            work.done()
            reason = outcome.failed.most_common(1)[0][0]
            raise Errors.B812(source=teacher.source, count=outcome.failed.total(), reason=reason)
        write_examples(labelled(), output)
    return outcome


def _failure(kept: dict[str, Any]) -> str:
    row = from_line(kept["row"])
    content = {
        "key": kept["key"],
        "doc_id": row.doc_id,
        "offset": row.offset,
        "mention": row.mention.text,
        "reason": kept["problem"],
    }
    return json.dumps(content, ensure_ascii=False)


def _costs(teacher: Teacher) -> dict[str, float] | None:
    """What each mention has cost, by the name under which it was booked; None without a price."""
    if not teacher.models:
        return None
    costs: dict[str, float] = {}
    for ledger in {id(model.ledger): model.ledger for model in teacher.models}.values():
        for name, sums in ledger.costs("mention").items():
            costs[name] = costs.get(name, 0.0) + sums.cost
    return costs


def _with_cost(example: Example, costs: dict[str, float] | None) -> Example:
    if costs is None:
        return example
    # Equal mentions in equal contexts were asked about once: the first of them bears the cost.
    cost = costs.pop(mention_label(example.mention), 0.0)
    *others, last = example.labels
    return replace(example, labels=(*others, replace(last, cost=cost)))


def _count(example: Example, outcome: Outcome, offered: int) -> Example:
    chosen = example.labels[-1].id
    outcome.labelled += 1
    outcome.nil += chosen == NIL
    if example.gold is not None:
        outcome.judged += 1
        can_be_right = any(each.id in example.gold for each in example.candidates[:offered])
        outcome.right += chosen in example.gold if can_be_right else chosen == NIL
    return example
