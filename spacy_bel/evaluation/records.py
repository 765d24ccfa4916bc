"""One evaluated mention: what was asked, what the annotators say and what the linker answered.

A record holds everything that the metrics and the report need, resolved in the knowledge base
once, so that both are pure functions of records.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from spacy.tokens import Doc, Span

from spacy_bel.corpora.docs import gold_spans
from spacy_bel.corpora.gold import parse_gold
from spacy_bel.mentions.context import context_window
from spacy_bel.protocols import KnowledgeBase
from spacy_bel.types import NIL, Link

CONTEXT_CHARS = 160
"""The most text that a record keeps on each side of the mention, in characters."""


@dataclass(frozen=True, slots=True)
class RankedCandidate:
    """A concept as the linker ranked it.

    Args:
        id: Its current CURIE.
        name: Its preferred name.
        alias: The name that matched the mention.
        score: The linker's score.
        bearers: CURIEs of all concepts that bear ``alias``, this one included.
    """

    id: str
    name: str
    alias: str
    score: float
    bearers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One gold mention and the linker's answer for it.

    Args:
        doc_id: The document's id.
        start: Offset of the mention in the document, in characters.
        end: Offset behind the mention, in characters.
        text: The mention.
        label: Its entity label.
        gold: The gold identifiers as the corpus has them: ``A``, ``A|B``, ``A+B``, ``NIL`` or
            empty.
        gold_ids: The distinct gold CURIEs, retired ones replaced by current ones; none for NIL
            and for a mention without identifier.
        gold_names: The preferred name of each gold CURIE; empty where the knowledge base does
            not have it.
        unknown_ids: The gold CURIEs that the knowledge base does not have.
        candidates: The concepts that the linker ranked, best first; those it answered with
            come before all others.
        answer: The linker's answer, as in ``Link.kb_id``.
        answer_ids: The CURIEs in the answer.
        score: The linker's confidence in its answer, in [0, 1].
        error: Why the mention could not be linked; empty where it could.
        seen: Whether the lower-cased mention occurs in the seen data; None without such data.
        abbreviation: Whether the linker looked up a long form in place of the mention.
        composite: Whether the mention has several gold CURIEs.
        ambiguous: Whether the mention is, as written, a name of several concepts.
        context: The text around the mention.
        context_start: Offset of the mention in ``context``, in characters.
    """

    doc_id: str
    start: int
    end: int
    text: str
    label: str
    gold: str
    gold_ids: tuple[str, ...]
    gold_names: tuple[str, ...]
    unknown_ids: tuple[str, ...]
    candidates: tuple[RankedCandidate, ...]
    answer: str
    answer_ids: tuple[str, ...]
    score: float
    error: str
    seen: bool | None
    abbreviation: bool
    composite: bool
    ambiguous: bool
    context: str
    context_start: int


def resolve_ids(ids: Iterable[str], kb: KnowledgeBase | None) -> tuple[str, ...]:
    """The concepts that some identifiers name, retired ones replaced by current ones.

    Args:
        ids: CURIEs, or ``NIL``.
        kb: The knowledge base that knows retired identifiers; None to leave them as they are.

    Returns:
        The distinct CURIEs in the order given, without ``NIL``; one that the knowledge base
        does not have stays as it is.
    """
    concepts = (id_ for id_ in ids if id_ != NIL)
    if kb is not None:
        concepts = (kb.resolve(id_) or id_ for id_ in concepts)
    return tuple(dict.fromkeys(concepts))


def mention_texts(docs: Iterable[Doc]) -> set[str]:
    """The lower-cased gold mentions of some documents.

    Args:
        docs: Annotated documents, such as those of a training set.

    Returns:
        The distinct mentions, lower-cased.
    """
    return {span.text.lower() for doc in docs for span in gold_spans(doc)}


