"""Linkers side by side: accuracy, speed, memory and money on the same gold mentions."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import spacy
from scipy.stats import binomtest
from spacy.language import Language
from spacy.tokens import Doc
from tqdm import tqdm

from spacy_bel.corpora.docs import gold_spans
from spacy_bel.corpora.reader import read_docs
from spacy_bel.distillation.teacher import language_models, read_teacher
from spacy_bel.errors import Errors
from spacy_bel.evaluation.bootstrap import Estimate, Resamples
from spacy_bel.evaluation.ranks import RANKS
from spacy_bel.evaluation.records import mention_texts
from spacy_bel.evaluation.run import evaluate, find_linker
from spacy_bel.pipeline.linker import BelLinker
from spacy_bel.protocols import Reranker
from spacy_bel.reranking.cascade import Cascade
from spacy_bel.reranking.chat_questions import mention_label
from spacy_bel.types import Link

_BATCH = 64


@dataclass(frozen=True, slots=True)
class System:
    """What is compared.

    Args:
        name: What tables call it.
        pipeline: Name or path of a pipeline with a linker.
        config: A teacher's config whose reranker takes the place of the linker's; ``none`` for
            the retriever alone; ``own`` or empty for the linker as it is.
        overrides: Values in place of those in the config.
        confidence: For a cascade of three: mentions that are written like a name of one candidate
            alone are left to the retriever, the linker's reranker is asked about the others, and
            that of the config, unless it is ``none``, where the linker's gives its answer less
            than this value. None for no cascade.
    """

    name: str
    pipeline: str
    config: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of a system.

    Args:
        name: The system.
        metrics: As ``metrics.json`` has them.
        documents: The document of each mention with a gold concept.
        hits: By protocol, for each of these mentions whether the first answer is right.
        mentions: Mentions that were timed.
        seconds: How long they took; None where answers came from a cache.
        memory: Most memory of the process, in bytes, the pipeline's loading included.
        steps: How many mentions each step of a cascade answered; empty for other systems.
        api_cost: What a server charged for a mention; None where none is asked.
    """

    name: str
    metrics: dict[str, Any]
    documents: list[str]
    hits: dict[str, list[bool]]
    mentions: int
    seconds: float | None
    memory: int
    steps: dict[str, int] = field(default_factory=dict)
    api_cost: float | None = None

    @property
    def speed(self) -> float | None:
        """Mentions per second."""
        return self.mentions / self.seconds if self.seconds else None

    def cost(self, hourly_price: float | None) -> float | None:
        """What 1,000 mentions cost.

        Args:
            hourly_price: Of the machine that this is measured on; None where it is not known.

        Returns:
            The server's price where one is asked, else that of the machine's time; None where
            that is not known.
        """
        if self.api_cost is not None:
            return 1000 * self.api_cost
        if hourly_price is None or self.speed is None:
            return None
        return 1000 / self.speed / 3600 * hourly_price


@dataclass(frozen=True, slots=True)
class Difference:
    """One system against another, by one protocol.

    Args:
        first: A system.
        second: Another one.
        protocol: The protocol.
        gain: Acc@1 of the second minus that of the first, with the 95 % interval of a paired
            bootstrap over documents.
        only_first: Mentions that only the first has right.
        only_second: Mentions that only the second has right.
        p: Two-sided p-value of the exact test of McNemar (1947).
    """

    first: str
    second: str
    protocol: str
    gain: Estimate
    only_first: int
    only_second: int
    p: float


def compare(
    systems: Sequence[System],
    corpus: Path,
    *,
    answers: Path | None = None,
    seen: Sequence[Path] = (),
    timed: int = 2000,
    resamples: int = 1000,
    progress: bool = False,
) -> tuple[list[Measured], list[Difference]]:
    """Compare systems, each in a process of its own.

    Args:
        systems: What to compare.
        corpus: Annotated documents, ``.spacy``.
        answers: An SQLite file for what servers answer, for configs that name none.
        seen: Corpora that the systems have seen.
        timed: Most mentions that a local system is timed on.
        resamples: Draws of the bootstrap.
        progress: Whether to show a progress bar on a terminal.

    Returns:
        What was measured of each, and the difference of every two by every protocol.

    Raises:
        BelError: A pipeline or the corpus cannot be used, or two systems have one name.
    """
    names = [system.name for system in systems]
    if not systems or len(set(names)) != len(names):
        raise Errors.B840(names=", ".join(names) or "none")
    run = partial(
        measure,
        corpus=corpus,
        seen=tuple(seen),
        timed=timed,
        resamples=resamples,
        answers=answers,
    )
    measured = []
    for system in tqdm(systems, "comparing", unit=" systems", disable=None if progress else True):
        # A fresh process each time, so that each has its own memory.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            measured.append(pool.submit(run, system).result())
    return measured, differences(measured, resamples)


