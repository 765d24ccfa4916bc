"""Fitting the few numbers of the fusion to annotated mentions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from spacy_bel.retrieval.dense import DenseNameRetriever
from spacy_bel.types import Mention

SHARES = tuple(step / 10 for step in range(11))
"""Values of ``dense_share`` that are tried."""

WEIGHTS = (0.8, 0.85, 0.9, 0.95, 1.0)
"""Values of ``similarity_weight`` that are tried."""

AT = 20


class Fit(NamedTuple):
    """How good the fusion is with some values.

    Args:
        dense_share: Share of the vectors' cosine in the mean.
        similarity_weight: What the mean counts beside the grade of an exact match.
        acc: Acc@1, lenient.
        recall: Recall@20, lenient.
    """

    dense_share: float
    similarity_weight: float
    acc: float
    recall: float


def fit_fusion(
    retriever: DenseNameRetriever,
    mentions: Sequence[Mention],
    gold: Sequence[frozenset[str]],
    share: float,
    weight: float,
    *,
    documents: Sequence[int],
) -> list[Fit]:
    """Try values of the share, then of the weight, and again from the best until none is better.

    Args:
        retriever: Its numbers change while values are tried.
        mentions: Annotated mentions.
        gold: For each of them the ids, of which any is right.
        share: The present share, which stays where no other is better.
        weight: The present weight, likewise.
        documents: The number of each mention's document.

    Returns:
        All that was tried, each once; the first has the present values, and the best is the one to
        take: the largest Acc@1, then the largest Recall@20, then the first tried.
    """
    tried: dict[tuple[float, float], Fit] = {}

    def measure(pairs: Iterable[tuple[float, float]]) -> Fit:
        for pair in pairs:
            if pair not in tried:
                tried[pair] = _measure(retriever, mentions, gold, *pair, documents=documents)
        return best([*tried.values()])

    now = measure([(share, weight)])
    while True:
        of_share = measure((one, now.similarity_weight) for one in SHARES)
        better = measure((of_share.dense_share, one) for one in WEIGHTS)
        if better == now:
            return [*tried.values()]
        now = better


def best(tried: Sequence[Fit]) -> Fit:
    """The best of what was tried."""
    return max(tried, key=lambda fit: (fit.acc, fit.recall))


def _measure(
    retriever: DenseNameRetriever,
    mentions: Sequence[Mention],
    gold: Sequence[frozenset[str]],
    share: float,
    weight: float,
    *,
    documents: Sequence[int],
) -> Fit:
    retriever.set_fusion({"ngram": 1 - share, "dense": share}, weight)
    found = retriever.retrieve_documents(mentions, AT, documents)
    hits = {1: 0, AT: 0}
    for candidates, ids in zip(found, gold, strict=True):
        for k in hits:
            hits[k] += any(candidate.id in ids for candidate in candidates[:k])
    return Fit(share, weight, hits[1] / len(gold), hits[AT] / len(gold))
