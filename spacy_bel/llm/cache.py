"""Answers that have arrived, kept by the whole request that they answer."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spacy_bel.llm.database import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    digest TEXT PRIMARY KEY, model TEXT NOT NULL, response TEXT NOT NULL, at REAL NOT NULL
) WITHOUT ROWID
"""


class RequestCache:
    """Keeps answers, so that no request is paid for twice.

    An answer is kept under ``Request.digest``, which covers model, parameters, messages and the
    version of the prompt, and is on disk as soon as ``put`` returns. Threads and processes may
    share a cache.

    Args:
        path: An SQLite file, which may be the ledger's too; None for one in memory.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._database = Database(path, "cache", 1, _SCHEMA)

    def get(self, digest: str) -> dict[str, Any] | None:
        """The response to a request.

        Args:
            digest: The request's digest.

        Returns:
            The response's JSON, or None where there is none yet.

        Raises:
            BelError: The file cannot be read.
        """
        rows = self._database.rows("SELECT response FROM answers WHERE digest=?", digest)
        return dict(json.loads(rows[0][0])) if rows else None

    def put(self, digest: str, model: str, response: Mapping[str, Any]) -> None:
        """Keep a response.

        Args:
            digest: The request's digest.
            model: The model that answered.
            response: The response's JSON.

        Raises:
            BelError: The file cannot be written.
        """
        self._database.rows(
            "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?)",
            digest,
            model,
            json.dumps(response),
            time.time(),
        )

    def __len__(self) -> int:
        """Number of answers."""
        return int(self._database.rows("SELECT count(*) FROM answers")[0][0])
