"""Making the memory-mapped arrays of a knowledge base from its SQLite file.

The arrays hold what linking reads for every mention. They are written in three passes over the
names, a chunk at a time; of the whole vocabulary only some numbers per name and the distinct
words are in memory:

1. names, their core keys and the features of each chunk go to disk, and the document
   frequencies are counted;
2. each chunk's features are weighed;
3. the names are brought into blocks (see ``kb.blocks``).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_bel.features import FeatureBatch, NameForms, features, hash64, weigh
from spacy_bel.kb.arrays import ArrayFolder, StringsWriter
from spacy_bel.kb.blocks import KEYS, Progress, Rows, narrow, rare_features, write_blocks

CHUNK = 20_000
"""Names that are worked on at a time."""

PASSES = 3
"""How often each name is worked on: its forms, its weights, its block."""

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

_PARENTS = """
SELECT parents.concept, broader.number
FROM parents JOIN concepts AS broader ON broader.id = parents.parent
ORDER BY parents.concept, broader.number
"""


def write_arrays(db: sqlite3.Connection, folder: ArrayFolder, progress: Progress) -> dict[str, Any]:
    """Write all arrays.

    Args:
        db: A finished SQLite file (see ``spacy_bel.kb.writer``).
        folder: Where to write.
        progress: Called with the number of names done since the last call; each name is done
            ``PASSES`` times.

    Returns:
        The tables that the arrays point into, ``type_sets`` and ``languages``, and the
        ``block_size`` of the names.
    """
    type_sets = _write_concepts(db, folder)
    numbers = np.array(
        [row[0] for row in db.execute("SELECT number FROM concepts ORDER BY number")]
    )
    _write_parents(db, folder, numbers)
    languages = [row[0] for row in db.execute("SELECT DISTINCT lang FROM aliases ORDER BY lang")]
    chunks, size = _write_names(db, folder, numbers, languages, progress)
    block_size = _write_features(folder, chunks, _document_frequencies(chunks), size, progress)
    return {"type_sets": type_sets, "languages": languages, "block_size": block_size}


def _write_concepts(db: sqlite3.Connection, folder: ArrayFolder) -> list[list[str]]:
    count, id_bytes, name_bytes = db.execute(
        "SELECT count(*), coalesce(sum(length(CAST(id AS BLOB))), 0), "
        "coalesce(sum(length(CAST(name AS BLOB))), 0) FROM concepts"
    ).fetchone()
    ids = StringsWriter(folder, "concepts.ids", count, id_bytes)
    names = StringsWriter(folder, "concepts.names", count, name_bytes)
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


def _write_parents(db: sqlite3.Connection, folder: ArrayFolder, numbers: NDArray[np.int64]) -> None:
    pairs = np.array(db.execute(_PARENTS).fetchall(), dtype=np.int64).reshape(-1, 2)
    narrower, broader = np.searchsorted(numbers, pairs.T)
    starts = np.searchsorted(narrower, np.arange(len(numbers) + 1))
    folder.save("parents.starts", starts.astype(np.int64))
    folder.save("parents.concepts", broader.astype(np.int32))


def _write_names(
    db: sqlite3.Connection,
    folder: ArrayFolder,
    numbers: NDArray[np.int64],
    languages: list[str],
    progress: Progress,
) -> tuple[list[Path], int]:
    count, name_bytes = db.execute(
        "SELECT count(*), coalesce(sum(length(CAST(name AS BLOB))), 0) FROM aliases"
    ).fetchone()
    names = StringsWriter(folder, "aliases.names", count, name_bytes)
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


class _Frequencies(NamedTuple):
    """All features, ascending, and the number of names that each occurs in."""

    codes: NDArray[np.int64]
    frequencies: NDArray[np.int64]


def _document_frequencies(chunks: list[Path]) -> _Frequencies:
    codes = np.empty(0, np.int64)
    frequencies = np.empty(0, np.int64)
    for path in chunks:
        found, counts = np.unique(_load_chunk(path).codes, return_counts=True)
        places = np.searchsorted(codes, found)
        known = places < len(codes)
        known[known] = codes[places[known]] == found[known]
        frequencies[places[known]] += counts[known]
        codes = np.insert(codes, places[~known], found[~known])
        frequencies = np.insert(frequencies, places[~known], counts[~known])
    return _Frequencies(codes, frequencies)


def _write_features(
    folder: ArrayFolder,
    chunks: list[Path],
    known: _Frequencies,
    size: int,
    progress: Progress,
) -> int:
    """Weigh the features of all names and bring the names into blocks of the returned size."""
    codes, frequencies = known
    total = int(frequencies.sum())
    idf = (np.log((1 + size) / (1 + frequencies)) + 1).astype(np.float32)
    folder.save("features.codes", codes)
    folder.save("features.idf", idf)
    starts = np.zeros(size + 1, np.int64)
    features = folder.create("rows.features", total, np.int32)
    weights = folder.create("rows.weights", total, np.float32)
    rare = np.empty((size, KEYS), np.int32)
    alias = feature = 0
    for path in chunks:
        batch = _load_chunk(path)
        column = np.searchsorted(codes, batch.codes)
        lengths = np.bincount(batch.rows, minlength=batch.size)
        names = slice(alias, alias + batch.size)
        starts[alias + 1 : alias + 1 + batch.size] = feature + np.cumsum(lengths)
        features[feature : feature + len(column)] = column
        weights[feature : feature + len(column)] = weigh(batch, idf[column])
        rare[names] = rare_features(batch.rows, column, frequencies, batch.size)
        alias += batch.size
        feature += len(column)
        path.unlink()
        progress(batch.size)
    folder.save("rows.starts", narrow(starts))
    return write_blocks(folder, Rows(starts, features, weights), rare, len(codes), progress)


def _batches(cursor: sqlite3.Cursor) -> Iterator[list[tuple[Any, ...]]]:
    while rows := cursor.fetchmany(CHUNK):
        yield rows
