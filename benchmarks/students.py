"""Students of one task, and the teacher of known accuracy that labels for them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language

from benchmarks.common import Corpus, Vocabulary, Workbench, hits
from benchmarks.dense import RETRIEVERS, with_vectors
from benchmarks.known_teacher import KnownTeacher
from benchmarks.rerankers import CANDIDATES, RATES, SAMPLING, calibrated
from benchmarks.retrieval import (
    BC5CDR_DEV,
    BC5CDR_TRAIN,
    CTD,
    NCBI_DEV,
    NCBI_TEST,
    NCBI_TRAIN,
    OPEN_CUIS,
    SAMPLE_DEV,
    SAMPLE_KB,
    SAMPLE_TRAIN,
)
from spacy_bel.distillation.label import label
from spacy_bel.distillation.sampling import lot
from spacy_bel.distillation.teacher import read_teacher
from spacy_bel.evaluation.run import evaluate
from spacy_bel.examples import Example, write_examples
from spacy_bel.kb.store import Store
from spacy_bel.reranking.cross_encoder import CrossEncoder
from spacy_bel.training.loop import BEST, Settings, train
from spacy_bel.training.make_examples import find_retriever, make_examples
from spacy_bel.vectors.encoder import Encoder, EncoderSettings
from tests.servers import serving

FOLDS = 5
SOURCE = "known teacher"


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


TEXTS = ("text/pubmedqa_pqal.jsonl.gz",)
PSYTAR = Corpus("PsyTAR", ("corpora/psytar/mapped.tsv.gz",))

TASKS = {
    "ncbi": Task(CTD, NCBI_TRAIN, NCBI_DEV, NCBI_TEST, TEXTS),
    "bc5cdr": Task(
        CTD,
        replace(BC5CDR_TRAIN, share=(0.1, 1.0)),
        replace(BC5CDR_TRAIN, name="a tenth of BC5CDR train", share=(0.0, 0.1)),
        BC5CDR_DEV,
        TEXTS,
    ),
    "psytar": Task(
        OPEN_CUIS,
        replace(PSYTAR, share=(0.0, 0.6)),
        replace(PSYTAR, name="a tenth of PsyTAR", share=(0.6, 0.7)),
        replace(PSYTAR, name="three tenths of PsyTAR", share=(0.7, 1.0)),
        TEXTS,
    ),
}
SAMPLE = Task(SAMPLE_KB, SAMPLE_TRAIN, SAMPLE_DEV, SAMPLE_DEV, ("unannotated.txt",))


class Class:
    """Students of one task, each measured on its test mentions.

    Args:
        bench: Where data and knowledge bases are.
        task: The task.
        model: The encoder that students read with; empty for students that count alone.
        encoder: The encoder whose vectors retrieve too, and that they compare names with; empty
            for lexical retrieval.
        epochs: How often a student sees its rows.
        mentions: Most mentions that are labelled, by lot; 0 for all.
    """

    def __init__(
        self, bench: Workbench, task: Task, *, model: str, encoder: str, epochs: int, mentions: int
    ) -> None:
        self.bench, self.task = bench, task
        self.epochs, self._mentions = epochs, mentions
        self._encoder = encoder
        self._settings: dict[str, Any] = {
            "model": model or None,
            "compare": encoder or None,
            "candidates": CANDIDATES,
        }
        self.folder = bench.work / "distillation"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.base = self.kb(None)

    def kb(self, annotated: Corpus | None) -> Path:
        """The knowledge base, with the mentions of a corpus as names where one is given."""
        if not self._encoder:
            return self.bench.kb(self.task.vocabulary, annotated)
        encoder = Encoder(EncoderSettings(self._encoder))
        return with_vectors(self.bench, self.task.vocabulary, annotated, encoder)

    def pipeline(self, kb: Path) -> tuple[Language, Any]:
        """A pipeline with a linker, and the linker."""
        name = RETRIEVERS["hybrid" if self._encoder else "lexical"]
        nlp = self.bench.pipeline(kb, retriever={"@misc": name}, threshold=0.0)
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

    def student(
        self, rows: Sequence[Example], dev: Sequence[Example], kb: Path
    ) -> NDArray[np.bool_]:
        """Which test mentions a student of some rows links right, calibrated on dev."""
        store = Store(kb)
        sampling = replace(SAMPLING, teacher=SOURCE)
        settings = Settings(epochs=self.epochs, sampling=sampling, rates=RATES)
        folder = Path(self.folder / f"student-{len(list(self.folder.iterdir()))}")
        student = CrossEncoder(store, **self._settings)
        train(student, rows, dev, folder, settings, progress=True)
        trained = calibrated(folder / BEST, dev, store)
        return self.right(kb, CrossEncoder(store, **self._settings, trained=trained))

    def right(self, kb: Path, reranker: CrossEncoder | None = None) -> NDArray[np.bool_]:
        """Which test mentions are linked right."""
        nlp, linker = self.pipeline(kb)
        linker.use_reranker(reranker)
        docs = self.bench.docs(self.task.test)
        return hits(evaluate(nlp, docs, end_to_end=False, resamples=1).records)

    @contextmanager
    def taught(
        self, rows: Sequence[Example], accuracy: float, questions: int
    ) -> Iterator[Callable[..., tuple[Path, Any]]]:
        """A function that has rows labelled by a teacher of known accuracy."""
        with serving(KnownTeacher(rows, accuracy)) as server:

            def run(own: Sequence[Example]) -> tuple[Path, Any]:
                folder = self.folder / f"labels-{len(list(self.folder.iterdir()))}"
                write_examples(own, folder / "rows.jsonl")
                config = folder / "teacher.cfg"
                content = _TEACHER.format(
                    kb=self.base,
                    source=SOURCE,
                    address=server.address,
                    questions=questions,
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
concurrency = 16
prices = "free"
"""
