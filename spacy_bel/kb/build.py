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
from spacy_bel.kb.homonyms import count_homonyms, rewrite_homonyms
from spacy_bel.kb.index import write_arrays
from spacy_bel.kb.readers.base import Record
from spacy_bel.kb.readers.registry import parse_source, read
from spacy_bel.kb.readers.textfile import ReadProblem
from spacy_bel.kb.writer import Writer
from spacy_bel.types import Alias

_Item = TypeVar("_Item")

_DEFAULTS: dict[str, Any] = {"name": "", "version": "", "licence": "", "sources": [], "skipped": 0}
"""What is told of a knowledge base beside its content, where nothing is told."""

MAX_ERRORS = 10
"""Malformed lines that a build puts up with before it stops."""


class ProblemLog:
    """Malformed lines of the sources: shown as they come, counted, limited.

    Args:
        limit: How many are put up with.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.count = 0

    def __call__(self, problem: ReadProblem) -> None:
        """Take note of one.

        Args:
            problem: Where and what.

        Raises:
            BelError: When there are more than the limit.
        """
        self.count += 1
        tqdm.write(f"Skipped: {problem}")
        if self.count > self.limit:
            raise Errors.B106(limit=self.limit, problem=problem)


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
        progress: Whether to show progress bars on a terminal.

    Returns:
        The content of the new ``meta.json``.

    Raises:
        BelError: If a source cannot be read, holds too many malformed lines, or the directory
            cannot be written.
    """
    problems = ProblemLog(max_errors)

    def records() -> Iterator[Record]:
        for source in sources:
            yield from tqdm(
                read(source, format=format, on_error=problems, **(options or {})),
                desc=parse_source(source)[0].name,
                unit=" records",
                disable=_disable(progress),
            )

    meta = {
        "name": name or output.name,
        "version": version,
        "licence": licence,
        "sources": [parse_source(source)[0].name for source in sources],
    }
    return build_from_records(
        records(), output, meta, problems=problems, homonyms=homonyms, progress=progress
    )


def build_from_records(
    records: Iterable[Record],
    output: Path,
    meta: Mapping[str, Any],
    *,
    problems: ProblemLog | None = None,
    homonyms: bool = False,
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
        progress: Whether to show a progress bar on a terminal.

    Returns:
        The content of the new ``meta.json``.

    Raises:
        BelError: If the records name no concept, or the directory cannot be written.
    """
    output = Path(output)
    with workspace(output) as folder, closing(Writer(folder / SQLITE)) as writer:
        for record in _readable(records):
            writer.add(record)
        names_only = writer.finish()
        if homonyms:
            rewrite_homonyms(writer.connection)
        if problems is not None:
            meta = {**meta, "skipped": problems.count}
        meta = {**meta, "counts": {**count(writer.connection), "names_only": names_only}}
        return _index_and_commit(writer.connection, output, folder, meta, progress)


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
    directory = Path(directory)
    output = Path(output or directory)
    old = read_meta(directory)
    meta = {part: old.get(part, default) for part, default in _DEFAULTS.items()}
    meta["sources"] = [*meta["sources"], source]
    added = unknown = 0
    with workspace(output) as folder:
        # Damage must not be taken over under a new checksum.
        original = verify_file(directory, old["files"][Path(SQLITE).stem])
        shutil.copyfile(original, folder / SQLITE)
        with closing(Writer(folder / SQLITE)) as writer:
            for concept_id, text, lang in _readable(mentions):
                number = writer.current_number(concept_id)
                if number is None or not text.strip():
                    unknown += 1
                    continue
                added += 1
                alias = Alias(text, "annotated", lang=lang, source=source, count=1)
                writer.add_aliases(number, [alias])
            if not added:
                raise Errors.B113(source=source, path=directory, unknown=unknown)
            writer.finish()
            names_only = old["counts"].get("names_only", 0)
            meta["counts"] = {**count(writer.connection), "names_only": names_only}
            new = _index_and_commit(writer.connection, output, folder, meta, progress)
    return {**new, "added": added, "unknown": unknown}


def _readable(items: Iterable[_Item]) -> Iterator[_Item]:
    """The items, with an error of their source told from one of writing."""
    try:
        yield from items
    except OSError as error:
        path, reason = error.filename or "a source", error.strerror or error
        raise Errors.B150(path=path, reason=reason) from error


def _disable(progress: bool) -> bool | None:
    """As tqdm asks for it: None shows a bar on a terminal only."""
    return None if progress else True


def _index_and_commit(
    db: sqlite3.Connection, output: Path, folder: Path, meta: Mapping[str, Any], progress: bool
) -> dict[str, Any]:
    counts = meta["counts"]
    meta = {**_DEFAULTS, "name": output.name, **meta}
    if not counts["concepts"]:
        raise Errors.B107(sources=", ".join(meta["sources"]) or "the records")
    with tqdm(
        total=2 * counts["aliases"], desc="indexing", unit=" names", disable=_disable(progress)
    ) as bar:
        tables = write_arrays(db, ArrayFolder(folder), bar.update)
    db.close()
    return commit(output, folder, {"library": __version__, **meta, **tables})


def count(db: sqlite3.Connection) -> dict[str, int]:
    """Number of rows of each kind, and of names that several concepts bear."""
    tables = ("concepts", "aliases", "parents", "xrefs", "retired")
    counts = {
        table: int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in tables
    }
    return {**counts, "homonyms": count_homonyms(db)}
