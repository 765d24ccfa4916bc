"""An SQLite file that many threads and processes write to, whatever becomes of them."""

from __future__ import annotations

import os
import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from spacy_bel.errors import Errors

_TIMEOUT = 60.0
"""Seconds to wait for another process that writes."""

_FORMATS = "CREATE TABLE IF NOT EXISTS formats (part TEXT PRIMARY KEY, version INTEGER)"


class Database:
    """Tables of one part in an SQLite file; several parts may share the file.

    What was written is there after a kill at any moment. Nothing is opened before the first
    use, and every process opens the file for itself.

    Args:
        path: The file; None for one in memory, which each process has for itself.
        part: The name of the part whose tables these are.
        version: The version of the tables' layout.
        schema: The statements that make the tables where they are missing.
    """

    def __init__(self, path: str | Path | None, part: str, version: int, schema: str) -> None:
        self.path = None if path is None else Path(path)
        self._part = part
        self._version = version
        self._schema = schema
        self._forget()

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs to open the file for itself."""
        kept = ("path", "_part", "_version", "_schema")
        return {name: value for name, value in self.__dict__.items() if name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what another process sent."""
        self.__dict__.update(state)
        self._forget()

    def _forget(self) -> None:
        self._connections: dict[int, sqlite3.Connection] = {}
        self._locks: dict[int, Any] = {}
        weakref.finalize(self, _close, self._connections)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement, which is in effect and on disk when this returns.

        Args:
            statement: SQL.
            *values: What its question marks stand for.

        Returns:
            The rows of its result.

        Raises:
            BelError: The file cannot be read or written.
        """
        with self._open() as connection:
            return connection.execute(statement, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Several statements that no other thread or process sees the middle of.

        Yields:
            The connection.

        Raises:
            BelError: The file cannot be read or written.
        """
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        # Neither a connection nor a lock must cross a fork: each process has its own.
        process = os.getpid()
        with self._locks.setdefault(process, RLock()):
            try:
                if process not in self._connections:
                    self._connections[process] = self._connect()
                yield self._connections[process]
            except (sqlite3.Error, OSError) as error:
                raise Errors.B734(path=self.path or "memory", reason=error) from error

    def _connect(self) -> sqlite3.Connection:
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            self.path or ":memory:", _TIMEOUT, isolation_level=None, check_same_thread=False
        )
        try:
            _write_ahead(connection)
            # Enough against a kill; only a power cut may take the last answers.
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("BEGIN IMMEDIATE")
            for statement in (_FORMATS, *self._schema.split(";")):
                connection.execute(statement)
            connection.execute(
                "INSERT OR IGNORE INTO formats VALUES (?, ?)", (self._part, self._version)
            )
            connection.execute("COMMIT")
            found = connection.execute("SELECT version FROM formats WHERE part=?", (self._part,))
            (version,) = found.fetchone()
        except sqlite3.Error:
            connection.close()
            raise
        if version != self._version:
            connection.close()
            raise Errors.B735(path=self.path, part=self._part, found=version, ours=self._version)
        return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn on the write-ahead log, which SQLite refuses, without waiting, while others open."""
    deadline = time.monotonic() + _TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _close(connections: dict[int, sqlite3.Connection]) -> None:
    # A connection of the parent is left alone in a forked child.
    connection = connections.pop(os.getpid(), None)
    if connection is not None:
        connection.close()
