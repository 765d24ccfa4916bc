"""Every message that the library raises, with a code that can be searched for.

Codes: B1 knowledge base, B2 corpora, B3 mentions, B4 retrieval, B5 evaluation, B6 pipeline.
"""

from __future__ import annotations

from enum import Enum


class BelError(ValueError):
    """An input, a file or a setting that the library cannot work with."""


class Errors(Enum):
    """Message templates; calling a member gives the exception to raise."""

    B001 = "Unknown file format of {path}: {reason}. Name it with the format option: one of {formats}."

    def __call__(self, **values: object) -> BelError:
        """The exception for this message.

        Args:
            **values: What the template names in braces.

        Returns:
            An exception whose text starts with the code.
        """
        return BelError(f"[{self.name}] {self.value.format(**values)}")
