"""``bel_retriever``: writes the concepts that each mention may mean."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, Span

from spacy_bel.errors import Errors
from spacy_bel.mentions.extract import ENTS, Context, make_mentions, spans_of
from spacy_bel.mentions.writing import register_extensions, store
from spacy_bel.pipeline.component import KBComponent
from spacy_bel.protocols import DocumentRetriever, Retriever
from spacy_bel.types import Candidate, Mention

MakeRetriever = Callable[[Any], Retriever]


class BelRetriever(KBComponent):
    """Finds candidates for every mention and writes them to ``span._.bel_candidates``.

    Args:
        name: The component's name in the pipeline.
        make_retriever: Makes the retriever once the knowledge base is open.
        kb: Directory of the knowledge base, or None.
        spans: ``ents``, or the key of a span group.
        extensions: What the names of the extension attributes begin with.
        top_k: Most candidates per mention.
        label_types: Entity label -> semantic types to which candidates are restricted (none
            for any type). Where it is not empty, other labels are not looked at.
        context: What of the document goes into a mention (``mentions.extract.Context``).
        scorer: Scores the component's output, or None.
    """

    reads_candidates = False
    """Whether candidates are read from the document and not looked up."""

    overwrite = True
    """Whether mentions that already have an id are looked at."""

    def __init__(
        self,
        name: str,
        make_retriever: MakeRetriever,
        *,
        kb: str | Path | None = None,
        spans: str = "ents",
        extensions: str = "bel",
        top_k: int = 20,
        label_types: Mapping[str, Sequence[str]] | None = None,
        context: Mapping[str, Any] | None = None,
        scorer: Callable[..., dict[str, Any]] | None = None,
    ) -> None:
        self.label_types = {label: tuple(types) for label, types in (label_types or {}).items()}
        named = {f"label_types.{label}": types for label, types in self.label_types.items()}
        super().__init__(name, kb=kb, types=named, scorer=scorer)
        if top_k < 1:
            raise Errors.B602(name=name, setting="top_k", value=top_k, allowed="1 or more")
        self.spans = spans
        self.extensions = extensions
        self.top_k = top_k
        self.context = _context(name, context or {})
        self._make_retriever = make_retriever
        self._retriever: Retriever | None = None
        self._is_key_seen = False
        register_extensions(extensions)

    @property
    def retriever(self) -> Retriever:
        """The retriever over the component's knowledge base."""
        if self._retriever is None:
            self._retriever = self.restored("retriever", self._make_retriever(self.kb))
        return self._retriever

    def parts(self) -> dict[str, object]:
        """The retriever."""
        return {"retriever": self.retriever}

    def kb_changed(self) -> None:
        """Make the retriever anew when it is next needed."""
        self._retriever = None

    def __getstate__(self) -> dict[str, Any]:
        """The component without what another process opens for itself."""
        return {**super().__getstate__(), "_retriever": None}

    def warn_of_rivals(self, others: Iterable[object]) -> None:
        """Warn where another component of the pipeline overwrites what this one writes.

        Two that share a prefix agree where they part the labels, look at other spans, or one
        leaves alone what has an id.

        Args:
            others: The components that are there already.
        """
        for other in others:
            if (
                isinstance(other, BelRetriever)
                and other.name != self.name  # which is about to be replaced
                and not (self.reads_candidates or other.reads_candidates)
                and (self.spans, self.extensions) == (other.spans, other.extensions)
                and self.overwrite
                and other.overwrite
                and self._shares_labels(other)
            ):
                message = Errors.B607(name=self.name, other=other.name, prefix=self.extensions)
                warnings.warn(str(message), stacklevel=2)

    def _shares_labels(self, other: BelRetriever) -> bool:
        if not (self.label_types and other.label_types):
            return True
        return not self.label_types.keys().isdisjoint(other.label_types)

    def is_mapped(self, label: str) -> bool:
        """Whether mentions with this label are looked at."""
        return not self.label_types or label in self.label_types

    def spans_in(self, docs: Sequence[Doc]) -> list[list[Span]]:
        """The spans of each document that are looked at.

        Warns once where documents have mentions, but none under the component's key.

        Args:
            docs: Documents; they are not changed.
        """
        if self.spans != ENTS and not self._is_key_seen:
            keys = {key for doc in docs for key in doc.spans}
            keys |= {ENTS for doc in docs if doc.ents}
            self._is_key_seen = bool(keys)
            if keys and self.spans not in keys:
                found = ", ".join(sorted(keys))
                message = Errors.B606(name=self.name, key=self.spans, found=found)
                warnings.warn(str(message), stacklevel=2)
        return [spans_of(doc, self.spans) for doc in docs]

    def candidates(
        self, docs: Sequence[Doc], spans: Sequence[Sequence[Span]]
    ) -> list[list[tuple[Mention, list[Candidate]]]]:
        """Candidates for spans of several documents, retrieved together.

        Args:
            docs: Documents; they are not changed.
            spans: Spans of each document.

        Returns:
            For each document, a mention and its candidates, best first, for each span.

        Raises:
            BelError: If the retriever does not answer every mention.
        """
        taxa = self.kb.organisms if any(spans) else frozenset()
        mentions = [
            make_mentions(doc, own, self.context, self.label_types, taxa)
            for doc, own in zip(docs, spans, strict=True)
        ]
        flat = [mention for own in mentions for mention in own]
        documents = [number for number, own in enumerate(mentions) for _ in own]
        found = self._retrieve(flat, documents) if flat else []
        if len(found) != len(flat):
            raise Errors.B651(name=self.name, part="retriever", found=len(found), asked=len(flat))
        answers = iter(found)
        return [[(mention, next(answers)) for mention in own] for own in mentions]

    def _retrieve(
        self, mentions: Sequence[Mention], documents: Sequence[int]
    ) -> list[list[Candidate]]:
        if isinstance(self.retriever, DocumentRetriever):
            return self.retriever.retrieve_documents(mentions, self.top_k, documents)
        return self.retriever.retrieve(mentions, self.top_k)

    def annotate(self, docs: list[Doc]) -> None:
        """Write candidates for all mentions with a mapped label."""
        self.offer(docs, self.spans_in(docs))

    def offer(self, docs: Sequence[Doc], spans: Sequence[Sequence[Span]]) -> None:
        """Write candidates for some spans.

        Args:
            docs: Documents, which are changed.
            spans: Spans of each document; those whose label is not mapped stay as they are.
        """
        spans = [[span for span in own if self.is_mapped(span.label_)] for own in spans]
        found = self.candidates(docs, spans)
        for doc, own, answers in zip(docs, spans, found, strict=True):
            for span, (_, candidates) in zip(own, answers, strict=True):
                store(doc, span, self.extensions, span.label_, {"candidates": candidates})


_ALLOWED = {bool: "true or false", int: "0 or more characters", str: "the CURIE of a taxon"}


def _context(name: str, settings: Mapping[str, Any]) -> Context:
    defaults = asdict(Context())
    for key, value in settings.items():
        if key not in defaults:
            raise Errors.B602(name=name, setting="context", value=key, allowed=", ".join(defaults))
        kind = type(defaults[key])
        if type(value) is not kind or (kind is int and value < 0):
            allowed = _ALLOWED[kind]
            raise Errors.B602(name=name, setting=f"context.{key}", value=value, allowed=allowed)
    return Context(**settings)
