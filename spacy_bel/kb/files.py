"""The directory of a knowledge base: what lies in it, and how a new state replaces the old.

Every file carries a digest of its content in its name, so a new state never overwrites a file
that somebody has open. ``meta.json`` names the files that belong together and is replaced last:
whoever opens the directory finds the old state or the new one, never a mixture.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
_LOCK = ".lock"


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
        found = meta["versions"]
        files = meta["files"]
    except FileNotFoundError:
        raise Errors.B100(path=directory) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Errors.B101(path=path, reason=error) from None
    if found != versions():
        raise Errors.B102(path=directory, found=found, library=meta.get("library"), ours=versions())
    for entry in files.values():
        target = directory / entry["file"]
        size = target.stat().st_size if target.exists() else None
        if size != entry["bytes"]:
            raise Errors.B103(path=target, expected=entry["bytes"], found=size)
    return dict(meta)


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
        directory.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=directory))
    except OSError as error:
        raise Errors.B104(path=directory, reason=error.strerror or error) from error
    try:
        with (folder / _LOCK).open("w") as owner:
            _lock(owner.fileno())
            yield folder
    except OSError as error:
        raise Errors.B104(path=directory, reason=error.strerror or error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if created:
            with suppress(OSError):  # not empty: the build succeeded
                directory.rmdir()


def commit(directory: Path, folder: Path, meta: dict[str, Any]) -> dict[str, Any]:
    """Make the files of a workspace the state of the directory.

    Args:
        directory: The knowledge base directory.
        folder: A workspace in it that holds the SQLite file and the arrays.
        meta: What ``meta.json`` says beside versions, files and checksum.

    Returns:
        The whole content of the new ``meta.json``.
    """
    files: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in {".npy", ".sqlite"}:
            digest = _sync_and_digest(path)
            name = f"{path.stem}-{digest[:12]}{path.suffix}"
            files[path.stem] = {"file": name, "bytes": path.stat().st_size, "sha256": digest}
    content = "".join(f"{name} {entry['sha256']}\n" for name, entry in sorted(files.items()))
    meta = {
        "versions": versions(),
        **meta,
        "checksum": sha256(content.encode()).hexdigest(),
        "files": files,
    }
    (folder / META).write_text(json.dumps(meta, indent=1, ensure_ascii=False), encoding="utf-8")
    _sync_and_digest(folder / META)
    with (directory / _LOCK).open("w") as lock:
        _lock(lock.fileno())
        for stem, entry in files.items():
            suffix = Path(entry["file"]).suffix
            (folder / f"{stem}{suffix}").replace(directory / entry["file"])
        (folder / META).replace(directory / META)
        _remove_unused(directory, meta)
    return meta


def verify(directory: Path) -> None:
    """Compare every file with its digest.

    Args:
        directory: A knowledge base directory.

    Raises:
        BelError: If a file is not what was written.
    """
    for entry in read_meta(directory)["files"].values():
        path = directory / entry["file"]
        if _digest(path) != entry["sha256"]:
            raise Errors.B105(path=path)


def _remove_unused(directory: Path, meta: dict[str, Any]) -> None:
    """Remove files of older states, and workspaces whose process is gone."""
    used = {entry["file"] for entry in meta["files"].values()}
    for path in directory.iterdir():
        if path.suffix in {".npy", ".sqlite"} and path.name not in used:
            path.unlink(missing_ok=True)
        elif path.name.startswith(_BUILDING) and _abandoned(path):
            shutil.rmtree(path, ignore_errors=True)


def _abandoned(folder: Path) -> bool:
    if fcntl is None:
        return False
    try:
        with (folder / _LOCK).open() as owner:
            fcntl.flock(owner.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except OSError:
        return False


def _lock(descriptor: int) -> None:
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _sync_and_digest(path: Path) -> str:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    return _digest(path)


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
