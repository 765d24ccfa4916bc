"""Copies of an open knowledge base: as a directory, as bytes, and back again."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spacy_bel.errors import Errors
from spacy_bel.kb.files import META, dump_meta, publish, workspace


def copy_files(directory: Path, meta: dict[str, Any], target: Path) -> None:
    """Copy a state of a knowledge base.

    Args:
        directory: The knowledge base directory.
        meta: The state's ``meta.json``.
        target: Where to; an older state there is replaced.

    Raises:
        BelError: If the target cannot be written, or the state is gone.
    """
    with workspace(target) as folder:
        for path in _paths(directory, meta):
            shutil.copyfile(path, folder / path.name)
        publish(target, folder, meta)


def read_files(directory: Path, meta: dict[str, Any]) -> dict[str, bytes]:
    """The content of all files of a state, by name.

    Args:
        directory: The knowledge base directory.
        meta: The state's ``meta.json``.

    Returns:
        File name -> bytes, ``meta.json`` among them.

    Raises:
        BelError: If the state is gone.
    """
    files = {path.name: path.read_bytes() for path in _paths(directory, meta)}
    return {**files, META: dump_meta(meta)}


def _paths(directory: Path, meta: dict[str, Any]) -> list[Path]:
    paths = [directory / entry["file"] for entry in meta["files"].values()]
    for path in paths:
        if not path.exists():  # a new state of the directory has removed it
            raise Errors.B109(path=path)
    return paths


def unpack(content: Mapping[str, bytes]) -> Path:
    """Write the content of files into a new temporary directory.

    Args:
        content: By file name.

    Returns:
        The directory; it is the caller's to remove.

    Raises:
        BelError: If it cannot be written.
    """
    directory = Path(tempfile.mkdtemp(prefix="spacy_bel-"))
    try:
        for name, data in content.items():
            (directory / Path(name).name).write_bytes(data)
    except OSError as error:
        shutil.rmtree(directory, ignore_errors=True)
        raise Errors.B104(path=directory, reason=error.strerror or error) from error
    return directory


def remove_with(owner: object, directory: Path) -> None:
    """Remove a directory as soon as an object goes, or at exit."""
    weakref.finalize(owner, _remove_own, directory, os.getpid())


def _remove_own(directory: Path, process: int) -> None:
    # A forked child has the finaliser too, but the directory is its parent's.
    if os.getpid() == process:
        shutil.rmtree(directory, ignore_errors=True)
