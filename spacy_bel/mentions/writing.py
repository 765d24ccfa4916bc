"""Writing links into a Doc, and reading them back.

Ids go where spaCy's users look for them, ``span.kb_id_``. Everything else that is known of a link
is plain data in ``Doc.user_data`` under spaCy's own key for a span's extension, because only such
keys are moved along by `Doc.from_docs` and `Span.as_doc`. The entity label is a level of its own
in the data, because that key holds the span's place alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from typing import Any, TypedDict

from spacy import displacy
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from spacy_bel.curies import link
from spacy_bel.errors import Errors
from spacy_bel.mentions.extract import ENTS, spans_of
from spacy_bel.types import NIL, Candidate

_FIELDS = ("ids", "score", "nil", "candidates", "error")


class LinkData(TypedDict):
    """What is kept of a link.

    ``ids`` are the chosen CURIEs, ``score`` and ``nil`` values in [0, 1], ``candidates`` all that
    was offered, best first, and ``error`` says why there is no answer. A span that was never
    linked has no ids, no candidates, and None for the rest.
    """

    ids: tuple[str, ...]
    score: float | None
    nil: float | None
    candidates: tuple[Candidate, ...]
    error: str | None


def set_kb_ids(doc: Doc, spans_key: str | None, kb_ids: Sequence[str]) -> None:
    """Set the ``kb_id_`` of every span; all else about the spans stays as it is.

    Args:
        doc: The document that is changed.
        spans_key: A key of ``doc.spans``; None or ``"ents"`` for ``doc.ents``.
        kb_ids: One id per span, in their order; empty for none.

    Raises:
        BelError: The key is not in ``doc.spans``, or the numbers of spans and ids differ.
    """
    key = spans_key or "ents"
    if key != "ents" and key not in doc.spans:
        raise Errors.B303(key=key, keys=", ".join(doc.spans) or "none")
    spans = doc.ents if key == "ents" else doc.spans[key]
    if len(spans) != len(kb_ids):
        raise Errors.B304(ids=len(kb_ids), spans=len(spans), key=key)
    # A span is a copy, so that ``span.kb_id_ = x`` alone is lost. Entities live in their tokens;
    # a group takes the changed copy back.
    for index, (span, kb_id) in enumerate(zip(list(spans), kb_ids, strict=True)):
        if key == "ents":
            for token in span:
                token.ent_kb_id_ = kb_id
        else:
            span.kb_id_ = kb_id
            doc.spans[key][index] = span


def store(doc: Doc, span: Span, extension: str, label: str, value: Mapping[str, Any]) -> None:
    """Keep what is known of a span's link in ``doc.user_data``, as plain data.

    Args:
        doc: The document that is changed.
        span: The linked span.
        extension: The prefix of the extensions, such as ``bel``.
        label: The entity label that the span was linked with.
        value: Some or all fields of `LinkData`; candidates as `Candidate` or in their plain form.

    Raises:
        BelError: The value has an unknown field.
    """
    unknown = set(value).difference(_FIELDS)
    if unknown:
        raise Errors.B305(fields=", ".join(sorted(unknown)), known=", ".join(_FIELDS))
    error = value.get("error")
    plain = {
        "ids": [str(each) for each in value.get("ids", ())],
        "score": _number(value.get("score")),
        "nil": _number(value.get("nil")),
        "candidates": [_plain_candidate(each) for each in value.get("candidates", ())],
        "error": None if error is None else str(error),
    }
    # A new outer value: Doc.from_docs and Span.as_doc share the old one between documents.
    key = _key(span, extension)
    doc.user_data[key] = {**doc.user_data.get(key, {}), label: plain}


def load(doc: Doc, span: Span, extension: str, label: str) -> LinkData:
    """What `store` kept of a span's link.

    Args:
        doc: The document.
        span: A span of the document.
        extension: The prefix of the extensions, such as ``bel``.
        label: The entity label that the span was linked with.

    Returns:
        The link; one without ids and candidates where the span was never linked.
    """
    value = doc.user_data.get(_key(span, extension), {}).get(label, {})
    return {
        "ids": tuple(value.get("ids", ())),
        "score": value.get("score"),
        "nil": value.get("nil"),
        "candidates": tuple(_candidate(each) for each in value.get("candidates", ())),
        "error": value.get("error"),
    }


def is_stored(doc: Doc, span: Span, extension: str, label: str) -> bool:
    """Whether `store` kept anything of a span.

    Args:
        doc: The document.
        span: A span of the document.
        extension: The prefix of the extensions, such as ``bel``.
        label: The entity label.
    """
    return label in doc.user_data.get(_key(span, extension), {})


def register_extensions(prefix: str = "bel") -> None:
    """Register ``span._.{prefix}_candidates``, ``_score``, ``_nil``, ``_ids`` and ``_error``.

    They read what `store` kept under the prefix. Registering them twice is fine.

    Args:
        prefix: What their names start with; one for each linker in a pipeline.

    Raises:
        BelError: Another package has registered an extension of one of these names, or of the
            prefix itself, whose place in the data would be the same.
    """
    getters = {f"{prefix}_{field}": partial(_read, prefix, field) for field in _FIELDS}
    for name in (prefix, *getters):
        if Span.has_extension(name) and not _is_own(name, prefix):
            raise Errors.B306(name=name, prefix=prefix)
    for name, getter in getters.items():
        Span.set_extension(name, getter=getter, force=True)


def displacy_ents(doc: Doc, spans: str = ENTS) -> dict[str, Any]:
    """A document's entities for displaCy, each with a link to its concept.

    NIL and entities without an id are left unlinked; of a composite the first id is linked.

    Args:
        doc: A document.
        spans: ``ents``, or the key of a span group; of spans that overlap, which this style of
            displaCy cannot show, the longest is taken.

    Returns:
        What ``displacy.render(..., style="ent", manual=True)`` takes.
    """
    # displaCy leaves out the link where the id is empty, and escapes neither.
    ents = [
        {
            "start": span.start_char,
            "end": span.end_char,
            "label": escape(span.label_),
            "kb_id": "" if span.kb_id_ == NIL else escape(span.kb_id_),
            "kb_url": escape(link(span.kb_id_)) or "#",
        }
        for span in filter_spans(spans_of(doc, spans))
    ]
    settings = displacy.get_doc_settings(doc)
    return {
        "text": doc.text,
        "ents": ents,
        "title": doc.user_data.get("title"),
        "settings": settings,
    }


def _key(span: Span, extension: str) -> Any:
    return ("._.", extension, span.start_char, span.end_char)


def _read(prefix: str, field: str, span: Span) -> Any:
    return load(span.doc, span, prefix, span.label_)[field]  # type: ignore[literal-required]


def _is_own(name: str, prefix: str) -> bool:
    getter = Span.get_extension(name)[2]
    return isinstance(getter, partial) and getter.func is _read and getter.args[0] == prefix


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _plain_candidate(candidate: Candidate | Sequence[Any]) -> list[Any]:
    """A candidate as lists, dicts, strings and floats, whatever kind its numbers are of."""
    each = candidate if isinstance(candidate, Candidate) else _candidate(candidate)
    scores = {str(stage): float(score) for stage, score in each.scores.items()}
    return [each.id, each.name, each.alias, list(each.types), float(each.score), scores, each.kb]


def _candidate(plain: Sequence[Any]) -> Candidate:
    """A candidate from its plain form, in which lists may have become tuples."""
    concept_id, name, alias, types, score, scores, kb = plain
    return Candidate(concept_id, name, alias, tuple(types), score, dict(scores), kb)
