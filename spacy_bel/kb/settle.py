"""What is done with a knowledge base's SQLite file when all its records are in."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from spacy_bel.kb.homonyms import count_homonyms, rewrite_homonyms
from spacy_bel.kb.merge import MergeRow, merge_by_xref

MERGES = ("", "xref")
"""How the concepts of several sources can be joined: not at all, or by cross-references."""


def settle(db: sqlite3.Connection, meta: Mapping[str, Any]) -> list[MergeRow]:
    """Join concepts and rewrite names as a knowledge base is to have them.

    Args:
        db: A finished SQLite file.
        meta: What ``meta.json`` says, or will say: ``merge_by`` and ``rewrite_homonyms`` count.

    Returns:
        What was joined, and every conflict.
    """
    merges = merge_by_xref(db) if meta.get("merge_by") else []
    if meta.get("rewrite_homonyms"):
        rewrite_homonyms(db)
    return merges


def count(db: sqlite3.Connection) -> dict[str, int]:
    """Number of rows of each kind, of shared names, and of concepts that no source defines."""
    tables = ("concepts", "aliases", "parents", "xrefs", "retired")
    counts = {
        table: int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in tables
    }
    names_only = int(db.execute("SELECT count(*) FROM promoted").fetchone()[0])
    return {**counts, "homonyms": count_homonyms(db), "names_only": names_only}
