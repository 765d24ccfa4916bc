"""Names that several concepts bear: counting them, and telling them apart as BeLink does."""

from __future__ import annotations

import sqlite3

from spacy_bel.kb.writer import KIND_RANK, surface_hash

_SHORT = 5
"""Names of fewer characters get the preferred name appended (BeLink's rule)."""

_SHARED = "SELECT surface FROM aliases GROUP BY surface HAVING count(DISTINCT concept) > 1"

_AMBIGUOUS = f"""
SELECT aliases.number, concept, aliases.name, kind, concepts.name
FROM aliases JOIN concepts ON concepts.number = aliases.concept
WHERE surface IN ({_SHARED})
    OR (kind != {KIND_RANK["preferred"]} AND length(aliases.name) < {_SHORT})
ORDER BY aliases.number
"""


def count_homonyms(db: sqlite3.Connection) -> int:
    """Number of surface forms that more than one concept bears."""
    return int(db.execute(f"SELECT count(*) FROM ({_SHARED})").fetchone()[0])


def rewrite_homonyms(db: sqlite3.Connection) -> int:
    """Rewrite shared and short names so that each tells its concept, as BeLink does.

    This serves rerankers that write or read names, to which one name must mean one concept.
    Lexical linking it weakens: a text says "MS" and hardly ever "MS (Multiple Sclerosis)".

    A synonym that several concepts bear, or of fewer than five characters, becomes
    ``name (preferred name)``. Where the shared name is itself preferred, or the preferred name is
    shared too, the longest other name of the concept that is not shared takes the place in
    brackets; where there is none, the name stays as it is and the clash remains counted.
    (Shlyk, Montanelli and Hunter 2026.)

    Args:
        db: A finished SQLite file.

    Returns:
        Number of names rewritten.
    """
    shared = {row[0] for row in db.execute(_SHARED)}
    rewritten = []
    for number, concept, name, kind, preferred in db.execute(_AMBIGUOUS):
        is_telling = kind != KIND_RANK["preferred"] and surface_hash(preferred) not in shared
        qualifier = preferred if is_telling else _other_name(db, concept, number, shared)
        if qualifier:
            text = f"{name} ({qualifier})"
            rewritten.append((text, surface_hash(text), number))
    db.execute("BEGIN")
    db.executemany("UPDATE OR IGNORE aliases SET name = ?, surface = ? WHERE number = ?", rewritten)
    db.execute("COMMIT")
    return len(rewritten)


def _other_name(db: sqlite3.Connection, concept: int, number: int, shared: set[int]) -> str:
    others = db.execute(
        "SELECT name, surface FROM aliases WHERE concept = ? AND number != ? "
        "ORDER BY length(name) DESC, number",
        (concept, number),
    ).fetchall()
    return next((name for name, surface in others if surface not in shared), "")
