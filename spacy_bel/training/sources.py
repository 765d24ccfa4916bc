"""Annotated mentions to train a retriever with, from corpora and from labelled rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import spacy

from spacy_bel.corpora.docs import gold_spans
from spacy_bel.corpora.reader import read_docs
from spacy_bel.errors import Errors
from spacy_bel.examples import read_examples
from spacy_bel.kb.store import Store
from spacy_bel.mentions.extract import Context, make_mentions
from spacy_bel.training.pairs import Annotated
from spacy_bel.types import NIL, Mention


def annotated_mentions(store: Store, path: str | Path | None) -> list[Annotated]:
    """The mentions of a file whose concepts the knowledge base has.

    Composite mentions are left out: none of their concepts has such a name.

    Args:
        store: The knowledge base.
        path: Annotated documents (``.spacy``), or rows with gold ids or teachers' labels
            (``.jsonl``); None for none.

    Returns:
        The mentions; rows without an answer and mentions outside the knowledge base are left out.

    Raises:
        BelError: If the file cannot be read, or none of its mentions is of the knowledge base.
    """
    if path is None:
        return []
    found = _of_rows(Path(path)) if ".jsonl" in Path(path).suffixes else _of_docs(Path(path))
    places = {concept_id: place for place, concept_id in enumerate(store)}
    annotated = []
    for mention, ids in found:
        current = (store.resolve(concept_id) for concept_id in ids)
        concepts = tuple(places[concept_id] for concept_id in current if concept_id is not None)
        if concepts:
            annotated.append(Annotated(mention, concepts))
    if not annotated:
        raise Errors.B955(path=path, kb=store.name)
    return annotated


def _of_docs(path: Path) -> Iterator[tuple[Mention, Iterable[str]]]:
    for doc in read_docs(path, spacy.blank("xx").vocab):
        spans = gold_spans(doc)
        mentions = make_mentions(doc, spans, Context(), {})
        for span, mention in zip(spans, mentions, strict=True):
            if span.kb_id_ and not mention.parts and "|" not in span.kb_id_:
                yield mention, (span.kb_id_,)


def _of_rows(path: Path) -> Iterator[tuple[Mention, Iterable[str]]]:
    for example in read_examples(path):
        ids = example.gold
        if ids is None and example.labels:
            ids = (example.labels[-1].id,)
        if ids and NIL not in ids and not example.mention.parts:
            yield example.mention, ids
