"""Files of rows."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from spacy_bel.errors import BelError, Errors
from spacy_bel.examples.lines import from_line, to_line
from spacy_bel.examples.rows import Example
from spacy_bel.files import replacing


def write_examples(examples: Iterable[Example], path: Path) -> int:
    """Write rows, all of them or none.

    Args:
        examples: The rows.
        path: A ``.jsonl`` file, compressed where its name ends in ``.gz``.

    Returns:
        How many were written.

    Raises:
        BelError: The file cannot be written.
    """
    count = 0
    with replacing(path, Errors.B902) as beside, _open(beside, "wt", path.suffix) as file:
        for example in examples:
            file.write(to_line(example) + "\n")
            count += 1
    return count


def read_examples(path: Path) -> Iterator[Example]:
    """Read rows.

    Args:
        path: What ``write_examples`` wrote.

    Yields:
        The rows in order; blank lines are passed over.

    Raises:
        BelError: The file cannot be read, or a line is no such row; the message says where.
    """
    try:
        with _open(path, "rt", path.suffix) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    try:
                        yield from_line(line)
                    except BelError as error:
                        raise Errors.B901(path=path, line=number, reason=error) from error
    except (OSError, UnicodeDecodeError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Errors.B900(path=path, reason=reason) from error


def _open(path: Path, mode: str, suffix: str) -> Any:
    if suffix == ".gz":
        return gzip.open(path, mode, encoding="utf-8", newline="\n")
    return path.open(mode, encoding="utf-8", newline="\n")
