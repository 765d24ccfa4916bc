"""Questions to a teacher about rows, and what its answers say together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from spacy_bel.distillation.teacher import Teacher
from spacy_bel.errors import Errors
from spacy_bel.examples import Example, Label, LabelKind
from spacy_bel.protocols import SamplingReranker
from spacy_bel.types import NIL, Candidate, Ranking

_TRIES = 20


@dataclass(frozen=True, slots=True)
class Labelled:
    """What became of one row.

    Args:
        example: The row, with the label where there is one.
        places: For each usable answer the place that was chosen in the list that was shown; None
            for NIL.
        options: Among how many places the choice was free; 1 where candidates were not shuffled.
        problem: Why there is no label; empty where there is one.
    """

    example: Example
    places: tuple[int | None, ...] = ()
    options: int = 0
    problem: str = ""


def label_rows(teacher: Teacher, rows: Sequence[Example]) -> list[Labelled]:
    """Ask a teacher about rows, all at once.

    Args:
        teacher: The teacher.
        rows: Rows; labels of the same source are replaced, gold is neither shown nor changed.

    Returns:
        One result per row, in their order.

    Raises:
        BelError: As the reranker says.
    """
    # What a reranker does not show must not push out what it would have shown.
    limit = min(
        teacher.teaching.candidates,
        getattr(teacher.reranker, "options", teacher.teaching.candidates),
    )
    offered = [row.candidates[:limit] for row in rows]
    orders = [
        shuffles(len(own), teacher.teaching.questions, row.key())
        if teacher.has_prompt
        else [tuple(range(len(own)))]
        for row, own in zip(rows, offered, strict=True)
    ]
    mentions = [row.mention for row, own in zip(rows, orders, strict=True) for _ in own]
    shown = [
        [own[place] for place in order]
        for own, every in zip(offered, orders, strict=True)
        for order in every
    ]
    if isinstance(teacher.reranker, SamplingReranker):
        samples = [number for every in orders for number in _repeats(every)]
        found = teacher.reranker.rerank_samples(mentions, shown, samples)
    else:
        found = teacher.reranker.rerank(mentions, shown)
    answers = iter(found)
    return [
        _label(teacher, row, own, [(order, next(answers)) for order in every])
        for row, own, every in zip(rows, offered, orders, strict=True)
    ]


def shuffles(count: int, size: int, seed: str) -> list[tuple[int, ...]]:
    """Random orders, no two alike as long as there are enough.

    Args:
        count: What is put in order.
        size: How many orders.
        seed: Equal seeds, equal orders; the first ones are the same for every ``size``.

    Returns:
        Permutations of ``range(count)``.
    """
    random = Random(f"{seed}/orders")
    found: list[tuple[int, ...]] = []
    for _ in range(size):
        for _ in range(_TRIES):
            order = tuple(random.sample(range(count), count))
            if order not in found:
                break
        found.append(order)
    return found


def _repeats(orders: Sequence[tuple[int, ...]]) -> list[int]:
    """For each order how often it came before: few candidates have fewer orders than questions."""
    return [orders[:number].count(order) for number, order in enumerate(orders)]


def _label(
    teacher: Teacher,
    row: Example,
    candidates: Sequence[Candidate],
    answers: Sequence[tuple[tuple[int, ...], Ranking]],
) -> Labelled:
    if not candidates:
        return Labelled(row, problem="There is no candidate to choose.")
    usable = [(order, each) for order, each in answers if each.error is None]
    if 2 * len(usable) < len(answers) or not usable:
        problem = next(each.error for _, each in answers if each.error is not None)
        if len(answers) > 1:
            problem = str(Errors.B741(usable=len(usable), votes=len(answers), problem=problem))
        return Labelled(row, problem=str(problem))
    places = tuple(_chosen(ranking) for _, ranking in usable)
    values = dict.fromkeys((*(c.id for c in candidates), NIL), 0.0)
    votes: Counter[str] = Counter()
    for (order, ranking), place in zip(usable, places, strict=True):
        votes[NIL if place is None else candidates[order[place]].id] += 1
        values[NIL] += ranking.nil / len(usable)
        for position, value in zip(order, ranking.probs, strict=True):
            values[candidates[position].id] += value / len(usable)
    best = max(values, key=lambda id_: values[id_])
    kind = _kind([ranking for _, ranking in usable], len(answers))
    is_asked_again = len(answers) > 1
    label = Label(
        source=teacher.source,
        id=best,
        prompt=teacher.prompt,
        probs=None if kind == "choice" else {i: _in_range(v) for i, v in values.items() if v > 0},
        kind=kind,
        agreement=votes[best] / len(usable) if is_asked_again else _agreement(usable[0][1]),
    )
    others = tuple(each for each in row.labels if each.source != teacher.source)
    labelled = replace(row, labels=(*others, label), provenance="teacher")
    return Labelled(labelled, places, len(candidates) if teacher.has_prompt else 1)


def _kind(rankings: Sequence[Ranking], questions: int) -> LabelKind:
    if all(ranking.kind == "probability" for ranking in rankings):
        return "probability"
    return "votes" if questions > 1 or rankings[0].kind == "votes" else "choice"


def _chosen(ranking: Ranking) -> int | None:
    """The place with the largest value; None where that is NIL's."""
    best = max(range(len(ranking.probs)), key=ranking.probs.__getitem__, default=None)
    return None if best is None or ranking.nil > ranking.probs[best] else best


def _agreement(ranking: Ranking) -> float | None:
    """The largest share, where a reranker took votes itself."""
    return max(*ranking.probs, ranking.nil) if ranking.kind == "votes" else None


def _in_range(value: float) -> float:
    return min(1.0, max(0.0, value))
