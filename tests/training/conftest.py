"""Rows whose answer only the context tells: two concepts share a name."""

from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"

import pytest

from spacy_bel.examples import Example, KBReference
from spacy_bel.kb.store import Store
from spacy_bel.reranking.offers import OfferMaker
from spacy_bel.retrieval.registry import lexical_retriever
from spacy_bel.types import NIL, Mention

CONTEXTS = (
    ("type 2 diabetes and {}", "DM", "MESH:D003920"),
    ("the human disease {} in a woman", "DM", "MESH:D009223"),
    ("sclerosis {} in a woman", "MS", "MESH:D009103"),
    ("the mitral stenosis {} seen", "MS", "MESH:D008946"),
    ("a {} and acid", "cold", "MESH:D003139"),
    ("{} of the human", "cold", "MESH:D003080"),
    ("seen with {}", "cold acid", NIL),
)


@pytest.fixture(scope="session")
def rows(kb: Store) -> list[Example]:
    mentions = [
        Mention(
            text,
            context=context.format(text),
            start=context.index("{"),
            end=context.index("{") + len(text),
        )
        for context, text, _ in CONTEXTS
    ]
    offers = OfferMaker(kb)
    found = lexical_retriever()(kb).retrieve(mentions, 10)
    return [
        Example(
            mention,
            offers.make(mention, candidates),
            (gold,),
            doc_id=str(number),
            kb=KBReference(kb.name, checksum=kb.checksum),
        )
        for number, (mention, candidates, (_, _, gold)) in enumerate(
            zip(mentions, found, CONTEXTS, strict=True)
        )
    ]
