"""From spans of a Doc to what a Retriever and a Reranker are asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spacy.tokens import Doc, Span

from spacy_bel.mentions.abbreviations import document_expansions
from spacy_bel.mentions.composites import split_composite
from spacy_bel.mentions.context import context_window
from spacy_bel.mentions.organisms import HUMAN, Occurrence, find_organisms, rank_organisms
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
        organisms: Whether to look for the organisms that the document names, where the knowledge
            base has concepts of several, such as genes.
        default_organism: The taxon of a document that names none; empty for none.
    """

    size: int = 128
    abbreviations: bool = True
    composites: bool = True
    organisms: bool = True
    default_organism: str = HUMAN


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
    taxa: frozenset[str] = frozenset(),
) -> list[Mention]:
    """One mention per span.

    Args:
        doc: The document.
        spans: Spans of it.
        context: What to take from the document.
        label_types: Entity label -> semantic types to which candidates are restricted.
        taxa: CURIEs of the organisms whose concepts the knowledge base has.

    Returns:
        Mentions in the order of the spans.
    """
    if not spans:
        return []
    text = doc.text
    short_forms = document_expansions(doc) if context.abbreviations else None
    named = find_organisms(text, taxa) if context.organisms and len(taxa) > 1 else None
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
                organisms=_organisms(named, span, context.default_organism),
            )
        )
    return mentions


def _organisms(named: list[Occurrence] | None, span: Span, default: str) -> tuple[str, ...]:
    """The organisms that a mention may be of; none where nobody asks."""
    if named is None:
        return ()
    ranked = rank_organisms(named, span.start_char, span.end_char)
    return ranked or tuple(filter(None, [default]))
