"""A text file, plain or compressed by gzip or bzip2, read with its troubles reported."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from spacy_bel.errors import BelError, Errors

HEAD_BYTES = 65_536
"""How much of a file is looked at to recognise its format."""

_GZIP_MAGIC = b"\x1f\x8b"
_BZIP2_MAGIC = re.compile(rb"BZh[1-9]")
_BOM = "\ufeff"
_BAD_ESCAPE = re.compile(r"[\ud800-\udfff]|(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True, slots=True)
class ReadProblem:
    """A line that a reader could not use, and why.

    Args:
        path: The file.
        line: Number of the line, counted from 1.
        message: What is wrong with it.
    """

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        """``path:line: message``, as compilers write it."""
        return f"{self.path}:{self.line}: {self.message}"


Report = Callable[[ReadProblem], None]
"""What takes the problems; it returns to go on and raises to stop."""


class TextFile:
    """The lines of one file, split at line feeds only, without their ends.

    Lines that are not UTF-8 are reported and left out. The file is never in memory as a whole,
    and may be iterated again from its beginning.

    Args:
        path: The file; compression is recognised by its content, whatever the name.
        report: Takes the problems.
        left_out: Counts what is well-formed and left out on purpose, by reason.
    """

    def __init__(self, path: Path, report: Report, left_out: Counter[str] | None = None) -> None:
        self.path = path
        self.left_out: Counter[str] = Counter() if left_out is None else left_out
        self.line = 0
        """Number of the line given last, counted from 1."""
        self.problems = 0
        """How many problems were reported."""
        self._report = report

    @property
    def source(self) -> str:
        """The file's name, for ``Concept.source``."""
        return self.path.name

    def companion(self, path: Path) -> TextFile:
        """Another file of the same set, whose problems and omissions go where this one's go."""
        return TextFile(path, self._report, self.left_out)

    def problem(self, message: str, *, line: int | None = None) -> None:
        """Report a problem.

        Args:
            message: What is wrong.
            line: The line where it is; the line given last by default.
        """
        self.problems += 1
        self._report(ReadProblem(str(self.path), line or self.line, message))

    def __iter__(self) -> Iterator[str]:
        """The lines that are text.

        Raises:
            BelError: The file cannot be opened, or its compressed stream is damaged.
        """
        self.line = 0
        with open_bytes(self.path) as stream, _damage_of(self):
            for raw in stream:
                self.line += 1
                text = self._decode(raw.rstrip(b"\r\n"))
                if text is not None:
                    yield text.removeprefix(_BOM) if self.line == 1 else text

    def chunks(self) -> Iterator[str]:
        """The text in pieces of about 64 kB, for formats that lines do not divide.

        Whoever takes them counts the lines.

        Yields:
            Pieces that are not empty.

        Raises:
            BelError: The file cannot be opened, its compressed stream is damaged, or it is not
                UTF-8.
        """
        self.line = 1
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        with open_bytes(self.path) as stream, _damage_of(self):
            while raw := stream.read(HEAD_BYTES):
                if text := self._decode_part(decoder, raw):
                    yield text
            self._decode_part(decoder, b"")

    def raw_chunks(self) -> Iterator[bytes]:
        """The bytes in pieces of about 64 kB, for formats that name their encoding themselves.

        Yields:
            Pieces that are not empty; the file's line is that on which the piece ends.

        Raises:
            BelError: The file cannot be opened, or its compressed stream is damaged.
        """
        self.line = 1
        with open_bytes(self.path) as stream, _damage_of(self):
            while raw := stream.read(HEAD_BYTES):
                self.line += raw.count(b"\n")
                yield raw

    def json_object(self, text: str) -> dict[str, object] | None:
        """One line of a JSON lines file.

        Args:
            text: The line.

        Returns:
            The object; None, with the problem reported, for a line that holds no usable one.
        """
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            self.problem(f"not valid JSON: {error}")
            return None
        if not isinstance(value, dict):
            self.problem(f"a JSON object is expected, not {type(value).__name__}")
            return None
        # Escapes can smuggle in what no UTF-8 file, and no database of names, can hold.
        if "\\u" in text and has_bad_escape(value):
            self.problem("an escape for NUL or for half a surrogate pair")
            return None
        return value

    def _decode_part(self, decoder: codecs.IncrementalDecoder, raw: bytes) -> str:
        try:
            return decoder.decode(raw, final=not raw)
        except UnicodeDecodeError as error:
            reason = f"byte 0x{error.object[error.start]:02x} behind line {self.line}"
            raise Errors.B152(path=self.path, reason=reason) from error

    def _decode(self, raw: bytes) -> str | None:
        if b"\0" in raw:
            self.problem("a NUL character")
            return None
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            self.problem(f"not valid UTF-8: byte 0x{raw[error.start]:02x} at {error.start + 1}")
            return None


