"""Making the memory-mapped arrays of a knowledge base from its SQLite file.

The arrays hold what linking reads for every mention. They are written in two passes over the
names, a chunk at a time, so that memory does not grow with the vocabulary:

1. names, their core keys and the features of each chunk go to disk, and the document
   frequencies are counted;
2. each chunk's features are weighed and scattered into the posting lists.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike, NDArray

from spacy_bel.features import FeatureBatch, NameForms, features, hash64, weigh

CHUNK = 20_000
"""Names that are worked on at a time."""

_NAMES = """
SELECT aliases.name, concepts.number, kind, aliases.count, lang
FROM aliases JOIN concepts ON concepts.number = aliases.concept
ORDER BY aliases.concept, kind, aliases.number
"""

_CONCEPTS = """
SELECT concepts.number, id, name, types,
    (SELECT count(*) FROM aliases WHERE concept = concepts.number)
    + (SELECT count(*) FROM parents WHERE parent = concepts.id)
FROM concepts ORDER BY concepts.number
"""

Progress = Callable[[int], None]


class ArrayFolder:
    """A folder that arrays are written into, one ``.npy`` file each.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self, name: str, size: int, dtype: DTypeLike) -> NDArray[np.generic]:
        """A new one-dimensional array on disk, to be filled.

        Args:
            name: The array's name.
            size: Number of items.
            dtype: Type of the items.

        Returns:
            A writable memory map; an ordinary empty array where there is nothing to hold, since
            nothing cannot be mapped.
        """
        target = self.path / f"{name}.npy"
        if size == 0:
            np.save(target, np.empty(0, dtype))
            return np.empty(0, dtype)
        return np.lib.format.open_memmap(target, mode="w+", dtype=np.dtype(dtype), shape=(size,))

    def save(self, name: str, array: NDArray[np.generic]) -> None:
        """Write a whole array."""
        np.save(self.path / f"{name}.npy", array)


class _Strings:
    """Strings as one array of UTF-8 bytes and one of where each begins."""

    def __init__(self, folder: ArrayFolder, name: str, count: int, size: int) -> None:
        self._bytes = folder.create(f"{name}.bytes", size, np.uint8)
        self._starts = folder.create(f"{name}.starts", count + 1, np.int64)
        self._starts[0] = 0
        self._count = 0

    def extend(self, texts: Sequence[str]) -> None:
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        begin = int(self._starts[self._count])
        ends = begin + np.cumsum([len(e) for e in encoded], dtype=np.int64)
        if encoded:
            self._bytes[begin : ends[-1]] = np.frombuffer(b"".join(encoded), np.uint8)
            self._starts[self._count + 1 : self._count + 1 + len(encoded)] = ends
        self._count += len(encoded)


def write_arrays(
    db: sqlite3.Connection, folder: ArrayFolder, progress: Progress
) -> dict[str, list]:
    """Write all arrays.

    Args:
        db: A finished SQLite file (see ``spacy_bel.kb.writer``).
        folder: Where to write.
        progress: Called with the number of names done since the last call; each name is done
            twice.

    Returns:
        The tables that the arrays point into: ``type_sets`` and ``languages``.
    """
    type_sets = _write_concepts(db, folder)
    languages = [row[0] for row in db.execute("SELECT DISTINCT lang FROM aliases ORDER BY lang")]
    chunks, size = _write_names(db, folder, languages, progress)
    codes, frequencies = _document_frequencies(chunks)
    _write_postings(folder, chunks, codes, frequencies, size, progress)
    return {"type_sets": type_sets, "languages": languages}


def _write_concepts(db: sqlite3.Connection, folder: ArrayFolder) -> list[list[str]]:
    count, id_bytes, name_bytes = db.execute(
        "SELECT count(*), coalesce(sum(length(CAST(id AS BLOB))), 0), "
        "coalesce(sum(length(CAST(name AS BLOB))), 0) FROM concepts"
    ).fetchone()
    ids = _Strings(folder, "concepts.ids", count, id_bytes)
    names = _Strings(folder, "concepts.names", count, name_bytes)
    types = folder.create("concepts.types", count, np.int32)
    weights = folder.create("concepts.weights", count, np.int32)
    type_sets: dict[str, int] = {}
    done = 0
    for rows in _batches(db.execute(_CONCEPTS)):
        ids.extend([row[1] for row in rows])
        names.extend([row[2] for row in rows])
        part = slice(done, done + len(rows))
        types[part] = [type_sets.setdefault(row[3], len(type_sets)) for row in rows]
        weights[part] = [row[4] for row in rows]
        done += len(rows)
    return [json.loads(types_json) for types_json in type_sets]


