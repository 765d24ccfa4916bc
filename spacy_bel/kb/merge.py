"""Joining the concepts of several vocabularies into one where cross-references say they are one.

Ontologies' references are neither complete nor one to one (Laadhar et al. 2020,
doi:10.1093/database/baaa060, count the ways), so nothing is joined that would make one concept of
two of the same vocabulary; what is not joined stays as it was, reference and all.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from spacy_bel.kb.writer import KIND_RANK, move_concept

SEVERAL = "one of them is referred to several concepts of the other's vocabulary"
SAME = "both are of one vocabulary"
INDIRECT = "others that they are joined with are two concepts of one vocabulary"

_EDGES = """
SELECT DISTINCT min(first, second), max(first, second) FROM (
    SELECT xrefs.concept AS first, concepts.number AS second
    FROM xrefs JOIN concepts ON concepts.id = xrefs.xref
    UNION ALL
    SELECT xrefs.concept, concepts.number
    FROM xrefs JOIN retired ON old = xrefs.xref JOIN concepts ON concepts.id = new
) WHERE first != second ORDER BY 1, 2
"""

# What the concept that stays (?1) takes over from the one that goes (?2).
_PREPARE = (
    # What was its own is another source's now.
    "UPDATE aliases SET source = (SELECT source FROM concepts WHERE number = ?2) "
    "WHERE concept = ?2 AND source = ''",
    f"UPDATE aliases SET kind = {KIND_RANK['exact']} "
    f"WHERE concept = ?2 AND kind = {KIND_RANK['preferred']} AND lang IN "
    f"(SELECT lang FROM aliases WHERE concept = ?1 AND kind = {KIND_RANK['preferred']})",
    "UPDATE concepts SET definition = (SELECT definition FROM concepts WHERE number = ?2) "
    "WHERE number = ?1 AND definition = ''",
    "INSERT OR IGNORE INTO xrefs SELECT ?1, id FROM concepts WHERE number = ?2",
)

# Every mention of the id that goes (?2) becomes one of the id that stays (?1).
_REDIRECT = (
    "UPDATE retired SET new = ?1 WHERE new = ?2",
    "INSERT INTO retired VALUES (?2, ?1) ON CONFLICT (old) DO UPDATE SET new = excluded.new",
    "INSERT OR IGNORE INTO parents SELECT concept, ?1 FROM parents WHERE parent = ?2",
    "DELETE FROM parents WHERE parent = ?2",
)

_TIDY = (
    "DELETE FROM parents WHERE parent = (SELECT id FROM concepts WHERE number = concept)",
    "DELETE FROM xrefs WHERE xref = (SELECT id FROM concepts WHERE number = concept)",
)


class MergeRow(NamedTuple):
    """Two concepts of which a cross-reference says that they are one.

    Args:
        outcome: Whether they were joined.
        first: The id that stays, which is that of the source given first.
        first_name: Its preferred name.
        second: The id that is retired; that of a concept of its own after a conflict.
        second_name: Its preferred name.
        reason: Why they were not joined.
    """

    outcome: Literal["merged", "conflict"]
    first: str
    first_name: str
    second: str
    second_name: str
    reason: str = ""


def merge_by_xref(db: sqlite3.Connection) -> list[MergeRow]:
    """Join concepts of different vocabularies that a cross-reference connects.

    The id of the source that came first stays; the others resolve to it as retired ids do, and
    are among its cross-references. Names, types, parents and cross-references are united, of the
    definitions the first is kept. Only a reference from one concept to the other counts, not a
    third id that both refer to. A reference that is not one to one between two vocabularies, or
    that would join two concepts of one vocabulary through others, is a conflict: both concepts
    stay, unless other references join them through a third one.

    Args:
        db: A finished SQLite file (see ``spacy_bel.kb.writer``).

    Returns:
        What was joined, and every conflict.
    """
    edges = [(int(first), int(second)) for first, second in db.execute(_EDGES)]
    concepts = _Concepts(db, {number for edge in edges for number in edge})
    clusters = _Clusters(concepts)
    conflicts = list(_joined(edges, concepts, clusters))
    rows = [
        concepts.row("conflict", first, second, reason)
        for first, second, reason in conflicts
        if not clusters.has_joined(first, second)
    ]
    db.execute("BEGIN")
    for kept, gone in clusters.moves():
        rows.append(concepts.row("merged", kept, gone))
        _unite_types(db, kept, gone)
        for statement in _PREPARE:
            db.execute(statement, (kept, gone))
        move_concept(db, kept, gone)
        for statement in _REDIRECT:
            db.execute(statement, (concepts.ids[kept], concepts.ids[gone]))
    for statement in _TIDY:
        db.execute(statement)
    db.execute("COMMIT")
    return rows


class _Concepts:
    """Ids, names and vocabularies of the concepts that references connect."""

    def __init__(self, db: sqlite3.Connection, numbers: Iterable[int]) -> None:
        self.ids: dict[int, str] = {}
        self._names: dict[int, str] = {}
        for number in numbers:
            query = "SELECT id, name FROM concepts WHERE number = ?"
            self.ids[number], self._names[number] = db.execute(query, (number,)).fetchone()

    def vocabulary(self, number: int) -> str:
        return self.ids[number].partition(":")[0]

    def row(
        self, outcome: Literal["merged", "conflict"], first: int, second: int, reason: str = ""
    ) -> MergeRow:
        ids, names = self.ids, self._names
        return MergeRow(outcome, ids[first], names[first], ids[second], names[second], reason)


class _Clusters:
    """Concepts that belong together, of each vocabulary at most one."""

    def __init__(self, concepts: _Concepts) -> None:
        self._members = {n: {concepts.vocabulary(n): n} for n in sorted(concepts.ids)}

    def join(self, first: int, second: int) -> bool:
        """Put two clusters together, unless both have a concept of one vocabulary."""
        one, other = self._members[first], self._members[second]
        if one is other:
            return True
        if one.keys() & other.keys():
            return False
        one.update(other)
        for number in other.values():
            self._members[number] = one
        return True

    def has_joined(self, first: int, second: int) -> bool:
        """Whether two concepts are one by now."""
        return self._members[first] is self._members[second]

    def moves(self) -> Iterator[tuple[int, int]]:
        """The concept that stays and the one that goes, for all that go."""
        for number, members in self._members.items():
            kept = min(members.values())
            if kept != number:
                yield kept, number


def _joined(
    edges: list[tuple[int, int]], concepts: _Concepts, clusters: _Clusters
) -> Iterator[tuple[int, int, str]]:
    """Join what can be; yields the edges that cannot, and why."""
    partners: defaultdict[tuple[int, str], int] = defaultdict(int)
    for first, second in edges:
        partners[first, concepts.vocabulary(second)] += 1
        partners[second, concepts.vocabulary(first)] += 1
    for first, second in edges:
        here, there = concepts.vocabulary(first), concepts.vocabulary(second)
        if here == there:
            yield first, second, SAME
        elif partners[first, there] > 1 or partners[second, here] > 1:
            yield first, second, SEVERAL
        elif not clusters.join(first, second):
            yield first, second, INDIRECT


def _unite_types(db: sqlite3.Connection, kept: int, gone: int) -> None:
    query = "SELECT types FROM concepts WHERE number = ?"
    types = [
        type_
        for number in (kept, gone)
        for type_ in json.loads(db.execute(query, (number,)).fetchone()[0])
    ]
    united = json.dumps(list(dict.fromkeys(types)))
    db.execute("UPDATE concepts SET types = ? WHERE number = ?", (united, kept))
