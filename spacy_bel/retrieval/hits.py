"""What the stages of a retriever exchange: queries and the names they hit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from spacy_bel.features import NameForms


@dataclass(frozen=True, slots=True)
class Query:
    """One text to look up.

    Args:
        text: The text.
        forms: Its forms.
        mask: Which names of the knowledge base may be returned, shape (names,); None for all.
        second: Another text for the same mention, such as a standard name; empty for none.
        costs: What the scores of concepts lose by their set of types, shape (type sets,); None
            for nothing.
    """

    text: str
    forms: NameForms
    mask: NDArray[np.bool_] | None = None
    second: str = ""
    costs: NDArray[np.float64] | None = None


class Hits(NamedTuple):
    """Names that a stage found for a query, in no order.

    Args:
        aliases: Numbers of the names, shape (n,).
        scores: How well each fits, in [0, 1], shape (n,).
    """

    aliases: NDArray[Any]
    scores: NDArray[Any]


class Stage(Protocol):
    """One way of finding names."""

    def search(self, queries: Sequence[Query], k: int) -> list[Hits]:
        """For each query, the names that fit best.

        Args:
            queries: What to look up.
            k: How many concepts are wanted; enough names for as many should be returned.

        Returns:
            One ``Hits`` per query.
        """
        ...
