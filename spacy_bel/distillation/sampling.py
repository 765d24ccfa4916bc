"""Which of many mined mentions are worth a label."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from spacy_bel.errors import Errors
from spacy_bel.examples import Example
from spacy_bel.features import hash64
from spacy_bel.retrieval.exact import SAME_ANNOTATED
from spacy_bel.types import Candidate

Strategy = Literal["random", "ambiguous", "uncertain", "balanced"]
"""Which mentions come first.

- ``random``: any;
- ``ambiguous``: those whose text is the name of most concepts;
- ``uncertain``: those whose first two candidates are closest (margin sampling, Scheffer et al.
  2001);
- ``balanced``: one for each best candidate, then a second one for each, and so on.
"""


def check(strategy: str) -> None:
    """Refuse a strategy that there is not."""
    if strategy not in get_args(Strategy):
        raise Errors.B801(setting="strategy", value=strategy, allowed=", ".join(get_args(Strategy)))


def margin(candidates: Sequence[Candidate]) -> float:
    """How far the second candidate is behind the first, in the retriever's scores."""
    if len(candidates) < 2:
        return candidates[0].score if candidates else 0.0
    return candidates[0].score - candidates[1].score


def homonyms(candidates: Iterable[Candidate]) -> int:
    """How many candidates bear the mention as a name."""
    return sum(candidate.scores.get("exact", 0.0) >= SAME_ANNOTATED for candidate in candidates)


def lot(key: str, seed: int) -> float:
    """A random number in [0, 1) that depends on the row and the seed alone."""
    digest = blake2b(f"{seed}/{key}".encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") / 2.0**56


def sample(examples: Iterable[Example], size: int, strategy: str, seed: int) -> NDArray[np.bool_]:
    """Choose rows.

    Args:
        examples: The rows; read once, with about 32 bytes of memory for each.
        size: How many to choose; all where there are fewer.
        strategy: Which come first, one of ``Strategy``; lots decide between equals.
        seed: Of the lots. They depend on no other row, so that more text changes little.

    Returns:
        For each row whether it is chosen.

    Raises:
        BelError: There is no such strategy.
    """
    check(strategy)
    lots, margins = array("d"), array("d")
    bearers, concepts = array("q"), array("q")
    for example in examples:
        candidates = example.candidates
        lots.append(lot(example.key(), seed))
        margins.append(margin(candidates))
        bearers.append(homonyms(candidates))
        concepts.append(hash64(candidates[0].id) if candidates else 0)
    lot_of = np.frombuffer(lots) if lots else np.zeros(0)
    first: tuple[NDArray[np.float64], ...] = ()
    if strategy == "ambiguous" and lots:
        first = (np.frombuffer(margins), -np.frombuffer(bearers, np.int64).astype(float))
    elif strategy == "uncertain" and lots:
        first = (np.frombuffer(margins),)
    elif strategy == "balanced" and lots:
        first = (_turns(np.frombuffer(concepts, np.int64), lot_of),)
    chosen = np.zeros(len(lot_of), dtype=bool)
    chosen[np.lexsort((lot_of, *first))[:size]] = True
    return chosen


def _turns(groups: NDArray[np.int64], lots: NDArray[np.float64]) -> NDArray[np.float64]:
    """The place of each row among those of its group, by lot."""
    order = np.lexsort((lots, groups))
    begins = np.flatnonzero(np.diff(groups[order], prepend=groups[order[0]] - 1))
    places = np.arange(len(groups)) - np.repeat(begins, np.diff(begins, append=len(groups)))
    turns = np.empty(len(groups))
    turns[order] = places
    return turns
