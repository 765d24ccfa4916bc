"""Teachers from which nothing can be learned: those that always say the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from spacy_bel.errors import Errors

LEAST = 50
"""Answers before which nothing is said about a teacher."""

_NIL_SHARE = 0.98
_PLACE_SHARE = 0.95
_NIL = -1


class Habits:
    """Counts which places of the list a teacher chooses.

    Candidates are offered in random order, so that no place is right more often than others.
    """

    def __init__(self) -> None:
        self._places: Counter[int] = Counter()
        self._answers = 0

    def add(self, places: Sequence[int | None], options: int) -> None:
        """Take note of answers.

        Args:
            places: For each question about a mention, the chosen place from 0, or None for NIL.
            options: How many candidates were offered. Where it is one there is no choice of
                place.
        """
        self._answers += len(places)
        self._places[_NIL] += sum(place is None for place in places)
        if options > 1:
            self._places.update(place for place in places if place is not None)

    def check(self, source: str) -> None:
        """Refuse a teacher whose answers do not depend on the question.

        Args:
            source: What labels call it.

        Raises:
            BelError: It always says NIL, or always chooses the same place.
        """
        nil = self._places[_NIL]
        if self._answers < LEAST:
            return
        if nil >= _NIL_SHARE * self._answers:
            raise Errors.B810(source=source, count=nil, answers=self._answers)
        chosen = {place: n for place, n in self._places.items() if place != _NIL}
        total = sum(chosen.values())
        if total < LEAST:
            return
        place, most = max(chosen.items(), key=lambda item: item[1])
        if most >= _PLACE_SHARE * total:
            letter = chr(ord("A") + place)
            raise Errors.B811(source=source, letter=letter, count=most, answers=total)
