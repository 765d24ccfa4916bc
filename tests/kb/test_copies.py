"""Copies of a knowledge base, and states that were replaced."""

from __future__ import annotations

import copy
import gc
import pickle
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from spacy_bel.errors import BelError
from spacy_bel.kb.build import build_from_records
from spacy_bel.kb.files import verify
from spacy_bel.kb.store import Store
from spacy_bel.types import Concept

MakeKB = Callable[..., Store]


@pytest.fixture(params=["pickle", "deepcopy", "save", "dict"])
def copied(request: pytest.FixtureRequest, kb: Store, tmp_path: Path) -> Iterator[Store]:
    match request.param:
        case "pickle":
            yield pickle.loads(pickle.dumps(kb))
        case "deepcopy":
            yield copy.deepcopy(kb)
        case "save":
            kb.save(tmp_path / "a" / "copy")
            yield Store(tmp_path / "a" / "copy")
        case _:
            yield Store.from_dict(kb.to_dict())


def test_copies_answer_alike(copied: Store, kb: Store) -> None:
    assert (copied.name, copied.checksum, copied.meta) == (kb.name, kb.checksum, kb.meta)
    assert list(copied.concepts()) == list(kb.concepts())
    assert copied.ids_of_name("MS") == kb.ids_of_name("MS")
    np.testing.assert_array_equal(copied.array("rows.weights"), kb.array("rows.weights"))
    verify(copied.path)


def test_a_pickle_holds_the_place_and_not_the_content(kb: Store) -> None:
    assert len(pickle.dumps(kb)) < 1000


def test_a_saved_copy_is_all_there_is(kb: Store, make_kb: MakeKB, tmp_path: Path) -> None:
    target = make_kb([Concept("OLD:1", "gout")]).path
    (target / "notes.txt").write_text("mine")
    kb.save(target)
    files = {entry["file"] for entry in kb.meta["files"].values()}
    assert {path.name for path in target.iterdir()} == {*files, "meta.json", "notes.txt"}
    assert Store(target).checksum == kb.checksum


def test_saving_into_its_own_directory_changes_nothing(kb: Store) -> None:
    before = {path: path.stat().st_mtime_ns for path in kb.path.iterdir()}
    kb.save(kb.path / ".." / kb.path.name)
    assert {path: path.stat().st_mtime_ns for path in kb.path.iterdir()} == before


def test_saving_where_nothing_can_be_written(kb: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(BelError, match=r"\[B104\]"):
        kb.save(tmp_path / "file")


def test_a_state_that_was_replaced_goes_on_answering(make_kb: MakeKB, tmp_path: Path) -> None:
    kb = make_kb([Concept("OLD:1", "gout", types=("Disease",))])
    build_from_records([Concept("NEW:1", "pain")], kb.path, {})
    assert kb.ids_of_name("gout") == list(kb) == ["OLD:1"]
    assert kb.describe(["OLD:1"])[0].types == ("Disease",)
    assert kb.array("blocks.weights").sum() > 0
    for attempt in (kb.to_dict, lambda: kb.save(tmp_path / "copy")):
        with pytest.raises(BelError, match=r"\[B109\].*Open it again"):
            attempt()
    assert not (tmp_path / "copy").exists()
    assert list(Store(kb.path)) == ["NEW:1"]


def test_the_temporary_directory_goes_with_the_store(kb: Store) -> None:
    store = Store.from_dict(kb.to_dict())
    store.alias_mask(types=frozenset({"Gene"}))
    directory = store.path
    assert directory.exists()
    del store
    gc.collect()
    assert not directory.exists()


def test_damaged_content_leaves_no_directory(
    kb: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    content = kb.to_dict()
    content.pop(next(name for name in content if name.endswith(".npy")))
    with pytest.raises(BelError, match=r"\[B103\]"):
        Store.from_dict(content)
    with pytest.raises(BelError, match=r"\[B100\]"):
        Store.from_dict({})
    assert list(tmp_path.iterdir()) == []
    store = Store.from_dict(kb.to_dict())
    assert list(tmp_path.iterdir()) == [store.path]


def test_no_file_leaves_the_temporary_directory(kb: Store) -> None:
    content = {f"../../{name}": data for name, data in kb.to_dict().items()}
    store = Store.from_dict(content)
    assert {path.name for path in store.path.iterdir()} == set(kb.to_dict())