def _write_names(
    db: sqlite3.Connection, folder: ArrayFolder, languages: list[str], progress: Progress
) -> tuple[list[Path], int]:
    numbers = np.array(
        [row[0] for row in db.execute("SELECT number FROM concepts ORDER BY number")]
    )
    count, name_bytes = db.execute(
        "SELECT count(*), coalesce(sum(length(CAST(name AS BLOB))), 0) FROM aliases"
    ).fetchone()
    names = _Strings(folder, "aliases.names", count, name_bytes)
    concepts = folder.create("aliases.concepts", count, np.int32)
    kinds = folder.create("aliases.kinds", count, np.uint8)
    counts = folder.create("aliases.counts", count, np.int32)
    langs = folder.create("aliases.langs", count, np.uint16)
    keys = np.empty(count, np.int64)
    word_sets = np.empty(count, np.int64)
    every_word: set[str] = set()
    chunks: list[Path] = []
    done = 0
    for rows in _batches(db.execute(_NAMES)):
        part = slice(done, done + len(rows))
        names.extend([row[0] for row in rows])
        concepts[part] = np.searchsorted(numbers, [row[1] for row in rows])
        kinds[part] = [row[2] for row in rows]
        counts[part] = [row[3] for row in rows]
        langs[part] = [languages.index(row[4]) for row in rows]
        forms = [NameForms.of(row[0]) for row in rows]
        keys[part] = [hash64(form.key) for form in forms]
        word_sets[part] = [form.word_set_hash for form in forms]
        every_word.update(word for form in forms for word in form.words)
        chunks.append(_save_chunk(folder.path / f"chunk{len(chunks)}.tmp.npz", features(forms)))
        done += len(rows)
        progress(len(rows))
    _save_sorted(folder, "keys", keys)
    _save_sorted(folder, "word_sets", word_sets)
    folder.save("words.hashes", np.sort([hash64(word) for word in every_word]).astype(np.int64))
    return chunks, count


def _save_sorted(folder: ArrayFolder, name: str, hashes: NDArray[np.int64]) -> None:
    """Digests of the names in ascending order, and which name each belongs to."""
    order = np.argsort(hashes, kind="stable")
    folder.save(f"{name}.hashes", hashes[order])
    folder.save(f"{name}.aliases", order.astype(np.int32))


def _save_chunk(path: Path, batch: FeatureBatch) -> Path:
    rows = batch.rows.astype(np.int32)
    np.savez(path, rows=rows, codes=batch.codes, counts=batch.counts, size=np.array(batch.size))
    return path


def _load_chunk(path: Path) -> FeatureBatch:
    with np.load(path) as chunk:
        rows = chunk["rows"].astype(np.int64)
        return FeatureBatch(rows, chunk["codes"], chunk["counts"], int(chunk["size"]))


def _document_frequencies(chunks: list[Path]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    codes = np.empty(0, np.int64)
    frequencies = np.empty(0, np.int64)
    for path in chunks:
        found, counts = np.unique(_load_chunk(path).codes, return_counts=True)
        codes, where = np.unique(np.concatenate([codes, found]), return_inverse=True)
        frequencies = np.bincount(
            where, np.concatenate([frequencies, counts]), minlength=len(codes)
        ).astype(np.int64)
    return codes, frequencies


def _write_postings(
    folder: ArrayFolder,
    chunks: list[Path],
    codes: NDArray[np.int64],
    frequencies: NDArray[np.int64],
    size: int,
    progress: Progress,
) -> None:
    total = int(frequencies.sum())
    idf = (np.log((1 + size) / (1 + frequencies)) + 1).astype(np.float32)
    folder.save("features.codes", codes)
    folder.save("features.idf", idf)
    folder.save("features.starts", np.concatenate([[0], np.cumsum(frequencies)]))
    posting_aliases = folder.create("postings.aliases", total, np.int32)
    posting_weights = folder.create("postings.weights", total, np.float32)
    row_starts = folder.create("rows.starts", size + 1, np.int64)
    row_features = folder.create("rows.features", total, np.int32)
    row_weights = folder.create("rows.weights", total, np.float32)
    row_starts[0] = 0
    cursor = np.concatenate([[0], np.cumsum(frequencies)])[:-1]
    alias = feature = 0
    for path in chunks:
        batch = _load_chunk(path)
        column = np.searchsorted(codes, batch.codes)
        weights = weigh(batch, idf[column])
        lengths = np.bincount(batch.rows, minlength=batch.size)
        row_starts[alias + 1 : alias + 1 + batch.size] = feature + np.cumsum(lengths)
        row_features[feature : feature + len(column)] = column
        row_weights[feature : feature + len(column)] = weights
        order = np.argsort(column, kind="stable")
        ordered = column[order]
        in_chunk = np.bincount(ordered, minlength=len(codes))
        first = np.concatenate([[0], np.cumsum(in_chunk)])[:-1]
        target = cursor[ordered] + np.arange(len(ordered)) - first[ordered]
        posting_aliases[target] = alias + batch.rows[order]
        posting_weights[target] = weights[order]
        cursor += in_chunk
        alias += batch.size
        feature += len(column)
        path.unlink()
        progress(batch.size)


def _batches(cursor: sqlite3.Cursor) -> Iterator[list[tuple]]:
    while rows := cursor.fetchmany(CHUNK):
        yield rows
