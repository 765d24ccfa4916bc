"""Evidence from the text around mentions: where drugs are to blame, names of what they induce.

A report of side effects says ``hepatitis``, and means what vocabularies list apart from the other
kinds: ``Drug-Induced Hepatitis``. Its name alone cannot say so, but the text can.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from spacy_bel.features import NameForms
from spacy_bel.lexicon import CAUSE_WORDS, HARM_WORDS
from spacy_bel.types import Candidate, Mention

CAUSE = "cause"
"""What this evidence is called among the scores of a candidate: what its own name scored."""

LEAST_SCORE = 0.6
"""Candidates that fit the mention worse have other names than it."""

_DRUG = "drug"
_ILL = HARM_WORDS | {"disease"}
_BLAMES = re.compile(r"\binduc(?:e|ing)", re.IGNORECASE)


def prefer_caused(
    mentions: Sequence[Mention], found: Sequence[list[Candidate]], documents: Sequence[int]
) -> list[list[Candidate]]:
    """Candidates with what drugs cause first, where the document says that something was induced.

    Moved to the front is the first candidate whose name has the mention's concept words and those
    of a cause, such as ``Akathisia, Drug-Induced``, if the text around any mention of the document
    says that something was induced; that it speaks of drugs is not enough. A mention that names a
    cause itself, or that is a composite, keeps its order.

    Args:
        mentions: What was looked up.
        found: The candidates of each mention, best first.
        documents: The number of each mention's document.

    Returns:
        Candidates, best first; one that is moved has the score of the best one.
    """
    places = [_place(*each) for each in zip(mentions, found, strict=True)]
    concerned = {document for document, place in zip(documents, places, strict=True) if place}
    blaming = {
        document
        for mention, document in zip(mentions, documents, strict=True)
        if document in concerned and _BLAMES.search(mention.context)
    }
    return [
        _moved(candidates, place) if place and document in blaming else candidates
        for candidates, place, document in zip(found, places, documents, strict=True)
    ]


def _place(mention: Mention, candidates: Sequence[Candidate]) -> int:
    """Where the first candidate is that is the mention caused by drugs; 0 for nowhere else."""
    if mention.parts:
        return 0
    for place, candidate in enumerate(candidates):
        if candidate.score < LEAST_SCORE:
            break
        alias = candidate.alias
        if _DRUG in alias.lower() and not _is_drug(alias) and _is_caused(mention, alias):
            return place
    return 0


def _is_drug(alias: str) -> bool:
    """Whether a name is one of drugs, as ``Dopamine Drugs`` and unlike ``Allergies, Drug``."""
    head = alias.lower().partition(",")[0].rstrip()
    return head.endswith((_DRUG, f"{_DRUG}s"))


def _is_caused(mention: Mention, alias: str) -> bool:
    """Whether a name says what a mention says, and that a drug is the cause."""
    ours = NameForms.of(mention.query or mention.text).concept
    theirs = NameForms.of(alias).concept
    if _DRUG not in theirs or not ours.isdisjoint(CAUSE_WORDS):
        return False
    plain, organ = theirs - CAUSE_WORDS, ours - _ILL
    if ours.isdisjoint(HARM_WORDS) or not organ:
        return plain == ours
    return plain - _ILL == organ


def _moved(candidates: Sequence[Candidate], place: int) -> list[Candidate]:
    """Candidates with one of them in front."""
    one = candidates[place]
    first = replace(one, score=candidates[0].score, scores={**one.scores, CAUSE: one.score})
    return [first, *candidates[:place], *candidates[place + 1 :]]
