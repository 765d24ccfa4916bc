"""Collecting a vocabulary's records in SQLite: merging duplicates, resolving retired ids."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from spacy_bel.errors import Errors
from spacy_bel.features import hash64
from spacy_bel.kb.readers.base import Record, Retired
from spacy_bel.kb.schema import DDL, ORIGINS, storable
from spacy_bel.text import surface
from spacy_bel.types import ALIAS_KINDS, Alias, AliasKind, Concept

KIND_RANK = {kind: rank for rank, kind in enumerate(ALIAS_KINDS)}
"""Alias kind -> its place among the kinds, best evidence first."""

_MERGE_ALIAS = """
ON CONFLICT (concept, surface, lang) DO UPDATE SET
    name = CASE WHEN excluded.kind < kind THEN excluded.name ELSE name END,
    source = CASE WHEN excluded.kind < kind THEN excluded.source ELSE source END,
    kind = min(kind, excluded.kind),
    count = count + excluded.count
"""

_ADD_ALIAS = f"""
INSERT INTO aliases (concept, surface, name, lang, kind, count, source)
VALUES (?, ?, ?, ?, ?, ?, ?)
{_MERGE_ALIAS}
"""

# What was given to a retired id (?2) goes to the concept that replaced it (?1).
_MOVE = (
    f"""
    INSERT INTO aliases (concept, surface, name, lang, kind, count, source)
    SELECT ?1, surface, name, lang, kind, count, source FROM aliases
    WHERE concept = ?2 ORDER BY number
    {_MERGE_ALIAS}
    """,
    "INSERT OR IGNORE INTO parents SELECT ?1, parent FROM parents WHERE concept = ?2",
    "INSERT OR IGNORE INTO xrefs SELECT ?1, xref FROM xrefs WHERE concept = ?2",
    "INSERT OR IGNORE INTO origins SELECT ?1, source, defines FROM origins WHERE concept = ?2",
    *(
        f"DELETE FROM {table} WHERE concept = ?2"
        for table in ("aliases", "parents", "xrefs", "origins", "promoted")
    ),
    "DELETE FROM concepts WHERE number = ?2",
)

_BEST_NAMES = """
SELECT number, (
    SELECT number FROM aliases WHERE concept = concepts.number
    ORDER BY lang != 'en', kind, number LIMIT 1
)
FROM concepts WHERE name = ''
"""


def move_concept(db: sqlite3.Connection, kept: int, gone: int) -> None:
    """Give all that a concept has to another one, and remove it.

    Args:
        db: A knowledge base's SQLite file.
        kept: Number of the concept that stays.
        gone: Number of the concept that goes.
    """
    for statement in _MOVE:
        db.execute(statement, (kept, gone))


def surface_hash(name: str) -> int:
    """What two spellings of one name share: a digest of their surface form."""
    return hash64(surface(name))


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
        self._db.executescript(DDL + ORIGINS if fresh else ORIGINS)
        self._db.execute("BEGIN")

    @property
    def connection(self) -> sqlite3.Connection:
        """The open connection, for reading what was written."""
        return self._db

    def add(self, record: Record) -> None:
        """Take in one record.

        Args:
            record: A concept, or what became of a retired id.

        Raises:
            BelError: If a concept has no id.
        """
        if isinstance(record, Retired):
            self._retire(record.old, record.new)
            return
        number = self._merge_concept(record)
        self.add_aliases(number, record.aliases, source=self._foreign_source(number, record))
        self._db.execute(
            "INSERT INTO origins VALUES (?, ?, ?) ON CONFLICT (concept, source) "
            "DO UPDATE SET defines = max(defines, excluded.defines)",
            (number, storable(record.source), bool(record.name.strip())),
        )
        self._db.executemany(
            "INSERT OR IGNORE INTO parents VALUES (?, ?)",
            [(number, storable(parent)) for parent in record.parents],
        )
        self._db.executemany(
            "INSERT OR IGNORE INTO xrefs VALUES (?, ?)",
            [(number, storable(xref)) for xref in record.xrefs],
        )
        for old in record.retired:
            self._retire(old, record.id)

    def add_aliases(self, number: int, aliases: Iterable[Alias], *, source: str = "") -> None:
        """Add names to a concept; of names with one surface form the best kind stays.

        Args:
            number: The concept's number in the file.
            aliases: The names; blank ones are left out, counts of annotated mentions add up.
            source: Where names come from that do not say it.
        """
        self._db.executemany(
            _ADD_ALIAS,
            [
                (
                    number,
                    surface_hash(storable(alias.name)),
                    storable(alias.name),
                    storable(alias.lang),
                    KIND_RANK[alias.kind],
                    alias.count,
                    storable(alias.source or source),
                )
                for alias in aliases
                if alias.name.strip()
            ],
        )

    def current_number(self, concept_id: str) -> int | None:
        """The number of a concept in the finished file.

        Args:
            concept_id: Its id, or a retired id, which stands for its successor.

        Returns:
            The number; None for an unknown id.
        """
        row = self._db.execute(
            "SELECT number FROM concepts WHERE id = ?1 "
            "UNION ALL SELECT number FROM retired JOIN concepts ON id = new WHERE old = ?1",
            (storable(concept_id),),
        ).fetchone()
        return None if row is None else int(row[0])

    def reopen(self) -> None:
        """Undo what ``finish`` settled and further sources may settle otherwise.

        Concepts that no source defines lose the name that stood for their preferred one.
        """
        self._db.execute(
            "UPDATE aliases SET source = (SELECT source FROM concepts WHERE number = concept) "
            "WHERE source = '' AND concept IN (SELECT concept FROM promoted)"
        )
        self._db.execute(
            "UPDATE concepts SET name = '' WHERE number IN (SELECT concept FROM promoted)"
        )
        self._db.execute(
            "UPDATE aliases SET kind = (SELECT kind FROM promoted WHERE alias = aliases.number) "
            "WHERE number IN (SELECT alias FROM promoted)"
        )
        self._db.execute("DELETE FROM promoted")

    def finish(self) -> int:
        """Settle what only the whole vocabulary shows; the file is complete afterwards.

        Every retired id points to its last successor, and what was given to it goes there. A
        concept that got names but no preferred one takes the best of them, an English one where
        there is any; one that got no name at all is dropped.

        Returns:
            Number of concepts that no source defined: they got names from additions only.
        """
        self._db.execute(
            "DELETE FROM retired WHERE old IN (SELECT id FROM concepts WHERE name != '')"
        )
        self._shorten_chains()
        self._move_to_successors()
        self._db.execute(
            "DELETE FROM concepts WHERE name = '' AND number NOT IN (SELECT concept FROM aliases)"
        )
        for table in ("aliases", "parents", "xrefs", "origins"):
            self._db.execute(
                f"DELETE FROM {table} WHERE concept NOT IN (SELECT number FROM concepts)"
            )
        promoted = self._promote_names()
        self._db.execute("DELETE FROM retired WHERE old IN (SELECT id FROM concepts)")
        self._db.execute("COMMIT")
        return promoted

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _merge_concept(self, record: Concept) -> int:
        """Enter a concept, or what is new of it, without its aliases; returns its number."""
        if not record.id.strip():
            raise Errors.B112(name=record.name, source=record.source)
        concept_id, offered = storable(record.id), storable(record.name).strip()
        self._db.execute("INSERT OR IGNORE INTO concepts (id) VALUES (?)", (concept_id,))
        number, name, types, definition, source = self._db.execute(
            "SELECT number, name, types, definition, source FROM concepts WHERE id = ?",
            (concept_id,),
        ).fetchone()
        kind: AliasKind = "exact" if name else "preferred"
        if not any(a.kind == "preferred" and a.name == record.name for a in record.aliases):
            # Else its aliases say in which language it is, as readers have agreed.
            self.add_aliases(number, [Alias(offered, kind, source=record.source)])
        if not name:
            name, source = offered, storable(record.source)
        types = json.dumps(list(dict.fromkeys([*json.loads(types), *record.types])))
        self._db.execute(
            "UPDATE concepts SET name = ?, types = ?, definition = ?, source = ? WHERE number = ?",
            (name, types, definition or storable(record.definition), source, number),
        )
        return int(number)

    def _foreign_source(self, number: int, record: Concept) -> str:
        """The source of a record's names, empty where it is the concept's own."""
        query = "SELECT source FROM concepts WHERE number = ? AND name != ''"
        row = self._db.execute(query, (number,)).fetchone()
        return "" if row is not None and row[0] == storable(record.source) else record.source

    def _promote_names(self) -> int:
        """Give the concepts without a preferred name their best one; returns how many."""
        best = self._db.execute(_BEST_NAMES).fetchall()
        self._db.executemany(
            "INSERT INTO promoted SELECT ?1, number, kind FROM aliases WHERE number = ?2", best
        )
        self._db.executemany(
            "UPDATE concepts SET name = (SELECT name FROM aliases WHERE number = ?2) "
            "WHERE number = ?1",
            best,
        )
        self._db.execute(
            "UPDATE aliases SET source = '' WHERE concept IN (SELECT concept FROM promoted) "
            "AND source = (SELECT source FROM concepts WHERE number = concept)"
        )
        # Weaker evidence stays what it is.
        self._db.executemany(
            f"UPDATE aliases SET kind = {KIND_RANK['preferred']} "
            f"WHERE number = ? AND kind = {KIND_RANK['exact']}",
            [(alias,) for _, alias in best],
        )
        return len(best)

    def _retire(self, old: str, new: str) -> None:
        if old != new:
            self._db.execute(
                "INSERT INTO retired VALUES (?, ?) ON CONFLICT (old) DO UPDATE "
                "SET new = excluded.new WHERE new = ''",
                (storable(old), storable(new)),
            )

    def _shorten_chains(self) -> None:
        """Point every retired id to the end of its chain; in a cycle there is none."""
        chained = "new IN (SELECT old FROM retired)"
        before, changed = -1, 0
        while changed != before:  # each round halves the chains and leaves cycles as they are
            before = changed
            changed = self._db.execute(
                "UPDATE retired SET new = (SELECT next.new FROM retired next "
                f"WHERE next.old = retired.new) WHERE {chained}"
            ).rowcount
        self._db.execute(f"UPDATE retired SET new = '' WHERE {chained}")

    def _move_to_successors(self) -> None:
        moves = self._db.execute(
            "SELECT kept.number, gone.number FROM concepts gone "
            "JOIN retired ON retired.old = gone.id JOIN concepts kept ON kept.id = retired.new"
        ).fetchall()
        for kept, gone in moves:
            move_concept(self._db, kept, gone)
