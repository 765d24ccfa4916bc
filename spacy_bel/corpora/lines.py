"""The lines of a plain or gzip-compressed UTF-8 file."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from spacy_bel.corpora.report import ReadReport
from spacy_bel.errors import Errors

_GZIP_MAGIC = b"\x1f\x8b"


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
    try:
        with _open(path) as stream:
            for number, raw in enumerate(stream, 1):
                try:
                    line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    report.bad_line(path, number, f"not UTF-8 ({error.reason})")
                    continue
                yield number, line.removesuffix("\n").removesuffix("\r")
    except (OSError, EOFError, zlib.error) as error:
        raise Errors.B201(path=path, reason=error) from error


def _open(path: Path) -> BinaryIO:
    with path.open("rb") as stream:
        magic = stream.read(2)
    return cast(BinaryIO, gzip.open(path, "rb")) if magic == _GZIP_MAGIC else path.open("rb")
