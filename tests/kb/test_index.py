"""The arrays that linking reads."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.features import NameForms, features, hash64
from spacy_bel.kb import index
from spacy_bel.kb.arrays import ArrayFolder, Strings, StringsWriter, open_array
from spacy_bel.kb.schema import storable
from spacy_bel.kb.store import Store
from spacy_bel.types import Alias, Concept

MakeKB = Callable[..., Store]

DTYPES = {
    "aliases.concepts": "int32",
    "aliases.counts": "int32",
    "aliases.kinds": "uint8",
    "aliases.langs": "uint16",
    "aliases.names.bytes": "uint8",
    "aliases.names.starts": "int64",
    "blocks.names": "int32",
    "blocks.numbers": "int32",
    "blocks.starts": "int32",
    "blocks.weights": "float32",
    "concepts.ids.bytes": "uint8",
    "concepts.ids.starts": "int64",
    "concepts.names.bytes": "uint8",
    "concepts.names.starts": "int64",
    "concepts.types": "int32",
    "concepts.weights": "int32",
    "features.codes": "int64",
    "features.idf": "float32",
    "keys.aliases": "int32",
    "keys.hashes": "int64",
    "parents.concepts": "int32",
    "parents.starts": "int64",
    "rows.features": "int32",
    "rows.starts": "int32",
    "rows.weights": "float32",
    "word_sets.aliases": "int32",
    "word_sets.hashes": "int64",
    "words.hashes": "int64",
}
"""The layout on disk: a change here is a new schema version."""


def test_the_layout(kb: Store) -> None:
    found = {name: str(kb.array(name).dtype) for name in kb.meta["files"] if name != "concepts"}
    assert found == DTYPES


def test_parents_stand_by_concept(kb: Store) -> None:
    starts, parents = kb.array("parents.starts"), kb.array("parents.concepts")
    for number, concept in enumerate(kb.concepts()):
        above = parents[starts[number] : starts[number + 1]].tolist()
        assert sorted(kb.concept_ids[place] for place in above) == sorted(
            parent for parent in concept.parents if parent in kb
        )


def test_names_stand_by_concept_the_preferred_one_first(kb: Store) -> None:
    firsts = np.searchsorted(kb.alias_concepts, np.arange(len(kb))).tolist()
    assert [kb.alias_names[name] for name in firsts] == list(kb.concept_names)


def test_names_are_rows_of_length_one(kb: Store) -> None:
    squares = np.square(kb.array("rows.weights"))
    np.testing.assert_allclose(np.add.reduceat(squares, kb.array("rows.starts")[:-1]), 1, rtol=1e-5)


def test_idf_is_that_of_the_names(kb: Store) -> None:
    batch = features([NameForms.of(name) for name in kb.alias_names])
    codes, counts = np.unique(batch.codes, return_counts=True)
    np.testing.assert_array_equal(kb.array("features.codes"), codes)
    idf = np.log((1 + len(kb.alias_names)) / (1 + counts)) + 1
    np.testing.assert_allclose(kb.array("features.idf"), idf, rtol=1e-6)
    found = np.bincount(kb.array("rows.features"), minlength=len(codes))
    np.testing.assert_array_equal(found, counts)


def test_a_chunk_at_a_time_is_the_same_as_all_at_once(
    make_kb: MakeKB, records: Sequence[Concept], kb: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "CHUNK", 5)
    assert make_kb(records).checksum == kb.checksum


def test_every_name_is_found_by_its_key_and_its_words(kb: Store) -> None:
    for number, name in enumerate(kb.alias_names):
        forms = NameForms.of(name)
        assert number in kb.aliases_of_keys([forms.key])[0]
        assert number in kb.aliases_of_words(forms)
        assert kb.knows_words(forms.words).all()
    every_key = [NameForms.of(name).key for name in kb.alias_names]
    for key in set(every_key):
        expected = [number for number, other in enumerate(every_key) if other == key]
        assert kb.aliases_of_keys([key])[0].tolist() == expected
    assert not len(kb.aliases_of_keys(["no such key"])[0])
    assert kb.knows_words(["sclerosis", "zebra"]).tolist() == [True, False]
    assert kb.knows_words([]).tolist() == []


def test_names_stand_by_concept_and_kind(kb: Store) -> None:
    order = list(zip(kb.alias_concepts.tolist(), kb.alias_kinds.tolist(), strict=True))
    assert order == sorted(order)
    assert {kb.concept_ids[number] for number in kb.alias_concepts} == set(kb)


def test_a_concept_weighs_its_names_and_narrower_concepts(kb: Store) -> None:
    weights = dict(zip(kb, kb.concept_weights.tolist(), strict=True))
    assert weights["MESH:D009103"] == 6  # names
    assert weights["MESH:D009422"] == 2 + 2  # names and narrower concepts


def test_progress_counts_every_name_in_every_pass(tmp_path: Path, kb_dir: Path, kb: Store) -> None:
    import sqlite3

    done: list[int] = []
    db = sqlite3.connect(kb_dir / kb.meta["files"]["concepts"]["file"])
    tables = index.write_arrays(db, ArrayFolder(tmp_path), done.append)
    db.close()
    assert sum(done) == index.PASSES * len(kb.alias_names)
    assert tables["languages"] == ["en", "es", "zh"]
    assert ["Chemical", "Drug"] in tables["type_sets"]
    assert not list(tmp_path.glob("*.npz")), "intermediate files are removed"


@given(st.lists(st.text()))
def test_strings_come_back(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    texts = [storable(text) for text in texts]
    folder = ArrayFolder(tmp_path_factory.mktemp("strings"))
    size = sum(len(text.encode()) for text in texts)
    writer = StringsWriter(folder, "names", len(texts), size)
    writer.extend(texts[:2])
    writer.extend([])
    writer.extend(texts[2:])
    del writer
    arrays = [open_array(folder.path / f"names.{part}.npy") for part in ("bytes", "starts")]
    strings = Strings(*arrays)
    assert list(strings) == texts
    assert len(strings) == len(texts)
    for outside in (len(texts), -1):
        with pytest.raises(IndexError):
            strings[outside]


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="space cannot be reserved here")
def test_an_array_takes_its_space_on_disk_at_once(tmp_path: Path) -> None:
    ArrayFolder(tmp_path).create("big", 1_000_000, np.int64)
    assert (tmp_path / "big.npy").stat().st_blocks * 512 >= 8_000_000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no array at all",
        b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        b"\x93NUMPY\x09\x09",
        b"PK\x03\x04 a zip file",
    ],
)
def test_a_foreign_file_is_no_array(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "aliases.kinds.npy"
    path.write_bytes(content)
    with pytest.raises(BelError, match=r"\[B101\].*aliases\.kinds\.npy"):
        open_array(path)


def test_pickles_are_never_loaded(tmp_path: Path) -> None:
    path = tmp_path / "evil.npy"
    np.save(path, np.array([Path()], dtype=object), allow_pickle=True)
    with pytest.raises(BelError, match=r"\[B101\]"):
        open_array(path)


def test_a_word_has_its_own_digest(make_kb: MakeKB) -> None:
    kb = make_kb([Concept("A:1", "lung cancer", (Alias("cancers"),))])
    assert kb.array("words.hashes").tolist() == sorted(map(hash64, ["lung", "cancer"]))


def test_importing_needs_nothing_heavy() -> None:
    code = (
        "import sys, spacy_bel.kb.build, spacy_bel.kb.store; "
        "print([m for m in ('spacy', 'scipy', 'torch', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
