"""Figures on gold mentions, with confidence intervals, as ``metrics.json`` holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spacy_bel.evaluation.bootstrap import Resamples
from spacy_bel.evaluation.ranks import (
    RANKS,
    Rank,
    lenient_rank,
    place,
    strict_rank,
    unseen_mentions,
)
from spacy_bel.evaluation.records import Record
from spacy_bel.reranking.calibration import risk_coverage
from spacy_bel.types import NIL

CUTOFFS = (5, 10, 20, 30, 50)
"""The k of the reported Recall@k."""

FIGURES = ("acc@1", *(f"recall@{k}" for k in CUTOFFS), "mrr")
"""The figures of a protocol, by name."""


def summarise(
    records: Sequence[Record],
    rank: Rank,
    resamples: Resamples,
    figures: Sequence[str] = FIGURES,
) -> dict[str, Any]:
    """The figures of some mentions by one protocol.

    Args:
        records: Mentions; those without gold ids are not counted.
        rank: The protocol.
        resamples: Draws of the documents.
        figures: Which of ``FIGURES`` are wanted.

    Returns:
        ``n``, and under each figure's name an ``Estimate``.
    """
    counted = [record for record in records if record.gold_ids]
    ranks = np.array([rank(record) or np.inf for record in counted], dtype=float)
    columns = [
        1.0 / ranks if figure == "mrr" else ranks <= int(figure.partition("@")[2])
        for figure in figures
    ]
    documents = [record.doc_id for record in counted]
    estimates = resamples.means(documents, np.stack(columns, axis=1))
    return {"n": len(counted), **dict(zip(figures, estimates, strict=True))}


_GROUPS: dict[str, Callable[[Record], str | bool | None]] = {
    "type": lambda record: record.label,
    "seen": lambda record: record.seen,
    "abbreviation": lambda record: record.abbreviation,
    "composite": lambda record: record.composite,
    "ambiguous": lambda record: record.ambiguous,
}


def breakdowns(records: Sequence[Record], resamples: Resamples) -> dict[str, dict[str, Any]]:
    """Lenient Acc@1 and Recall@20 by properties of the mention.

    Args:
        records: All mentions.
        resamples: Draws of the documents.

    Returns:
        By property, by value (truth values as ``true`` and ``false``), a summary. Without seen
        data the breakdown by ``seen`` is empty.
    """
    result: dict[str, dict[str, Any]] = {}
    for name, value_of in _GROUPS.items():
        groups: dict[str, list[Record]] = {}
        for record in records:
            value = value_of(record)
            if record.gold_ids and value is not None:
                key = str(value).lower() if isinstance(value, bool) else value
                groups.setdefault(key, []).append(record)
        result[name] = {
            key: summarise(groups[key], lenient_rank, resamples, ("acc@1", "recall@20"))
            for key in sorted(groups)
        }
    return result


def is_nil(record: Record) -> bool:
    """Whether NIL is the right answer: no gold concept is in the knowledge base.

    Args:
        record: A mention.

    Returns:
        True where the annotators gave NIL or only ids that the knowledge base does not have;
        False also for a mention without any identifier, whose concept nobody knows.
    """
    if record.gold_ids:
        return len(record.unknown_ids) == len(record.gold_ids)
    return bool(record.gold)


def nil_scores(records: Sequence[Record], resamples: Resamples) -> dict[str, Any]:
    """How well NIL is told from the rest.

    Args:
        records: All mentions; those without identifier are not counted.
        resamples: Draws of the documents.

    Returns:
        ``n`` and of these ``annotated`` (as NIL) and ``out_of_kb``; ``predicted``; and the
        estimates ``precision``, ``recall`` and ``f1``.
    """
    counted = [record for record in records if record.gold]
    gold = np.array([is_nil(record) for record in counted], dtype=float)
    predicted = np.array([record.answer == NIL for record in counted], dtype=float)
    annotated = sum(not record.gold_ids for record in counted)
    return {
        "n": int(gold.sum()),
        "annotated": annotated,
        "out_of_kb": int(gold.sum()) - annotated,
        "predicted": int(predicted.sum()),
        **prf([record.doc_id for record in counted], gold * predicted, predicted, gold, resamples),
    }


def prf(
    documents: Sequence[str],
    hits: ArrayLike,
    predicted: ArrayLike,
    gold: ArrayLike,
    resamples: Resamples,
) -> dict[str, Any]:
    """Precision, recall and F1 of counts that each belong to a document.

    Args:
        documents: For each count, the id of its document.
        hits: Right predictions.
        predicted: All predictions.
        gold: What should have been predicted.
        resamples: Draws of the documents.

    Returns:
        The estimates ``precision``, ``recall`` and ``f1``. Where nothing was predicted or
        nothing should have been, a figure that has no denominator is None.
    """
    hit, all_predicted, all_gold = (np.asarray(each, float) for each in (hits, predicted, gold))
    numerators = np.stack([hit, hit, 2 * hit], axis=1)
    denominators = np.stack([all_predicted, all_gold, all_predicted + all_gold], axis=1)
    estimates = resamples.ratios(documents, numerators, denominators)
    return dict(zip(("precision", "recall", "f1"), estimates, strict=True))


def calibration(records: Iterable[Record], bins: int = 10) -> dict[str, Any]:
    """How far the answers' scores are from their accuracy (Naeini et al., 2015).

    Args:
        records: All mentions; those answered with a concept and annotated (with NIL or
            concepts) are counted. An answer is right as in the strict protocol.
        bins: Number of bins, which hold equally many answers each.

    Returns:
        The expected calibration error ``value``, ``n``, and the ``bins`` that are not empty,
        each with ``n``, mean ``confidence`` and ``accuracy``.
    """
    scores, right = _answers(records)
    # Answers with equal scores share their accuracy: no order decides which bin an error is in.
    _, tie, size = np.unique(scores, return_inverse=True, return_counts=True)
    accuracy = (np.bincount(tie, right, minlength=len(size)) / np.maximum(size, 1))[tie]
    found = [
        {
            "n": len(chunk),
            "confidence": float(scores[chunk].mean()),
            "accuracy": float(accuracy[chunk].mean()),
        }
        for chunk in np.array_split(np.argsort(scores, kind="stable"), bins)
        if len(chunk)
    ]
    gaps = [each["n"] * abs(each["confidence"] - each["accuracy"]) for each in found]
    value = sum(gaps) / len(scores) if len(scores) else None
    return {"value": value, "n": len(scores), "bins": found}


def coverage(records: Iterable[Record]) -> dict[str, Any]:
    """How many answers are wrong when only those above a threshold are given.

    Args:
        records: All mentions; counted and judged as in ``calibration``.

    Returns:
        The risk-coverage curve (see ``reranking.calibration.risk_coverage``).
    """
    scores, right = _answers(records)
    return risk_coverage(scores, right > 0)


def _answers(records: Iterable[Record]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores of the answers with a concept to annotated mentions, and which of them are right."""
    counted = [record for record in records if record.answer_ids and record.gold]
    scores = np.array([record.score for record in counted], dtype=float)
    return scores, np.array([strict_rank(record) == 1 for record in counted], dtype=float)


