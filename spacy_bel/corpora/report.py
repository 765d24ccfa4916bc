"""What a reader met in a corpus besides clean annotations."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from spacy_bel.errors import Errors

Repair = Literal["trimmed", "moved", "respelled", "restored", "unmatched"]
"""What was done about a mention that its text does not hold as annotated.

- ``trimmed``: white space at its ends was left out;
- ``moved``: the annotated text was found nearby, and the offsets now point there;
- ``respelled``: the offsets hold, the annotated text differs in case, spacing or punctuation;
- ``restored``: the text lacked the mention altogether, and the annotated text was put in;
- ``unmatched``: none of these; the mention keeps its offsets and the text found there.
"""


@dataclass(slots=True)
class ReadReport:
    """Counts of repaired mentions and malformed lines; one report may serve several files.

    Args:
        max_errors: How many malformed lines to pass over before reading stops. A gold standard
            should have none.
        bad_lines: A message for each malformed line.
        repairs: Number of mentions per kind of repair.
        notes: A message for each repaired mention.
    """

    max_errors: int = 0
    bad_lines: list[str] = field(default_factory=list)
    repairs: Counter[Repair] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def bad_line(self, path: Path, line: int, reason: str) -> None:
        """Count a malformed line.

        Args:
            path: The file.
            line: The line's number, from 1.
            reason: What is wrong with it.

        Raises:
            BelError: There are more malformed lines than ``max_errors``.
        """
        self.bad_lines.append(f"{path}, line {line}: {reason}")
        if len(self.bad_lines) > self.max_errors:
            raise Errors.B202(
                path=path,
                line=line,
                reason=reason,
                count=len(self.bad_lines),
                limit=self.max_errors,
            )

    def repaired(self, path: Path, line: int, kind: Repair, mention: str) -> None:
        """Count a repaired mention.

        Args:
            path: The file.
            line: The line's number, from 1.
            kind: What was done.
            mention: The mention as annotated.
        """
        self.repairs[kind] += 1
        self.notes.append(f"{path}, line {line}: {kind}: {mention!r}")
