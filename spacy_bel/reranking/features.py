"""What can be counted about a mention and a candidate: the numbers beside the text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from spacy_bel.examples import Offer
from spacy_bel.features import NameForms
from spacy_bel.reranking.offers import looked_up, similarity
from spacy_bel.reranking.questions import Question
from spacy_bel.text import surface
from spacy_bel.types import Alias

STAGES = ("exact", "ngram", "broader", "dense", "similarity", "document", "cause")
"""Stages of retrieval whose scores are features, where the retriever has them."""

RECORDS = {"heading": "MESH:D", "supplementary": "MESH:C", "omim": "OMIM:"}
"""How CURIEs of headings and of narrower records begin: annotators prefer some by habit."""

_KINDS = ("preferred", "exact", "annotated")

FEATURES = (
    "score",
    *STAGES,
    "rank",
    "is_first",
    "behind_first",
    "alias_count",
    "concept_count",
    "alias_share",
    *(f"alias_{kind}" for kind in _KINDS),
    "closest_name",
    "preferred_name",
    "mean_name",
    "words_only_mention",
    "words_only_alias",
    "concepts_only_mention",
    "concepts_only_alias",
    "numbers_only_mention",
    "numbers_only_alias",
    "same_surface",
    "of_part",
    "composite",
    "alias_length",
    "mention_length",
    "named_in_context",
    *RECORDS,
)
"""Names of the features, in order."""


def features(question: Question) -> NDArray[np.float32]:
    """The features of every candidate of a mention.

    Args:
        question: The mention with its candidates.

    Returns:
        Shape (candidates, len(FEATURES)).
    """
    offers = question.offers
    if not offers:
        return np.zeros((0, len(FEATURES)), np.float32)
    matched = [_matched(offer) for offer in offers]
    best = max(offer.candidate.score for offer in offers)
    all_counts = 1 + sum(alias.count for alias in matched)
    context = surface(question.mention.context)
    rows = [
        [
            *_of_retrieval(offer, rank, best),
            *_of_counts(offer, alias, all_counts),
            *_of_names(question, offer, alias, context),
            *(float(offer.candidate.id.startswith(begin)) for begin in RECORDS.values()),
        ]
        for rank, (offer, alias) in enumerate(zip(offers, matched, strict=True))
    ]
    return np.array(rows, np.float32)


def _of_retrieval(offer: Offer, rank: int, best: float) -> list[float]:
    candidate = offer.candidate
    stages = [candidate.scores.get(stage, 0.0) for stage in STAGES]
    return [candidate.score, *stages, rank / 10, float(rank == 0), candidate.score - best]


def _of_counts(offer: Offer, alias: Alias, all_counts: int) -> list[float]:
    kinds = [float(alias.kind == kind) for kind in _KINDS]
    share = alias.count / all_counts
    return [math.log1p(alias.count), math.log1p(offer.mentions), share, *kinds]


def _of_names(question: Question, offer: Offer, alias: Alias, context: str) -> list[float]:
    candidate, mention = offer.candidate, question.mention
    query = looked_up(mention, candidate)
    likeness = [similarity(query, name.name) for name in offer.names] or [0.0]
    asked, found = _forms(query), _forms(alias.name)
    asked_words, found_words = frozenset(asked.words), frozenset(found.words)
    asked_numbers, found_numbers = _numbers(asked_words), _numbers(found_words)
    elsewhere = any(
        (written := _surface(name.name)) != asked.normalised and written in context
        for name in offer.names
    )
    return [
        max(likeness),
        likeness[0],
        sum(likeness) / len(likeness),
        len(asked_words - found_words),
        len(found_words - asked_words),
        len(asked.concept - found.concept),
        len(found.concept - asked.concept),
        len(asked_numbers - found_numbers),
        len(found_numbers - asked_numbers),
        float(asked.normalised == found.normalised),
        float("part" in candidate.scores),
        float(bool(mention.parts)),
        len(alias.name) / 50,
        len(query) / 50,
        float(elsewhere),
    ]


def _matched(offer: Offer) -> Alias:
    """The name that matched, with what is known of it."""
    wanted = _surface(offer.candidate.alias)
    found: Sequence[Alias] = [name for name in offer.names if _surface(name.name) == wanted]
    return found[0] if found else Alias(offer.candidate.alias)


def _numbers(words: frozenset[str]) -> frozenset[str]:
    """Words that tell types of a disease or members of a family apart."""
    return frozenset(word for word in words if len(word) == 1 or any(map(str.isdigit, word)))


@lru_cache(maxsize=1 << 17)
def _surface(name: str) -> str:
    return surface(name)


@lru_cache(maxsize=1 << 16)
def _forms(name: str) -> NameForms:
    return NameForms.of(name)
