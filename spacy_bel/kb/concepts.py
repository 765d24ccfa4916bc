"""Reading the SQLite file of a knowledge base: all that is known of its concepts."""

from __future__ import annotations

import json
import os
import sqlite3
import weakref
from pathlib import Path
from typing import Any

from spacy_bel.errors import Errors
from spacy_bel.kb.schema import storable
from spacy_bel.types import ALIAS_KINDS, Alias, Concept


class ConceptFile:
    """The concepts of a knowledge base, read-only.

    Args:
        path: The SQLite file.

    Raises:
        BelError: If the file is none of ours.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        self._connections: dict[int, sqlite3.Connection] = {}
        weakref.finalize(self, _close, self._connections)
        self._rows("SELECT number, id, name, types, definition, source FROM concepts LIMIT 1")

    def __contains__(self, concept_id: object) -> bool:
        if not isinstance(concept_id, str):
            return False
        return bool(self._rows("SELECT 1 FROM concepts WHERE id = ?", storable(concept_id)))

    def successor(self, retired_id: str) -> str | None:
        """What became of a retired id: another id, or None where none is known."""
        found = self._rows("SELECT new FROM retired WHERE old = ?", storable(retired_id))
        return str(found[0][0]) if found else None

    def concept(self, concept_id: str) -> Concept:
        """A concept with all that is known of it.

        Args:
            concept_id: The id of a current concept.

        Returns:
            The concept; its preferred name is also the first of its aliases.
        """
        query = "SELECT number, id, name, types, definition, source FROM concepts WHERE id = ?"
        ((number, id_, name, types, definition, source),) = self._rows(query, storable(concept_id))
        aliases = self._rows(
            "SELECT name, kind, lang, source, count FROM aliases WHERE concept = ? "
            "ORDER BY kind, number",
            number,
        )
        return Concept(
            id=id_,
            name=name,
            aliases=tuple(Alias(n, ALIAS_KINDS[k], lang, s, c) for n, k, lang, s, c in aliases),
            types=tuple(json.loads(types)),
            definition=definition,
            parents=self._column("SELECT parent FROM parents WHERE concept = ?", number),
            xrefs=self._column("SELECT xref FROM xrefs WHERE concept = ?", number),
            retired=self._column("SELECT old FROM retired WHERE new = ?", id_),
            source=source,
        )

    def count_prefixes(self) -> dict[str, int]:
        """Number of concepts of each vocabulary."""
        return dict(
            self._rows(
                "SELECT substr(id, 1, instr(id, ':') - 1), count(*) FROM concepts GROUP BY 1"
            )
        )

    def _column(self, query: str, value: object) -> tuple[str, ...]:
        return tuple(row[0] for row in self._rows(query, value))

    def _rows(self, query: str, *values: object) -> list[Any]:
        try:
            return self._connection().execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            if not self._path.exists():
                raise Errors.B109(path=self._path) from None
            raise Errors.B101(path=self._path, reason=error) from None

    def _connection(self) -> sqlite3.Connection:
        # A connection must not cross a fork, so each process has its own.
        process = os.getpid()
        if process not in self._connections:
            uri = f"{self._path.as_uri()}?mode=ro&immutable=1"
            self._connections[process] = sqlite3.connect(uri, uri=True, check_same_thread=False)
        return self._connections[process]


def _close(connections: dict[int, sqlite3.Connection]) -> None:
    for connection in connections.values():
        connection.close()
