"""Why a row is left out: what its label says, what others say, and what is there already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from spacy_bel.distillation.habits import Habits
from spacy_bel.errors import Errors
from spacy_bel.examples import Example, Label
from spacy_bel.text import surface
from spacy_bel.types import NIL

_COMPARED = 50
"""Contexts of equal mentions with equal answers that a new one is compared with."""


Text = tuple[str, str]
"""A document and the text of a mention in it."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is kept.

    Args:
        source: Whose labels count; empty for the last label of each row.
        min_agreement: Least share of repeated questions that were answered alike. Rows that were
            asked about once have none and are kept.
        min_probability: Least value of the chosen option, where the label has values.
        max_gap: How far, in the retriever's score, the chosen candidate may be behind the best
            one; NIL is behind by all of the best one's score. 1 for any distance.
        missed: Whether to keep rows whose gold concept is not among the candidates.
        consistent: Whether to leave out labels that are not what most labels of the same text in
            its document say: within a document a text has one meaning (Gale et al. 1992).
        noise: Whether to leave out labels that ``noise.estimate_noise`` doubts; it doubts the
            unexpected, and so leaves out hard mentions with the wrong ones.
        per_concept: Most rows of one concept; 0 for any number. NIL has no limit.
        duplicates: From which likeness of their contexts, in [0, 1], equal mentions with equal
            answers count as one; above 1 for never.
        synthetic_share: Largest share of synthetic rows; None for any.
        limit: Most rows, by lot; 0 for any number.
        seed: Of the lots.
    """

    source: str = ""
    min_agreement: float = 0.0
    min_probability: float = 0.0
    max_gap: float = 1.0
    missed: bool = False
    consistent: bool = False
    noise: bool = False
    per_concept: int = 0
    duplicates: float = 0.9
    synthetic_share: float | None = None
    limit: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse settings out of range."""
        for setting in ("min_agreement", "min_probability", "max_gap", "synthetic_share"):
            value = getattr(self, setting)
            if value is not None and not 0 <= value <= 1:
                raise Errors.B801(setting=setting, value=value, allowed="0 to 1")
        for setting in ("per_concept", "limit"):
            if (value := getattr(self, setting)) < 0:
                raise Errors.B801(setting=setting, value=value, allowed="0 or more")


class Sieve:
    """Looks at rows one after the other.

    Args:
        selection: What is kept.
        said: For each text of a document, how often labels said what.
    """

    def __init__(self, selection: Selection, said: Mapping[Text, Counter[str]]) -> None:
        self.selection = selection
        self._said = said
        self.habits: dict[str, Habits] = {}
        self._concepts: Counter[str] = Counter()
        self._contexts: dict[tuple[str, str], list[str]] = {}

    def reason(self, row: Example, *, is_doubted: bool) -> str:
        """Why a row is left out.

        Args:
            row: The row; rows are given in their order, each once.
            is_doubted: Whether its label is likely to be wrong.

        Returns:
            The first reason that applies; empty where the row is kept.
        """
        answer = answer_of(row, self.selection.source)
        if answer is None:
            return "without label"
        label = label_of(row, self.selection.source)
        if label is not None:
            # The order that was shown is not known here, so only NIL tells anything.
            place = None if label.id == NIL else 0
            self.habits.setdefault(label.source, Habits()).add((place,), 1)
        return (
            (self._of_label(row, label) if label is not None else "")
            or self._missed(row, answer)
            or ("doubtful" if is_doubted else "")
            or self._repeated(row, answer[0])
        )

    def _of_label(self, row: Example, label: Label) -> str:
        selection = self.selection
        if label.agreement is not None and label.agreement < selection.min_agreement:
            return "agreement"
        if label.probs is not None and label.probs.get(label.id, 0.0) < selection.min_probability:
            return "probability"
        scores = {candidate.id: candidate.score for candidate in row.candidates}
        best = max(scores.values(), default=0.0)
        if best - scores.get(label.id, 0.0) > selection.max_gap:
            return "disagreement with the retriever"
        said = self._said.get(_text(row), Counter())
        if said and 2 * said[label.id] <= said.total():
            return "another answer elsewhere in the document"
        return ""

    def _missed(self, row: Example, answer: Sequence[str]) -> str:
        if self.selection.missed or NIL in answer:
            return ""
        ids = {candidate.id for candidate in row.candidates}
        return "gold not among the candidates" if ids.isdisjoint(answer) else ""

    def _repeated(self, row: Example, answer: str) -> str:
        selection = self.selection
        limit = selection.per_concept
        if limit and answer != NIL and self._concepts[answer] >= limit:
            return "enough of the concept"
        if selection.duplicates <= 1:
            context = row.mention.context
            known = self._contexts.setdefault((surface(row.mention.text), answer), [])
            if any(likeness(context, each) >= selection.duplicates for each in known):
                return "near-duplicate"
            known.append(context)
            del known[:-_COMPARED]
        self._concepts[answer] += 1
        return ""


def answer_of(example: Example, source: str = "") -> tuple[str, ...] | None:
    """What a row says that its mention means.

    Args:
        example: The row.
        source: Whose label counts; empty for the last one.

    Returns:
        CURIEs or NIL, of which any is right: the teacher's where there is a label, else the
        gold; None where nobody said anything.
    """
    label = label_of(example, source)
    return (label.id,) if label is not None else example.gold


def label_of(example: Example, source: str = "") -> Label | None:
    """The label of a source, the last one of any source where it is empty; None without one."""
    own = [label for label in example.labels if source in ("", label.source)]
    return own[-1] if own else None


def said(rows: Iterable[Example], source: str = "") -> dict[Text, Counter[str]]:
    """What the labels of each text of a document say, and how often.

    Args:
        rows: The rows.
        source: Whose labels count; empty for the last one of each row.

    Returns:
        For each document and text, the ids of its labels with their numbers.
    """
    found: dict[Text, Counter[str]] = {}
    for row in rows:
        if label := label_of(row, source):
            found.setdefault(_text(row), Counter())[label.id] += 1
    return found


def _text(row: Example) -> Text:
    # A row of no document is by itself.
    return row.doc_id or row.key(), surface(row.mention.query or row.mention.text)


def likeness(one: str, other: str) -> float:
    """Share of common character trigrams (Dice) of two contexts, in [0, 1]."""
    if one == other:
        return 1.0
    first, second = _trigrams(one), _trigrams(other)
    return 2 * len(first & second) / max(1, len(first) + len(second))


def _trigrams(text: str) -> set[str]:
    # Contexts hardly ever repeat, so nothing is gained by remembering these.
    folded = f" {surface(text)} "
    return {folded[place : place + 3] for place in range(len(folded) - 2)}