def measure(
    system: System,
    *,
    corpus: Path,
    seen: Sequence[Path] = (),
    timed: int = 2000,
    resamples: int = 1000,
    answers: Path | None = None,
) -> Measured:
    """Measure one system in this process.

    Args:
        system: The system.
        corpus: Annotated documents.
        seen: Corpora that it has seen.
        timed: Most mentions that a local system is timed on.
        resamples: Draws of the bootstrap.
        answers: An SQLite file for what servers answer; None where the config names one.

    Returns:
        What was measured.
    """
    nlp, linker = _load(system, answers)
    docs = list(read_docs(corpus, nlp.vocab))
    texts = None
    if seen:
        texts = set().union(*(mention_texts(read_docs(path, nlp.vocab)) for path in seen))
    linker.link(docs[:1], [gold_spans(doc) for doc in docs[:1]])  # what loads late is loaded
    models = [holder.llm for holder in language_models(linker.reranker)]
    before = _calls(models)
    links, seconds = _timed(linker, docs, 0 if models else timed)
    is_from_cache = bool(models) and 2 * (_calls(models) - before) < len(links)
    evaluation = evaluate(
        nlp, docs, seen=texts, component=linker.name, end_to_end=False, resamples=resamples
    )
    counted = [record for record in evaluation.records if record.gold_ids]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Measured(
        name=system.name,
        metrics=evaluation.metrics,
        documents=[record.doc_id for record in counted],
        hits={name: [rank(r) == 1 for r in counted] for name, rank in RANKS.items()},
        mentions=len(links),
        seconds=None if is_from_cache else seconds,
        memory=peak if sys.platform == "darwin" else 1024 * peak,
        steps=dict(linker.reranker.counts) if isinstance(linker.reranker, Cascade) else {},
        api_cost=_api_cost(models, links) if models else None,
    )


def differences(measured: Sequence[Measured], resamples: int = 1000) -> list[Difference]:
    """The differences of every two systems by every protocol.

    Args:
        measured: Systems that were measured on the same corpus.
        resamples: Draws of the bootstrap.

    Returns:
        One difference for each pair and protocol.
    """
    found = []
    for first, second in combinations(measured, 2):
        draws = Resamples(first.documents, resamples)
        for protocol in RANKS:
            pairs = list(zip(first.hits[protocol], second.hits[protocol], strict=True))
            gains = [[float(b) - float(a)] for a, b in pairs]
            (gain,) = draws.means(first.documents, gains)
            only_first = sum(a and not b for a, b in pairs)
            only_second = sum(b and not a for a, b in pairs)
            disagreeing = only_first + only_second
            p = float(binomtest(only_first, disagreeing).pvalue) if disagreeing else 1.0
            found.append(
                Difference(first.name, second.name, protocol, gain, only_first, only_second, p)
            )
    return found


def _load(system: System, answers: Path | None) -> tuple[Language, BelLinker]:
    try:
        nlp = spacy.load(system.pipeline)
    except (OSError, ImportError) as error:
        raise Errors.B508(pipeline=system.pipeline, reason=error) from error
    linker = nlp.get_pipe(find_linker(nlp))
    if not isinstance(linker, BelLinker):
        raise Errors.B501(names=nlp.pipe_names)
    other = None
    if system.config not in ("", "own", "none"):
        teacher = read_teacher(Path(system.config), system.overrides, answers=answers)
        if teacher.store.checksum != linker.kb.checksum:
            raise Errors.B841(name=system.name, kb=teacher.store.name, other=linker.kb.name)
        other = teacher.reranker
    if system.confidence is not None:
        linker.use_reranker(_cascade(system, system.confidence, linker.reranker, other))
    elif system.config not in ("", "own"):
        linker.use_reranker(other)
    return nlp, linker


def _cascade(
    system: System, confidence: float, first: Reranker | None, second: Reranker | None
) -> Cascade:
    if first is None:
        raise Errors.B842(name=system.name, pipeline=system.pipeline)
    if second is None:
        return Cascade({"student": first}, {})
    return Cascade({"student": first, "teacher": second}, {"student": confidence})


def _timed(linker: BelLinker, docs: Sequence[Doc], most: int) -> tuple[list[Link], float]:
    """Link gold mentions, of as many documents as it takes; all where ``most`` is 0."""
    links: list[Link] = []
    begin = time.perf_counter()
    for start in range(0, len(docs), _BATCH):
        batch = docs[start : start + _BATCH]
        found = linker.link(batch, [gold_spans(doc) for doc in batch])
        links += [link for own in found for link in own]
        if most and len(links) >= most:
            break
    return links, time.perf_counter() - begin


def _calls(models: Sequence[Any]) -> int:
    """Calls of servers so far."""
    every = [model.ledger.costs().get(model.ledger.run) for model in models]
    return sum(costs.calls for costs in every if costs is not None)


def _api_cost(models: Sequence[Any], links: Sequence[Link]) -> float:
    """What a mention cost at servers, those included whose answers came from a cache."""
    labels = {mention_label(link.mention) for link in links}
    ledgers = {(id(model.ledger), model.ledger.run): model.ledger for model in models}
    costs = [ledger.costs("mention") for ledger in ledgers.values()]
    total = sum(float(own[label].cost) for own in costs for label in labels if label in own)
    return total / max(1, len(links))
