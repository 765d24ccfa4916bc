"""What two states of a knowledge base differ in, concept by concept."""

from __future__ import annotations

import csv
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from spacy_bel.errors import Errors
from spacy_bel.files import replacing

Kind = Literal["added", "changed", "retired"]
"""What happened to a concept."""

KINDS: tuple[Kind, ...] = ("added", "changed", "retired")
"""Everything that can happen to one."""

EXAMPLES = 10
"""Differences of each kind that are kept to be shown."""

_ADDED = """
SELECT 'added', id, name, '' FROM main.concepts
WHERE id NOT IN (SELECT id FROM old.concepts) ORDER BY number
"""

_RETIRED = """
SELECT 'retired', was.id, was.name, coalesce(new, '')
FROM old.concepts AS was LEFT JOIN main.retired AS now ON now.old = was.id
WHERE was.id NOT IN (SELECT id FROM main.concepts) ORDER BY was.number
"""

_ROWS = {
    "names": "SELECT id, aliases.name AS value, lang FROM {0}.aliases "
    "JOIN {0}.concepts ON concepts.number = concept",
    "parents": "SELECT id, parent AS value, '' FROM {0}.parents "
    "JOIN {0}.concepts ON number = concept",
    "cross-references": "SELECT id, xref AS value, '' FROM {0}.xrefs "
    "JOIN {0}.concepts ON number = concept",
}


_COLUMNS = {"preferred name": "name", "types": "types", "definition": "definition"}


def _parts() -> Iterator[str]:
    """For everything that can change of a concept, a query for its id and what changed."""
    for part, column in _COLUMNS.items():
        yield (
            f"SELECT id, '{part}' AS part FROM main.concepts AS now "
            f"JOIN old.concepts AS was USING (id) WHERE now.{column} != was.{column}"
        )
    for part, rows in _ROWS.items():
        for sign, here, there in (("+", "main", "old"), ("-", "old", "main")):
            only_here = f"{rows.format(here)} EXCEPT {rows.format(there)}"
            yield f"SELECT id, '{part} {sign}' || count(*) FROM ({only_here}) GROUP BY id"


_CHANGED = f"""
SELECT 'changed', id, name, group_concat(part, ', ')
FROM ({" UNION ALL ".join(_parts())}) JOIN main.concepts USING (id)
WHERE id IN (SELECT id FROM old.concepts) GROUP BY id ORDER BY number
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """One concept that differs.

    Args:
        kind: Whether it is new, is gone, or says something else.
        id: Its CURIE.
        name: Its preferred name; the old one of a concept that is gone.
        detail: What changed, or the successor of a concept that is gone.
    """

    kind: Kind
    id: str
    name: str
    detail: str


@dataclass(slots=True)
class Differences:
    """How many concepts differ, and some of them.

    Args:
        counts: Number of concepts of each kind.
        examples: The first ones of each kind.
    """

    counts: Counter[Kind] = field(default_factory=Counter)
    examples: defaultdict[Kind, list[Difference]] = field(default_factory=lambda: defaultdict(list))

    def add(self, difference: Difference) -> None:
        """Count one."""
        self.counts[difference.kind] += 1
        if len(self.examples[difference.kind]) < EXAMPLES:
            self.examples[difference.kind].append(difference)


def compare(db: sqlite3.Connection, old: Path, report: Path | None = None) -> Differences:
    """Compare a knowledge base with an older state.

    Args:
        db: Its SQLite file, finished.
        old: The SQLite file of the older state.
        report: Where to write all differences as a table (TSV); nowhere where None.

    Returns:
        The differences.

    Raises:
        BelError: The report cannot be written.
    """
    found = Differences()
    db.execute("ATTACH DATABASE ? AS old", (str(old),))
    try:
        with ExitStack() as stack:
            write = stack.enter_context(table(report, ("change", "id", "name", "detail")))
            for query in (_ADDED, _CHANGED, _RETIRED):
                for row in db.execute(query):
                    found.add(Difference(*row))
                    write(row)
    finally:
        db.execute("DETACH DATABASE old")
    return found


@contextmanager
def table(path: Path | None, header: tuple[str, ...]) -> Iterator[Callable[[Iterable[str]], None]]:
    """A table (TSV) that is written row by row, and takes its place when it is whole.

    Args:
        path: The file; None for none.
        header: Names of the columns.

    Yields:
        What takes a row.

    Raises:
        BelError: The file cannot be written.
    """
    if path is None:
        yield _ignore
        return
    with replacing(path, Errors.B193) as beside, beside.open("w", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerow(header)
        yield writer.writerow


def _ignore(row: Iterable[str]) -> None:
    """Take a row of a table that nobody asked for."""
