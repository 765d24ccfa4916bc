from __future__ import annotations

from pathlib import Path

import pytest

from spacy_bel.errors import BelError, Errors
from spacy_bel.files import replacing


def test_a_file_takes_its_place_when_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    for content in ("one", "two"):
        with replacing(path, Errors.B604) as beside:
            assert beside.parent == path.parent
            beside.write_text(content)
            assert not path.exists() or path.read_text() == "one"
        assert path.read_text() == content
        assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [KeyError("mine"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_content_alone(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(type(error)), replacing(path, Errors.B604) as beside:
        beside.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_names_the_place_and_no_other_path(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("mine")
    (tmp_path / "folder").mkdir()
    worked = False
    with pytest.raises(BelError) as raised, replacing(occupied / "x", Errors.B604):
        worked = True
    assert not worked
    assert str(raised.value) == f"[B604] Cannot write {occupied / 'x'}: File exists."
    with pytest.raises(BelError) as raised, replacing(tmp_path / "folder", Errors.B212):
        pass
    expected = f"[B212] The corpus {tmp_path / 'folder'} cannot be written: Is a directory."
    assert str(raised.value) == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
