"""A set that may hold any number of texts, kept on disk."""

from __future__ import annotations

import sqlite3
from hashlib import blake2b

_CACHE_KIB = 16_384


class Seen:
    """Remembers texts by a digest of 16 bytes, in a temporary file that goes with the set."""

    def __init__(self) -> None:
        # SQLite keeps a database without a name in a file of its own, which it removes.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute("CREATE TABLE seen (digest BLOB PRIMARY KEY) WITHOUT ROWID")

    def add(self, text: str) -> bool:
        """Remember a text.

        Args:
            text: The text.

        Returns:
            Whether it is new.
        """
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        found = self._db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (digest,))
        return found.rowcount > 0

    def __enter__(self) -> Seen:
        return self

    def __exit__(self, *exception: object) -> None:
        """Remove the file."""
        self._db.close()
