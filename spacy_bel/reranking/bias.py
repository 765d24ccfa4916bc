"""How much a reranker's choice depends on where a candidate stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spacy_bel.protocols import Reranker
from spacy_bel.reranking.prompt import balanced_orders
from spacy_bel.types import Candidate, Mention


@dataclass(frozen=True, slots=True)
class PositionBias:
    """What asking in every turned-round order shows.

    Args:
        mentions: How many mentions were asked about.
        chosen: For each place, the share of answers (NIL and failures left out) that chose what
            stood there; equal shares where places do not matter.
        expected: The share of a place where places do not matter.
        consistent: Share of mentions whose answer is the same in all orders.
        largest_change: Mean over mentions of the largest difference between the probabilities
            that one candidate gets in two orders.
    """

    mentions: int
    chosen: tuple[float, ...]
    expected: float
    consistent: float
    largest_change: float


def position_bias(
    reranker: Reranker,
    mentions: Sequence[Mention],
    candidates: Sequence[Sequence[Candidate]],
    *,
    places: int = 5,
) -> PositionBias:
    """Ask about each mention in as many orders as candidates, so that each stands everywhere.

    Args:
        reranker: What is measured.
        mentions: What is asked about.
        candidates: What may be meant, for each mention; mentions with fewer candidates than
            places are left out, and so are the candidates behind them.
        places: How many candidates to offer.

    Returns:
        The measure.
    """
    kept = [
        (mention, own[:places])
        for mention, own in zip(mentions, candidates, strict=True)
        if len(own) >= places
    ]
    orders = balanced_orders(places, places)
    answers = np.full((len(orders), len(kept), places + 1), np.nan)
    for number, order in enumerate(orders):
        offered = [[own[which] for which in order] for _, own in kept]
        rankings = reranker.rerank([mention for mention, _ in kept], offered)
        for row, ranking in enumerate(rankings):
            if ranking.error is None:
                answers[number, row, [*order, places]] = (*ranking.probs, ranking.nil)
    answers = answers[:, ~np.isnan(answers).any((0, 2))]
    return _measured(answers, np.array(orders))


def _measured(answers: np.ndarray, orders: np.ndarray) -> PositionBias:  # type: ignore[type-arg]
    """The measure from probabilities (orders, mentions, candidates and NIL)."""
    places = orders.shape[1]
    best = answers.argmax(-1)
    counts = np.zeros(places)
    for order, chosen in zip(orders, best, strict=True):
        place_of = np.argsort(order)
        counts += np.bincount(place_of[chosen[chosen < places]], minlength=places)
    changes = np.ptp(answers, axis=0).max(-1)
    return PositionBias(
        mentions=answers.shape[1],
        chosen=tuple((counts / max(counts.sum(), 1)).tolist()),
        expected=1 / places,
        consistent=float((best == best[0]).all(0).mean()) if best.size else float("nan"),
        largest_change=float(changes.mean()) if changes.size else float("nan"),
    )
