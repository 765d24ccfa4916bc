"""Evaluating a pipeline on an annotated corpus, on gold mentions and end to end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from spacy.language import Language
from spacy.tokens import Doc, Span
from tqdm import tqdm

from spacy_bel import __version__
from spacy_bel.corpora.docs import doc_id, doc_source, gold_spans
from spacy_bel.errors import Errors
from spacy_bel.evaluation.end_to_end import Comparison, compare, read_annotations, score_texts
from spacy_bel.evaluation.further import with_further
from spacy_bel.evaluation.metrics import CUTOFFS, score_mentions
from spacy_bel.evaluation.records import Record, Recorder
from spacy_bel.mentions.extract import ENTS, spans_of
from spacy_bel.protocols import KnowledgeBase
from spacy_bel.types import Link

SCHEMA = 1
"""Version of the layout of ``metrics.json``."""

Offer = Callable[[Sequence[Doc], Sequence[Sequence[Span]]], None]
"""Writes candidates for spans of documents."""


class Linker(Protocol):
    """What a component must offer to be evaluated on gold mentions."""

    @property
    def kb(self) -> KnowledgeBase:
        """The knowledge base that it links to."""
        ...

    def link(self, docs: Sequence[Doc], spans: Sequence[Sequence[Span]]) -> list[list[Link]]:
        """For each document, one answer per span."""
        ...


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The outcome of an evaluation.

    Args:
        metrics: The content of ``metrics.json``.
        records: Every gold mention with its answer, in the corpus's order.
    """

    metrics: dict[str, Any]
    records: list[Record]


def evaluate(
    nlp: Language,
    docs: Iterable[Doc],
    *,
    seen: Collection[str] | None = None,
    component: str = "",
    end_to_end: bool = True,
    batch_size: int = 64,
    resamples: int = 1000,
    seed: int = 0,
    progress: bool = False,
) -> Evaluation:
    """Evaluates a pipeline's linker.

    On gold mentions, the linker alone is asked; its retriever also for the candidates that
    Recall@k needs beyond the linker's own ``top_k``. End to end, the whole pipeline reads the
    bare text with its own tokenizer: the corpus's tokens are split at gold boundaries and would
    tell it where the mentions are.

    Args:
        nlp: A pipeline with a linker.
        docs: The annotated documents, made with the pipeline's vocabulary.
        seen: The lower-cased mentions of the training data (see ``mention_texts``); None to
            leave out what depends on them.
        component: The linker's name in the pipeline; needed only where there are several.
        end_to_end: Whether to run the whole pipeline too. A linker that does not write
            ``kb_id_`` is never evaluated end to end.
        batch_size: Number of documents that are linked at a time.
        resamples: Number of bootstrap resamples.
        seed: Seed of the bootstrap.
        progress: Whether to show progress on a terminal.

    Returns:
        Figures and records.

    Raises:
        BelError: The pipeline has no such linker, or the documents no gold identifiers.
    """
    name = find_linker(nlp, component)
    settings = nlp.get_pipe_config(name)
    linker: Linker = nlp.get_pipe(name)  # type: ignore[assignment]
    corpus = _Corpus.of(docs, batch_size, progress)
    records = corpus.link(linker, Recorder(linker.kb, seen), find_offer(nlp, linker))
    texts = None
    if end_to_end and settings.get("write_kb_id", True):
        comparisons = corpus.compare(nlp, settings.get("spans", ENTS), linker.kb)
        texts = score_texts(comparisons, resamples=resamples, seed=seed)
    metrics = {
        "schema": SCHEMA,
        "spacy_bel": __version__,
        "pipeline": f"{nlp.meta['lang']}_{nlp.meta['name']} {nlp.meta['version']}",
        "component": name,
        "corpus": corpus.sources,
        "kb": {"name": linker.kb.name, "checksum": linker.kb.checksum, "concepts": len(linker.kb)},
        "bootstrap": {"resamples": resamples, "seed": seed},
        **score_mentions(records, resamples=resamples, seed=seed),
        "end_to_end": texts,
    }
    return Evaluation(metrics, records)


