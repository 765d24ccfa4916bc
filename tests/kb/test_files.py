"""The directory of a knowledge base: what it must contain, and what it must survive."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spacy_bel.errors import BelError
from spacy_bel.kb.files import commit, locked, read_meta, verify, versions, workspace
from spacy_bel.kb.store import Store

META_PARTS = {"library": "0", "name": "x", "version": "", "licence": "", "sources": []}
TABLES: dict[str, Any] = {"counts": {}, "type_sets": [], "languages": [], "block_size": 1}


@pytest.fixture
def copy(kb_dir: Path, tmp_path: Path) -> Path:
    """A knowledge base that may be damaged."""
    return Path(shutil.copytree(kb_dir, tmp_path / "copy"))


def _edit(directory: Path, change: Callable[[dict[str, Any]], object]) -> None:
    meta = json.loads((directory / "meta.json").read_text(encoding="utf-8"))
    change(meta)
    (directory / "meta.json").write_text(json.dumps(meta), encoding="utf-8")


def _file(directory: Path, stem: str) -> Path:
    return directory / str(read_meta(directory)["files"][stem]["file"])


def test_a_knowledge_base_is_what_was_written(kb_dir: Path) -> None:
    verify(kb_dir)
    names = {path.name for path in kb_dir.iterdir()}
    assert names == {entry["file"] for entry in read_meta(kb_dir)["files"].values()} | {"meta.json"}


def test_no_knowledge_base(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "missing"):
        with pytest.raises(BelError, match=r"\[B100\].*kb build"):
            Store(directory)
    assert not (tmp_path / "missing").exists()


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(BelError, match=r"\[B101\].*file"):
        Store(tmp_path / "file")


@pytest.mark.parametrize("part", ["schema", "normaliser", "features"])
def test_another_version_is_refused(copy: Path, part: str) -> None:
    newer = {**versions(), part: 99}
    _edit(copy, lambda meta: meta.update(versions=newer, library="9.9"))
    with pytest.raises(BelError, match=r"\[B102\].*9\.9.*99") as raised:
        Store(copy)
    assert str(copy) in str(raised.value)


def test_a_newer_version_is_named_whatever_else_it_holds(copy: Path) -> None:
    (copy / "meta.json").write_text(json.dumps({"versions": {"schema": 2, "blobs": 1}}))
    with pytest.raises(BelError, match=r"\[B102\].*blobs"):
        Store(copy)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"{}", b'{"versions": {}', b"null"],
)
def test_garbage_in_meta(copy: Path, content: bytes) -> None:
    (copy / "meta.json").write_bytes(content)
    with pytest.raises(BelError, match=r"\[B101\].*meta\.json"):
        Store(copy)


@pytest.mark.parametrize(
    "change",
    [
        *(
            lambda meta, part=part: meta.pop(part)
            for part in (*META_PARTS, *TABLES, "checksum", "files")
        ),
        lambda meta: meta.update(files=[]),
        lambda meta: meta.update(files={}),
        lambda meta: meta.update(type_sets=7),
        lambda meta: meta["files"].pop("concepts"),
        lambda meta: meta["files"].pop("aliases.kinds"),
        lambda meta: meta["files"].update({"aliases.kinds": "name.npy"}),
        lambda meta: meta["files"]["aliases.kinds"].pop("bytes"),
        lambda meta: meta["files"]["aliases.kinds"].update(file="../outside.npy"),
        lambda meta: meta["files"]["aliases.kinds"].update(file=3),
    ],
)
def test_meta_lacks_something(copy: Path, change: Callable[[dict[str, Any]], object]) -> None:
    _edit(copy, change)
    with pytest.raises(BelError, match=r"\[B101\].*meta\.json"):
        Store(copy)


@pytest.mark.parametrize("stem", ["concepts", "blocks.weights", "aliases.names.bytes"])
@pytest.mark.parametrize("size", [0, 100, None])
def test_a_truncated_or_missing_file(copy: Path, stem: str, size: int | None) -> None:
    path = _file(copy, stem)
    if size is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(BelError, match=r"\[B103\].*incomplete") as raised:
        Store(copy)
    assert path.name in str(raised.value)


@pytest.mark.parametrize("stem", ["concepts", "blocks.weights", "aliases.names.bytes"])
def test_a_foreign_file_of_the_same_size(copy: Path, stem: str) -> None:
    path = _file(copy, stem)
    path.write_bytes(b"?" * path.stat().st_size)
    with pytest.raises(BelError, match=r"\[B101\]") as raised:
        Store(copy)
    assert path.name in str(raised.value)


def test_a_foreign_database(copy: Path) -> None:
    path = _file(copy, "concepts")
    path.unlink()
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE songs (title TEXT)")
    db.close()
    size = path.stat().st_size
    _edit(copy, lambda meta: meta["files"]["concepts"].update(bytes=size))
    with pytest.raises(BelError, match=r"\[B101\].*concepts-.*no such table"):
        Store(copy)


def test_damage_inside_the_database_is_told_when_it_is_met(copy: Path) -> None:
    path = _file(copy, "concepts")
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xaa" * (len(data) - 4096)  # the first page, with the schema, stays
    path.write_bytes(data)
    with pytest.raises(BelError, match=r"\[B101\].*concepts-"):
        Store(copy).describe(["MESH:D009103"])


@pytest.mark.parametrize("stem", ["concepts", "rows.weights", "words.hashes"])
def test_verify_finds_a_flipped_bit(copy: Path, stem: str) -> None:
    path = _file(copy, stem)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    Store(copy)
    with pytest.raises(BelError, match=r"\[B105\]") as raised:
        verify(copy)
    assert path.name in str(raised.value)


def test_a_workspace_goes_with_its_block(tmp_path: Path) -> None:
    with workspace(tmp_path / "kb") as folder:
        (folder / "part.npy").write_bytes(b"x")
        assert folder.parent == tmp_path / "kb"
    assert not (tmp_path / "kb").exists()
    (tmp_path / "kb").mkdir()
    with pytest.raises(RuntimeError, match="half way"), workspace(tmp_path / "kb"):
        raise RuntimeError("half way")
    assert list((tmp_path / "kb").iterdir()) == []


@pytest.mark.parametrize("below", ["", "kb", "a/b"])
def test_where_nothing_can_be_written(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("old")
    target = tmp_path / "file" / below
    with pytest.raises(BelError, match=r"\[B104\].*unchanged") as raised, workspace(target):
        pytest.fail("there is no workspace")
    assert str(target) in str(raised.value)
    assert (tmp_path / "file").read_text() == "old"


def _write(directory: Path, number: int) -> dict[str, Any]:
    with workspace(directory) as folder:
        np.save(folder / "numbers.npy", np.arange(number))
        return commit(directory, folder, {**META_PARTS, **TABLES})


def test_a_commit_replaces_the_state_and_removes_the_old(tmp_path: Path) -> None:
    first = _write(tmp_path, 3)
    assert read_meta(tmp_path) == first
    second = _write(tmp_path, 4)
    assert read_meta(tmp_path) == second
    assert first["checksum"] != second["checksum"] != _write(tmp_path, 3)["checksum"]
    assert _write(tmp_path, 3) == first
    assert len(list(tmp_path.iterdir())) == 2


def test_a_commit_removes_nothing_of_others(tmp_path: Path) -> None:
    others = ["vectors.npy", "notes.sqlite", "corpus.spacy", "a-0123456789ab.txt", ".building"]
    for name in others:
        (tmp_path / name).write_text(name)
    _write(tmp_path, 3)
    _write(tmp_path, 4)
    assert all((tmp_path / name).read_text() == name for name in others)


def test_a_commit_that_fails_leaves_the_old_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "kb"
    first = _write(directory, 3)
    replace = Path.replace

    def fail(self: Path, target: Path) -> Path:
        if self.name == "meta.json":
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(BelError, match=r"\[B104\].*No space left"):
        _write(directory, 4)
    assert read_meta(directory) == first
    monkeypatch.undo()
    second = _write(directory, 5)
    assert len(list(directory.iterdir())) == 2, "what the failed commit left is removed"
    assert read_meta(directory) == second


def test_the_workspace_of_a_killed_process_is_removed(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from spacy_bel.kb.files import workspace\n"
        "with workspace(Path(sys.argv[1])) as folder:\n"
        "    (folder / 'part.npy').write_bytes(b'x' * 1000); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert killed.returncode == -9
    (left,) = tmp_path.iterdir()
    assert (left / "part.npy").exists()
    with workspace(tmp_path) as mine:
        assert list(tmp_path.iterdir()) == [mine]


def test_the_workspace_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    with workspace(tmp_path) as one, workspace(tmp_path) as other:
        assert {one, other} == set(tmp_path.iterdir())


def test_readers_share_a_lock_and_wait_for_a_writer(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from spacy_bel.kb.files import locked\n"
        "with locked(Path(sys.argv[1]), shared=sys.argv[2] == 'read'): print('in')"
    )

    def start(how: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, str(tmp_path), how]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    with locked(tmp_path, shared=True):
        reader = start("read")
        assert reader.communicate(timeout=60)[0] == "in\n"
        writer = start("write")
        with pytest.raises(subprocess.TimeoutExpired):
            writer.communicate(timeout=1)
    assert writer.communicate(timeout=60)[0] == "in\n"


def test_there_is_nothing_to_lock_where_there_is_no_directory(tmp_path: Path) -> None:
    with locked(tmp_path / "missing"):
        assert not (tmp_path / "missing").exists()
