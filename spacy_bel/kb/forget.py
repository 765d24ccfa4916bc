"""Taking out of a knowledge base what one source said, before its newer release is read.

A release is forgotten, the newer one is added, the ids that were retired before are restored, the
file is finished, and what neither the newer release nor another source defines is retired.
"""

from __future__ import annotations

import sqlite3

from spacy_bel.kb.writer import KIND_RANK

_PARTS = ("aliases", "parents", "xrefs", "origins", "promoted")

_OWN = """
concept IN (SELECT concept FROM origins WHERE source = ?1)
AND (source = ?1 OR (source = '' AND (SELECT source FROM concepts WHERE number = concept) = ?1))
"""

_ALONE = """
SELECT concept FROM origins GROUP BY concept HAVING count(*) = 1 AND min(source) = ?1
"""

_DEFINED_ALONE = """
SELECT concept FROM origins WHERE defines
GROUP BY concept HAVING count(*) = 1 AND min(source) = ?1
"""

_FORGET = (
    "CREATE TEMP TABLE former AS SELECT number, id FROM concepts "
    "JOIN origins ON concept = number WHERE origins.source = ?1 AND defines",
    # Annotators' evidence is not the vocabulary's.
    f"UPDATE aliases SET kind = {KIND_RANK['annotated']} WHERE count > 0 AND {_OWN}",
    f"DELETE FROM aliases WHERE count = 0 AND {_OWN}",
    f"DELETE FROM xrefs WHERE concept IN ({_ALONE})",
    f"DELETE FROM parents WHERE concept IN ({_DEFINED_ALONE})",
    f"UPDATE concepts SET types = '[]', definition = '' WHERE number IN ({_DEFINED_ALONE})",
    "UPDATE concepts SET name = '', source = '' WHERE source = ?1",
    "DELETE FROM origins WHERE source = ?1",
    # What the newer release says of retired ids comes first.
    "CREATE TEMP TABLE former_retired AS SELECT old, new FROM retired",
    "DELETE FROM retired",
)

_RESTORE_RETIRED = """
INSERT INTO retired SELECT old, new FROM former_retired WHERE true
ON CONFLICT (old) DO UPDATE SET new = excluded.new WHERE new = ''
"""

_NOT_DEFINED_ANY_MORE = """
SELECT number FROM former
WHERE number NOT IN (SELECT concept FROM origins WHERE defines)
"""


def forget(db: sqlite3.Connection, source: str) -> None:
    """Take out what a source said, and remember what it defined and which ids were retired.

    Args:
        db: A knowledge base's SQLite file, within a transaction.
        source: The source, as ``origins`` names it.
    """
    for statement in _FORGET:
        db.execute(statement, (source,) if "?1" in statement else ())


def restore_retired(db: sqlite3.Connection) -> None:
    """Have the ids that were retired before lead where they led, unless a newer release spoke."""
    db.execute(_RESTORE_RETIRED)


def retire_rest(db: sqlite3.Connection) -> None:
    """Retire what was defined before and is so no more, in a finished file."""
    db.execute("BEGIN")
    delete_concepts(db, f"IN ({_NOT_DEFINED_ANY_MORE})")
    db.execute(
        "INSERT OR IGNORE INTO retired SELECT id, '' FROM former "
        "WHERE id NOT IN (SELECT id FROM concepts)"
    )
    db.execute("COMMIT")


def delete_concepts(db: sqlite3.Connection, which: str, values: tuple[int, ...] = ()) -> None:
    """Delete concepts and all that belongs to them.

    Args:
        db: A knowledge base's SQLite file.
        which: What their number is like, in SQL: ``= ?``, or ``IN`` and a query.
        values: What stands for the question marks.
    """
    for table in _PARTS:
        db.execute(f"DELETE FROM {table} WHERE concept {which}", values)
    db.execute(f"DELETE FROM concepts WHERE number {which}", values)
