"""The search of one query among blocks of names whose scores are bounded.

Blocks are looked at in the order of their bounds, some at a time, until no bound reaches the
score of the last concept that is wanted (Block-Max Pruning; see ``spacy_bel.kb.blocks``).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_bel.retrieval.hits import Hits

NAMES = 3
"""Names that are looked at before the first pause and returned at the end, per concept wanted,"""

NAMES_MORE = 40
"""and how many more, for what other stages and the prior of annotated counts may move up."""

_GROWTH = 2
"""How many times as many blocks have been looked at after each further step."""

_NEAR = 0.25
"""Share of the highest value below which values are looked at only when it comes to that."""

_ROUNDING = 1e-5
"""What a sum in 32 bits may be off."""


class BlockNames(NamedTuple):
    """The names of the blocks.

    Args:
        names: All names in the order of the blocks, shape (names,).
        size: How many names a block has; the last one may have fewer.
        concepts: The concept of each name, by its number, shape (names,).
        mask: Which names may be returned, by number; None for all.
    """

    names: NDArray[np.int32]
    size: int
    concepts: NDArray[Any]
    mask: NDArray[np.bool_] | None

    def of(self, blocks: NDArray[Any]) -> NDArray[Any]:
        """The numbers of the admitted names of some blocks."""
        if self.size == 1:
            names: NDArray[Any] = self.names[blocks]
        else:
            places = (blocks[:, None].astype(np.int64) * self.size + np.arange(self.size)).ravel()
            names = self.names[places[places < len(self.names)]]
        return names if self.mask is None else names[self.mask[names]]


class BlockSearch:
    """What has been found for a query, and what is left to look at.

    Args:
        names: The names of the blocks.
        blocks: The blocks that have an admitted name and a feature of the query, shape (n,).
        bounds: What a name of each can score at most, shape (n,).
        k: How many concepts are wanted.
    """

    def __init__(
        self, names: BlockNames, blocks: NDArray[Any], bounds: NDArray[np.float32], k: int
    ) -> None:
        self._source, self._k = names, k
        self._wanted = NAMES * k + NAMES_MORE
        self._blocks, self._bounds = blocks, bounds
        self._seen, self._until = 0, -(-self._wanted // names.size)
        self._order(self._until)
        self._new: NDArray[Any] = names.names[:0]
        self.found = Hits(self._new, np.empty(0, np.float32))
        self._enough = 0.0
        self.is_done = not len(blocks)

    def next_names(self) -> NDArray[Any]:
        """The names to score next, shape (n,); not to be asked for when the search is done."""
        if self._until > len(self._near) and self._rest:
            self._order(self._until)
        if self._until < len(self._near):
            # What ties with the last one is looked at too: ties are broken later.
            last = self._sorted[self._until - 1]
            self._until = int(np.searchsorted(-self._sorted, -last, side="right"))
        self._new = self._source.of(self._blocks[self._near[self._seen : self._until]])
        return self._new

    def take(self, scores: NDArray[np.float32]) -> None:
        """Take in the scores of the names that ``next_names`` gave last.

        Args:
            scores: The scores, shape (n,).
        """
        is_first = not self._seen
        names = self._new if is_first else np.concatenate([self.found.aliases, self._new])
        scores = scores if is_first else np.concatenate([self.found.scores, scores])
        self.found = Hits(names, scores)
        self._seen, self._until = self._until, self._until * _GROWTH

    def stop_below(self, score: float) -> None:
        """Stop the search if nothing that has not been scored can reach a score.

        Args:
            score: That of the last concept that is wanted; 0 while there are fewer.
        """
        self._enough = score
        is_everything = self._seen >= len(self._blocks)
        self.is_done = is_everything or self._next_bound() + _ROUNDING < score

    @property
    def has_enough(self) -> bool:
        """Whether as many concepts were found as are wanted."""
        return self._enough > 0

    def best(self) -> Hits:
        """The best names, of at least ``k`` concepts if there are so many."""
        names, scores = self.found
        if len(names) > _GROWTH * self._wanted:
            # What ties with the last one stays: ties are broken later, and for a reason.
            near = scores >= min(_best(scores, self._wanted)[2], self._enough)
            names, scores = names[near], scores[near]
        if scores.min(initial=1) <= 0:  # a block may hold names that have nothing of the query
            fits = scores > 0
            names, scores = names[fits], scores[fits]
        return Hits(names, scores)

    def _order(self, count: int) -> None:
        """Put the best blocks, at least so many, in the order of their bounds."""
        near, bounds, least = _best(self._bounds, count)
        order = np.argsort(-bounds)
        self._near, self._sorted, self._rest = near[order], bounds[order], least

    def _next_bound(self) -> float:
        """What any name that has not been scored can score at most."""
        if self._seen < len(self._near):
            return float(self._sorted[self._seen])
        return self._rest


def _best(values: NDArray[Any], n: int) -> tuple[NDArray[np.int64], NDArray[Any], float]:
    """The ``n`` largest of some values and what ties with the last of them.

    Returns:
        Their places, the values, and the least of them; 0 where these are all.
    """
    if n >= len(values):
        return np.arange(len(values)), values, 0.0
    # Most blocks share a common feature and no more: looking at the others alone is quicker.
    near = np.flatnonzero(values >= _NEAR * values.max())
    if len(near) < n:
        near = np.arange(len(values))
    largest = values[near]
    least = np.partition(largest, -n)[-n]
    kept = largest >= least
    return near[kept], largest[kept], float(least)
