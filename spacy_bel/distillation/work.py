"""Work that takes long: one process at a time, and what is done stays done."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from spacy_bel.errors import Errors
from spacy_bel.files import replacing

_STATE = "state.json"
_LINES = "lines.jsonl"


class Work:
    """Lines that were finished, with a state, in a folder beside the output.

    Args:
        output: What the lines will become.
        run: Settings and inputs, which must be the same when the work goes on.

    Raises:
        BelError: The folder holds work with other settings or inputs.
    """

    def __init__(self, output: Path, run: Mapping[str, Any]) -> None:
        self.folder = output.with_name(f".{output.name}.work")
        self._run = json.loads(json.dumps(run))
        self.state: dict[str, Any] = {}
        path = self.folder / _STATE
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if path.exists():
                kept = json.loads(path.read_text(encoding="utf-8"))
                if kept["run"] != self._run:
                    raise Errors.B802(path=self.folder)
                self.state = kept["state"]
            self._file = (self.folder / _LINES).open("ab")
            self._file.truncate(int(self.state.get("bytes", 0)))
        except OSError as problem:
            raise Errors.B803(path=self.folder, reason=problem.strerror or problem) from problem

    def keep(self, lines: Iterable[str], **state: Any) -> None:
        """Add finished lines and the state that goes with them, both or neither.

        Args:
            lines: Lines without line breaks.
            **state: What to go on from.
        """
        try:
            for line in lines:
                self._file.write(line.encode("utf-8", "surrogatepass") + b"\n")
            self._file.flush()
        except OSError as problem:
            raise Errors.B803(path=self.folder, reason=problem.strerror or problem) from problem
        self.state = {**self.state, **state, "bytes": self._file.tell()}
        with replacing(self.folder / _STATE, Errors.B803) as beside:
            content = json.dumps({"run": self._run, "state": self.state})
            beside.write_text(content, encoding="utf-8")

    def lines(self) -> Iterator[str]:
        """All finished lines."""
        with (self.folder / _LINES).open("rb") as file:
            for line in file:
                yield line.decode("utf-8", "surrogatepass").rstrip("\n")

    def done(self) -> None:
        """Remove the folder: the output is there."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Stop, and leave what is done for the next time."""
        with suppress(OSError):  # what could not be written is not counted as done
            self._file.close()


def digest_of(path: Path) -> list[Any]:
    """What tells the content of a file from another one, without reading it."""
    try:
        found = path.stat()
    except OSError as problem:
        raise Errors.B800(path=path, reason=problem.strerror or problem) from problem
    return [str(path), found.st_size, found.st_mtime_ns]
