"""Calibrating the reranker of a pipeline on annotated documents, and the page that shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from jinja2 import Template
from spacy.language import Language
from spacy.tokens import Doc

from spacy_bel.corpora.docs import doc_id, gold_spans
from spacy_bel.corpora.gold import parse_gold
from spacy_bel.errors import Errors
from spacy_bel.evaluation.charts import coverage_chart, reliability_chart
from spacy_bel.evaluation.records import resolve_ids
from spacy_bel.evaluation.run import find_linker, find_offer
from spacy_bel.pages import html_environment
from spacy_bel.reranking.calibration import (
    Calibratable,
    Fit,
    Judged,
    answers,
    fit,
    risk_coverage,
)


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What became of one reranker.

    Args:
        name: ``reranker``, or the name of a cascade's step.
        fit: Its calibration.
        coverage: Its risk-coverage curve, calibrated.
    """

    name: str
    fit: Fit
    coverage: dict[str, Any]


def calibrate(
    nlp: Language, docs: Sequence[Doc], *, component: str = "", isotonic: bool | None = None
) -> list[Calibrated]:
    """Fit the probabilities of a pipeline's reranker, and set them.

    Args:
        nlp: A pipeline with a linker whose reranker gives scores, or a cascade of such; it is
            changed, and has to be saved.
        docs: Annotated documents that nothing in the pipeline was trained on.
        component: The linker's name, where there are several.
        isotonic: Whether to fit a monotone curve too; None to find out.

    Returns:
        One entry for each reranker that was calibrated.

    Raises:
        BelError: There is no linker, no such reranker, or no gold.
    """
    name = find_linker(nlp, component)
    linker: Any = nlp.get_pipe(name)
    found = dict(_calibratable(getattr(linker, "reranker", None)))
    if not found:
        raise Errors.B770(name=name, reason="its reranker, if it has one, gives no scores")
    asked = list(_ask(nlp, linker, docs))
    if not asked:
        raise Errors.B770(name=name, reason="the corpus has no mention with an id and candidates")
    results = []
    for part, reranker in found.items():
        scores = reranker.scores([each[0] for each in asked], [each[1] for each in asked])
        judged = [
            Judged(logits, _right(candidates, gold, len(logits)), document)
            for logits, (_, candidates, gold, document) in zip(scores, asked, strict=True)
            if logits is not None
        ]
        fitted = fit(judged, reranker.scaling, isotonic=isotonic)
        reranker.scaling = fitted.scaling
        coverage = risk_coverage(*answers(judged, fitted.scaling))
        results.append(Calibrated(part, fitted, coverage))
    return results


def _calibratable(reranker: Any) -> Iterator[tuple[str, Calibratable]]:
    """The rerankers with a scaling: this one, or the steps of a cascade."""
    steps = getattr(reranker, "steps", {"reranker": reranker})
    for name, step in steps.items():
        if isinstance(step, Calibratable):
            yield name, step


def _ask(nlp: Language, linker: Any, docs: Sequence[Doc]) -> Iterator[tuple[Any, ...]]:
    """Mention, candidates, gold and document of every mention with an id and candidates."""
    offer = find_offer(nlp, linker)
    for number, doc in enumerate(docs):
        spans = [span for span in gold_spans(doc) if parse_gold(span.kb_id_)]
        if offer is not None:
            offer([doc], [spans])
        (found,) = linker.candidates([doc], [spans])
        for span, (mention, candidates) in zip(spans, found, strict=True):
            if candidates:
                gold = frozenset(resolve_ids(parse_gold(span.kb_id_), linker.kb))
                yield mention, candidates, gold, doc_id(doc) or str(number)


def _right(candidates: Sequence[Any], gold: frozenset[str], options: int) -> Any:
    """Which options are right: those of the gold, or NIL where none of it was found."""
    right = np.array([c.id in gold for c in candidates[: options - 1]] + [False])
    right[-1] = not right.any()
    return right


def render(results: Sequence[Calibrated], title: str) -> str:
    """The reliability plots and risk-coverage curves as a page without external resources.

    Args:
        results: What ``calibrate`` gave.
        title: What the page is about.

    Returns:
        HTML.
    """
    return _template().render(
        title=title,
        frame=coverage_chart([]).frame,
        results=[
            {
                "name": each.name,
                "fit": each.fit,
                "coverage": each.coverage,
                "before": reliability_chart(each.fit.before["bins"]).points,
                "after": reliability_chart(each.fit.after["bins"]).points,
                "curve": coverage_chart(each.coverage["points"]).points,
            }
            for each in results
        ],
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    return html_environment("evaluation").get_template("calibration.html.jinja")