def has_bad_escape(value: object) -> bool:
    """Whether texts in a JSON value hold NUL or half a surrogate pair."""
    return bool(_BAD_ESCAPE.search(json.dumps(value, ensure_ascii=False)))


@contextmanager
def _damage_of(file: TextFile) -> Iterator[None]:
    """Tell damage of a compressed stream from trouble of the disk, which has a number."""
    try:
        yield
    except (EOFError, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise Errors.B151(path=file.path, line=file.line, reason=error) from error


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for reading, decompressed where it is gzip or bzip2.

    Args:
        path: The file.

    Returns:
        A buffered stream of decompressed bytes.

    Raises:
        BelError: The file is missing, a directory, or not permitted to be read.
    """
    try:
        stream = path.open("rb")
    except FileNotFoundError as error:
        raise Errors.B150(path=path, reason="there is no such file") from error
    except IsADirectoryError as error:
        reason = "it is a directory; name the files in it"
        raise Errors.B150(path=path, reason=reason) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Errors.B150(path=path, reason=reason) from error
    beginning = stream.peek(4)
    if beginning.startswith(_GZIP_MAGIC):
        return cast(BinaryIO, _Decompressed(gzip.GzipFile(fileobj=stream), stream))
    if _BZIP2_MAGIC.match(beginning):
        return cast(BinaryIO, _Decompressed(bz2.BZ2File(stream), stream))
    return stream


class _Decompressed(io.BufferedReader):
    """A buffer in front of a decompressor, whose own line reading is slow; closes both.

    Args:
        decompressor: Gives the text.
        file: What the decompressor reads, and leaves open.
    """

    def __init__(self, decompressor: gzip.GzipFile | bz2.BZ2File, file: BinaryIO) -> None:
        self._file = file
        super().__init__(cast(io.RawIOBase, decompressor), HEAD_BYTES)

    def close(self) -> None:
        super().close()
        self._file.close()


def head(path: Path) -> str:
    """The beginning of a file, for recognising its format.

    Args:
        path: The file.

    Returns:
        Whole lines of about the first 64 kB, undecodable bytes replaced, ended by line feeds.

    Raises:
        BelError: The file cannot be read, is empty, damaged, or not text.
    """
    content = bytearray()
    try:
        with open_bytes(path) as stream, _damage_of(TextFile(path, lambda problem: None)):
            while len(content) < HEAD_BYTES and (
                chunk := stream.read1(HEAD_BYTES - len(content))  # type: ignore[attr-defined]
            ):
                content += chunk
    except BelError:
        # What came through is enough to go on; reading will say which line it reaches.
        if not content:
            raise
    if not content.strip():
        raise Errors.B153(path=path)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Errors.B152(path=path, reason="it is UTF-16; convert it")
    if b"\0" in content:
        raise Errors.B152(path=path, reason="it is a binary file")
    if len(content) >= HEAD_BYTES and b"\n" in content:
        del content[content.rindex(b"\n") + 1 :]
    text = content.decode("utf-8", errors="replace").removeprefix(_BOM)
    return text.replace("\r\n", "\n")
