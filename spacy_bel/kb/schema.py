"""The layout of a knowledge base's SQLite file.

It holds everything that is known of the concepts. What linking reads for every mention stands
beside it in memory-mapped arrays, which are made from it (see ``spacy_bel.kb.index``).
"""

from __future__ import annotations

SCHEMA_VERSION = 2
"""Raised whenever the layout of the directory changes; another version is refused."""

DDL = """
CREATE TABLE concepts (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL DEFAULT '',
    types TEXT NOT NULL DEFAULT '[]',
    definition TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL DEFAULT ''
);
CREATE TABLE aliases (
    number INTEGER PRIMARY KEY,
    concept INTEGER NOT NULL REFERENCES concepts (number),
    surface INTEGER NOT NULL,
    name TEXT NOT NULL,
    lang TEXT NOT NULL,
    kind INTEGER NOT NULL,
    count INTEGER NOT NULL,
    source TEXT NOT NULL,
    UNIQUE (concept, surface, lang)
);
CREATE TABLE parents (
    concept INTEGER NOT NULL, parent TEXT NOT NULL, PRIMARY KEY (concept, parent)
) WITHOUT ROWID;
CREATE TABLE xrefs (
    concept INTEGER NOT NULL, xref TEXT NOT NULL, PRIMARY KEY (concept, xref)
) WITHOUT ROWID;
CREATE TABLE retired (old TEXT PRIMARY KEY, new TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX parents_by_parent ON parents (parent);
CREATE INDEX retired_by_new ON retired (new);
"""

ORIGINS = """
CREATE TABLE IF NOT EXISTS origins (
    concept INTEGER NOT NULL, source TEXT NOT NULL, defines INTEGER NOT NULL,
    PRIMARY KEY (concept, source)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS promoted (
    concept INTEGER PRIMARY KEY, alias INTEGER NOT NULL, kind INTEGER NOT NULL
);
"""
"""Which sources speak of a concept and which of them define it; and the concepts that none
defines, with the name that was promoted to their preferred one and what it was before."""


def storable(text: str) -> str:
    """A text as it is stored and looked up: as given, save what no file can hold.

    Args:
        text: Any string.

    Returns:
        The text with pairs of surrogates joined and single ones replaced by U+FFFD.
    """
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
