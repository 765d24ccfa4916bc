"""The lines of a plain or gzip-compressed UTF-8 file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from spacy_bel.corpora.report import ReadReport
from spacy_bel.kb.readers.textfile import TextFile


def read_lines(path: Path, report: ReadReport) -> Iterator[tuple[int, str]]:
    r"""Lines with their numbers, from 1, without their ends.

    Only ``\n`` and ``\r\n`` end a line: corpora have other separators of Unicode in their texts.

    Args:
        path: The file; compression is told from its first bytes.
        report: Where lines that are not UTF-8 are counted.

    Yields:
        Line number and line.

    Raises:
        BelError: The file cannot be read, is damaged, or has too many malformed lines.
    """
    file = TextFile(path, lambda problem: report.bad_line(path, problem.line, problem.message))
    for line in file:
        yield file.line, line
