"""Building a knowledge base from vocabulary files, and adding annotated names to one."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

from spacy_bel import __version__
from spacy_bel.errors import Errors
from spacy_bel.kb.arrays import ArrayFolder
from spacy_bel.kb.files import SQLITE, commit, read_meta, verify_file, workspace
from spacy_bel.kb.index import PASSES, write_arrays
from spacy_bel.kb.problems import MAX_ERRORS, ProblemLog
from spacy_bel.kb.readers.base import Record
from spacy_bel.kb.settle import MERGES, count, settle
from spacy_bel.kb.sources import Sources
from spacy_bel.kb.vectors import carry
from spacy_bel.kb.writer import Writer
from spacy_bel.types import Alias

_Item = TypeVar("_Item")

_DEFAULTS: dict[str, Any] = {
    "name": "",
    "version": "",
    "licence": "",
    "sources": [],
    "skipped": 0,
    "merge_by": "",
    "rewrite_homonyms": False,
}
"""What is told of a knowledge base beside its content, where nothing is told."""


def build(
    sources: Sequence[str | Path],
    output: Path,
    *,
    name: str = "",
    version: str = "",
    licence: str = "",
    format: str | None = None,  # noqa: A002
    options: Mapping[str, str] | None = None,
    max_errors: int = MAX_ERRORS,
    homonyms: bool = False,
    merge_by: str = "",
    progress: bool = False,
) -> dict[str, Any]:
    """Build a knowledge base from vocabulary files.

    Nothing in ``output`` changes before the new knowledge base is whole.

    Args:
        sources: Files, each with its own reader options as a query where needed
            (``names.tsv?lang=es``).
        output: The directory.
        name: The knowledge base's name; the directory's where empty.
        version: The vocabulary's own version.
        licence: The terms that the sources came under.
        format: The format of all sources; recognised from each file where None.
        options: Reader options for all sources.
        max_errors: Malformed lines that are skipped, in all sources together, before the build
            stops.
        homonyms: Whether to rewrite shared and short names (see ``kb.homonyms``).
        merge_by: ``xref`` to join the concepts of several sources (see ``kb.merge``).
        progress: Whether to show progress bars on a terminal.

    Returns:
        The content of the new ``meta.json``; where concepts were to be joined with ``merges``,
        the ``MergeRow`` of every join and conflict.

    Raises:
        BelError: If a source cannot be read, holds too many malformed lines, or the directory
            cannot be written.
    """
    read = Sources(sources, format, options or {}, max_errors, progress)
    meta = {
        "name": name or output.name,
        "version": version,
        "licence": licence,
        "sources": read.names,
    }
    problems = ProblemLog(max_errors)
    return build_from_records(
        read.records(problems),
        output,
        meta,
        problems=problems,
        homonyms=homonyms,
        merge_by=merge_by,
        progress=progress,
    )


def build_from_records(
    records: Iterable[Record],
    output: Path,
    meta: Mapping[str, Any],
    *,
    problems: ProblemLog | None = None,
    homonyms: bool = False,
    merge_by: str = "",
    progress: bool = False,
) -> dict[str, Any]:
    """Build a knowledge base from records.

    Args:
        records: Concepts and retired ids, in any order; read once.
        output: The directory.
        meta: ``name``, ``version``, ``licence`` and ``sources``, as far as they are known.
        problems: What takes the malformed lines while the records are read; its count becomes
            ``skipped``.
        homonyms: Whether to rewrite shared and short names (see ``kb.homonyms``).
        merge_by: ``xref`` to join the concepts of several sources (see ``kb.merge``).
        progress: Whether to show a progress bar on a terminal.

    Returns:
        The content of the new ``meta.json``, and ``merges`` as ``build`` gives them.

    Raises:
        BelError: If the records name no concept, ``merge_by`` is unknown, or the directory
            cannot be written.
    """
    output = Path(output)
    if merge_by not in MERGES:
        raise Errors.B194(merge_by=merge_by)
    meta = {**meta, "merge_by": merge_by, "rewrite_homonyms": homonyms}
    with workspace(output) as folder, closing(Writer(folder / SQLITE)) as writer:
        for record in readable(records):
            writer.add(record)
        if problems is not None:
            meta = {**meta, "skipped": problems.count}
        writer.finish()
        merges = settle(writer.connection, meta)
        meta = {**meta, "counts": count(writer.connection)}
        new = index_and_commit(writer.connection, output, folder, meta, progress)
    return {**new, "merges": merges} if merge_by else new


def add_annotated_aliases(
    directory: Path,
    mentions: Iterable[tuple[str, str, str]],
    *,
    source: str,
    output: Path | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Add the mentions of an annotated corpus as names of their concepts.

    Nothing changes, neither in ``directory`` nor in ``output``, before the new knowledge base is
    whole.

    Args:
        directory: A knowledge base.
        mentions: Concept id, mention text and ISO 639-1 code of its language; repeated ones add
            up. Retired ids are resolved; blank mentions and ids that the knowledge base does not
            have are counted and left out.
        source: What to call the corpus in the knowledge base.
        output: The directory to write; ``directory`` itself where None.
        progress: Whether to show a progress bar on a terminal.

    Returns:
        The content of the new ``meta.json``, with ``added`` (names taken in) and ``unknown``
        (names left out).

    Raises:
        BelError: If there is no readable knowledge base, no mention could be added, or the
            output cannot be written.
    """
    aliases = (
        (concept_id, Alias(text, "annotated", lang=lang, source=source, count=1))
        for concept_id, text, lang in mentions
    )
    return add_aliases(directory, aliases, sources=[source], output=output, progress=progress)