def find_linker(nlp: Language, component: str = "") -> str:
    """The name of the linker to evaluate.

    Args:
        nlp: A pipeline.
        component: The wanted component; empty for the only linker.

    Returns:
        The component's name.

    Raises:
        BelError: There is no such component, it cannot link, or there are several linkers.
    """
    linkers = [name for name, pipe in nlp.pipeline if callable(getattr(pipe, "link", None))]
    if component:
        if component not in linkers:
            raise Errors.B502(component=component, linkers=linkers, names=nlp.pipe_names)
        return component
    if not linkers:
        raise Errors.B501(names=nlp.pipe_names)
    if len(linkers) > 1:
        raise Errors.B503(linkers=linkers)
    return linkers[0]


def find_offer(nlp: Language, linker: object) -> Offer | None:
    """What writes the candidates that a linker reads; None where it finds its own."""
    if not getattr(linker, "reads_candidates", False):
        return None
    offers = (
        getattr(pipe, "offer", None)
        for _, pipe in nlp.pipeline
        if pipe is not linker
        and getattr(pipe, "extensions", None) == getattr(linker, "extensions", None)
    )
    return next((offer for offer in offers if callable(offer)), None)


@dataclass(frozen=True, slots=True)
class _Corpus:
    """Annotated documents with their ids and files, and how to go through them."""

    docs: list[Doc]
    ids: list[str]
    sources: list[str]
    batch_size: int
    progress: bool

    @classmethod
    def of(cls, docs: Iterable[Doc], batch_size: int, progress: bool) -> _Corpus:
        docs = list(docs)
        _check_gold(docs)
        # A document without an id is called by its number.
        width = len(str(len(docs)))
        ids = [doc_id(doc) or f"{number:0{width}}" for number, doc in enumerate(docs, start=1)]
        sources = sorted({doc_source(doc) for doc in docs} - {""})
        return cls(docs, ids, sources, batch_size, progress)

    def link(self, linker: Linker, recorder: Recorder, offer: Offer | None = None) -> list[Record]:
        """All gold mentions with the linker's answers.

        Args:
            linker: The linker.
            recorder: Makes records.
            offer: What writes candidates for a linker that reads them.
        """
        records: list[Record] = []
        with self._bar("gold mentions") as bar:
            for start in range(0, len(self.docs), self.batch_size):
                batch = slice(start, start + self.batch_size)
                docs = self.docs[batch]
                spans = [gold_spans(doc) for doc in docs]
                if offer is not None:
                    offer(docs, spans)
                answers = with_further(linker, docs, spans, linker.link(docs, spans), max(CUTOFFS))
                for id_, own, links in zip(self.ids[batch], spans, answers, strict=True):
                    pairs = zip(own, links, strict=True)
                    records.extend(recorder.record(span, link, id_) for span, link in pairs)
                bar.update(len(docs))
        return records

    def compare(self, nlp: Language, key: str, kb: KnowledgeBase) -> dict[str, Comparison]:
        """What the pipeline finds in the bare texts and what the annotators did, by document."""
        comparisons: dict[str, Comparison] = {}
        predictions = nlp.pipe((doc.text for doc in self.docs), batch_size=self.batch_size)
        with self._bar("end to end") as bar:
            for id_, doc, predicted in zip(self.ids, self.docs, predictions, strict=True):
                gold = read_annotations(gold_spans(doc), kb)
                counts = compare(gold, read_annotations(spans_of(predicted, key), kb))
                comparisons[id_] = comparisons.get(id_, Comparison()) + counts
                bar.update()
        return comparisons

    def _bar(self, what: str) -> Any:
        disable = None if self.progress else True
        return tqdm(total=len(self.docs), desc=what, unit="doc", disable=disable)


def _check_gold(docs: Sequence[Doc]) -> None:
    spans = [span for doc in docs for span in gold_spans(doc)]
    if not spans:
        raise Errors.B506(documents=len(docs))
    if not any(span.kb_id_ for span in spans):
        raise Errors.B507(mentions=len(spans))
