"""``bel_linker``: writes the identifier of each mention's concept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_bel.errors import Errors
from spacy_bel.mentions.writing import set_kb_ids, store
from spacy_bel.pipeline.choosing import choose
from spacy_bel.pipeline.learning import Learner
from spacy_bel.pipeline.retriever import BelRetriever, MakeRetriever
from spacy_bel.protocols import DocumentReranker, Reranker
from spacy_bel.reranking.cross_encoder import CrossEncoder
from spacy_bel.types import Candidate, Link, Mention, Ranking

MakeReranker = Callable[[Any], Reranker]


class BelLinker(BelRetriever):
    """Links mentions to concepts.

    The identifier goes to ``kb_id_`` of the span: the concept's CURIE, ``A|B`` for a composite
    mention, ``NIL`` where no candidate reaches the threshold, and nothing where the mention
    failed (``span._.bel_error`` then says why). Spans whose label is not mapped stay as they are.

    Args:
        name: The component's name in the pipeline.
        make_retriever: Makes the retriever once the knowledge base is open.
        make_reranker: Makes the reranker, or None to take the best candidate.
        kb: Directory of the knowledge base, or None.
        spans: ``ents``, or the key of a span group.
        extensions: What the names of the extension attributes begin with.
        write_kb_id: Whether to write ``kb_id_``; of two linkers that look at the same labels
            of the same spans only one should.
        overwrite: Whether to link mentions that already have an id or NIL.
        threshold: Least score, in [0, 1], of a link; below it the answer is NIL. The default
            was chosen on train splits (``benchmarks/threshold.py``).
        top_k: Most candidates per mention.
        keep_candidates: How many of them stay in the document.
        label_types: Entity label -> semantic types to which candidates are restricted (none
            for any type). Where it is not empty, other labels are not looked at.
        kb_ents: Whether to set ``span._.kb_ents`` as scispaCy's linker does: pairs of id and
            score of the candidates that are kept and reach the threshold.
        context: What of the document goes into a mention (``mentions.extract.Context``).
        scorer: Scores the component's output, or None.
    """

    model: None = None
    """spaCy asks trainable components for one; what a reranker learns lies in the reranker."""

    def __init__(
        self,
        name: str,
        make_retriever: MakeRetriever,
        *,
        make_reranker: MakeReranker | None = None,
        kb: str | Path | None = None,
        spans: str = "ents",
        extensions: str = "bel",
        write_kb_id: bool = True,
        overwrite: bool = True,
        threshold: float = 0.5,
        top_k: int = 20,
        keep_candidates: int = 5,
        label_types: Mapping[str, Sequence[str]] | None = None,
        kb_ents: bool = False,
        context: Mapping[str, Any] | None = None,
        scorer: Callable[..., dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(
            name,
            make_retriever,
            kb=kb,
            spans=spans,
            extensions=extensions,
            top_k=top_k,
            label_types=label_types,
            context=context,
            scorer=scorer,
        )
        if not 0 <= threshold <= 1:
            raise Errors.B602(name=name, setting="threshold", value=threshold, allowed="0 to 1")
        if keep_candidates < 0:
            raise Errors.B602(
                name=name, setting="keep_candidates", value=keep_candidates, allowed="0 or more"
            )
        self.write_kb_id = write_kb_id
        self.overwrite = overwrite
        self.threshold = threshold
        self.keep_candidates = keep_candidates
        self.kb_ents = kb_ents
        self._make_reranker = make_reranker
        self._reranker: Reranker | None = None
        self._learning: Learner | None = None
        if kb_ents and not Span.has_extension("kb_ents"):
            Span.set_extension("kb_ents", default=[])

    @property
    def reranker(self) -> Reranker | None:
        """The reranker over the component's knowledge base, if there is one."""
        if self._reranker is None and self._make_reranker is not None:
            self._reranker = self.restored("reranker", self._make_reranker(self.kb))
        return self._reranker

    def use_reranker(self, reranker: Reranker | None) -> None:
        """Rank by another reranker from now on; the component's config does not change.

        Args:
            reranker: A reranker over the same knowledge base, or None for the best candidate.
        """
        self._make_reranker = None
        self._reranker = reranker

    @property
    def is_trainable(self) -> bool:
        """Whether ``spacy train`` teaches the reranker; of all kinds a ``CrossEncoder`` learns."""
        return self._learner() is not None

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]] | None = None,
        *,
        nlp: Language | None = None,
        kb: str | None = None,
    ) -> None:
        """Take the knowledge base from the config, and from examples what the reranker needs.

        Args:
            get_examples: spaCy's examples.
            nlp: The pipeline.
            kb: Directory of the knowledge base; what the component already has where None.
        """
        super().initialize(get_examples, nlp=nlp, kb=kb)
        learner = self._learner()
        if learner is not None and get_examples is not None:
            learner.fit_scale(self, get_examples())

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Any = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Let the reranker learn from the gold mentions, if it can.

        The candidates are those that the component finds: where the knowledge base holds the
        mentions of these very documents as names, they are better than any new document's
        (``python -m spacy_bel examples`` and ``train reranker`` know how to avoid that).

        Args:
            examples: spaCy's examples.
            drop: Not used: short fine-tuning goes without dropout.
            sgd: Not used: pre-trained and new parameters learn at rates of their own.
            losses: Where the loss is added under the component's name.

        Returns:
            The losses.
        """
        losses = {} if losses is None else losses
        learner = self._learner()
        if learner is not None:
            losses[self.name] = losses.get(self.name, 0.0) + learner.update(self, examples)
        return losses

    def is_known(self, span: Span) -> bool:
        """Whether candidates can be had for a span: always, for they are looked up."""
        return True

    def _learner(self) -> Learner | None:
        if self._make_reranker is None or (self._store is None and self._path is None):
            return None
        reranker = self.reranker
        if not isinstance(reranker, CrossEncoder):
            return None
        if self._learning is None or self._learning.reranker is not reranker:
            self._learning = Learner(reranker)
        return self._learning

    def parts(self) -> dict[str, object]:
        """The retriever and the reranker, if there is one."""
        reranker = {} if self.reranker is None else {"reranker": self.reranker}
        return {**super().parts(), **reranker}

    def kb_changed(self) -> None:
        """Make retriever and reranker anew when they are next needed; one that was given stays."""
        super().kb_changed()
        if self._make_reranker is not None:
            self._reranker = None

    def __getstate__(self) -> dict[str, Any]:
        """The component without what another process opens for itself."""
        given = self._reranker if self._make_reranker is None else None
        return {**super().__getstate__(), "_reranker": given, "_learning": None}

    def link(self, docs: Sequence[Doc], spans: Sequence[Sequence[Span]]) -> list[list[Link]]:
        """Link spans without writing anything.

        Args:
            docs: Documents; they are not changed.
            spans: Spans of each document, which may overlap.

        Returns:
            For each document, one answer per span, whatever its label.
        """
        found = self.candidates(docs, spans)
        rankings = self._rank(found)
        return [
            [
                choose(self.name, self.threshold, mention, candidates, next(rankings))
                for mention, candidates in own
            ]
            for own in found
        ]

    def annotate(self, docs: list[Doc]) -> None:
        """Write ids, candidates and scores for all mentions that are looked at."""
        every = self.spans_in(docs)
        wanted = [[self._is_wanted(span) for span in own] for own in every]
        chosen = [
            [span for span, is_wanted in zip(own, flags, strict=True) if is_wanted]
            for own, flags in zip(every, wanted, strict=True)
        ]
        links = self.link(docs, chosen)
        for doc, spans, flags, own in zip(docs, every, wanted, links, strict=True):
            self._write(doc, spans, flags, own)

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Score links end to end (see ``spacy_bel.evaluation.scorer``)."""
        if self.scorer is None:
            return {}
        return self.scorer(examples, spans=self.spans, name=self.name, kb=self.kb, **kwargs)

    def _is_wanted(self, span: Span) -> bool:
        return self.is_mapped(span.label_) and (self.overwrite or not span.kb_id_)

    def _write(self, doc: Doc, spans: list[Span], wanted: list[bool], links: list[Link]) -> None:
        answers = iter(links)
        kb_ids = []
        for span, is_wanted in zip(spans, wanted, strict=True):
            if not is_wanted:
                kb_ids.append(span.kb_id_)
                continue
            link = next(answers)
            kb_ids.append(link.kb_id)
            kept = link.candidates[: self.keep_candidates]
            value = {
                "ids": link.ids,
                "score": link.score,
                "nil": link.nil,
                "candidates": kept,
                "error": link.error,
            }
            store(doc, span, self.extensions, span.label_, value)
            if self.kb_ents:
                span._.kb_ents = [(c.id, c.score) for c in kept if c.score >= self.threshold]
        if self.write_kb_id and spans:
            set_kb_ids(doc, self.spans, kb_ids)

    def _rank(
        self, found: Sequence[Sequence[tuple[Mention, list[Candidate]]]]
    ) -> Iterator[Ranking | None]:
        """One Ranking per mention; None throughout where there is no reranker."""
        asked = [answer for own in found for answer in own]
        if self.reranker is None or not asked:
            return iter([None] * len(asked))
        mentions, candidates = zip(*asked, strict=True)
        if isinstance(self.reranker, DocumentReranker):
            documents = [number for number, own in enumerate(found) for _ in own]
            rankings = self.reranker.rerank_documents(mentions, candidates, documents)
        else:
            rankings = self.reranker.rerank(mentions, candidates)
        if len(rankings) != len(asked):
            raise Errors.B651(
                name=self.name, part="reranker", found=len(rankings), asked=len(asked)
            )
        return iter(rankings)
