"""One long array inside a JSON document, value by value, never in memory as a whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from spacy_bel.errors import BelError, Errors
from spacy_bel.kb.readers.textfile import TextFile, has_bad_escape

MAX_VALUE = 1 << 20
"""Characters of one value, and of what stands before the array, beyond which a file is broken."""

_BETWEEN = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder()


class JsonArray:
    """The array that a key of a nested object names: ``{"results": {"bindings": [...]}}``.

    Args:
        file: The file; its line is always that on which the value given last ends.
        key: The key, at the second level.

    Raises:
        BelError: The document has no such array.
    """

    def __init__(self, file: TextFile, key: str) -> None:
        self._file = file
        self._chunks = file.chunks()
        self._text = ""
        self._at = 0
        self._count = 0
        self.document: Mapping[str, object] = self._open(re.compile(rf'"{key}"\s*:\s*\['))
        """What the document holds before the array, and the array without its values."""

    def __iter__(self) -> Iterator[object]:
        """The values that come from here on.

        Raises:
            BelError: The document breaks off within the array.
        """
        while not self._at_end():
            value, end = self._decode()
            source = self._take(end)
            if "\\u" in source and has_bad_escape(value):
                self._file.problem("an escape for NUL or for half a surrogate pair")
            else:
                self._count += 1
                yield value

    def _open(self, opening: re.Pattern[str]) -> Mapping[str, object]:
        while (match := opening.search(self._text)) is None:
            if not self._grow():
                raise self._error("nothing of the array of rows was found")
        before = self._take(match.end())
        try:
            document = json.loads(f"{before}]}}}}")
        except (ValueError, RecursionError) as error:
            raise self._error(str(error)) from error
        return document if isinstance(document, dict) else {}

    def _at_end(self) -> bool:
        """Whether the array is closed here, where a value or the end must be."""
        while True:
            match = _BETWEEN.match(self._text, self._at)
            self._take(match.end() if match else self._at)
            if self._at < len(self._text):
                return self._text[self._at] == "]"
            if not self._grow():
                raise self._error("the array is not closed")

    def _decode(self) -> tuple[object, int]:
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if not self._grow():
                    raise self._error(str(error)) from error
            else:
                # A number that the text ends with may go on in the next piece.
                if end < len(self._text) or not self._grow():
                    return value, end

    def _take(self, end: int) -> str:
        """What stands up to a place, which counts as read from then on."""
        taken = self._text[self._at : end]
        self._file.line += taken.count("\n")
        self._at = end
        return taken

    def _grow(self) -> bool:
        """Read on; False at the end of the file, or where more would not help."""
        chunk = next(self._chunks, "") if len(self._text) - self._at < MAX_VALUE else ""
        self._text = self._text[self._at :] + chunk
        self._at = 0
        return bool(chunk)

    def _error(self, reason: str) -> BelError:
        file = self._file
        return Errors.B162(path=file.path, count=self._count, line=file.line, reason=reason)