def score_mentions(
    records: Iterable[Record], *, resamples: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Every figure on gold mentions.

    Args:
        records: All gold mentions, in any order: the result does not depend on it.
        resamples: Number of bootstrap resamples.
        seed: Seed of the bootstrap.

    Returns:
        Plain data: ``lenient``, ``name``, ``strict``, ``unseen`` (None without seen data),
        ``breakdowns``, ``nil``, ``ece``, ``risk_coverage`` and ``counts``.
    """
    ordered = sorted(records, key=place)
    draws = Resamples((record.doc_id for record in ordered), resamples, seed)
    unseen = None
    if any(record.seen is not None for record in ordered):
        unseen = summarise(unseen_mentions(ordered), lenient_rank, draws)
    return {
        **{name: summarise(ordered, rank, draws) for name, rank in RANKS.items()},
        "unseen": unseen,
        "breakdowns": breakdowns(ordered, draws),
        "nil": nil_scores(ordered, draws),
        "ece": calibration(ordered),
        "risk_coverage": coverage(ordered),
        "counts": counts(ordered),
    }


def counts(records: Sequence[Record]) -> dict[str, int]:
    """What the mentions and the answers are, in numbers.

    Args:
        records: All mentions.

    Returns:
        Numbers of documents; of mentions, by their gold identifier (``linkable`` have an id);
        of mentions with an id that the knowledge base does not have; of answers by kind; and
        the largest number of candidates of a mention.
    """
    return {
        "documents": len({record.doc_id for record in records}),
        "mentions": len(records),
        "linkable": sum(bool(record.gold_ids) for record in records),
        "nil": sum(bool(record.gold) and not record.gold_ids for record in records),
        "without_id": sum(not record.gold for record in records),
        "composite": sum(record.composite for record in records),
        "out_of_kb": sum(bool(record.unknown_ids) for record in records),
        "answered": sum(bool(record.answer_ids) for record in records),
        "answered_nil": sum(record.answer == NIL for record in records),
        "unanswered": sum(not record.answer for record in records),
        "max_candidates": max((len(record.candidates) for record in records), default=0),
    }
