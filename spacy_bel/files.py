"""Files that are written as a whole or not at all, and by one process at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spacy_bel.errors import Errors

try:
    import fcntl
except ImportError:  # a system without such locks
    fcntl = None  # type: ignore[assignment]


@contextmanager
def replacing(path: Path, error: Errors) -> Iterator[Path]:
    """A file to write, which takes its place when all of it is written.

    It lies beside its place, so that moving it there is one step: who reads finds the old
    content or the new. After a failure of any kind the old content is there and nothing else.

    Args:
        path: The file's place; folders that do not exist are made.
        error: The message, of ``path`` and ``reason``, where it cannot be written.

    Yields:
        The path to write to; an empty file is there already, so that a place that cannot be
        written shows before any work is done.

    Raises:
        BelError: The file cannot be written or moved.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.touch()
        yield beside
        beside.replace(path)
    except OSError as problem:
        raise error(path=path, reason=problem.strerror or problem) from problem
    finally:
        with suppress(OSError):
            beside.unlink()


@contextmanager
def only_one(output: Path) -> Iterator[None]:
    """Let no second process work on an output; the lock ends with the process at the latest.

    Args:
        output: What is to be written.

    Raises:
        BelError: Another process works on it, or its folder cannot be written.
    """
    path = output.with_name(f".{output.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
    except OSError as problem:
        raise Errors.B803(path=path, reason=problem.strerror or problem) from problem
    with file:
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            raise Errors.B804(path=output) from problem
        # The file stays: whoever removed it would let others lock two files of one name.
        yield