def add_aliases(
    directory: Path,
    aliases: Iterable[tuple[str, Alias]],
    *,
    sources: Sequence[str],
    output: Path | None = None,
    problems: ProblemLog | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Add names to the concepts of a knowledge base.

    What it has stays: where a concept already has a name in the same language, the better kind
    of the two is kept, and counts of annotated mentions add up. Nothing changes, neither in
    ``directory`` nor in ``output``, before the new knowledge base is whole.

    Args:
        directory: A knowledge base.
        aliases: Pairs of concept id and name. Retired ids are resolved; blank names and ids that
            the knowledge base does not have are counted and left out.
        sources: What to call the origins of the names in the knowledge base.
        output: The directory to write; ``directory`` itself where None.
        problems: What takes the malformed lines while the names are read; its count is added to
            ``skipped``.
        progress: Whether to show a progress bar on a terminal.

    Returns:
        The content of the new ``meta.json``, with ``added`` (names taken in) and ``unknown``
        (names left out).

    Raises:
        BelError: If there is no readable knowledge base, no name could be added, or the output
            cannot be written.
    """
    directory = Path(directory)
    output = Path(output or directory)
    old = read_meta(directory)
    meta = known_parts(old)
    meta["sources"] = [*meta["sources"], *sources]
    added = unknown = 0
    with workspace(output) as folder:
        # Damage must not be taken over under a new checksum.
        original = verify_file(directory, old["files"][Path(SQLITE).stem])
        shutil.copyfile(original, folder / SQLITE)
        with closing(Writer(folder / SQLITE)) as writer:
            for concept_id, alias in readable(aliases):
                number = writer.current_number(concept_id)
                if number is None or not alias.name.strip():
                    unknown += 1
                    continue
                added += 1
                writer.add_aliases(number, [alias])
            if not added:
                raise Errors.B113(source=", ".join(sources), path=directory, unknown=unknown)
            writer.finish()
            if problems is not None:
                meta["skipped"] += problems.count
            meta["counts"] = count(writer.connection)
            new = index_and_commit(
                writer.connection, output, folder, meta, progress, old=(directory, old)
            )
    return {**new, "added": added, "unknown": unknown}


def known_parts(meta: Mapping[str, Any]) -> dict[str, Any]:
    """What ``meta.json`` says beside the content, which a change of the content leaves as it is."""
    return {part: meta.get(part, default) for part, default in _DEFAULTS.items()}


def readable(items: Iterable[_Item]) -> Iterator[_Item]:
    """The items, with an error of their source told from one of writing."""
    try:
        yield from items
    except OSError as error:
        path, reason = error.filename or "a source", error.strerror or error
        raise Errors.B150(path=path, reason=reason) from error


def _disable(progress: bool) -> bool | None:
    """As tqdm asks for it: None shows a bar on a terminal only."""
    return None if progress else True


def index_and_commit(
    db: sqlite3.Connection,
    output: Path,
    folder: Path,
    meta: Mapping[str, Any],
    progress: bool,
    *,
    old: tuple[Path, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Write the arrays of a workspace and make it the state of the output directory.

    Args:
        db: The workspace's finished SQLite file.
        output: The directory.
        folder: The workspace.
        meta: What ``meta.json`` says beside the arrays' tables.
        progress: Whether to show a progress bar on a terminal.
        old: Directory and ``meta.json`` of the state that this one comes from: its vectors stay
            with the names that still have them.
    """
    counts = meta["counts"]
    meta = {**_DEFAULTS, "name": output.name, **meta}
    if not counts["concepts"]:
        raise Errors.B107(sources=", ".join(meta["sources"]) or "the records")
    with tqdm(
        total=PASSES * counts["aliases"], desc="indexing", unit=" names", disable=_disable(progress)
    ) as bar:
        tables = write_arrays(db, ArrayFolder(folder), bar.update)
    db.close()
    vectors = carry(*old, folder) if old else {}
    return commit(output, folder, {"library": __version__, **meta, **tables, **vectors})
