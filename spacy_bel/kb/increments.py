"""Changing a knowledge base without reading its other sources again.

A vocabulary is added, its newer release takes the place of an older one, or single concepts are
removed. Each change is worked out on a copy and committed as a build is: whoever has the knowledge
base open goes on with the old state, and whoever fails or is killed half way leaves it whole.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

from spacy_bel.errors import Errors
from spacy_bel.kb.build import index_and_commit, known_parts, readable
from spacy_bel.kb.differences import Differences, compare
from spacy_bel.kb.files import SQLITE, read_meta, verify_file, workspace
from spacy_bel.kb.forget import delete_concepts, forget, restore_retired, retire_rest
from spacy_bel.kb.merge import MergeRow
from spacy_bel.kb.problems import ProblemLog
from spacy_bel.kb.schema import storable
from spacy_bel.kb.settle import count, settle
from spacy_bel.kb.sources import Sources
from spacy_bel.kb.writer import Writer


@dataclass(frozen=True, slots=True)
class Target:
    """Which knowledge base is changed, and what is written.

    Args:
        directory: The knowledge base.
        output: The directory to write; ``directory`` itself where None.
        dry_run: Whether to find out what would change and write nothing.
        report: A table (TSV) of all differences to write; none where None.
        version: The vocabulary's new version; unchanged where empty.
        progress: Whether to show progress bars on a terminal.
    """

    directory: Path
    output: Path | None = None
    dry_run: bool = False
    report: Path | None = None
    version: str = ""
    progress: bool = False

    @property
    def written(self) -> Path:
        """The directory that is written."""
        return self.output or self.directory


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change.

    Args:
        meta: The content of ``meta.json``; of the old state after a dry run.
        differences: What the new state differs in.
        merges: What was joined by cross-references, and every conflict, where the knowledge base
            was built so.
    """

    meta: dict[str, Any]
    differences: Differences
    merges: list[MergeRow]


def add_sources(target: Target, sources: Sources) -> Outcome:
    """Add vocabularies.

    The outcome is that of a build with the new sources last: concepts that the knowledge base
    has keep their preferred name and get what is new of them.

    Args:
        target: The knowledge base.
        sources: The vocabularies.

    Returns:
        What became of it.

    Raises:
        BelError: If a source cannot be read or holds too many malformed lines, the knowledge base
            does not tell where its concepts come from, or it cannot be written.
    """
    problems = ProblemLog(sources.max_errors)

    def change(writer: Writer, meta: dict[str, Any]) -> None:
        _check_origins(writer.connection, target.directory)
        writer.reopen()
        for record in readable(sources.records(problems)):
            writer.add(record)
        writer.finish()
        meta["sources"] = [*meta["sources"], *sources.names]
        meta["skipped"] += problems.count

    return _change(target, change)


def update_source(target: Target, sources: Sources, replaces: str = "") -> Outcome:
    """Put the newer release of a vocabulary in the place of an older one.

    What the older release said is forgotten: its names, and, of concepts that it defines, name,
    types, definition and parents; cross-references only where no other source speaks of the
    concept. What others gave stays: their names, annotated mentions, names from elsewhere.
    A concept that the newer release does not define any more is retired; its successor is the one
    that the release names, and inherits what others gave. Ids that were retired before stay so. A
    name that several sources gave counts as that of the first one, and a concept that cross-
    references joined with one of another source keeps its definition, types and parents.

    Args:
        target: The knowledge base.
        sources: The newer release, one source.
        replaces: The name of the older source's file; by default the one of the same name, or
            the only one there is.

    Returns:
        What became of it.

    Raises:
        BelError: If the source cannot be read or holds too many malformed lines, it is not clear
            what it replaces, another source has the same name, or the knowledge base cannot be
            written.
    """
    problems = ProblemLog(sources.max_errors)

    def change(writer: Writer, meta: dict[str, Any]) -> None:
        db = writer.connection
        _check_origins(db, target.directory)
        old = _replaced(db, target.directory, sources.names[0], replaces)
        for name in {old, sources.names[0]}:
            others = meta["sources"].count(name) - (name == old)
            if others:
                raise Errors.B195(path=target.directory, name=name)
        writer.reopen()
        forget(db, old)
        for record in readable(sources.records(problems)):
            writer.add(record)
        restore_retired(db)
        writer.finish()
        retire_rest(db)
        names = [sources.names[0] if name == old else name for name in meta["sources"]]
        meta["sources"] = list(dict.fromkeys(names))
        meta["skipped"] += problems.count

    return _change(target, change)


