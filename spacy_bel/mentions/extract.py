"""From spans of a Doc to what a Retriever and a Reranker are asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spacy.tokens import Doc, Span

from spacy_bel.mentions.abbreviations import document_expansions
from spacy_bel.mentions.composites import split_composite
from spacy_bel.mentions.context import context_window
from spacy_bel.types import Mention

ENTS = "ents"
"""The key that stands for ``doc.ents``; any other names a group in ``doc.spans``."""


@dataclass(frozen=True, slots=True)
class Context:
    """What of a document goes into a mention.

    Args:
        size: Characters of context on each side.
        abbreviations: Whether to write out short forms that the document defines.
        composites: Whether to ask for each part of a coordination as well.
    """

    size: int = 128
    abbreviations: bool = True
    composites: bool = True


def spans_of(doc: Doc, key: str) -> list[Span]:
    """The spans that a component looks at.

    Args:
        doc: A document.
        key: ``ents``, or the key of a span group; a group that is not there is empty.

    Returns:
        The spans in their order.
    """
    return list(doc.ents) if key == ENTS else list(doc.spans.get(key, ()))


def make_mentions(
    doc: Doc,
    spans: Sequence[Span],
    context: Context,
    label_types: Mapping[str, Sequence[str]],
) -> list[Mention]:
    """One mention per span.

    Args:
        doc: The document.
        spans: Spans of it.
        context: What to take from the document.
        label_types: Entity label -> semantic types to which candidates are restricted.

    Returns:
        Mentions in the order of the spans.
    """
    if not spans:
        return []
    text = doc.text
    short_forms = document_expansions(doc) if context.abbreviations else None
    mentions = []
    for span in spans:
        surface = span.text
        query = short_forms.expand(surface, span.start_char) if short_forms is not None else surface
        window, start, end = context_window(text, span.start_char, span.end_char, size=context.size)
        mentions.append(
            Mention(
                text=surface,
                query=query,
                parts=split_composite(query) if context.composites else (),
                context=window,
                start=start,
                end=end,
                label=span.label_,
                lang=doc.lang_,
                types=frozenset(label_types.get(span.label_, ())),
            )
        )
    return mentions
