"""Rerankers one after the other: the cheap ones answer what they are sure of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from spacy_bel.errors import Errors
from spacy_bel.protocols import Persistent, Reranker
from spacy_bel.retrieval.exact import SAME_ANNOTATED, SAME_WORDS
from spacy_bel.types import Candidate, Mention, Ranking

EXACT = "exact"
"""The step of mentions that are written exactly like a name of one candidate only."""


class Cascade:
    """Asks several rerankers, each about the mentions that those before it were not sure of.

    ``Ranking.step`` says which one answered. Where a later one fails, the answer of the one
    before it stands. ``counts`` holds how many mentions each step answered, since it was made.

    Args:
        steps: Name -> reranker, the cheapest first.
        confidences: Name -> least value of the best option with which a step's answer is final;
            for every step but the last. Answers without values (``Ranking.kind`` "choice") are
            always final.
        exact: Whether a mention that is written exactly like a name of one candidate, and of no
            other, is left to the retriever.
        budget: Most mentions of a document about which steps after the first are asked, those
            with the least confidence first; 0 for no limit.

    Raises:
        BelError: A name is missing or unknown, or a setting is out of range.
    """

    def __init__(
        self,
        steps: Mapping[str, Reranker],
        confidences: Mapping[str, float],
        *,
        exact: bool = True,
        budget: int = 0,
    ) -> None:
        self.steps = dict(steps)
        self.confidences = dict(confidences)
        self.exact = exact
        self.budget = budget
        self.counts: Counter[str] = Counter()
        wanted = list(self.steps)[:-1]
        if not self.steps or EXACT in self.steps or sorted(wanted) != sorted(self.confidences):
            found = ", ".join(self.confidences) or "none"
            raise Errors.B766(steps=", ".join(self.steps) or "none", found=found)
        for name, value in self.confidences.items():
            if not 0 <= value <= 1:
                raise Errors.B765(setting=f"confidences.{name}", value=value, allowed="0 to 1")
        if budget < 0:
            raise Errors.B765(setting="budget", value=budget, allowed="0 or more")

    @property
    def extras(self) -> tuple[str, ...]:
        """The extras that the steps need."""
        every = (extra for step in self.steps.values() for extra in getattr(step, "extras", ()))
        return tuple(sorted(set(every)))

    def rerank(
        self, mentions: Sequence[Mention], candidates: Sequence[Sequence[Candidate]]
    ) -> list[Ranking]:
        """Rankings of mentions that are taken for those of one document.

        Args:
            mentions: What is asked about.
            candidates: What may be meant, for each mention.

        Returns:
            One ranking per mention, in their order.
        """
        return self.rerank_documents(mentions, candidates, [0] * len(mentions))

    def rerank_documents(
        self,
        mentions: Sequence[Mention],
        candidates: Sequence[Sequence[Candidate]],
        documents: Sequence[int],
    ) -> list[Ranking]:
        """Rankings of mentions of several documents.

        Args:
            mentions: What is asked about.
            candidates: What may be meant, for each mention.
            documents: The number of each mention's document.

        Returns:
            One ranking per mention, in their order.
        """
        answers: list[Ranking | None] = [
            _exact(own) if self.exact and not mention.parts else None
            for mention, own in zip(mentions, candidates, strict=True)
        ]
        asked = [number for number, answer in enumerate(answers) if answer is None]
        for place, (name, step) in enumerate(self.steps.items()):
            if place and self.budget:
                asked = self._afforded(asked, candidates, answers, documents)
            if not asked:
                break
            found = step.rerank([mentions[n] for n in asked], [candidates[n] for n in asked])
            for number, ranking in zip(asked, found, strict=True):
                if ranking.error is None or answers[number] is None:
                    answers[number] = replace(ranking, step=name)
            least = self.confidences.get(name, 0.0)
            asked = [
                number
                for number in asked
                if not is_final(answers[number], candidates[number], least)
            ]
        final = [answer for answer in answers if answer is not None]
        self.counts.update(answer.step for answer in final)
        return final

    def _afforded(
        self,
        asked: Sequence[int],
        candidates: Sequence[Sequence[Candidate]],
        answers: Sequence[Ranking | None],
        documents: Sequence[int],
    ) -> list[int]:
        """The mentions of each document with the least confidence, as many as there may be."""
        spent: Counter[int] = Counter()
        afforded = []
        for number in sorted(asked, key=lambda n: confidence(answers[n], candidates[n])):
            spent[documents[number]] += 1
            if spent[documents[number]] <= self.budget:
                afforded.append(number)
        return sorted(afforded)

    def to_disk(self, path: Path) -> None:
        """Save the steps that have a state (see ``spacy_bel.protocols.Persistent``)."""
        for name, step in self.steps.items():
            if isinstance(step, Persistent):
                (path / name).mkdir(parents=True, exist_ok=True)
                step.to_disk(path / name)

    def from_disk(self, path: Path) -> None:
        """Take over what ``to_disk`` wrote."""
        for name, step in self.steps.items():
            if isinstance(step, Persistent) and (path / name).exists():
                step.from_disk(path / name)


def confidence(ranking: Ranking | None, candidates: Sequence[Candidate]) -> float:
    """How sure an answer is.

    Args:
        ranking: The answer.
        candidates: The mention's candidates.

    Returns:
        The value of the best option, NIL included; of a composite that of its least sure part.
        -1 where there is no answer.
    """
    if ranking is None or ranking.error is not None:
        return -1.0
    best: dict[float, float] = {}
    for candidate, value in zip(candidates, ranking.probs, strict=True):
        part = candidate.scores.get("part", 0.0)
        best[part] = max(best.get(part, 0.0), value)
    parts = [value for part, value in best.items() if part]
    of_parts = min(parts) if len(parts) > 1 else 0.0
    return max(best.get(0.0, 0.0), of_parts, ranking.nil, max(parts) if len(parts) == 1 else 0.0)


def is_final(ranking: Ranking | None, candidates: Sequence[Candidate], least: float) -> bool:
    """Whether nobody else need be asked."""
    if ranking is None or ranking.error is not None:
        return False
    return ranking.kind == "choice" or confidence(ranking, candidates) >= least


def _exact(candidates: Sequence[Candidate]) -> Ranking | None:
    """The retriever's answer where there is but one candidate with this very name."""
    same = [candidate.scores.get("exact", 0.0) for candidate in candidates]
    if not same or same[0] < SAME_ANNOTATED or any(value >= SAME_WORDS for value in same[1:]):
        return None
    return Ranking((1.0, *[0.0] * (len(same) - 1)), kind="choice", step=EXACT)
