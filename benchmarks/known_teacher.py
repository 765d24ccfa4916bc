"""A fixture: a chat server that plays a teacher of known accuracy.

It is told the gold ids of the mentions that it will be asked about, and answers wrongly as often
as it is told to. It is no language model, and no figure that was measured with it is one of a
language model: it shows what becomes of a teacher's errors on the way to a student.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from threading import Lock

from spacy_bel.distillation.sampling import lot
from spacy_bel.examples import Example
from spacy_bel.reranking.prompt import PromptBuilder
from tests.servers import Call, Reply, chat

FIXED = 0.75
"""Share of the errors that are the same whenever a mention is asked about."""

_OPTION = re.compile(r"^([A-Z]): (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the server knows of a mention: what options show -> id, scores, and gold ids."""

    shown: Mapping[str, str]
    scores: Mapping[str, float]
    gold: frozenset[str]


class KnownTeacher:
    """Answers with the letter of the right option, or of a wrong one.

    Where no gold concept is offered NIL is right. A wrong candidate is drawn by its retrieval
    score.

    Args:
        rows: What will be asked about, with gold.
        accuracy: Share of right answers.
        options: Most candidates that will be offered.
        seed: Of the errors.
    """

    def __init__(
        self,
        rows: Iterable[Example],
        accuracy: float,
        options: int = 10,
        *,
        seed: int = 0,
    ) -> None:
        errors = 1 - accuracy
        self._fixed = FIXED * errors
        self._fresh = (errors - self._fixed) / (1 - self._fixed)
        self._seed = seed
        self._random, self._lock = Random(seed), Lock()
        self._known: dict[str, _Known] = {}
        builder = PromptBuilder()
        for row in rows:
            offered = row.candidates[:options]
            if offered:
                prompt = builder.build(row.mention, offered)
                question, letters = _parts(prompt.messages[-1]["content"])
                ids = dict(zip(prompt.letters, (each.id for each in offered), strict=True))
                self._known[question] = _Known(
                    {text: ids[letter] for letter, text in letters.items() if letter in ids},
                    {each.id: each.score for each in offered},
                    frozenset(row.gold or ()),
                )

    def __call__(self, call: Call) -> Reply:
        """The reply to a request."""
        question, letters = _parts(call.text)
        known = self._known[question]
        nil = max(letters)
        ids = {known.shown[text]: letter for letter, text in letters.items() if letter != nil}
        right = next((letter for id_, letter in ids.items() if id_ in known.gold), nil)
        wrong = {id_: known.scores[id_] for id_, letter in sorted(ids.items()) if letter != right}
        with self._lock:
            is_fresh = self._random.random() < self._fresh
            chance = self._random.random()
        if lot(question, self._seed) < self._fixed:
            chance = lot(f"which/{question}", self._seed)
        elif not is_fresh:
            return chat(right)
        letter = ids[_drawn(wrong, chance)] if wrong else nil
        return chat(letter)


def _parts(content: str) -> tuple[str, dict[str, str]]:
    """What tells the question from others in whatever order its options are, and its options."""
    letters = dict(_OPTION.findall(content))
    # A document that is there twice may be offered other candidates the second time.
    return "\n".join([content.partition("\nA: ")[0], *sorted(letters.values())]), letters


def _drawn(weights: Mapping[str, float], chance: float) -> str:
    left = chance * sum(weights.values())
    for name, weight in weights.items():
        left -= weight
        if left < 0:
            return name
    return max(weights)
