"""What a student learns from: a teacher of known accuracy, no teacher at all, and few annotations.

    python -m benchmarks.distillation --data DIR [--work DIR] [--only NAME] [--accuracy A ...]

The teacher is a fixture that knows the gold (``benchmarks.known_teacher``), and no language
model. Students are trained on train splits, their best state is chosen on dev, and test splits
only report. The parts are ``teacher``, ``unlabelled``, ``annotated`` and ``busy``.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spacy.language import Language

from benchmarks.common import Corpus, Vocabulary, Workbench, machine, parser, table, workbench
from benchmarks.known_teacher import KnownTeacher
from benchmarks.retrieval import (
    CTD,
    NCBI_DEV,
    NCBI_TEST,
    NCBI_TRAIN,
    SAMPLE_DEV,
    SAMPLE_KB,
    SAMPLE_TRAIN,
)
from spacy_bel.distillation.label import label
from spacy_bel.distillation.mine import mine
from spacy_bel.distillation.sampling import lot
from spacy_bel.distillation.select import Selection, select
from spacy_bel.distillation.synthesise import Synthesis, synthesise
from spacy_bel.distillation.teacher import read_teacher
from spacy_bel.examples import Example, read_examples, write_examples
from spacy_bel.kb.store import Store
from spacy_bel.reranking.cross_encoder import CrossEncoder
from spacy_bel.training.loop import BEST, Settings, train
from spacy_bel.training.make_examples import find_retriever, make_examples
from spacy_bel.training.rows import Sampling
from spacy_bel.types import NIL
from tests.servers import serving

FOLDS = 5
SOURCE = "known teacher"
SELECTION = Selection(source=SOURCE, min_agreement=0.8, noise=True)


@dataclass(frozen=True, slots=True)
class Task:
    """What is learned and reported on.

    Args:
        vocabulary: What is linked to.
        train: Mentions that the teacher labels.
        dev: Mentions by which the best state is chosen.
        test: Mentions that are reported on.
        texts: Unannotated texts, paths in the data folder.
    """

    vocabulary: Vocabulary
    train: Corpus
    dev: Corpus
    test: Corpus
    texts: tuple[str, ...]


NCBI = Task(CTD, NCBI_TRAIN, NCBI_DEV, NCBI_TEST, ("text/pubmedqa_pqal.jsonl.gz",))
SAMPLE = Task(SAMPLE_KB, SAMPLE_TRAIN, SAMPLE_DEV, SAMPLE_DEV, ("unannotated.txt",))


class Class:
    """Students of one task, each measured on its test mentions.

    Args:
        bench: Where data and knowledge bases are.
        task: The task.
        model: The encoder that students read with; empty for students that count alone.
        epochs: How often a student sees its rows.
        mentions: Most mentions that are labelled, by lot; 0 for all.
    """

    def __init__(
        self, bench: Workbench, task: Task, *, model: str, epochs: int, mentions: int
    ) -> None:
        self.bench, self.task = bench, task
        self.model, self.epochs, self._mentions = model, epochs, mentions
        self.folder = bench.work / "distillation"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.base = bench.kb(task.vocabulary)

    def pipeline(self, kb: Path) -> tuple[Language, Any]:
        """A pipeline with a linker, and the linker."""
        nlp = self.bench.pipeline(kb)
        return nlp, find_retriever(nlp)

    def rows(self, corpus: Corpus, kb: Path, folds: int = 0) -> list[Example]:
        """Rows of annotated mentions."""
        _, linker = self.pipeline(kb)
        return list(make_examples(linker, self.bench.docs(corpus), folds=folds, progress=True))

    def unlabelled(self, kb: Path, folds: int = 0) -> list[Example]:
        """Rows of the train split that a teacher can be asked about, in random order."""
        rows = [row for row in self.rows(self.task.train, kb, folds) if not row.mention.parts]
        rows.sort(key=lambda row: lot(row.key(), 0))
        return rows[: self._mentions or None]

    def student(self, rows: Sequence[Example], dev: Sequence[Example], kb: Path) -> float:
        """Lenient Acc@1 on test of a student of some rows."""
        store = Store(kb)
        settings = Settings(epochs=self.epochs, sampling=Sampling(negatives=7, teacher=SOURCE))
        folder = Path(self.folder / f"student-{len(list(self.folder.iterdir()))}")
        train(CrossEncoder(store, self.model), rows, dev, folder, settings, progress=True)
        return self.accuracy(kb, CrossEncoder(store, self.model, trained=folder / BEST))

    def accuracy(self, kb: Path, reranker: CrossEncoder | None = None) -> float:
        """Lenient Acc@1 on test."""
        nlp, linker = self.pipeline(kb)
        linker.use_reranker(reranker)
        return float(self.bench.measure(nlp, self.task.test)["lenient"]["acc@1"]["value"])

    @contextmanager
    def taught(
        self, rows: Sequence[Example], accuracy: float, questions: int, latency: float = 0.0
    ) -> Iterator[Callable[..., tuple[Path, Any]]]:
        """A function that has rows labelled by a teacher of known accuracy."""
        with serving(KnownTeacher(rows, accuracy, latency=latency)) as server:

            def run(own: Sequence[Example], concurrency: int = 16) -> tuple[Path, Any]:
                folder = self.folder / f"labels-{len(list(self.folder.iterdir()))}"
                write_examples(own, folder / "rows.jsonl")
                config = folder / "teacher.cfg"
                content = _TEACHER.format(
                    kb=self.base,
                    source=SOURCE,
                    address=server.address,
                    questions=questions,
                    concurrency=concurrency,
                )
                config.write_text(content, encoding="utf-8")
                teacher = read_teacher(config, answers=folder / "llm.sqlite")
                outcome = label(folder / "rows.jsonl", folder / "out.jsonl", teacher)
                return folder / "out.jsonl", outcome

            yield run


_TEACHER = """
[teacher]
kb = "{kb}"
source = "{source}"
questions = {questions}

