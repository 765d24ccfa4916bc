"""Values by key, more of them than memory should hold."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from types import TracebackType

_CACHE_KIB = 65_536
"""How much of a table is in memory; what goes beyond it is in a temporary file."""


class SideTable:
    """What one file of a vocabulary says of the concepts of another one.

    It is kept in a database that SQLite itself puts into a temporary file and removes when it is
    closed, or when the process ends, so that millions of rows cost time and disk but no memory.
    Rows may come in any order.

    Args:
        width: Values of each row, beside its key.
        rows: The rows, key first.
    """

    def __init__(self, width: int, rows: Iterable[Sequence[str]] = ()) -> None:
        self._db = sqlite3.connect("")
        columns = ", ".join(f"value{number} TEXT" for number in range(width))
        self._db.executescript(
            f"PRAGMA journal_mode = OFF; PRAGMA cache_size = -{_CACHE_KIB};"
            f"CREATE TABLE side (key TEXT, {columns})"
        )
        self._get = f"SELECT {columns.replace(' TEXT', '')} FROM side WHERE key = ? ORDER BY rowid"
        try:
            self._db.executemany(f"INSERT INTO side VALUES (?{', ?' * width})", rows)
            self._db.execute("CREATE INDEX side_by_key ON side (key)")
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> SideTable:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()

    def __getitem__(self, key: str) -> list[tuple[str, ...]]:
        """The rows of a key in the order in which they came; none for an unknown key."""
        return self._db.execute(self._get, (key,)).fetchall()
