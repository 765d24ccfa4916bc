"""Rows in the terms of the knowledge base that is used now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from spacy_bel.errors import Errors
from spacy_bel.examples import Example, KBReference, Label, Offer
from spacy_bel.kb.store import Store
from spacy_bel.types import NIL


def brought_up_to_date(example: Example, store: Store) -> Example:
    """A row whose ids are those of a knowledge base.

    Args:
        example: A row, perhaps made with an earlier version of the knowledge base.
        store: The knowledge base.

    Returns:
        The row itself where it comes from this very knowledge base; else one whose retired ids
        are resolved. Two candidates that have become one concept are one candidate.

    Raises:
        BelError: The knowledge base does not know a candidate.
    """
    if example.kb.checksum == store.checksum:
        return example
    offers: dict[str, Offer] = {}
    for offer in example.offers:
        id_ = store.resolve(offer.candidate.id)
        if id_ is None:
            raise Errors.B806(
                key=example.key(), id=offer.candidate.id, of=example.kb.name, kb=store.name
            )
        candidate = replace(offer.candidate, id=id_, kb=store.name)
        offers.setdefault(id_, replace(offer, candidate=candidate))
    return replace(
        example,
        offers=tuple(offers.values()),
        gold=None if example.gold is None else _resolved(example.gold, store),
        labels=tuple(_label(label, store) for label in example.labels),
        kb=KBReference(store.name, str(store.meta.get("version", "")), store.checksum),
    )


def _label(label: Label, store: Store) -> Label:
    (id_,) = _resolved((label.id,), store)
    if label.probs is None:
        return replace(label, id=id_)
    probs: dict[str, float] = {}
    for old, value in label.probs.items():
        (new,) = _resolved((old,), store)
        probs[new] = probs.get(new, 0.0) + value
    return replace(label, id=id_, probs=probs)


def _resolved(ids: Iterable[str], store: Store) -> tuple[str, ...]:
    """Current ids; those that the knowledge base does not have stay, for they are out of it."""
    current = (id_ if id_ == NIL else store.resolve(id_) or id_ for id_ in ids)
    return tuple(dict.fromkeys(current))
