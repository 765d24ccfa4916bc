"""From examples to what a reranker is trained on: options, their order, and the right ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random

from spacy_bel.errors import Errors
from spacy_bel.examples import Example, Label, Offer
from spacy_bel.reranking.questions import Asked, Question, ask
from spacy_bel.types import NIL


@dataclass(frozen=True, slots=True)
class Target:
    """A question with its answer.

    Args:
        question: The question.
        weights: For each candidate and, last, NIL, how right it is. Where the answer is
            ``soft`` the weights sum to 1; else several may be 1, each of them right.
        soft: Whether the weights are a teacher's probabilities.
    """

    question: Question
    weights: tuple[float, ...]
    soft: bool = False


@dataclass(frozen=True, slots=True)
class Sampling:
    """How training questions are drawn from examples, in a new way in every epoch.

    The defaults are those of BeLink (Shlyk et al. 2026) but for the names: there every option
    has one name, drawn at random, while the numbers that a cross-encoder sees speak of the name
    that matched.

    Args:
        negatives: Most wrong candidates of a question.
        nil_rate: Share of questions whose right candidates are hidden, so that NIL is right.
        random_alias: Whether each candidate is shown under a name drawn at random.
        shuffle: Whether candidates stand in random order.
        teacher: Source of the labels to learn from in place of gold; empty for gold, and for the
            last label of rows that have none.
        temperature: What the logarithms of a teacher's probabilities are divided by.
        missed: Whether NIL is right where the gold concept is not among the candidates; such
            mentions are left out otherwise.
        once: Whether a text that a document repeats with the same gold is asked about once, in
            a place drawn at random: documents that repeat one mention twenty times would teach
            little else.
    """

    negatives: int = 9
    nil_rate: float = 0.1
    random_alias: bool = False
    shuffle: bool = False
    teacher: str = ""
    temperature: float = 1.0
    missed: bool = True
    once: bool = True

    def __post_init__(self) -> None:
        """Refuse settings out of range."""
        if self.negatives < 1:
            raise Errors.B910(setting="negatives", value=self.negatives, allowed="1 or more")
        if not 0 <= self.nil_rate < 1:
            raise Errors.B910(setting="nil_rate", value=self.nil_rate, allowed="[0, 1)")
        if self.temperature <= 0:
            raise Errors.B910(setting="temperature", value=self.temperature, allowed="above 0")


def draw(examples: Iterable[Example], sampling: Sampling, seed: str) -> list[Target]:
    """The training questions of one epoch.

    Args:
        examples: Rows; those that nobody labelled are passed over.
        sampling: How.
        seed: Equal seeds, equal questions.

    Returns:
        Questions in random order.
    """
    random = Random(seed)
    if sampling.once:
        examples = _once(examples, random)
    found = (target for example in examples for target in targets_of(example, sampling))
    targets = [
        varied for target in found if (varied := _vary(target, sampling, random)) is not None
    ]
    random.shuffle(targets)
    return targets


def _once(examples: Iterable[Example], random: Random) -> list[Example]:
    """One example of each text and gold of a document; all where one of these is not known."""
    groups: dict[tuple[object, ...], list[Example]] = {}
    for number, example in enumerate(examples):
        text = (example.mention.query or example.mention.text).casefold()
        place = -1 if example.doc_id and example.gold is not None else number
        groups.setdefault((example.doc_id, text, example.gold, place), []).append(example)
    return [random.choice(group) for group in groups.values()]


def targets_of(example: Example, sampling: Sampling) -> list[Target]:
    """The questions of a row with their answers, before anything is drawn.

    Args:
        example: The row.
        sampling: Whose labels count, and whether missed concepts do.

    Returns:
        The whole mention's question and those of its parts; none where there is no answer.
    """
    if not example.offers:
        return []
    asked = ask(example.mention, example.offers)
    label = _label(example, sampling.teacher)
    if label is not None and label.probs is not None:
        whole, probs = asked.questions[0], label.probs
        weights = [probs.get(offer.candidate.id, 0.0) for offer in whole.offers]
        return [Target(whole, _soft([*weights, probs.get(NIL, 0.0)], sampling), soft=True)]
    right = example.gold if label is None else (label.id,)
    return [] if right is None else targets_of_asked(asked, right, sampling)


def targets_of_asked(asked: Asked, right: Collection[str], sampling: Sampling) -> list[Target]:
    """The questions about a mention with the answers that follow from its gold.

    Args:
        asked: The questions.
        right: CURIEs, of which any is right, or ``NIL``.
        sampling: Whether missed concepts count.

    Returns:
        The whole mention's question and those of its parts.
    """
    targets = []
    for number, question in enumerate(asked.questions):
        own = [float(offer.candidate.id in right) for offer in question.offers]
        is_missed = not any(own)
        # A part whose concept was not found may be no part at all: nothing is learned from it.
        if is_missed and (number > 0 or not (sampling.missed or set(right) == {NIL})):
            continue
        targets.append(Target(question, (*own, float(is_missed))))
    return targets


def _label(example: Example, teacher: str) -> Label | None:
    """The label to learn from; None where the gold is, if there is any."""
    if not teacher and example.gold is not None:
        return None
    own = [label for label in example.labels if teacher in ("", label.source)]
    return own[-1] if own else None


def _soft(probs: Sequence[float], sampling: Sampling) -> tuple[float, ...]:
    powers = [value ** (1 / sampling.temperature) for value in probs]
    total = sum(powers)
    # A teacher whose every choice is no candidate here says NIL.
    return tuple(p / total for p in powers) if total else (*(0.0,) * (len(probs) - 1), 1.0)


def _vary(target: Target, sampling: Sampling, random: Random) -> Target | None:
    """A question as it is asked in one epoch; None where nothing is left of it."""
    *weights, nil = target.weights
    offers = list(zip(target.question.offers, weights, strict=True))
    right = [pair for pair in offers if pair[1] > 0]
    wrong = [pair for pair in offers if pair[1] <= 0]
    if not target.soft:
        if right and random.random() < sampling.nil_rate:
            right, nil = [], 1.0
        # The best ones, not random ones: they are what inference sees.
        wrong = wrong[: sampling.negatives + (not right)]
        kept = {id(pair) for pair in (*right, *wrong)}
        offers = [pair for pair in offers if id(pair) in kept]
    if not offers:
        return None
    if sampling.shuffle:
        random.shuffle(offers)
    if sampling.random_alias:
        offers = [(_renamed(offer, random), weight) for offer, weight in offers]
    question = replace(target.question, offers=tuple(offer for offer, _ in offers))
    return Target(question, (*(weight for _, weight in offers), nil), target.soft)


def _renamed(offer: Offer, random: Random) -> Offer:
    if not offer.names:
        return offer
    name = random.choice(offer.names).name
    return replace(offer, candidate=replace(offer.candidate, alias=name))
