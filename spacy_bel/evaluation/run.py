"""Evaluating a pipeline on an annotated corpus, on gold mentions and end to end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab
from tqdm import tqdm

from spacy_bel import __version__
from spacy_bel.corpora.docs import doc_id
from spacy_bel.errors import Errors
from spacy_bel.evaluation.end_to_end import Comparison, compare, read_annotations, score_texts
from spacy_bel.evaluation.metrics import score_mentions
from spacy_bel.evaluation.records import Record, Recorder, gold_spans
from spacy_bel.protocols import KnowledgeBase
from spacy_bel.types import Link

SCHEMA = 1
"""Version of the layout of ``metrics.json``."""


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

    On gold mentions, the linker alone is asked. End to end, the whole pipeline reads the bare
    text with its own tokenizer: the corpus's tokens are split at gold boundaries and would tell
    it where the mentions are.

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
    linker: Linker = nlp.get_pipe(name)  # type: ignore[assignment]
    docs = list(docs)
    _check_gold(docs)
    quiet = None if progress else True
    recorder = Recorder(linker.kb, seen)
    records: list[Record] = []
    ids = _document_ids(docs)
    with tqdm(total=len(docs), desc="gold mentions", unit="doc", disable=quiet) as bar:
        for start in range(0, len(docs), batch_size):
            batch = slice(start, start + batch_size)
            records.extend(_link(linker, recorder, ids[batch], docs[batch]))
            bar.update(len(docs[batch]))
    settings = nlp.get_pipe_config(name)
    texts = None
    if end_to_end and settings.get("write_kb_id", True):
        predictions = nlp.pipe((doc.text for doc in docs), batch_size=batch_size)
        bar = tqdm(predictions, total=len(docs), desc="end to end", unit="doc", disable=quiet)
        comparisons = _compare(ids, docs, bar, settings.get("spans", "ents"), linker.kb)
        texts = score_texts(comparisons, resamples=resamples, seed=seed)
    metrics = {
        "schema": SCHEMA,
        "spacy_bel": __version__,
        "pipeline": f"{nlp.meta['lang']}_{nlp.meta['name']} {nlp.meta['version']}",
        "component": name,
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


def read_corpus(path: Path, vocab: Vocab) -> list[Doc]:
    """Reads an annotated corpus.

    Args:
        path: A ``.spacy`` file, as ``python -m spacy_bel convert`` writes it.
        vocab: The vocabulary of the pipeline that will read the documents.

    Returns:
        The documents.

    Raises:
        BelError: The file cannot be read, or is no ``DocBin``.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Errors.B504(path=path, reason=error.strerror or error) from error
    try:
        return list(DocBin().from_bytes(data).get_docs(vocab))
    except Exception as error:
        # zlib, msgpack and numpy each have their own exceptions for foreign bytes.
        raise Errors.B505(path=path, reason=error) from error


def _document_ids(docs: Sequence[Doc]) -> list[str]:
    """The corpus's ids of documents, or their numbers where it has none."""
    width = len(str(len(docs)))
    return [doc_id(doc) or f"{number:0{width}}" for number, doc in enumerate(docs, start=1)]


def _check_gold(docs: Sequence[Doc]) -> None:
    spans = [span for doc in docs for span in gold_spans(doc)]
    if not spans:
        raise Errors.B506(documents=len(docs))
    if not any(span.kb_id_ for span in spans):
        raise Errors.B507(mentions=len(spans))


def _link(
    linker: Linker, recorder: Recorder, ids: Sequence[str], docs: Sequence[Doc]
) -> list[Record]:
    spans = [gold_spans(doc) for doc in docs]
    return [
        recorder.record(span, link, id_)
        for id_, doc_spans, links in zip(ids, spans, linker.link(docs, spans), strict=True)
        for span, link in zip(doc_spans, links, strict=True)
    ]


def _compare(
    ids: Sequence[str],
    docs: Sequence[Doc],
    predictions: Iterable[Doc],
    key: str,
    kb: KnowledgeBase,
) -> dict[str, Comparison]:
    comparisons: dict[str, Comparison] = {}
    for id_, doc, predicted in zip(ids, docs, predictions, strict=True):
        spans = predicted.ents if key == "ents" else predicted.spans.get(key, ())
        counts = compare(read_annotations(gold_spans(doc), kb), read_annotations(spans, kb))
        comparisons[id_] = comparisons.get(id_, Comparison()) + counts
    return comparisons
