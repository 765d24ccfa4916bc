"""What the benchmarks share: where data lie, knowledge bases, pipelines and printed tables."""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from numpy.typing import NDArray
from scipy.stats import binomtest
from spacy.language import Language
from spacy.tokens import Doc

import spacy_bel
from spacy_bel.corpora import read_corpus
from spacy_bel.corpora.docs import doc_id, to_doc
from spacy_bel.corpora.names import annotated_names
from spacy_bel.distillation.sampling import lot
from spacy_bel.evaluation.ranks import lenient_rank
from spacy_bel.evaluation.records import Record, mention_texts
from spacy_bel.evaluation.run import evaluate
from spacy_bel.kb.build import add_annotated_aliases, build
from spacy_bel.kb.files import read_meta
from spacy_bel.kb.readers.registry import parse_source
from spacy_bel.kb.store import Store

SAMPLE = Path(__file__).parents[1] / "assets"
"""The sample that comes with the source: enough to see that a benchmark runs."""

DATA_VARIABLE = "SPACY_BEL_DATA"

OF_KB = (
    *("kb", "corpora", "vectors"),
    *(f"{name}.py" for name in ("curies", "features", "lexicon", "text", "types")),
)
"""The parts of the library on which the content of a knowledge base depends."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Annotated files of the data folder.

    Args:
        name: What tables call it.
        files: Paths in the data folder.
        labels: Labels of the mentions to keep; empty for all.
        share: The documents to keep, those whose lot in [0, 1) is from the first number on and
            below the second; each document draws its lot by its id.
    """

    name: str
    files: tuple[str, ...]
    labels: frozenset[str] = frozenset()
    share: tuple[float, float] = (0.0, 1.0)

    def __add__(self, other: Corpus) -> Corpus:
        """Both corpora, of all documents, as one."""
        name = f"{self.name} + {other.name}"
        return Corpus(name, self.files + other.files, self.labels | other.labels)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Files of the data folder that make one knowledge base.

    Args:
        name: What tables call it; also the name of the knowledge base.
        sources: Paths in the data folder, each with reader options where needed.
    """

    name: str
    sources: tuple[str, ...]


class Workbench:
    """Makes knowledge bases and reads corpora, each once.

    Args:
        data: The data folder.
        work: Where knowledge bases are kept, for this run or longer. One is made again when its
            sources or the code that builds it have changed.
    """

    def __init__(self, data: Path, work: Path) -> None:
        self.data = data
        self.work = work
        self.vocab = spacy.blank("xx").vocab
        self.used: dict[Path, str] = {}
        self._docs: dict[Corpus, list[Doc]] = {}

    def docs(self, corpus: Corpus) -> list[Doc]:
        """The documents of a corpus with its gold mentions."""
        if corpus not in self._docs:
            files = [self.data / file for file in corpus.files]
            found = (document for file in files for document in read_corpus(file))
            if corpus.labels:
                found = (document.with_labels(corpus.labels) for document in found)
            docs = (to_doc(document, self.vocab) for document in found)
            begin, end = corpus.share
            self._docs[corpus] = [doc for doc in docs if begin <= lot(doc_id(doc), 0) < end]
        return self._docs[corpus]

    def mention_texts(self, corpus: Corpus) -> set[str]:
        """The distinct lower-cased mentions of a corpus."""
        return mention_texts(self.docs(corpus))

    def kb(self, vocabulary: Vocabulary, annotated: Corpus | None = None) -> Path:
        """The directory of a knowledge base.

        Args:
            vocabulary: What it holds.
            annotated: A corpus whose mentions are added as names of their concepts.

        Returns:
            The directory.
        """
        files = [*vocabulary.sources, *(annotated.files if annotated else ())]
        chosen = [*sorted(annotated.labels), annotated.share] if annotated else []
        digest = self._digest(vocabulary.name, files, chosen)
        directory = self.work / f"kb-{digest}"
        name = vocabulary.name + (f", names of {annotated.name}" if annotated else "")
        if not directory.exists():
            base = self.kb(vocabulary) if annotated else None
            with unfinished(directory) as folder:
                if annotated and base:
                    Store(base).save(folder)
                    names = annotated_names(self.docs(annotated))
                    add_annotated_aliases(folder, names, source=annotated.name)
                else:
                    build(self.sources(vocabulary), folder, name=vocabulary.name)
        self.used[directory] = name
        return directory

    def sources(self, vocabulary: Vocabulary) -> list[str]:
        """The sources of a vocabulary as ``build`` takes them."""
        return [f"{self.data}/{source}" for source in vocabulary.sources]

    def pipeline(self, kb: Path, **settings: Any) -> Language:
        """A blank pipeline with a ``bel_linker``; its vocabulary is that of the documents."""
        nlp = spacy.blank("xx", vocab=self.vocab)
        nlp.add_pipe("bel_linker", config={"kb": str(kb), **settings})
        return nlp

    def measure(
        self,
        nlp: Language,
        corpus: Corpus,
        *,
        seen: Collection[str] | None = None,
        resamples: int = 1,
        progress: bool = False,
    ) -> dict[str, Any]:
        """The figures of ``spacy_bel evaluate`` on the gold mentions of a corpus."""
        return evaluate(
            nlp,
            self.docs(corpus),
            seen=seen,
            end_to_end=False,
            resamples=resamples,
            progress=progress,
        ).metrics

    def describe(self) -> str:
        """The knowledge bases that were used, as a table."""
        rows = []
        for directory, name in self.used.items():
            meta = read_meta(directory)
            counts = meta["counts"]
            names = f"{counts['aliases']:,}"
            rows.append([name, f"{counts['concepts']:,}", names, meta["checksum"][:12]])
        return table(["knowledge base", "concepts", "names", "checksum"], rows, "lrrl")

    def _digest(self, name: str, files: Sequence[str], chosen: Sequence[object]) -> str:
        digest = sha256(f"{name}{chosen}{code_digest(*OF_KB)}".encode())
        for file in files:
            path, options = parse_source(f"{self.data}/{file}")
            digest.update(f"{sorted(options.items())}".encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]


@lru_cache(maxsize=8)
def code_digest(*parts: str) -> str:
    """A digest of the library's source, for what is kept between runs depends on it.

    Args:
        *parts: Folders and files of the package to which it is limited; all where none is named.
    """
    root = Path(spacy_bel.__file__).parent
    digest = sha256()
    for part in parts or ("",):
        path = root / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()


def hits(records: Iterable[Record]) -> NDArray[np.bool_]:
    """Whether each mention with a gold id was linked right, by the *lenient* protocol."""
    return np.array([lenient_rank(record) == 1 for record in records if record.gold_ids])


def paired(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> str:
    """The exact test of McNemar (1947) on the same mentions, two-sided.

    Args:
        first: The hits of one system.
        second: Those of another one.

    Returns:
        The probability of so large a difference, and what the second one won and lost.
    """
    won, lost = int((second & ~first).sum()), int((first & ~second).sum())
    p = binomtest(won, won + lost).pvalue if won + lost else 1.0
    return f"{p:.2g} (+{won} -{lost})"


@contextlib.contextmanager
def unfinished(directory: Path) -> Iterator[Path]:
    """A folder that takes its real name only when what is done in it has succeeded."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        yield folder
        folder.replace(directory)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def parser(description: str) -> argparse.ArgumentParser:
    """A parser with the options that all benchmarks take."""
    result = argparse.ArgumentParser(description=description)
    result.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help=f"folder with corpora and vocabularies (default: the variable {DATA_VARIABLE})",
    )
    result.add_argument(
        "--work", type=Path, metavar="DIR", help="folder to keep what is built (default: none)"
    )
    result.add_argument(
        "--sample", action="store_true", help="run on the sample of the source instead of data"
    )
    return result


