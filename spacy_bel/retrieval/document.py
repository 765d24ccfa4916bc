"""Evidence from the other mentions of a document: a text speaks of few concepts, by many names.

What a mention without a matching name means is often named elsewhere in its document (``Emerin
deficiency`` in an abstract on Emery-Dreifuss muscular dystrophy). That one document keeps to its
concepts is the coherence of collective entity linking, such as in Cucerzan (2007), "Large-Scale
Named Entity Disambiguation Based on Wikipedia Data"; here it only adds to what names say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from spacy_bel.retrieval.exact import SAME_KEY, SAME_WORDS
from spacy_bel.retrieval.fusion import DIGITS
from spacy_bel.types import Candidate, Mention

DOCUMENT = "document"
"""What this evidence is called among the scores of a candidate."""

LEAST_SCORE = 0.6
"""Concepts that fit their own mention worse are no evidence for another one."""

OTHER_WEIGHT = 0.5
"""What the score of a concept counts for a mention for which no name of it was found."""

SHARED_WEIGHT = 0.15
"""What it adds to the score of a candidate that was found for both."""

HIGHEST = 0.9
"""Up to where it adds: good matches are left in their order."""


def best_of_others(
    mentions: Sequence[Mention], found: Sequence[list[Candidate]], documents: Sequence[int]
) -> list[list[Candidate]]:
    """What the other mentions of its document most likely mean, for each mention.

    Args:
        mentions: What was looked up.
        found: The candidates of each mention, best first.
        documents: The number of each mention's document.

    Returns:
        The best concepts of those mentions, each once; none for a mention without candidates.
    """
    best: dict[int, dict[str, Candidate]] = {}
    for mention, candidates, document in zip(mentions, found, documents, strict=True):
        if candidates and candidates[0].score >= LEAST_SCORE:
            best.setdefault(document, {})[_text(mention)] = candidates[0]
    return [
        _others(mention, best.get(document, {})) if candidates else []
        for mention, candidates, document in zip(mentions, found, documents, strict=True)
    ]


def _text(mention: Mention) -> str:
    return (mention.query or mention.text).casefold()


def _others(mention: Mention, best: dict[str, Candidate]) -> list[Candidate]:
    others: dict[str, Candidate] = {}
    for text, other in best.items():
        known = others.get(other.id)
        if text != _text(mention) and (known is None or other.score > known.score):
            others[other.id] = other
    return list(others.values())


def with_document_evidence(
    mention: Mention, candidates: list[Candidate], best: Sequence[Candidate], k: int
) -> list[Candidate]:
    """Candidates with the best concepts of the other mentions of the same document.

    A mention for which a name of the same words was found keeps its candidates' scores, and only
    what is sure of another mention decides between those that fit equally well; the candidates of
    a composite mention keep their order too. It is noted all the same, for rerankers.

    Args:
        mention: What was looked up.
        candidates: Its candidates, best first.
        best: Those concepts (see ``best_of_others``).
        k: Largest number of candidates.

    Returns:
        Candidates, best first.
    """
    if not best or not candidates:
        return candidates
    others = {other.id: other for other in best}
    if candidates[0].score >= SAME_WORDS:
        noted = [_noted(c, others.get(c.id), c.score) for c in candidates]
        return noted if mention.parts else sorted(noted, key=_by_score_and_document)
    shared = [_shared(mention, c, others.pop(c.id, None)) for c in candidates]
    return sorted([*shared, *_further(mention, others)], key=lambda c: -c.score)[:k]


def _by_score_and_document(candidate: Candidate) -> tuple[float, float]:
    document = candidate.scores.get(DOCUMENT, 0.0)
    return -candidate.score, -document if document >= SAME_KEY else 0.0


def _shared(mention: Mention, candidate: Candidate, other: Candidate | None) -> Candidate:
    """A candidate with what the same concept says as that of another mention."""
    if other is None or mention.parts or candidate.score >= HIGHEST:
        return _noted(candidate, other, candidate.score)
    lifted = min(candidate.score + SHARED_WEIGHT * other.score, HIGHEST)
    return _noted(candidate, other, round(max(lifted, OTHER_WEIGHT * other.score), DIGITS))


def _noted(candidate: Candidate, other: Candidate | None, score: float) -> Candidate:
    if other is None:
        return candidate
    return replace(candidate, score=score, scores={**candidate.scores, DOCUMENT: other.score})


def _further(mention: Mention, others: dict[str, Candidate]) -> Iterator[Candidate]:
    """The concepts of other mentions that were not found for this one."""
    for other in others.values():
        if not mention.types or not mention.types.isdisjoint(other.types):
            score = round(OTHER_WEIGHT * other.score, DIGITS)
            yield replace(other, score=score, scores={DOCUMENT: other.score})