[reranker]
@misc = "spacy-bel.ChatReranker.v1"
mode = "letter"

[reranker.llm]
@misc = "spacy-bel.LLM.v1"
model = "fixture"
base_url = "{address}"
concurrency = {concurrency}
prices = "free"
"""


def of_teacher(students: Class, accuracies: Sequence[float]) -> str:
    """Test Acc@1 of students over the accuracy of their teacher, in the dictionary setting."""
    task = students.task
    kb = students.bench.kb(task.vocabulary, task.train)
    rows = students.unlabelled(students.base, FOLDS)
    dev = students.rows(task.dev, kb)
    lines = [["retriever", "–", f"{len(rows):,}", _percent(students.accuracy(kb))]]
    for accuracy in accuracies:
        for questions in (1, 5):
            with students.taught(rows, accuracy, questions) as run:
                path, outcome = run(rows)
            labelled = [replace(row, gold=None) for row in read_examples(path)]
            name = f"{questions} question{'s' if questions > 1 else ''}"
            right = _percent(outcome.right / outcome.judged)
            acc = students.student(labelled, dev, kb)
            lines.append(
                [f"teacher {accuracy:g}, {name}", right, f"{len(labelled):,}", _percent(acc)]
            )
        chosen = path.with_name("selected.jsonl")
        select([path], chosen, SELECTION)
        kept = list(read_examples(chosen))
        right = _percent(sum(map(_is_right, kept)) / len(kept))
        acc = students.student([replace(row, gold=None) for row in kept], dev, kb)
        lines.append(
            [f"teacher {accuracy:g}, {name}, selected", right, f"{len(kept):,}", _percent(acc)]
        )
    header = ["student of", "labels right", "rows", f"{task.test.name} Acc@1"]
    return table(header, lines, "lrrr")


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
    lines = [
        ["retriever", "–", _percent(students.accuracy(kb))],
        # The rows that choose the best state are made as well.
        ["synthesised", f"{len(rows):,}", _percent(students.student(rows[size:], rows[:size], kb))],
    ]
    header = ["student of", "rows", f"{task.test.name} Acc@1"]
    note = f"{counts['written']:,} mentions were mined from {counts['texts']:,} texts."
    return f"{table(header, lines, 'lrr')}\n\n{note}"


def of_annotations(students: Class, accuracies: Sequence[float]) -> str:
    """Test Acc@1 with few annotated mentions, without and with teacher-labelled ones."""
    task, kb = students.task, students.base
    rows = students.unlabelled(kb)
    dev = students.rows(task.dev, kb)
    alone = students.accuracy(kb)
    lines = []
    for size in (50, 200, 1000):
        if size >= len(rows):
            break
        with students.taught(rows, accuracies[0], 3) as run:
            path, _ = run(rows[size:])
        taught = [replace(row, gold=None) for row in read_examples(path)]
        without = students.student(rows[:size], dev, kb)
        together = students.student([*rows[:size], *taught], dev, kb)
        lines.append(
            [f"{size}", *map(_percent, (alone, without, together)), _gain(together - alone)]
        )
    header = ["annotated", "retriever", "student", f"with a teacher of {accuracies[0]:g}", "gain"]
    return table(header, lines, "rrrrr")


def of_time(students: Class, _: Sequence[float]) -> str:
    """How busy labelling keeps a server of 200 ms latency with 64 requests at a time."""
    latency, concurrency = 0.2, 64
    rows = [row for row in students.unlabelled(students.base) if row.offers]
    with students.taught(rows, 0.9, 1, latency) as run:
        begin, processor = time.perf_counter(), time.process_time()
        run(rows, concurrency)
        seconds, processor = time.perf_counter() - begin, time.process_time() - processor
    busy = len(rows) * latency / concurrency / seconds
    cells = [f"{len(rows):,}", f"{len(rows) / seconds:.0f}", f"{busy:.0%}", f"{processor:.1f}"]
    return table(["requests", "requests/s", "busy", "CPU s, server included"], [cells], "rrrr")


PARTS: dict[str, Callable[[Class, Sequence[float]], str]] = {
    "teacher": of_teacher,
    "unlabelled": of_names,
    "annotated": of_annotations,
    "busy": of_time,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = parser(__doc__.partition("\n")[0])
    options.add_argument("--only", choices=PARTS, help="one part")
    options.add_argument("--accuracy", type=float, nargs="+", default=[0.7, 0.8, 0.9, 1.0])
    options.add_argument("--model", default="", help="the students' encoder (default: none)")
    options.add_argument("--epochs", type=int, default=4)
    options.add_argument("--mentions", type=int, default=0, help="most that are labelled")
    given: argparse.Namespace = options.parse_args(arguments)
    with workbench(given) as bench:
        print(machine("torch"))
        students = Class(
            bench,
            SAMPLE if given.sample else NCBI,
            model=given.model,
            epochs=given.epochs,
            mentions=given.mentions,
        )
        for name in [given.only] if given.only else PARTS:
            print(f"\n{PARTS[name].__doc__}\n\n{PARTS[name](students, given.accuracy)}", flush=True)
        print(f"\n{bench.describe()}")


def _is_right(row: Example) -> bool:
    gold = row.gold or ()
    is_offered = any(each.id in gold for each in row.candidates[:10])
    return row.labels[-1].id in (gold if is_offered else (NIL,))


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _gain(value: float) -> str:
    return f"{100 * value:+.1f}"


if __name__ == "__main__":
    main()