@contextlib.contextmanager
def workbench(arguments: argparse.Namespace) -> Iterator[Workbench]:
    """The workbench that the command line asks for."""
    data = SAMPLE if arguments.sample else arguments.data or os.environ.get(DATA_VARIABLE)
    if data is None:
        raise SystemExit(f"Give a folder with data: --data DIR, or {DATA_VARIABLE}; or --sample.")
    with contextlib.ExitStack() as stack:
        work = arguments.work or stack.enter_context(tempfile.TemporaryDirectory())
        yield Workbench(Path(data), Path(work).resolve())


def table(header: Sequence[str], rows: Sequence[Sequence[str]], aligns: str) -> str:
    """A Markdown table.

    Args:
        header: Names of the columns.
        rows: Cells.
        aligns: For each column ``l`` or ``r``.

    Returns:
        The table without a line break at the end.
    """
    rule = ["---" if align == "l" else "---:" for align in aligns]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def machine(*packages: str) -> str:
    """One line on what the figures were measured with.

    Args:
        *packages: Further packages whose version matters.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    names = ("spacy", "numpy", "scipy", *packages)
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"{_cpu()}, {cores} cores; Python {platform.python_version()}, "
        f"spacy_bel {spacy_bel.__version__}, {versions}"
    )


def _cpu() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
