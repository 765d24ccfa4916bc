"""What goes into prompts and comes out: messages, letters, orders of options, examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from string import ascii_uppercase
from typing import TypedDict

from spacy_bel.errors import Errors
from spacy_bel.types import Candidate, Mention

MAX_OPTIONS = len(ascii_uppercase) - 1
"""Most candidates in one prompt: each has a letter, and one letter is for none of them."""


class Message(TypedDict):
    """One turn of a conversation, as chat APIs and chat templates take it."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question about one mention, and how to read the answer.

    Args:
        messages: The conversation, of the roles ``user`` and ``assistant`` in turns; it ends with
            the question.
        letters: The letter of each option, in the order in which they are shown.
        order: Which candidate each option is.
        nil_letter: The letter of "none of the above".
        version: The template's name and a digest of its text and of what the builder was told to
            show.
        head: How the question begins in every prompt of the builder in this language: what
            comes before can be computed once.
    """

    messages: tuple[Message, ...]
    letters: tuple[str, ...]
    order: tuple[int, ...]
    nil_letter: str
    version: str
    head: str = ""

    def candidate_of(self, letter: str) -> int | None:
        """Which candidate a letter stands for.

        Args:
            letter: An answer, exactly as the options write it.

        Returns:
            The candidate's number in the order in which candidates were given; None for "none
            of the above".

        Raises:
            BelError: No option has this letter.
        """
        if letter == self.nil_letter:
            return None
        if letter not in self.letters:
            known = ", ".join((*self.letters, self.nil_letter))
            raise Errors.B703(letter=letter, known=known)
        return self.order[self.letters.index(letter)]

    def letter_of(self, candidate: int | None) -> str:
        """The right answer where a candidate is the right one.

        Args:
            candidate: The candidate's number; None for "none of the above".

        Returns:
            The letter.

        Raises:
            BelError: There is no candidate of this number.
        """
        if candidate is None:
            return self.nil_letter
        if candidate not in self.order:
            raise Errors.B705(number=candidate, count=len(self.order))
        return self.letters[self.order.index(candidate)]

    @property
    def plain(self) -> str:
        """The conversation as running text, for models without a chat template.

        It ends where an answer begins with a blank.
        """
        return "".join(
            message["content"] if message["role"] == "user" else f" {message['content']}\n\n"
            for message in self.messages
        )


@dataclass(frozen=True, slots=True)
class Shot:
    """A worked example, shown before the question.

    Args:
        mention: A mention.
        candidates: What was offered.
        answer: The number of the right candidate; None for "none of the above".
    """

    mention: Mention
    candidates: tuple[Candidate, ...]
    answer: int | None


def shared_length(first: Sequence[object], second: Sequence[object]) -> int:
    """How many of their first items two sequences have in common."""
    pairs = enumerate(zip(first, second, strict=False))
    different = (place for place, (one, other) in pairs if one != other)
    return next(different, min(len(first), len(second)))


def shuffled_order(count: int, seed: int | str) -> tuple[int, ...]:
    """A random order of options, the same for the same seed.

    Args:
        count: Number of candidates.
        seed: Anything that tells one prompt from another, such as an example's key.

    Returns:
        Which candidate each option is.
    """
    return tuple(Random(seed).sample(range(count), count))


def balanced_orders(count: int, orders: int) -> tuple[tuple[int, ...], ...]:
    """Orders of options that let each candidate stand in different places.

    The first is the given order and the others turn it round by equal steps: with as many orders
    as candidates, each candidate stands in each place once.

    Args:
        count: Number of candidates.
        orders: How many orders to make; never more than candidates are returned.

    Returns:
        Distinct orders, each saying which candidate each option is.
    """
    steps = [turn * count // orders for turn in range(orders)] if orders < count else range(count)
    return tuple(tuple((place + step) % count for place in range(count)) for step in steps)
