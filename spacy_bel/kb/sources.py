"""Vocabulary files as a user names them, read one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from spacy_bel.kb.problems import MAX_ERRORS
from spacy_bel.kb.readers.base import Record
from spacy_bel.kb.readers.registry import parse_source, read
from spacy_bel.kb.readers.textfile import Report


@dataclass(frozen=True)
class Sources:
    """Files and how to read them.

    Args:
        paths: Files, or folders of vocabularies that come as several files, each with its own
            reader options as a query where needed.
        format: The format of all; recognised from each file where None.
        options: Reader options for all.
        max_errors: Malformed lines that are skipped before an error is raised.
        progress: Whether to show progress bars on a terminal.
    """

    paths: Sequence[str | Path]
    format: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    max_errors: int = MAX_ERRORS
    progress: bool = False

    @property
    def names(self) -> list[str]:
        """The files' names, which are the sources of their concepts."""
        return [parse_source(path)[0].name for path in self.paths]

    def records(self, on_error: Report, left_out: Counter[str] | None = None) -> Iterator[Record]:
        """The records of all files; each call reads them anew.

        Args:
            on_error: Takes the malformed lines.
            left_out: Counts, by reason, what is well-formed and left out on purpose.
        """
        for path, name in zip(self.paths, self.names, strict=True):
            records = read(
                path, format=self.format, on_error=on_error, left_out=left_out, **self.options
            )
            yield from tqdm(
                records, desc=name, unit=" records", disable=None if self.progress else True
            )
