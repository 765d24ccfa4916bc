"""The linking components' scorer, for ``spacy evaluate``, ``train`` and ``find-threshold``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from spacy.training import Example
from spacy.util import registry

from spacy_bel.corpora.docs import gold_spans
from spacy_bel.evaluation.end_to_end import Comparison, compare, read_annotations
from spacy_bel.protocols import KnowledgeBase

LinkScorer = Callable[..., dict[str, float | None]]
"""A function of examples and keyword arguments that gives scores by key."""


def score_links(
    examples: Iterable[Example],
    *,
    spans: str = "ents",
    name: str = "bel",
    kb: KnowledgeBase | None = None,
    **_: Any,
) -> dict[str, float | None]:
    """Scores the links of predicted mentions end to end.

    Gold mentions are read from ``reference.spans["bel_gold"]``, or from ``reference.ents`` where
    there is no such span group. The figures are those of ``python -m spacy_bel evaluate``.

    Args:
        examples: Predicted and reference documents over the same text.
        spans: Where predictions are: ``ents``, or the key of a span group.
        name: The component's name, which the keys start with.
        kb: The knowledge base that knows retired ids; None to compare ids as they are.
        **_: What spaCy passes to every scorer.

    Returns:
        ``bel_strict_p``, ``_r``, ``_f`` (exact boundaries and ids), ``bel_overlap_p``, ``_r``,
        ``_f`` (overlapping boundaries, exact ids), and ``bel_acc``, the share of right ids
        where the boundaries of a gold mention with an id were found. None where there is
        nothing to score.
    """
    total = Comparison()
    for example in examples:
        predicted = example.predicted
        found = predicted.ents if spans == "ents" else predicted.spans.get(spans, ())
        gold = read_annotations(gold_spans(example.reference), kb)
        total += compare(gold, read_annotations(found, kb))
    scores: dict[str, float | None] = {}
    for variant, hits in (("strict", total.strict), ("overlap", total.overlap)):
        scores[f"{name}_{variant}_p"] = _share(hits, total.predicted, total)
        scores[f"{name}_{variant}_r"] = _share(hits, total.gold, total)
        scores[f"{name}_{variant}_f"] = _share(2 * hits, total.predicted + total.gold, total)
    scores[f"{name}_acc"] = _share(total.strict, total.gold_found, total)
    return scores


def _share(part: int, whole: int, total: Comparison) -> float | None:
    # As spaCy has it: a pipeline that finds nothing scores 0, and None means nothing to find;
    # training and find-threshold stop at a score that is not a number.
    if whole:
        return part / whole
    return 0.0 if total.gold else None


@registry.scorers("spacy-bel.LinkScorer.v1")  # type: ignore[untyped-decorator]
def make_link_scorer() -> LinkScorer:
    """The registered scorer ``spacy-bel.LinkScorer.v1``.

    Returns:
        ``score_links``, which the component calls with its own ``spans``, ``name`` and ``kb``.
    """
    return partial(score_links)
