"""The vectors of a knowledge base's names: making them, keeping them, reading them.

There is one row per distinct text that the encoder reads, found again by a digest of the text:
when names are added, the rows of the others stay as they are. Beside them stand which names have
which row, and an index file where the kind of index has one.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from tqdm import tqdm

from spacy_bel.errors import Errors
from spacy_bel.features import hash64
from spacy_bel.files import replacing
from spacy_bel.kb.arrays import ArrayFolder, Strings, open_array
from spacy_bel.kb.files import commit, locked, workspace
from spacy_bel.kb.store import Store
from spacy_bel.vectors.encoder import Encoder, EncoderSettings
from spacy_bel.vectors.registry import choose, write_index

CHUNK = 4096
"""Texts that are encoded between two states on disk."""

_GRAPH = "vectors.graph"
_VALUES, _HASHES, _ROWS = "vectors.values", "vectors.hashes", "vectors.rows"
_NAMES, _STARTS = "vectors.names", "vectors.starts"
_CARRIED = {_VALUES: ".npy", _HASHES: ".npy", _GRAPH: ".index"}
_EMBEDDING = ".embedding-"


class Vectors(NamedTuple):
    """The vectors of a knowledge base's names.

    Args:
        encoder: What made them (``Encoder.describe``).
        graph: The kind of index, and its file where it has one.
        values: One row per distinct text, shape (rows, dimension), float16.
        rows: The row of each name, shape (names,); -1 for a name that has none yet.
        names: The names of all rows, row by row, shape (names with a row,).
        starts: Where the names of each row begin, shape (rows + 1,).
    """

    encoder: dict[str, Any]
    graph: tuple[str, Path | None]
    values: NDArray[np.float16]
    rows: NDArray[np.int32]
    names: NDArray[np.int32]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, store: Store) -> Vectors:
        """The vectors of an open knowledge base.

        Raises:
            BelError: If it has none.
        """
        entry = store.meta.get("vectors")
        if not entry:
            raise Errors.B415(kb=store.name, path=store.path)
        file = store.meta["files"].get(_GRAPH)
        path = store.path / file["file"] if file else None
        arrays = (store.array(name) for name in (_VALUES, _ROWS, _NAMES, _STARTS))
        return cls(entry["encoder"], (entry["index"], path), *arrays)


def embed(
    directory: Path, encoder: Encoder, *, index: str = "auto", progress: bool = False
) -> dict[str, Any]:
    """Add the vectors of its names to a knowledge base.

    Texts that have a vector from the same encoder are not encoded again. An interrupted run goes
    on where it was, to the same result; the knowledge base is as it was until all is done.

    Args:
        directory: The knowledge base.
        encoder: What makes the vectors.
        index: The kind of index, ``auto`` for the one that suits the number of texts.
        progress: Whether to show progress bars on a terminal.

    Returns:
        The content of the new ``meta.json``.

    Raises:
        BelError: If there is no knowledge base, the encoder fails, or the directory cannot be
            written.
    """
    store = Store(directory)
    description = encoder.describe()
    hashes = _hashes(store.alias_names, encoder.settings)
    texts, first = np.unique(hashes, return_index=True)
    kind = choose(index, len(texts))
    with workspace(directory) as folder:
        values = _matrix(folder / f"{_VALUES}.npy", (len(texts), description["dimension"]))
        order = np.arange(len(texts))
        known = _reuse(store, description, texts, values)
        missing = np.flatnonzero(~known)
        resumed = directory / f"{_EMBEDDING}{_fingerprint(description)}"
        texts_of = partial(_texts, store.alias_names, first)
        for rows, vectors in _encoded(texts_of, encoder, missing, resumed, progress=progress):
            values[rows] = vectors
        arrays = ArrayFolder(folder)
        arrays.save(_HASHES, texts)
        _write_rows(arrays, hashes, texts)
        with _bar(len(texts), "indexing", progress) as bar:
            write_index(kind, values, folder / f"{_GRAPH}.index", bar.update)
        longest = max(float(np.linalg.norm(values[rows], axis=1).max()) for rows in _parts(order))
        entry = {
            "encoder": description,
            "index": kind,
            "rows": len(texts),
            "missing": 0,
            "longest": longest,
        }
        meta = {**store.meta, "vectors": entry}
        meta = commit(directory, folder, meta, keep=_others(store.meta["files"]))
        shutil.rmtree(resumed, ignore_errors=True)
    return meta


def carry(old: Path, meta: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Take the vectors of an old state over into a new one, whose names may be others.

    Args:
        old: The directory of the old state.
        meta: The old state's ``meta.json``.
        folder: The workspace of the new state, its names written.

    Returns:
        What ``meta.json`` of the new state says of the vectors; empty where there are none.
    """
    entry = meta.get("vectors")
    if not entry:
        return {}
    for stem, suffix in _CARRIED.items():
        if stem in meta["files"]:
            _link(old / meta["files"][stem]["file"], folder / f"{stem}{suffix}")
    names = Strings(
        open_array(folder / "aliases.names.bytes.npy"),
        open_array(folder / "aliases.names.starts.npy"),
    )
    fields = EncoderSettings.__dataclass_fields__
    settings = EncoderSettings(**{key: entry["encoder"][key] for key in fields})
    texts = open_array(folder / f"{_HASHES}.npy")
    missing = _write_rows(ArrayFolder(folder), _hashes(names, settings), texts)
    return {"vectors": {**entry, "missing": missing}}


