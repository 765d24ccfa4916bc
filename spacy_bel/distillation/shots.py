"""Worked examples for a teacher: the same for all mentions, or those nearest to each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from spacy_bel.reranking.prompt import Prompt, PromptBuilder, Shot
from spacy_bel.text import surface
from spacy_bel.types import Candidate, Mention

_GRAM = 3


class Nearest:
    """Finds the worked examples whose mentions are most like a mention.

    Likeness is the cosine of character trigrams of the texts that are looked up.

    Args:
        pool: Worked examples.
    """

    def __init__(self, pool: Sequence[Shot]) -> None:
        self.pool = tuple(pool)
        postings: dict[str, list[int]] = {}
        sizes = []
        for number, shot in enumerate(self.pool):
            grams = _grams(shot.mention)
            sizes.append(len(grams))
            for gram in grams:
                postings.setdefault(gram, []).append(number)
        self._postings = {gram: np.array(found) for gram, found in postings.items()}
        self._norms: NDArray[np.float64] = np.sqrt(np.maximum(1, np.array(sizes, dtype=float)))

    def find(self, mention: Mention, count: int) -> tuple[Shot, ...]:
        """The nearest worked examples, the nearest last, which models heed most.

        Args:
            mention: The mention that is asked about; it never is an example for itself.
            count: How many.

        Returns:
            At most ``count``.
        """
        found = [self._postings[gram] for gram in _grams(mention) if gram in self._postings]
        common = np.bincount(
            np.concatenate(found) if found else np.zeros(0, np.int64), minlength=len(self.pool)
        )
        order = np.argsort(-(common / self._norms), kind="stable").tolist()
        place = (mention.context, mention.start)
        others = (self.pool[n] for n in order)
        shots = [s for s in others if (s.mention.context, s.mention.start) != place][:count]
        return tuple(reversed(shots))


@dataclass(frozen=True)
class FewShotBuilder(PromptBuilder):
    """A prompt builder that shows each mention the worked examples nearest to it.

    Args:
        pool: Worked examples.
        count: How many are shown.
    """

    pool: tuple[Shot, ...] = ()
    count: int = 4

    @classmethod
    def over(cls, builder: PromptBuilder, pool: Sequence[Shot], count: int) -> FewShotBuilder:
        """A builder with the settings of another one."""
        settings = {field.name: getattr(builder, field.name) for field in fields(PromptBuilder)}
        return cls(**settings, pool=tuple(pool), count=count)

    @cached_property
    def version(self) -> str:
        """As that of any builder, with the pool and the number of examples in it."""
        digest = sha256(f"{self._base(self.pool).version}/{self.count}".encode()).hexdigest()
        return f"{self.template}:{digest[:12]}"

    @cached_property
    def _nearest(self) -> Nearest:
        return Nearest(self.pool)

    def _base(self, shots: Sequence[Shot]) -> PromptBuilder:
        settings = {field.name: getattr(self, field.name) for field in fields(PromptBuilder)}
        return PromptBuilder(**{**settings, "shots": tuple(shots)})

    def build(
        self,
        mention: Mention,
        candidates: Sequence[Candidate],
        order: Sequence[int] | None = None,
    ) -> Prompt:
        """The prompt for one mention (see ``PromptBuilder.build``)."""
        base = self._base(self._nearest.find(mention, self.count))
        return replace(base.build(mention, candidates, order), version=self.version)


def _grams(mention: Mention) -> set[str]:
    text = f" {surface(mention.query or mention.text)} "
    return {text[place : place + _GRAM] for place in range(len(text) - _GRAM + 1)}