class Recorder:
    """Makes records for one knowledge base.

    Args:
        kb: The linker's knowledge base.
        seen: The lower-cased mentions of the seen data; None where there is no such data.
    """

    def __init__(self, kb: KnowledgeBase, seen: Collection[str] | None = None) -> None:
        self._kb = kb
        self._seen = seen
        # Candidates repeat from mention to mention, and each look-up reads from disk.
        self._bearers: dict[str, tuple[str, ...]] = {}
        self._current: dict[str, str] = {}

    def record(self, span: Span, link: Link, doc_id: str) -> Record:
        """The record of one mention.

        Args:
            span: The gold mention, with its gold identifiers in ``kb_id_``.
            link: The linker's answer.
            doc_id: The id of the mention's document.

        Returns:
            The record.
        """
        kb = self._kb
        gold_ids = resolve_ids(parse_gold(span.kb_id_), kb)
        answer_ids = resolve_ids(link.ids if link.error is None else (), kb)
        unknown = tuple(id_ for id_ in gold_ids if id_ not in kb)
        query = link.mention.query
        context, context_start, _ = context_window(
            span.doc.text, span.start_char, span.end_char, size=CONTEXT_CHARS
        )
        return Record(
            doc_id=doc_id,
            start=span.start_char,
            end=span.end_char,
            text=span.text,
            label=span.label_,
            gold=span.kb_id_,
            gold_ids=gold_ids,
            gold_names=tuple("" if id_ in unknown else self._name(id_) for id_ in gold_ids),
            unknown_ids=unknown,
            candidates=self._rank(link, answer_ids),
            answer=link.kb_id,
            answer_ids=answer_ids,
            score=float(link.score),
            error=link.error or "",
            seen=None if self._seen is None else span.text.lower() in self._seen,
            abbreviation=bool(query) and query != span.text,
            composite=len(gold_ids) > 1,
            ambiguous=len(self._bearers_of(span.text)) > 1,
            context=context,
            context_start=context_start,
        )

    def _rank(self, link: Link, answer_ids: tuple[str, ...]) -> tuple[RankedCandidate, ...]:
        ranked: dict[str, RankedCandidate] = {}
        for candidate in link.candidates:
            if candidate.id not in self._current:
                self._current[candidate.id] = self._kb.resolve(candidate.id) or candidate.id
            id_ = self._current[candidate.id]
            if id_ not in ranked:
                bearers = tuple(dict.fromkeys((id_, *self._bearers_of(candidate.alias))))
                ranked[id_] = RankedCandidate(
                    id_, candidate.name, candidate.alias, float(candidate.score), bearers
                )
        answers: dict[str, RankedCandidate] = {}
        for id_ in answer_ids:
            # An answer may lack a candidate where the linker keeps only a few of them.
            name = self._name(id_) if id_ in self._kb else ""
            unranked = RankedCandidate(id_, name, name, float(link.score), (id_,))
            answers[id_] = ranked.get(id_, unranked)
        return tuple({**answers, **ranked}.values())

    def _bearers_of(self, name: str) -> tuple[str, ...]:
        if name not in self._bearers:
            self._bearers[name] = tuple(self._kb.ids_of_name(name))
        return self._bearers[name]

    def _name(self, id_: str) -> str:
        return self._kb.describe([id_])[0].name


def to_json(record: Record, ranks: dict[str, int | None]) -> dict[str, Any]:
    """A record as one line of a file by which two linkers can be compared.

    Args:
        record: A record.
        ranks: By protocol, the rank at which the mention counts as right.

    Returns:
        Plain data.
    """
    return {
        "doc_id": record.doc_id,
        "start": record.start,
        "end": record.end,
        "text": record.text,
        "label": record.label,
        "gold": record.gold,
        "gold_ids": list(record.gold_ids),
        "answer": record.answer,
        "score": record.score,
        "error": record.error,
        "ranks": ranks,
        "candidates": [candidate.id for candidate in record.candidates],
    }
