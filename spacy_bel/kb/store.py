"""A knowledge base on disk, opened for reading."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_bel.errors import Errors
from spacy_bel.features import NameForms, hash64
from spacy_bel.kb.files import META, SQLITE, read_meta, workspace
from spacy_bel.types import ALIAS_KINDS, Alias, Concept

_MAX_HOPS = 20
"""Retired ids may point to retired ids; a chain that is longer is a cycle."""


class Strings:
    """A read-only sequence of strings over two memory maps.

    Args:
        data: UTF-8 bytes of all strings, shape (bytes,).
        starts: Where each begins, shape (strings + 1,).
    """

    def __init__(self, data: NDArray[np.uint8], starts: NDArray[np.int64]) -> None:
        self._data = memoryview(data)  # type: ignore[arg-type]
        self._starts = starts

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, number: int) -> str:
        begin, end = self._starts[number : number + 2].tolist()
        return str(self._data[begin:end], "utf-8", "surrogatepass")


class Lookup(NamedTuple):
    """Which names have a digest.

    Args:
        hashes: Digests, ascending, shape (names,).
        aliases: The name of each, shape (names,).
    """

    hashes: NDArray[np.int64]
    aliases: NDArray[np.int32]

    def find(self, digest: int) -> NDArray[np.int32]:
        """Numbers of the names with a digest, ascending."""
        begin = int(np.searchsorted(self.hashes, digest, side="left"))
        end = int(np.searchsorted(self.hashes, digest, side="right"))
        return np.asarray(self.aliases[begin:end])


class Store:
    """A knowledge base on disk, read-only.

    Opening reads ``meta.json`` and maps the arrays; nothing else is read before it is asked
    for, and processes that have the same directory open share its pages. A state of the
    directory that was open when a new one replaced it stays readable.

    Args:
        path: The directory that ``build`` wrote.

    Raises:
        BelError: If there is no knowledge base, it is damaged, or of another version.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._open()

    def _open(self) -> None:
        self.meta = read_meta(self.path)
        self._connections: dict[int, sqlite3.Connection] = {}
        self.concept_ids = self._strings("concepts.ids")
        self.concept_names = self._strings("concepts.names")
        self.concept_types = self.array("concepts.types")
        self.concept_weights = self.array("concepts.weights")
        self.alias_names = self._strings("aliases.names")
        self.alias_concepts = self.array("aliases.concepts")
        self.alias_kinds = self.array("aliases.kinds")
        self.alias_counts = self.array("aliases.counts")
        self.alias_langs = self.array("aliases.langs")
        self._keys = self._lookup("keys")
        self._word_sets = self._lookup("word_sets")
        self._words = self.array("words.hashes")
        self.type_sets: list[tuple[str, ...]] = [tuple(types) for types in self.meta["type_sets"]]
        self.alias_mask = lru_cache(maxsize=64)(self._alias_mask)
        self._db()

    @property
    def name(self) -> str:
        """The knowledge base's name."""
        return str(self.meta["name"])

    @property
    def checksum(self) -> str:
        """A digest of the whole content: equal checksums, equal answers."""
        return str(self.meta["checksum"])

    def __len__(self) -> int:
        return len(self.concept_ids)

    def __contains__(self, concept_id: object) -> bool:
        row = self._db().execute("SELECT 1 FROM concepts WHERE id = ?", (concept_id,))
        return row.fetchone() is not None

    def __iter__(self) -> Iterator[str]:
        """The CURIEs of all concepts."""
        return (self.concept_ids[number] for number in range(len(self)))

    def __getstate__(self) -> dict[str, Any]:
        """Only where it lies: connections and memory maps do not travel."""
        return {"path": self.path}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.path = state["path"]
        self._open()

    def array(self, name: str) -> NDArray[Any]:
        """One of the memory-mapped arrays.

        Args:
            name: As in ``meta.json``.

        Returns:
            A read-only array.
        """
        path = self.path / self.meta["files"][name]["file"]
        try:
            return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
        except ValueError:
            # An empty array cannot be mapped; anything else here is no array of ours.
            try:
                return np.asarray(np.load(path, allow_pickle=False))
            except (ValueError, OSError) as error:
                raise Errors.B101(path=path, reason=error) from None

    def resolve(self, concept_id: str) -> str | None:
        """Current CURIE for a current or retired one; None for an unknown one."""
        for _ in range(_MAX_HOPS):
            if concept_id in self:
                return concept_id
            row = self._db().execute("SELECT new FROM retired WHERE old = ?", (concept_id,))
            found = row.fetchone()
            if found is None:
                return None
            concept_id = found[0]
        return None

    def describe(self, ids: Sequence[str]) -> list[Concept]:
        """The concepts with all that is known of them.

        Args:
            ids: CURIEs, current or retired.

        Returns:
            One concept per id, in the order asked for.

        Raises:
            BelError: If the knowledge base does not know an id.
        """
        return [self._concept(concept_id) for concept_id in ids]

    def ids_of_name(self, name: str) -> list[str]:
        """CURIEs of the concepts that bear a name, compared by its surface form."""
        forms = NameForms.of(name)
        surface = forms.normalised or name.casefold()
        found = [
            int(self.alias_concepts[alias])
            for alias in self.aliases_of_key(forms.key or name.casefold()).tolist()
            if (self.forms(alias).normalised or self.alias_names[alias].casefold()) == surface
        ]
        return [self.concept_ids[number] for number in dict.fromkeys(found)]

    def aliases_of_key(self, key: str) -> NDArray[np.int32]:
        """Numbers of the names that have a core key (see ``spacy_bel.text``), ascending."""
        return self._keys.find(hash64(key))

    def aliases_of_words(self, forms: NameForms) -> NDArray[np.int32]:
        """Numbers of the names with the same words in any order, ascending."""
        return self._word_sets.find(forms.word_set_hash)

    def knows_words(self, words: Sequence[str]) -> NDArray[np.bool_]:
        """Which words occur in any name, shape (words,)."""
        hashes = np.array([hash64(word) for word in words], dtype=np.int64)
        place = np.searchsorted(self._words, hashes)
        place[place == len(self._words)] = 0
        return np.asarray(self._words[place] == hashes)

    def forms(self, alias: int) -> NameForms:
        """The forms of one name of the knowledge base."""
        return _forms(self.alias_names[alias])

    def preference(self, alias: int) -> tuple[int, int, int, int]:
        """Sort key of names that fit equally well, the likelier meaning first.

        Args:
            alias: Number of a name.

        Returns:
            The kind of the name, how often annotators gave it to the concept, how many names
            and narrower concepts the concept has, and its place in the knowledge base.
        """
        concept = int(self.alias_concepts[alias])
        return (
            int(self.alias_kinds[alias]),
            -int(self.alias_counts[alias]),
            -int(self.concept_weights[concept]),
            concept,
        )

    def _alias_mask(
        self, types: frozenset[str], languages: frozenset[str], prefixes: frozenset[str]
    ) -> NDArray[np.bool_] | None:
        """Which names a filter admits; None for all (``alias_mask`` remembers recent ones)."""
        if not (types or languages or prefixes):
            return None
        mask = np.ones(len(self.alias_concepts), dtype=bool)
        if types:
            admitted = np.array([not types.isdisjoint(types_) for types_ in self.type_sets])
            mask &= admitted[self.concept_types][self.alias_concepts]
        if languages:
            table = [lang in languages for lang in self.meta["languages"]]
            mask &= np.array(table)[self.alias_langs]
        if prefixes:
            starts = tuple(f"{prefix}:" for prefix in prefixes)
            admitted = np.array([id_.startswith(starts) for id_ in self])
            mask &= admitted[self.alias_concepts]
        return mask

    def save(self, directory: Path) -> None:
        """Copy the knowledge base, with all that it needs and nothing else.

        Args:
            directory: Where to; an older state there is replaced.

        Raises:
            BelError: If the directory cannot be written.
        """
        if directory.exists() and directory.resolve() == self.path.resolve():
            return
        with workspace(directory) as folder:
            names = [entry["file"] for entry in self.meta["files"].values()]
            for name in [*names, META]:
                shutil.copyfile(self.path / name, folder / name)
            for name in [*names, META]:
                (folder / name).replace(directory / name)

    def to_dict(self) -> dict[str, bytes]:
        """The content of all files, by name."""
        names = [*(entry["file"] for entry in self.meta["files"].values()), META]
        return {name: (self.path / name).read_bytes() for name in names}

    @classmethod
    def from_dict(cls, content: dict[str, bytes]) -> Store:
        """A knowledge base from the content of its files, kept in a temporary directory.

        Args:
            content: What ``to_dict`` returned.

        Returns:
            The opened knowledge base; its directory goes with it.
        """
        directory = Path(tempfile.mkdtemp(prefix="spacy_bel-"))
        for name, data in content.items():
            (directory / Path(name).name).write_bytes(data)
        store = cls(directory)
        owner = os.getpid()
        weakref.finalize(store, _remove_own, directory, owner)
        return store

    def count_prefixes(self) -> dict[str, int]:
        """Number of concepts of each vocabulary."""
        rows = self._db().execute(
            "SELECT substr(id, 1, instr(id, ':') - 1), count(*) FROM concepts GROUP BY 1"
        )
        return {str(prefix): int(count) for prefix, count in rows}

    def count_types(self) -> dict[str, int]:
        """Number of concepts of each semantic type; a concept may have several, or none."""
        counts: dict[str, int] = {}
        for number, count in zip(*np.unique(self.concept_types, return_counts=True), strict=True):
            for type_ in self.type_sets[number] or ("",):
                counts[type_] = counts.get(type_, 0) + int(count)
        return counts

    def count_languages(self) -> dict[str, int]:
        """Number of names in each language."""
        counts = np.bincount(self.alias_langs, minlength=len(self.meta["languages"]))
        return dict(zip(self.meta["languages"], counts.tolist(), strict=True))

    def concepts(self, ids: Iterable[str] | None = None) -> Iterator[Concept]:
        """Concepts one by one.

        Args:
            ids: Which; all where None.

        Yields:
            Concepts with all that is known of them.
        """
        for concept_id in self if ids is None else ids:
            yield self._concept(concept_id)

    def _concept(self, concept_id: str) -> Concept:
        current = self.resolve(concept_id)
        if current is None:
            raise Errors.B108(id=concept_id, name=self.name)
        db = self._db()
        number, name, types, definition, source = db.execute(
            "SELECT number, name, types, definition, source FROM concepts WHERE id = ?", (current,)
        ).fetchone()
        aliases = db.execute(
            "SELECT name, kind, lang, source, count FROM aliases WHERE concept = ? "
            "ORDER BY kind, number",
            (number,),
        )
        return Concept(
            id=current,
            name=name,
            aliases=tuple(Alias(n, ALIAS_KINDS[k], lang, s, c) for n, k, lang, s, c in aliases),
            types=tuple(json.loads(types)),
            definition=definition,
            parents=self._column("SELECT parent FROM parents WHERE concept = ?", number),
            xrefs=self._column("SELECT xref FROM xrefs WHERE concept = ?", number),
            retired=self._column("SELECT old FROM retired WHERE new = ?", current),
            source=source,
        )

    def _column(self, query: str, value: object) -> tuple[str, ...]:
        return tuple(row[0] for row in self._db().execute(query, (value,)))

    def _lookup(self, name: str) -> Lookup:
        return Lookup(self.array(f"{name}.hashes"), self.array(f"{name}.aliases"))

    def _strings(self, name: str) -> Strings:
        return Strings(self.array(f"{name}.bytes"), self.array(f"{name}.starts"))

    def _db(self) -> sqlite3.Connection:
        # A connection must not cross a fork, so each process has its own.
        process = os.getpid()
        if process not in self._connections:
            path = self.path / self.meta["files"][Path(SQLITE).stem]["file"]
            uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
            try:
                connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
                connection.execute("SELECT 1 FROM concepts LIMIT 1")
            except sqlite3.DatabaseError as error:
                raise Errors.B101(path=path, reason=error) from None
            self._connections[process] = connection
        return self._connections[process]


@lru_cache(maxsize=1 << 16)
def _forms(name: str) -> NameForms:
    return NameForms.of(name)


def _remove_own(directory: Path, owner: int) -> None:
    # A forked child has the finaliser too, but the directory is its parent's.
    if os.getpid() == owner:
        shutil.rmtree(directory, ignore_errors=True)