def _hashes(names: Strings, settings: EncoderSettings) -> NDArray[np.int64]:
    return np.fromiter((hash64(settings.text(name)) for name in names), np.int64, len(names))


def _write_rows(arrays: ArrayFolder, hashes: NDArray[np.int64], texts: NDArray[np.int64]) -> int:
    """Write which name has which row, both ways; the number of names without a row."""
    place = np.minimum(np.searchsorted(texts, hashes), len(texts) - 1)
    rows = np.where(texts[place] == hashes, place, -1).astype(np.int32)
    order = np.argsort(rows, kind="stable").astype(np.int32)
    missing = int((rows < 0).sum())
    starts = np.searchsorted(rows[order[missing:]], np.arange(len(texts) + 1))
    arrays.save(_ROWS, rows)
    arrays.save(_NAMES, order[missing:])
    arrays.save(_STARTS, starts.astype(np.int64))
    return missing


def _reuse(
    store: Store, description: dict[str, Any], texts: NDArray[np.int64], values: NDArray[Any]
) -> NDArray[np.bool_]:
    """Copy the rows of texts that the same encoder has encoded before; which they are."""
    known = np.zeros(len(texts), dtype=bool)
    entry = store.meta.get("vectors")
    if entry and entry["encoder"] == description:
        old = store.array(_HASHES)
        place = np.minimum(np.searchsorted(old, texts), len(old) - 1)
        known = np.asarray(old[place] == texts)
        for rows in _parts(np.flatnonzero(known)):
            values[rows] = store.array(_VALUES)[place[rows]]
    return known


def _texts(names: Strings, first: NDArray[np.int64], rows: NDArray[np.int64]) -> list[str]:
    """A name for each row that has its text."""
    return [names[alias] for alias in first[rows].tolist()]


def _encoded(
    texts_of: Callable[[NDArray[np.int64]], list[str]],
    encoder: Encoder,
    missing: NDArray[np.int64],
    folder: Path,
    *,
    progress: bool,
) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
    """The vectors of rows that have none, part by part; each part is kept on disk at once."""
    if not len(missing):
        return
    folder.mkdir(exist_ok=True)
    with locked(folder), _bar(len(missing), "encoding", progress) as bar:
        for rows in _parts(missing):
            path = folder / f"{sha256(rows.tobytes()).hexdigest()[:24]}.npy"
            if not path.exists():
                vectors = encoder.encode_all(texts_of(rows)).astype(np.float16)
                if not np.isfinite(vectors).all():
                    raise Errors.B416(name=encoder.settings.name)
                with replacing(path, Errors.B104) as beside, beside.open("wb") as file:
                    np.save(file, vectors)
            yield rows, open_array(path)
            bar.update(len(rows))


def _parts(rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    return (rows[begin : begin + CHUNK] for begin in range(0, len(rows), CHUNK))


def _fingerprint(description: dict[str, Any]) -> str:
    return sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()[:12]


def _matrix(path: Path, shape: tuple[int, int]) -> NDArray[np.float16]:
    return np.asanyarray(npy.open_memmap(path, "w+", np.dtype(np.float16), shape))  # type: ignore[no-untyped-call]


def _others(files: Mapping[str, Any]) -> dict[str, Any]:
    """The files of a state that have nothing to do with vectors."""
    return {stem: entry for stem, entry in files.items() if not stem.startswith("vectors.")}


def _link(source: Path, target: Path) -> None:
    """The same file under a second name, or a copy where the file system has no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _bar(total: int, what: str, progress: bool) -> Any:
    return tqdm(total=total, desc=what, unit=" texts", disable=None if progress else True)
