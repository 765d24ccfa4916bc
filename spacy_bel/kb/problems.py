"""Malformed lines of vocabularies: shown as they come, counted, limited."""

from __future__ import annotations

from tqdm import tqdm

from spacy_bel.errors import Errors
from spacy_bel.kb.readers.textfile import ReadProblem

MAX_ERRORS = 10
"""Malformed lines that a build puts up with before it stops."""


class ProblemLog:
    """Takes the malformed lines of all sources together.

    Args:
        limit: How many are put up with.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.count = 0

    def __call__(self, problem: ReadProblem) -> None:
        """Take note of one.

        Args:
            problem: Where and what.

        Raises:
            BelError: When there are more than the limit.
        """
        self.count += 1
        tqdm.write(f"Skipped: {problem}")
        if self.count > self.limit:
            raise Errors.B106(limit=self.limit, problem=problem)