def remove_concepts(target: Target, ids: Collection[str]) -> Outcome:
    """Remove concepts, and let no retired id lead to them.

    Args:
        target: The knowledge base.
        ids: Their CURIEs.

    Returns:
        What became of it.

    Raises:
        BelError: If the knowledge base does not have one of them, would be left with none, or
            cannot be written.
    """

    def change(writer: Writer, meta: dict[str, Any]) -> None:
        db = writer.connection
        query = "SELECT number FROM concepts WHERE id = ?"
        rows = {id_: db.execute(query, (storable(id_),)).fetchone() for id_ in ids}
        if unknown := [id_ for id_, row in rows.items() if row is None]:
            raise Errors.B192(path=target.directory, unknown=", ".join(unknown))
        for id_, (number,) in rows.items():
            delete_concepts(db, "= ?", (number,))
            db.execute("UPDATE retired SET new = '' WHERE new = ?", (storable(id_),))
        db.execute("COMMIT")

    return _change(target, change)


def _check_origins(db: sqlite3.Connection, directory: Path) -> None:
    if db.execute("SELECT 1 FROM origins LIMIT 1").fetchone() is None:
        raise Errors.B190(path=directory)


def _replaced(db: sqlite3.Connection, directory: Path, name: str, replaces: str) -> str:
    """The source that a newer release replaces."""
    known = [str(row[0]) for row in db.execute("SELECT DISTINCT source FROM origins ORDER BY 1")]
    if not replaces:
        replaces = known[0] if len(known) == 1 else name
    if replaces not in known:
        raise Errors.B191(source=name, path=directory, replaces=replaces, known=", ".join(known))
    return replaces


def _change(target: Target, change: Callable[[Writer, dict[str, Any]], None]) -> Outcome:
    """Change a copy of a knowledge base and commit it."""
    target = replace(
        target,
        directory=Path(target.directory),
        output=None if target.output is None else Path(target.output),
    )
    old = read_meta(target.directory)
    meta = known_parts(old)
    if target.version:
        meta["version"] = target.version
    with _place(target) as folder:
        # Damage must not be taken over under a new checksum.
        original = verify_file(target.directory, old["files"][Path(SQLITE).stem])
        shutil.copyfile(original, folder / SQLITE)
        with closing(Writer(folder / SQLITE)) as writer:
            change(writer, meta)
            db = writer.connection
            merges = settle(db, meta)
            meta["counts"] = count(db)
            if not meta["counts"]["concepts"]:
                raise Errors.B107(sources=", ".join(meta["sources"]) or "the records")
            differences = compare(db, original, target.report)
            if target.dry_run:
                return Outcome(old, differences, merges)
            new = index_and_commit(
                db, target.written, folder, meta, target.progress, old=(target.directory, old)
            )
    return Outcome(new, differences, merges)


@contextmanager
def _place(target: Target) -> Iterator[Path]:
    """Where to work: beside the result, or anywhere where there is to be none."""
    if not target.dry_run:
        with workspace(target.written) as folder:
            yield folder
        return
    try:
        with TemporaryDirectory() as name:
            yield Path(name)
    except (OSError, sqlite3.OperationalError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Errors.B104(path=gettempdir(), reason=reason) from error
