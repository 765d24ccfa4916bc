"""Collecting a vocabulary's records in SQLite: merging duplicates, resolving retired ids."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from spacy_bel.features import hash64
from spacy_bel.kb.readers.base import Record, Retired
from spacy_bel.kb.schema import DDL
from spacy_bel.text import normalise
from spacy_bel.types import ALIAS_KINDS, Alias, Concept

KIND_RANK = {kind: rank for rank, kind in enumerate(ALIAS_KINDS)}
"""Alias kind -> its place among the kinds, best evidence first."""

_ADD_ALIAS = """
INSERT INTO aliases (concept, surface, name, lang, kind, count, source)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (concept, surface, lang) DO UPDATE SET
    name = CASE WHEN excluded.kind < kind THEN excluded.name ELSE name END,
    kind = min(kind, excluded.kind),
    count = count + excluded.count
"""


def surface_hash(name: str) -> int:
    """What two spellings of one name share: a digest of their surface form."""
    return hash64(normalise(name) or name.casefold())


class Writer:
    """The SQLite side of a knowledge base that is being made.

    Records may come in any order and from any number of sources: the first name that a source
    gives a concept is the preferred one, further ones become synonyms.

    Args:
        path: The SQLite file; created with the schema where it does not exist.
    """

    def __init__(self, path: Path) -> None:
        fresh = not path.exists()
        self._db = sqlite3.connect(path, isolation_level=None)
        # The file becomes part of a knowledge base only when it is whole, so no journal.
        self._db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
        if fresh:
            self._db.executescript(DDL)
        self._db.execute("BEGIN")
        self.added_records = 0

    @property
    def connection(self) -> sqlite3.Connection:
        """The open connection, for reading what was written."""
        return self._db

    def add(self, record: Record) -> None:
        """Take in one record.

        Args:
            record: A concept, or what became of a retired id.
        """
        self.added_records += 1
        if isinstance(record, Retired):
            self._retire(record.old, record.new)
            return
        number = self._merge_concept(record)
        if record.name:
            self.add_aliases(number, [Alias(record.name, "preferred", source=record.source)])
        self.add_aliases(number, record.aliases)
        self._db.executemany(
            "INSERT OR IGNORE INTO parents VALUES (?, ?)", [(number, x) for x in record.parents]
        )
        self._db.executemany(
            "INSERT OR IGNORE INTO xrefs VALUES (?, ?)", [(number, x) for x in record.xrefs]
        )
        for old in record.retired:
            self._retire(old, record.id)

    def add_aliases(self, number: int, aliases: Iterable[Alias]) -> None:
        """Add names to a concept; of names with one surface form the best kind stays.

        Args:
            number: The concept's number in the file.
            aliases: The names; counts of annotated mentions add up.
        """
        self._db.executemany(
            _ADD_ALIAS,
            [
                (number, surface_hash(a.name), a.name, a.lang, KIND_RANK[a.kind], a.count, a.source)
                for a in aliases
                if a.name.strip()
            ],
        )

    def number(self, concept_id: str) -> int | None:
        """A concept's number in the file; None for an id that no source has."""
        row = self._db.execute("SELECT number FROM concepts WHERE id = ?", (concept_id,))
        found = row.fetchone()
        return None if found is None else int(found[0])

    def number_of_current(self, concept_id: str) -> int | None:
        """As ``number``, a retired id standing for its successor."""
        for _ in range(20):  # a cycle among retired ids ends here
            found = self.number(concept_id)
            if found is not None:
                return found
            row = self._db.execute(
                "SELECT new FROM retired WHERE old = ?", (concept_id,)
            ).fetchone()
            if row is None:
                return None
            concept_id = row[0]
        return None

    def finish(self) -> None:
        """Settle what only the whole vocabulary shows; the file is complete afterwards.

        Names that were given to a retired id go to its successor. A concept that got names but
        no preferred one takes the first of them; one that got no name at all is dropped.
        """
        self._db.execute(
            "DELETE FROM retired WHERE old IN (SELECT id FROM concepts WHERE name != '')"
        )
        self._move_names_of_retired()
        self._db.execute(
            "DELETE FROM concepts WHERE name = '' AND number NOT IN (SELECT concept FROM aliases)"
        )
        self._db.execute(
            "UPDATE concepts SET name = (SELECT name FROM aliases WHERE concept = concepts.number "
            "ORDER BY kind, number LIMIT 1) WHERE name = ''"
        )
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _merge_concept(self, concept: Concept) -> int:
        row = self._db.execute(
            "SELECT number, name, types, definition FROM concepts WHERE id = ?", (concept.id,)
        ).fetchone()
        if row is None:
            cursor = self._db.execute(
                "INSERT INTO concepts (id, name, types, definition, source) VALUES (?, ?, ?, ?, ?)",
                (
                    concept.id,
                    concept.name,
                    json.dumps(concept.types),
                    concept.definition,
                    concept.source,
                ),
            )
            return int(cursor.lastrowid or 0)
        number, name, types, definition = row
        merged = list(dict.fromkeys([*json.loads(types), *concept.types]))
        self._db.execute(
            "UPDATE concepts SET name = ?, types = ?, definition = ? WHERE number = ?",
            (name or concept.name, json.dumps(merged), definition or concept.definition, number),
        )
        if name and concept.name:
            self.add_aliases(number, [Alias(concept.name, "exact", source=concept.source)])
        return int(number)

    def _retire(self, old: str, new: str) -> None:
        if old != new:
            self._db.execute(
                "INSERT INTO retired VALUES (?, ?) ON CONFLICT (old) DO UPDATE "
                "SET new = excluded.new WHERE new = ''",
                (old, new),
            )

    def _move_names_of_retired(self) -> None:
        moves = self._db.execute(
            "SELECT gone.number, kept.number FROM concepts gone "
            "JOIN retired ON retired.old = gone.id JOIN concepts kept ON kept.id = retired.new "
            "WHERE gone.name = '' AND kept.name != ''"
        ).fetchall()
        for gone, kept in moves:
            self._db.execute(
                "UPDATE OR IGNORE aliases SET concept = ? WHERE concept = ?", (kept, gone)
            )
            self._db.execute("DELETE FROM aliases WHERE concept = ?", (gone,))
            self._db.execute("DELETE FROM concepts WHERE number = ?", (gone,))
