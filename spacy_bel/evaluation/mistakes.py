"""What went wrong with a mention: retrieval, ranking, NIL or the linker itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spacy_bel.evaluation.metrics import is_nil
from spacy_bel.evaluation.ranks import lenient_rank, strict_rank
from spacy_bel.evaluation.records import RankedCandidate, Record
from spacy_bel.types import NIL

KINDS = {
    "retrieval": "Gold concept not retrieved",
    "ranking": "Other candidate chosen",
    "partial": "Composite partly right",
    "nil": "Wrongly NIL",
    "not-nil": "Linked, NIL is right",
    "failed": "No answer",
}
"""The kinds of mistakes, with their titles."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mention with a wrong answer.

    Args:
        record: The mention.
        kind: One of ``KINDS``.
        rank: The rank of the first gold concept among the candidates, or None.
    """

    record: Record
    kind: str
    rank: int | None

    def candidates(self, limit: int) -> list[tuple[int, RankedCandidate]]:
        """The candidates worth showing, with their ranks.

        Args:
            limit: How many of the first candidates to show.

        Returns:
            The first candidates, and those behind that are right.
        """
        ranked = enumerate(self.record.candidates, start=1)
        gold = self.record.gold_ids
        return [(rank, each) for rank, each in ranked if rank <= limit or each.id in gold]


def is_right(record: Record) -> bool:
    """Whether the answer for a mention is right, by the strict protocol.

    Args:
        record: A mention with a gold identifier.

    Returns:
        Whether it is exactly the gold concepts; or NIL, where the knowledge base has none of
        them.
    """
    return record.answer == NIL if is_nil(record) else strict_rank(record) == 1


def kind_of_mistake(record: Record) -> str | None:
    """What is wrong with the answer for a mention.

    Args:
        record: A mention.

    Returns:
        One of ``KINDS``; None where the answer is right, or nobody knows what is.
    """
    if not record.gold or is_right(record):
        return None
    if not record.answer:
        return "failed"
    if is_nil(record):
        return "not-nil"
    if record.answer == NIL:
        return "nil"
    if not set(record.answer_ids).isdisjoint(record.gold_ids):
        return "partial"
    return "retrieval" if lenient_rank(record) is None else "ranking"


def find_mistakes(records: Sequence[Record]) -> list[Mistake]:
    """All mentions with a wrong answer.

    Args:
        records: All mentions.

    Returns:
        The mistakes, in the order of the records.
    """
    kinds = ((record, kind_of_mistake(record)) for record in records)
    return [Mistake(record, kind, lenient_rank(record)) for record, kind in kinds if kind]


def spread(mistakes: Sequence[Mistake], limit: int) -> list[Mistake]:
    """At most so many mistakes, evenly spread over all.

    Args:
        mistakes: All mistakes.
        limit: The largest number wanted.

    Returns:
        All where there are not too many; else a selection in the same order.
    """
    if len(mistakes) <= limit:
        return list(mistakes)
    return [mistakes[index * len(mistakes) // limit] for index in range(limit)]
