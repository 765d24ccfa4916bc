"""The directory of a knowledge base: what lies in it, and how a new state replaces the old.

Every file carries a digest of its content in its name, so a new state never overwrites a file
that somebody has open. ``meta.json`` names the files that belong together and is replaced last:
whoever opens the directory finds the old state or the new one, never a mixture.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from spacy_bel.errors import Errors
from spacy_bel.features import FEATURES_VERSION
from spacy_bel.kb.schema import SCHEMA_VERSION
from spacy_bel.text import NORMALISER_VERSION

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no flock; commits are then not serialised
    fcntl = None  # type: ignore[assignment]

META = "meta.json"
SQLITE = "concepts.sqlite"
_BUILDING = ".building-"
_SUFFIXES = {".npy", ".sqlite", ".index"}
_OURS = re.compile(r".+-[0-9a-f]{12}\.(npy|sqlite|index)")
_PARTS = {
    "library": str,
    "name": str,
    "version": str,
    "licence": str,
    "sources": list,
    "counts": dict,
    "type_sets": list,
    "languages": list,
    "block_size": int,
    "checksum": str,
    "files": dict,
}
"""What ``meta.json`` must hold beside the versions."""


def versions() -> dict[str, int]:
    """The versions that a knowledge base must agree with to be read."""
    return {
        "schema": SCHEMA_VERSION,
        "normaliser": NORMALISER_VERSION,
        "features": FEATURES_VERSION,
    }


def read_meta(directory: Path) -> dict[str, Any]:
    """The content of ``meta.json``, checked.

    Args:
        directory: A knowledge base directory.

    Returns:
        The parsed content.

    Raises:
        BelError: If there is no knowledge base, it is damaged, or it was written by a version
            of the library whose layout this one cannot read.
    """
    path = directory / META
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
        found, library = meta["versions"], meta.get("library")
    except FileNotFoundError:
        raise Errors.B100(path=directory) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Errors.B101(path=path, reason=error) from None
    if found != versions():
        raise Errors.B102(path=directory, found=found, library=library, ours=versions())
    for part, kind in _PARTS.items():
        if not isinstance(meta.get(part), kind):
            raise Errors.B101(path=path, reason=f"it has no {part}")
    for stem, entry in meta["files"].items():
        _check_file(directory, stem, entry)
    return dict(meta)


def _check_file(directory: Path, stem: str, entry: Any) -> None:
    try:
        name, expected = entry["file"], entry["bytes"]
        is_plain = name == Path(name).name and bool(entry["sha256"])
    except (KeyError, TypeError):
        is_plain = False
    if not is_plain:
        raise Errors.B101(path=directory / META, reason=f"its entry {stem!r} describes no file")
    target = directory / name
    found = target.stat().st_size if target.is_file() else None
    if found != expected:
        raise Errors.B103(path=target, expected=expected, found=found)


@contextmanager
def locked(directory: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold the lock of a directory; it ends with the process at the latest.

    Where there is no directory, or its file system has no locks, there is nothing to hold.

    Args:
        directory: The directory.
        shared: Whether others may hold it too, as long as they share it.
    """
    with ExitStack() as stack:
        if fcntl is not None:
            with suppress(OSError):
                descriptor = os.open(directory, os.O_RDONLY)
                stack.callback(os.close, descriptor)
                fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


