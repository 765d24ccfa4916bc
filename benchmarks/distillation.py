"""What a student learns from: a teacher of known accuracy, no teacher at all, and few annotations.

    python -m benchmarks.distillation --data DIR [--work DIR] [--only NAME] [--task NAME ...]
        [--accuracy A ...] [--encoder NAME]

The teacher is a fixture that knows the gold (``benchmarks.known_teacher``), and no language
model. Students are trained on train splits, their best state is chosen on dev, and test splits
only report; of BC5CDR a tenth of the train documents is dev and the dev split reports, PsyTAR is
split by documents. The parts are ``teacher``, ``unlabelled`` and ``annotated``. *p* is that of
McNemar's exact test against the retriever on the same mentions.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.common import machine, paired, parser, table, workbench
from benchmarks.students import FOLDS, SAMPLE, SOURCE, TASKS, Class
from spacy_bel.distillation.mine import mine
from spacy_bel.distillation.sampling import lot
from spacy_bel.distillation.select import select
from spacy_bel.distillation.sieve import Selection
from spacy_bel.distillation.synthesise import Synthesis, synthesise
from spacy_bel.examples import Example, read_examples
from spacy_bel.types import NIL

SELECTION = Selection(source=SOURCE, min_agreement=0.8, consistent=True)


def of_teacher(students: Class, accuracies: Sequence[float]) -> str:
    """Test Acc@1 of students over the accuracy of their teacher, in the dictionary setting."""
    task = students.task
    kb = students.kb(task.train)
    rows = students.unlabelled(students.base, FOLDS)
    dev = students.rows(task.dev, kb)
    alone = students.right(kb)
    lines = [["retriever", "–", f"{len(rows):,}", *_figures(alone, None)]]
    for accuracy in accuracies:
        for questions in (1, 5):
            with students.taught(rows, accuracy, questions) as run:
                path, outcome = run(rows)
            labelled = [replace(row, gold=None) for row in read_examples(path)]
            name = f"{questions} question{'s' if questions > 1 else ''}"
            right = _percent(outcome.right / outcome.judged)
            found = students.student(labelled, dev, kb)
            cells = [right, f"{len(labelled):,}", *_figures(found, alone)]
            lines.append(_told([f"teacher {accuracy:g}, {name}", *cells]))
        chosen = path.with_name("selected.jsonl")
        select([path], chosen, SELECTION)
        kept = list(read_examples(chosen))
        right = _percent(sum(map(_is_right, kept)) / len(kept))
        found = students.student([replace(row, gold=None) for row in kept], dev, kb)
        cells = [right, f"{len(kept):,}", *_figures(found, alone)]
        lines.append(_told([f"teacher {accuracy:g}, {name}, selected", *cells]))
    header = ["student of", "labels right", "rows", f"{task.test.name} Acc@1", "p"]
    return table(header, lines, "lrrrr")


def of_names(students: Class, _: Sequence[float]) -> str:
    """Test Acc@1 without any human label, vocabulary only."""
    task, kb = students.task, students.base
    nlp, linker = students.pipeline(kb)
    nlp.add_pipe("bel_matcher", first=True, config={"kb": str(kb)})
    texts = [students.bench.data / name for name in task.texts]
    mined, made = students.folder / "mined.jsonl", students.folder / "made.jsonl"
    counts = mine(nlp, linker, texts, mined, progress=True)
    synthesise(linker, made, Synthesis(limit=8000, folds=FOLDS), mined=[mined], progress=True)
    chosen = students.folder / "chosen.jsonl"
    select([made], chosen)
    rows = sorted(read_examples(chosen), key=lambda row: lot(row.key(), 0))
    size = len(rows) // 10
    alone = students.right(kb)
    # The rows that choose the best state are made as well.
    found = students.student(rows[size:], rows[:size], kb)
    lines = [
        ["retriever", "–", *_figures(alone, None)],
        ["synthesised", f"{len(rows):,}", *_figures(found, alone)],
    ]
    header = ["student of", "rows", f"{task.test.name} Acc@1", "p"]
    note = f"{counts['written']:,} mentions were mined from {counts['texts']:,} texts."
    return f"{table(header, lines, 'lrrr')}\n\n{note}"


def of_annotations(students: Class, accuracies: Sequence[float]) -> str:
    """Test Acc@1 with few annotated mentions, without and with teacher-labelled ones."""
    task, kb = students.task, students.base
    rows = students.unlabelled(kb)
    dev = students.rows(task.dev, kb)
    alone = students.right(kb)
    lines = []
    for size in (50, 200, 1000):
        if size >= len(rows):
            break
        with students.taught(rows, accuracies[0], 3) as run:
            path, _ = run(rows[size:])
        taught = [replace(row, gold=None) for row in read_examples(path)]
        without = students.student(rows[:size], dev, kb)
        together = students.student([*rows[:size], *taught], dev, kb)
        cells = [*_figures(without, alone), *_figures(together, alone)]
        gain = f"{100 * (together.mean() - alone.mean()):+.1f}"
        lines.append(_told([f"{size}", _percent(alone.mean()), *cells, gain]))
    teacher = f"with a teacher of {accuracies[0]:g}"
    header = ["annotated", f"{task.test.name} Acc@1", "student", "p", teacher, "p", "gain"]
    return table(header, lines, "rrrrrrr")


PARTS: dict[str, Callable[[Class, Sequence[float]], str]] = {
    "teacher": of_teacher,
    "unlabelled": of_names,
    "annotated": of_annotations,
}

OF_PART = {"unlabelled": ("ncbi", "bc5cdr"), "annotated": tuple(TASKS)}
"""The tasks of each part; of the others it is NCBI Disease."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = parser(__doc__.partition("\n")[0])
    options.add_argument("--only", choices=PARTS, help="one part")
    options.add_argument("--task", choices=TASKS, nargs="+", help="of each part some tasks only")
    options.add_argument("--accuracy", type=float, nargs="+", default=[0.7, 0.8, 0.9, 1.0])
    options.add_argument("--model", default="", help="the encoder that reads (default: none)")
    options.add_argument(
        "--encoder", default="", help="that retrieves and compares names (default: none)"
    )
    options.add_argument("--epochs", type=int, default=5)
    options.add_argument("--mentions", type=int, default=0, help="most that are labelled")
    given: argparse.Namespace = options.parse_args(arguments)
    with workbench(given) as bench:
        print(machine("torch"))
        for part in [given.only] if given.only else PARTS:
            tasks = [TASKS[name] for name in given.task or OF_PART.get(part, ("ncbi",))]
            for task in [SAMPLE] if given.sample else tasks:
                students = Class(
                    bench,
                    task,
                    model=given.model,
                    encoder=given.encoder,
                    epochs=given.epochs,
                    mentions=given.mentions,
                )
                found = PARTS[part](students, given.accuracy)
                print(f"\n{PARTS[part].__doc__}\n\n{found}", flush=True)
        print(f"\n{bench.describe()}")


def _told(line: list[str]) -> list[str]:
    """A line of a table that takes long, shown when it is there."""
    tqdm.write(" | ".join(line), file=sys.stderr)
    return line


def _is_right(row: Example) -> bool:
    gold = row.gold or ()
    is_offered = any(each.id in gold for each in row.candidates[:10])
    return row.labels[-1].id in (gold if is_offered else (NIL,))


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _figures(right: NDArray[np.bool_], retriever: NDArray[np.bool_] | None) -> list[str]:
    """Accuracy, and what it is beside that of the retriever."""
    return [_percent(right.mean()), "–" if retriever is None else paired(retriever, right)]


if __name__ == "__main__":
    main()
