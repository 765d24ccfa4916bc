"""From questions to tokens: what a cross-encoder reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from spacy_bel.examples import Offer
from spacy_bel.reranking.questions import Question
from spacy_bel.text import surface

OPEN, CLOSE = "«", "»"
"""What stands around the mention in its context."""

BETWEEN_NAMES = ";"

MENTION, CONTEXT = -2, -1
"""Owners of tokens that belong to no candidate: those of the mention, and all others."""


@dataclass(frozen=True, slots=True)
class Window:
    """How much of everything is read.

    Args:
        context: Most tokens of context, the mention included.
        mention: Most tokens of the text that is looked up.
        candidate: Most tokens of a candidate.
        names: Most names of a candidate.
        per_sequence: Candidates that are read together: 1 for each by itself ("pairwise"), more
            to let them see each other ("set-wise").
    """

    context: int = 64
    mention: int = 24
    candidate: int = 24
    names: int = 3
    per_sequence: int = 1


@dataclass(frozen=True, slots=True)
class TokenSequence:
    """One input of the network.

    Args:
        ids: Tokens.
        positions: Their places. Every candidate begins at the same one, so that nothing depends
            on the order in which candidates stand.
        owners: For each token the candidate, as a place in the batch, or ``MENTION`` or
            ``CONTEXT``.
    """

    ids: list[int]
    positions: list[int]
    owners: list[int]


class Encoder:
    """Makes the inputs of a network from questions.

    Args:
        tokenizer: A fast tokenizer with tokens for the beginning and for separation.
        window: How much is read.
        offset: The place of the first token.
    """

    def __init__(self, tokenizer: Any, window: Window, *, offset: int = 0) -> None:
        self.window = window
        self._offset = offset
        self._tokenizer = tokenizer
        self._begin = _token(tokenizer, "cls_token_id", "bos_token_id")
        self._separator = _token(tokenizer, "sep_token_id", "eos_token_id")
        self._tokens = lru_cache(maxsize=1 << 16)(self._tokenise)

    def sequences(self, questions: Sequence[Question]) -> Iterator[TokenSequence]:
        """The inputs for a batch of questions.

        Args:
            questions: What is asked.

        Yields:
            Sequences; candidates are numbered through the whole batch.
        """
        first = 0
        for question in questions:
            offers = question.offers
            for begin in range(0, len(offers), self.window.per_sequence):
                own = offers[begin : begin + self.window.per_sequence]
                yield self._sequence(question, own, first + begin)
            first += len(offers)

    def _sequence(self, question: Question, offers: Sequence[Offer], number: int) -> TokenSequence:
        mention = question.mention
        query = self._tokens(mention.query or mention.text)[: self.window.mention]
        context = self._context(question)
        ids = [self._begin, *query, self._separator, *context, self._separator]
        owners = [CONTEXT, *[MENTION] * len(query), *[CONTEXT] * (len(context) + 2)]
        begin = self._offset + len(ids)
        positions = list(range(self._offset, begin))
        for place, offer in enumerate(offers, number):
            text = f" {BETWEEN_NAMES} ".join(shown_names(offer, self.window.names))
            own = [*self._tokens(text)[: self.window.candidate], self._separator]
            ids += own
            positions += range(begin, begin + len(own))
            owners += [place] * len(own)
        return TokenSequence(ids, positions, owners)

    def _context(self, question: Question) -> list[int]:
        """The mention, marked, and as much around it as there is room for."""
        mention, size = question.mention, self.window.context
        if size == 0:
            return []
        left = self._tokens(mention.context[: mention.start])
        right = self._tokens(mention.context[mention.end :])
        middle = self._tokens(f"{OPEN} {mention.text} {CLOSE}")[:size]
        room = size - len(middle)
        before = min(len(left), max(room // 2, room - len(right)))
        return [*left[len(left) - before :], *middle, *right[: room - before]]

    def _tokenise(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])


def shown_names(offer: Offer, limit: int) -> list[str]:
    """The names of a candidate that a cross-encoder reads.

    Args:
        offer: The candidate.
        limit: Most names.

    Returns:
        The preferred name, the one that matched, and others that are like the mention.
    """
    candidate = offer.candidate
    names = [candidate.name, candidate.alias, *(name.name for name in offer.names)]
    distinct = {surface(name): name for name in reversed(names)}
    return list(reversed(distinct.values()))[:limit]


def _token(tokenizer: Any, *names: str) -> int:
    """The first of some special tokens that a tokenizer has."""
    tokens = (getattr(tokenizer, name, None) for name in names)
    return int(next(token for token in tokens if token is not None))