@contextmanager
def workspace(directory: Path) -> Iterator[Path]:
    """A folder inside the directory for files that do not count yet; it is removed at the end.

    Args:
        directory: The knowledge base directory; created where it does not exist.

    Yields:
        The folder.

    Raises:
        BelError: If the directory cannot be written to, or the disk is full.
    """
    created = not directory.exists()
    try:
        with ExitStack() as stack:
            directory.mkdir(parents=True, exist_ok=True)
            if created:
                stack.callback(_remove_if_empty, directory)
            with locked(directory):  # so that nobody sees the folder before it is locked
                _remove_abandoned(directory)
                folder = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=directory))
                stack.enter_context(locked(folder))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            yield folder
    except (OSError, sqlite3.OperationalError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Errors.B104(path=directory, reason=reason) from error


def commit(
    directory: Path,
    folder: Path,
    meta: dict[str, Any],
    *,
    keep: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Make the SQLite file, the arrays and the indexes of a workspace the state of the directory.

    Args:
        directory: The knowledge base directory.
        folder: A workspace in it.
        meta: What ``meta.json`` says beside versions, files and checksum.
        keep: Files of the present state that stay, as ``meta.json`` describes them.

    Returns:
        The whole content of the new ``meta.json``.

    Raises:
        BelError: If a file to keep is gone, for another process has replaced the state.
    """
    files: dict[str, dict[str, Any]] = dict(keep or {})
    for path in sorted(folder.iterdir()):
        if path.suffix in _SUFFIXES:
            digest = _digest(path)
            name = f"{path.stem}-{digest[:12]}{path.suffix}"
            files[path.stem] = {"file": name, "bytes": path.stat().st_size, "sha256": digest}
            path.rename(folder / name)
    files = dict(sorted(files.items()))
    content = "".join(f"{name} {entry['sha256']}\n" for name, entry in files.items())
    checksum = sha256(content.encode()).hexdigest()
    meta = {"versions": versions(), **meta, "checksum": checksum, "files": files}
    publish(directory, folder, meta)
    return meta


def publish(directory: Path, folder: Path, meta: dict[str, Any]) -> None:
    """Move the files of a workspace into the directory and make them its state.

    Args:
        directory: The knowledge base directory.
        folder: A workspace in it that holds the files that ``meta`` names, but those that are
            in the directory already.
        meta: The whole content of the new ``meta.json``.

    Raises:
        BelError: If a file is in neither.
    """
    (folder / META).write_bytes(dump_meta(meta))
    names = [entry["file"] for entry in meta["files"].values()]
    new = [name for name in names if (folder / name).exists()]
    for name in [*new, META]:
        _sync(folder / name)
    with locked(directory):
        for name in set(names).difference(new):
            if not (directory / name).exists():
                raise Errors.B109(path=directory / name)
        for name in new:
            (folder / name).replace(directory / name)
        _sync(directory)
        (folder / META).replace(directory / META)
        _sync(directory)
        for path in directory.iterdir():
            if _OURS.fullmatch(path.name) and path.name not in names:
                path.unlink(missing_ok=True)


def dump_meta(meta: dict[str, Any]) -> bytes:
    """The bytes of ``meta.json``."""
    return json.dumps(meta, indent=1, ensure_ascii=False).encode()


def verify(directory: Path) -> None:
    """Compare every file with its digest.

    Args:
        directory: A knowledge base directory.

    Raises:
        BelError: If a file is not what was written.
    """
    for entry in read_meta(directory)["files"].values():
        verify_file(directory, entry)


def verify_file(directory: Path, entry: dict[str, Any]) -> Path:
    """Compare one file with its digest.

    Args:
        directory: A knowledge base directory.
        entry: The file's entry in ``meta.json``.

    Returns:
        The path of the file.

    Raises:
        BelError: If the file is not what was written.
    """
    path = directory / str(entry["file"])
    if _digest(path) != entry["sha256"]:
        raise Errors.B105(path=path)
    return path


def _remove_if_empty(directory: Path) -> None:
    with suppress(OSError):  # not empty: there is a knowledge base now
        directory.rmdir()


def _remove_abandoned(directory: Path) -> None:
    """Remove the workspaces of processes that were killed."""
    for folder in directory.glob(f"{_BUILDING}*"):
        if _is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    if fcntl is None:
        return False
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)


def _sync(path: Path) -> None:
    """Have a file, or the entries of a directory, on the disk for good."""
    if path.is_dir() and fcntl is None:  # Windows opens no directories
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
