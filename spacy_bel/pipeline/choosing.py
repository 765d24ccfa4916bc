"""From the candidates of a mention and what a reranker says of them to a link."""

from __future__ import annotations

from dataclasses import replace

from spacy_bel.errors import Errors
from spacy_bel.types import Candidate, Link, Mention, Ranking

CERTAIN = 0.9
"""Score from which the whole of a composite mention is taken for one name of one concept."""


def choose(
    name: str,
    threshold: float,
    mention: Mention,
    candidates: list[Candidate],
    ranking: Ranking | None,
) -> Link:
    """The answer for one mention.

    Args:
        name: The linker's name, for messages.
        threshold: Least score, in [0, 1], of a link; below it the answer is NIL.
        mention: The mention.
        candidates: Its candidates, best first.
        ranking: What a reranker says of them; None where there is none.

    Returns:
        The link, whose candidates are in the order of their final scores.
    """
    nil = 0.0
    if ranking is not None:
        error = ranking.error
        if error is None and len(ranking.probs) != len(candidates):
            found, asked = len(ranking.probs), len(candidates)
            error = str(Errors.B652(name=name, found=found, asked=asked))
        if error is not None:
            return Link(mention, candidates=tuple(candidates), error=error)
        candidates = _reordered(candidates, ranking)
        nil = ranking.nil
    ids, score = _answer(mention, candidates, is_reranked=ranking is not None)
    if not ids or score < threshold or nil > score:
        return Link(mention, (), score, max(nil, 1 - score), tuple(candidates))
    return Link(mention, ids, score, nil, tuple(candidates))


def _reordered(candidates: list[Candidate], ranking: Ranking) -> list[Candidate]:
    """Candidates with the reranker's values as their scores, best first."""
    scored = [
        replace(candidate, score=value, scores={**candidate.scores, "rerank": value})
        for candidate, value in zip(candidates, ranking.probs, strict=True)
    ]
    return sorted(scored, key=lambda candidate: -candidate.score)


def _answer(
    mention: Mention, candidates: list[Candidate], *, is_reranked: bool
) -> tuple[tuple[str, ...], float]:
    """The ids and the score of the best answer, before NIL is considered.

    A reranker's values for the whole and for the parts can be compared; the retriever's cannot.
    """
    if not candidates:
        return (), 0.0
    whole = next((c for c in candidates if "part" not in c.scores), None)
    if not mention.parts or (whole is candidates[0] and whole.score >= CERTAIN):
        return (candidates[0].id,), candidates[0].score
    best_of_part: dict[float, Candidate] = {}
    for candidate in candidates:
        if "part" in candidate.scores:
            best_of_part.setdefault(candidate.scores["part"], candidate)
    if len(best_of_part) < 2:
        return (candidates[0].id,), candidates[0].score
    chosen = [best_of_part[part] for part in sorted(best_of_part)]
    score = min(c.score for c in chosen)
    if is_reranked and whole is not None and whole.score > score:
        return (whole.id,), whole.score
    return tuple(c.id for c in chosen), score
