"""A knowledge base on disk, opened for reading."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_bel.errors import Errors
from spacy_bel.features import NameForms, hash64
from spacy_bel.kb.arrays import Lookup, Strings, open_array
from spacy_bel.kb.concepts import ConceptFile
from spacy_bel.kb.copies import copy_files, read_files, remove_with, unpack
from spacy_bel.kb.files import META, SQLITE, locked, read_meta
from spacy_bel.kb.filters import make_mask
from spacy_bel.types import Concept

TAXON = "NCBITaxon:"
"""What a semantic type begins with that says of which organism a concept is."""

_MAX_MASKS = 64
"""Filters whose outcome is remembered."""


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
        with locked(self.path, shared=True):  # a new state must not come in between
            self.meta = read_meta(self.path)
            files = {stem: self.path / e["file"] for stem, e in self.meta["files"].items()}
            self._arrays = {
                stem: open_array(path) for stem, path in files.items() if path.suffix == ".npy"
            }
            if Path(SQLITE).stem not in files:
                raise Errors.B101(path=self.path / META, reason=f"it names no {SQLITE}")
            self._concepts = ConceptFile(files[Path(SQLITE).stem])
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
        self._masks: dict[tuple[frozenset[str], ...], NDArray[np.bool_]] = {}

    @property
    def name(self) -> str:
        """The knowledge base's name."""
        return str(self.meta["name"])

    @cached_property
    def organisms(self) -> frozenset[str]:
        """CURIEs of the taxa that are semantic types of concepts, as of genes."""
        types = {type_ for type_set in self.type_sets for type_ in type_set}
        return frozenset(type_ for type_ in types if type_.startswith(TAXON))

    @property
    def checksum(self) -> str:
        """A digest of the whole content: equal checksums, equal answers."""
        return str(self.meta["checksum"])

    def __len__(self) -> int:
        return len(self.concept_ids)

    def __contains__(self, concept_id: object) -> bool:
        return concept_id in self._concepts

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

        Raises:
            BelError: If the knowledge base has no such array.
        """
        if name not in self._arrays:
            raise Errors.B101(path=self.path / META, reason=f"it names no array {name}")
        return self._arrays[name]

    def resolve(self, concept_id: str) -> str | None:
        """Current CURIE for a current or retired one; None for an unknown one."""
        if concept_id in self:
            return concept_id
        successor = self._concepts.successor(concept_id)
        return successor if successor in self else None

    def describe(self, ids: Sequence[str]) -> list[Concept]:
        """The concepts with all that is known of them.

        Args:
            ids: CURIEs, current or retired.

        Returns:
            One concept per id, in the order asked for.

        Raises:
            BelError: If the knowledge base does not know an id.
        """
        return list(self.concepts(ids))

    def ids_of_name(self, name: str) -> list[str]:
        """CURIEs of the concepts that bear a name, compared by its surface form."""
        forms = NameForms.of(name)
        found = [
            int(self.alias_concepts[alias])
            for alias in self.aliases_of_words(forms).tolist()
            if self.forms(alias).normalised == forms.normalised
        ]
        return [self.concept_ids[number] for number in dict.fromkeys(found)]

    def aliases_of_keys(self, keys: Sequence[str]) -> list[NDArray[np.int32]]:
        """Numbers of the names that have each core key (see ``spacy_bel.text``), ascending."""
        return self._keys.find([hash64(key) for key in keys])

    def aliases_of_words(self, forms: NameForms) -> NDArray[np.int32]:
        """Numbers of the names with the same words in any order, ascending."""
        return self._word_sets.find([forms.word_set_hash])[0]

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
            How often annotators gave the name to the concept, the kind of the name, how many
            names and narrower concepts the concept has, and its place in the knowledge base.
        """
        concept = int(self.alias_concepts[alias])
        return (
            -int(self.alias_counts[alias]),
            int(self.alias_kinds[alias]),
            -int(self.concept_weights[concept]),
            concept,
        )

    def alias_mask(
        self,
        types: frozenset[str] = frozenset(),
        languages: frozenset[str] = frozenset(),
        prefixes: frozenset[str] = frozenset(),
    ) -> NDArray[np.bool_] | None:
        """Which names a filter admits.

        Args:
            types: Semantic types, of which the concept must have one; empty for any.
            languages: ISO 639-1 codes, one of which must be the name's; empty for any.
            prefixes: Vocabularies, such as ``MESH``, to one of which the concept must belong;
                empty for any.

        Returns:
            Shape (names,); None where everything is admitted.
        """
        if not (types or languages or prefixes):
            return None
        asked = (types, languages, prefixes)
        if asked not in self._masks:
            if len(self._masks) == _MAX_MASKS:
                self._masks.clear()
            self._masks[asked] = make_mask(self, types, languages, prefixes)
        return self._masks[asked]

    def save(self, directory: Path) -> None:
        """Copy the knowledge base, with all that it needs and nothing else.

        Args:
            directory: Where to; an older state there is replaced.

        Raises:
            BelError: If the directory cannot be written, or the knowledge base was replaced
                since it was opened.
        """
        if directory.exists() and directory.resolve() == self.path.resolve():
            return
        copy_files(self.path, self.meta, directory)

    def to_dict(self) -> dict[str, bytes]:
        """The content of all files, by name.

        Raises:
            BelError: If the knowledge base was replaced since it was opened.
        """
        return read_files(self.path, self.meta)

    @classmethod
    def from_dict(cls, content: dict[str, bytes]) -> Store:
        """A knowledge base from the content of its files, kept in a temporary directory.

        Args:
            content: What ``to_dict`` returned.

        Returns:
            The opened knowledge base; its directory goes with it.

        Raises:
            BelError: If the content is damaged, or the directory cannot be written.
        """
        directory = unpack(content)
        try:
            store = cls(directory)
        except BaseException:
            shutil.rmtree(directory, ignore_errors=True)
            raise
        remove_with(store, directory)
        return store

    def count_prefixes(self) -> dict[str, int]:
        """Number of concepts of each vocabulary."""
        return self._concepts.count_prefixes()

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
            current = self.resolve(concept_id)
            if current is None:
                raise Errors.B108(id=concept_id, name=self.name)
            yield self._concepts.concept(current)

    def _lookup(self, name: str) -> Lookup:
        return Lookup(self.array(f"{name}.hashes"), self.array(f"{name}.aliases"))

    def _strings(self, name: str) -> Strings:
        return Strings(self.array(f"{name}.bytes"), self.array(f"{name}.starts"))


@lru_cache(maxsize=1 << 16)
def _forms(name: str) -> NameForms:
    return NameForms.of(name)
