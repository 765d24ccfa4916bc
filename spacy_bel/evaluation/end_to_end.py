"""Figures on text: did the pipeline find the mentions and link them?

A prediction is a span with an identifier; ``NIL`` and the empty string predict nothing, and
where the gold identifier is one of them, a predicted identifier is false. Labels do not count.
*Strict* wants the gold boundaries, *overlap* at least one common character and one prediction
per gold mention; both want exactly the gold ids, retired ones resolved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

import numpy as np
from spacy.tokens import Span

from spacy_bel.corpora.gold import parse_gold
from spacy_bel.evaluation.bootstrap import Resamples
from spacy_bel.evaluation.metrics import prf
from spacy_bel.evaluation.records import resolve_ids
from spacy_bel.protocols import KnowledgeBase


@dataclass(frozen=True, slots=True)
class Annotation:
    """A span of a text and the concepts that it means.

    Args:
        start: Offset in the document, in characters.
        end: Offset behind the span, in characters.
        ids: Current CURIEs; none for NIL and for no identifier.
    """

    start: int
    end: int
    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two sets of annotations of one document have in common.

    Args:
        gold_spans: Gold mentions, whether or not they have an id.
        predicted_spans: Predicted mentions, whether or not they have an id.
        found: Gold mentions whose boundaries were predicted.
        gold: Gold mentions with an id.
        predicted: Predicted mentions with an id.
        strict: Predictions with the boundaries and the ids of a gold mention.
        overlap: Predictions that overlap a gold mention and have its ids.
        gold_found: Gold mentions with an id whose boundaries were predicted.
    """

    gold_spans: int = 0
    predicted_spans: int = 0
    found: int = 0
    gold: int = 0
    predicted: int = 0
    strict: int = 0
    overlap: int = 0
    gold_found: int = 0

    def __add__(self, other: Comparison) -> Comparison:
        """The counts of two documents together."""
        return Comparison(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


def read_annotations(spans: Iterable[Span], kb: KnowledgeBase | None = None) -> list[Annotation]:
    """The annotations in a document's spans.

    Args:
        spans: Spans with identifiers in ``kb_id_``.
        kb: The knowledge base that knows retired ids; None to leave them as they are.

    Returns:
        One annotation per span.
    """
    return [
        Annotation(
            start=span.start_char,
            end=span.end_char,
            ids=frozenset(resolve_ids(parse_gold(span.kb_id_), kb)),
        )
        for span in spans
    ]


def compare(gold: Sequence[Annotation], predicted: Sequence[Annotation]) -> Comparison:
    """Compares the annotations of one document.

    Args:
        gold: What the annotators say.
        predicted: What the pipeline says.

    Returns:
        The counts.
    """
    gold_linked = [each for each in gold if each.ids]
    predicted_linked = [each for each in predicted if each.ids]
    boundaries = [(each.start, each.end) for each in predicted]
    return Comparison(
        gold_spans=len(gold),
        predicted_spans=len(predicted),
        found=_common([(each.start, each.end) for each in gold], boundaries),
        gold=len(gold_linked),
        predicted=len(predicted_linked),
        strict=_common(gold_linked, predicted_linked),
        overlap=_overlaps(gold_linked, predicted_linked),
        gold_found=_common([(each.start, each.end) for each in gold_linked], boundaries),
    )


def _common(gold: Iterable[Hashable], predicted: Iterable[Hashable]) -> int:
    return (Counter(gold) & Counter(predicted)).total()


def _overlaps(gold: Sequence[Annotation], predicted: Sequence[Annotation]) -> int:
    """One-to-one matches of overlapping spans with equal ids: the exact ones first."""
    exact = Counter(gold) & Counter(predicted)
    remaining = sorted((Counter(gold) - exact).elements(), key=_extent)
    matches = exact.total()
    for each in sorted((Counter(predicted) - exact).elements(), key=_extent):
        for other in remaining:
            if each.ids == other.ids and each.start < other.end and other.start < each.end:
                remaining.remove(other)
                matches += 1
                break
    return matches


def _extent(annotation: Annotation) -> tuple[int, int]:
    return annotation.end, annotation.start


def score_texts(
    comparisons: Mapping[str, Comparison], *, resamples: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Every end-to-end figure.

    Args:
        comparisons: One comparison per document, by document id.
        resamples: Number of bootstrap resamples.
        seed: Seed of the bootstrap.

    Returns:
        Plain data: ``n_gold`` and ``n_predicted`` (mentions with an id); ``strict`` and
        ``overlap``, each with the estimates ``precision``, ``recall`` and ``f1``; ``mentions``,
        the same for boundaries alone; and ``accuracy``, the share of right ids where the
        boundaries of a gold mention with an id were found.
    """
    documents = list(comparisons)
    draws = Resamples(documents, resamples, seed)
    table = np.array([astuple(each) for each in comparisons.values()], dtype=float)
    names = [field.name for field in fields(Comparison)]
    column = dict(zip(names, table.reshape(-1, len(names)).T, strict=True))

    def scores(hits: str, predicted: str, gold: str) -> dict[str, Any]:
        return prf(documents, column[hits], column[predicted], column[gold], draws)

    (accuracy,) = draws.ratios(documents, column["strict"][:, None], column["gold_found"][:, None])
    return {
        "n_gold": int(column["gold"].sum()),
        "n_predicted": int(column["predicted"].sum()),
        "strict": scores("strict", "predicted", "gold"),
        "overlap": scores("overlap", "predicted", "gold"),
        "mentions": scores("found", "predicted_spans", "gold_spans"),
        "accuracy": accuracy,
    }
