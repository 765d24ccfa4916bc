"""What every kind of vector index must do."""

from __future__ import annotations

import pickle
import struct
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from spacy_bel.errors import BelError
from spacy_bel.vectors.base import VectorIndex
from spacy_bel.vectors.registry import EXACT_ROWS, IndexKind, choose, open_index, write_index

pytest.importorskip("torch")

KINDS = get_args(IndexKind)


def make(kind: str, values: NDArray[np.float16], folder: Path) -> VectorIndex:
    """An index over vectors, its file in a folder."""
    if kind != "exact":
        pytest.importorskip(kind)
    done: list[int] = []
    path = folder / "vectors.index"
    has_file = write_index(choose(kind, len(values)), values, path, done.append)
    assert has_file == path.exists()
    assert not has_file or sum(done) == len(values)
    return open_index(kind, values, path if has_file else None)


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def index(
    kind: str, values: NDArray[np.float16], tmp_path_factory: pytest.TempPathFactory
) -> VectorIndex:
    return make(kind, values, tmp_path_factory.mktemp(kind))


def truth(
    values: NDArray[np.float16], query: NDArray[np.float32], k: int, admitted: NDArray[np.bool_]
) -> set[int]:
    scores = np.where(admitted, values.astype(np.float32) @ query, -np.inf)
    return set(np.argsort(-scores, kind="stable")[:k].tolist())


@pytest.mark.parametrize("k", [1, 10, 200])
@pytest.mark.parametrize("share", [1.0, 0.5, 0.1, 0.003])
def test_the_nearest_admitted_rows_are_found(
    index: VectorIndex,
    values: NDArray[np.float16],
    queries: NDArray[np.float32],
    k: int,
    share: float,
) -> None:
    admitted = np.random.default_rng(2).random(len(values)) < share
    mask = None if share == 1 else admitted
    found = index.search(queries, k, mask)
    expected = min(k, int(admitted.sum()))
    hits = 0
    for query, neighbours in zip(queries, found, strict=True):
        assert len(neighbours.rows) == len(set(neighbours.rows.tolist())) == expected
        assert admitted[neighbours.rows].all()
        assert (np.diff(neighbours.scores) <= 0).all()
        wanted = values[neighbours.rows].astype(np.float32) @ query
        np.testing.assert_allclose(neighbours.scores, wanted, atol=1e-5)
        hits += len(truth(values, query, k, admitted) & set(neighbours.rows.tolist()))
    assert hits >= 0.97 * expected * len(queries)


def test_exact_search_is_exact(
    values: NDArray[np.float16], queries: NDArray[np.float32], tmp_path: Path
) -> None:
    found = make("exact", values, tmp_path).search(queries, 20)
    everything = np.ones(len(values), dtype=bool)
    for query, neighbours in zip(queries, found, strict=True):
        assert set(neighbours.rows.tolist()) == truth(values, query, 20, everything)


def test_more_than_there_are(index: VectorIndex, queries: NDArray[np.float32]) -> None:
    assert all(len(each.rows) == 2000 for each in index.search(queries[:2], 5000))


def test_filters_that_admit_nothing_and_one_row(
    index: VectorIndex, queries: NDArray[np.float32]
) -> None:
    nothing = np.zeros(2000, dtype=bool)
    one = nothing.copy()
    one[1234] = True
    assert [len(each.rows) for each in index.search(queries, 3, nothing)] == [0] * len(queries)
    assert [each.rows.tolist() for each in index.search(queries, 3, one)] == [[1234]] * 50


def test_no_query_and_no_rows_wanted(index: VectorIndex, queries: NDArray[np.float32]) -> None:
    assert index.search(queries[:0], 5) == []
    assert [len(each.rows) for each in index.search(queries[:2], 0)] == [0, 0]


def test_a_batch_answers_like_single_queries(
    index: VectorIndex, queries: NDArray[np.float32]
) -> None:
    together = index.search(queries, 10)
    for query, neighbours in zip(queries, together, strict=True):
        (alone,) = index.search(query[None], 10)
        assert alone.rows.tolist() == neighbours.rows.tolist()


def test_it_travels_to_another_process(index: VectorIndex, queries: NDArray[np.float32]) -> None:
    copy = pickle.loads(pickle.dumps(index))
    before = [each.rows.tolist() for each in index.search(queries, 5)]
    assert [each.rows.tolist() for each in copy.search(queries, 5)] == before


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_very_few_rows(kind: str, rows: int, tmp_path: Path) -> None:
    values = np.eye(8, dtype=np.float16)[:rows]
    (found,) = make(kind, values, tmp_path).search(np.eye(8, dtype=np.float32)[:1], 10)
    assert found.rows.tolist()[0] == 0
    assert len(found.rows) == rows


@pytest.fixture(params=[kind for kind in KINDS if kind != "exact"])
def with_file(
    request: pytest.FixtureRequest, values: NDArray[np.float16], tmp_path: Path
) -> tuple[str, Path]:
    """A kind of index that has a file, and its file."""
    make(request.param, values, tmp_path)
    return request.param, tmp_path / "vectors.index"


def test_the_same_vectors_give_the_same_file(
    with_file: tuple[str, Path], values: NDArray[np.float16], tmp_path: Path
) -> None:
    kind, path = with_file
    again = tmp_path / "again"
    again.mkdir()
    make(kind, values, again)
    assert (again / "vectors.index").read_bytes() == path.read_bytes()


def test_an_index_of_another_dimension_or_number_is_refused(
    with_file: tuple[str, Path], values: NDArray[np.float16]
) -> None:
    kind, path = with_file
    for others in (np.ones((2000, 16), np.float16), values[:1000]):
        index = open_index(kind, others, path)
        with pytest.raises(BelError, match="B420"):
            index.search(others[:1].astype(np.float32), 3)


@pytest.mark.parametrize("content", [b"", b"no index" * 20, struct.pack("<6Q", *[7] * 6)])
def test_a_foreign_or_truncated_file_is_refused(
    with_file: tuple[str, Path], values: NDArray[np.float16], content: bytes
) -> None:
    kind, path = with_file
    half = path.read_bytes()[: path.stat().st_size // 2]
    for damaged in (content, half):
        path.write_bytes(damaged)
        index = open_index(kind, values, path)
        with pytest.raises(BelError, match=r"B101|B420"):
            index.search(values[:1].astype(np.float32), 3)


def test_the_kind_is_chosen_by_the_number_of_rows() -> None:
    assert choose("auto", 10) == choose("auto", EXACT_ROWS) == "exact"
    installed = [kind for kind in KINDS if kind == "exact" or find_spec(kind)]
    assert choose("auto", EXACT_ROWS + 1) == (installed[1] if installed[1:] else "exact")
    assert choose("faiss", 1) == "faiss"
    with pytest.raises(BelError, match="B421"):
        choose("annoy", 1)
