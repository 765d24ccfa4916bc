"""What a local reranker is asked: a mention, or one part of a composite, and its options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from spacy_bel.examples import Offer
from spacy_bel.types import Mention, Ranking


@dataclass(frozen=True, slots=True)
class Question:
    """A mention and what it may mean.

    Args:
        mention: The mention.
        offers: Its candidates, best first.
    """

    mention: Mention
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions that one mention takes.

    A composite is asked as a whole, over all candidates, and part by part, over the candidates
    of the part: the values of two parts must not compete, for both are right.

    Args:
        questions: The whole mention, then its parts.
        places: For each question, the places of its candidates among those of the mention.
    """

    questions: tuple[Question, ...]
    places: tuple[tuple[int, ...], ...]


def ask(mention: Mention, offers: Sequence[Offer]) -> Asked:
    """The questions for a mention.

    Args:
        mention: The mention.
        offers: Its candidates; those of a part say so in ``scores["part"]``.

    Returns:
        One question, or several for a composite whose parts have candidates.
    """
    whole = Question(mention, tuple(offers))
    questions, places = [whole], [tuple(range(len(offers)))]
    for number, text in enumerate(mention.parts, 1):
        own = tuple(
            place
            for place, offer in enumerate(offers)
            if offer.candidate.scores.get("part") == number
        )
        if own:
            part = replace(mention, query=text, parts=())
            questions.append(Question(part, tuple(_as_whole(offers[place]) for place in own)))
            places.append(own)
    return Asked(tuple(questions), tuple(places))


def answer(
    asked: Asked, values: Sequence[Sequence[float]], count: int, *, calibrated: bool
) -> Ranking:
    """The ranking of a mention from the answers to its questions.

    Args:
        asked: The questions.
        values: For each question, the values of its candidates and, last, of NIL.
        count: How many candidates the mention has; those that were not asked about get no value.
        calibrated: Whether the values were calibrated.

    Returns:
        That the mention is a composite is one hypothesis, worth what the best candidate of its
        parts is worth among all candidates: so much has the best candidate of each part, by what
        was answered about the part, and its other candidates have less in proportion. What is not
        a part's keeps its value, and all is scaled so that the whole is certain together with any
        one part.
    """
    (*whole, nil), *of_parts = values
    probs = [*whole, *[0.0] * (count - len(whole))]
    parts = asked.places[1:]
    composite = max((whole[place] for places in parts for place in places), default=0.0)
    apart = heaviest = 0.0
    for places, (*own, _) in zip(parts, of_parts, strict=True):
        best = max(own) or 1.0
        apart += sum(whole[place] for place in places)
        heaviest = max(heaviest, composite * (sum(own) / best))
        for place, value in zip(places, own, strict=True):
            probs[place] = composite * (value / best)
    left = sum(whole) + nil - apart + heaviest
    scale = 1 / left if left > 0 else 1.0
    probs = [min(1.0, scale * value) for value in probs]
    return Ranking(tuple(probs), nil=scale * nil, calibrated=calibrated)


def _as_whole(offer: Offer) -> Offer:
    scores = {stage: value for stage, value in offer.candidate.scores.items() if stage != "part"}
    return replace(offer, candidate=replace(offer.candidate, scores=scores))
