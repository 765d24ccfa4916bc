"""Approximate search by graphs of neighbours (HNSW; Malkov and Yashunin, 2018).

An index file only proposes rows. They are scored again by the stored vectors, and a query whose
filter leaves too few of them is searched exactly among the admitted rows: ``k`` rows come back
whenever there are so many.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_bel.errors import Errors
from spacy_bel.extras import load
from spacy_bel.vectors.base import Neighbours, rescore
from spacy_bel.vectors.exact import ExactIndex

M = 16
"""Links of a vertex."""

EF_CONSTRUCTION = 200
"""Vertices that are kept in view while one is inserted."""

EF_SEARCH = 100
"""Vertices that are kept in view while one is searched for, at least."""

SEED = 0

ADD = 10_000
"""Rows that are inserted between two reports of progress."""


class GraphIndex(ABC):
    """What the two libraries have in common.

    Args:
        values: Vectors, shape (rows, dimension).
        path: The index file that ``write`` made of them.

    Raises:
        BelError: If the library is missing, or the file does not belong to the vectors.
    """

    def __init__(self, values: NDArray[Any], path: Path) -> None:
        self._values = values
        self._path = path
        self._graph: Any = None
        self._exact = ExactIndex(values)

    def search(
        self, queries: NDArray[np.float32], k: int, admitted: NDArray[np.bool_] | None = None
    ) -> list[Neighbours]:
        """The nearest admitted rows of each query (see ``VectorIndex``)."""
        available = len(self._values) if admitted is None else int(admitted.sum())
        k = min(k, available)
        # A graph search under a narrow filter would wander; looking at the few is faster.
        if not k or not len(queries) or (admitted is not None and available * 4 < len(admitted)):
            return self._exact.search(queries, k, admitted)
        wanted = min(len(self._values), k if admitted is None else 4 * k)
        proposed = self._propose(np.ascontiguousarray(queries, dtype=np.float32), wanted)
        found = []
        for query, rows in zip(queries, proposed, strict=True):
            own = np.unique(rows[rows >= 0]).astype(np.int64)
            if admitted is not None:
                own = own[admitted[own]]
            if len(own) < k:
                found += self._exact.search(query[None], k, admitted)
            else:
                found += rescore(self._values, query[None], own[None], k)
        return found

    @staticmethod
    @abstractmethod
    def write(values: NDArray[Any], path: Path, progress: Callable[[int], object]) -> None:
        """Build an index file.

        One thread inserts the rows in their order, so that the same vectors give the same file.

        Args:
            values: Vectors, shape (rows, dimension).
            path: Where to.
            progress: Called with the number of rows done since the last call.
        """

    @property
    def graph(self) -> Any:
        """The library's own index, opened at the first search of a process."""
        if self._graph is None:
            self._graph = self._open()
        return self._graph

    @abstractmethod
    def _open(self) -> Any:
        """Read the index file and compare it with the vectors."""

    @abstractmethod
    def _propose(self, queries: NDArray[np.float32], k: int) -> NDArray[Any]:
        """Row numbers near each query, shape (queries, k), -1 where there is none."""

    def _check(self, found: tuple[int, int]) -> None:
        if found != self._values.shape:
            expected = "{} of {}".format(*self._values.shape)
            raise Errors.B420(
                path=self._path, count=found[0], dimension=found[1], expected=expected
            )

    def __getstate__(self) -> dict[str, Any]:
        """Without what a process opens for itself."""
        return {**self.__dict__, "_graph": None}


class HnswIndex(GraphIndex):
    """hnswlib: fast, in memory; compiled from source when it is installed."""

    @staticmethod
    def write(values: NDArray[Any], path: Path, progress: Callable[[int], object]) -> None:
        """Build an index file (see ``GraphIndex.write``)."""
        graph = load("hnswlib", "hnsw").Index(space="ip", dim=values.shape[1])
        graph.init_index(len(values), M=M, ef_construction=EF_CONSTRUCTION, random_seed=SEED)
        for begin in range(0, len(values), ADD):
            rows = np.asarray(values[begin : begin + ADD], dtype=np.float32)
            graph.add_items(rows, np.arange(begin, begin + len(rows)), num_threads=1)
            progress(len(rows))
        graph.save_index(str(path))

    def _open(self) -> Any:
        # hnswlib reads a file of another dimension without a word, so its header is read first.
        self._check(_hnswlib_shape(self._path))
        graph = load("hnswlib", "hnsw").Index(space="ip", dim=self._values.shape[1])
        try:
            graph.load_index(str(self._path), max_elements=len(self._values))
        except RuntimeError as error:
            raise Errors.B101(path=self._path, reason=error) from error
        return graph

    def _propose(self, queries: NDArray[np.float32], k: int) -> NDArray[Any]:
        # The setting is not kept in the file, and a search for more than it holds fails.
        self.graph.set_ef(max(EF_SEARCH, 2 * k))
        rows, _ = self.graph.knn_query(queries, k=k)
        return np.asarray(rows, dtype=np.int64)


class FaissIndex(GraphIndex):
    """faiss: the same graph over 8-bit vectors in a memory-mapped file, a third of the size."""

    @staticmethod
    def write(values: NDArray[Any], path: Path, progress: Callable[[int], object]) -> None:
        """Build an index file (see ``GraphIndex.write``)."""
        faiss = load("faiss", "faiss")
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        try:
            graph = faiss.IndexHNSWSQ(
                values.shape[1], faiss.ScalarQuantizer.QT_8bit, M, faiss.METRIC_INNER_PRODUCT
            )
            graph.hnsw.efConstruction = EF_CONSTRUCTION
            graph.train(np.asarray(values[:: max(1, len(values) // 50_000)], dtype=np.float32))
            for begin in range(0, len(values), ADD):
                rows = np.asarray(values[begin : begin + ADD], dtype=np.float32)
                graph.add(rows)
                progress(len(rows))
            faiss.write_index(graph, str(path))
        finally:
            faiss.omp_set_num_threads(threads)

    def _open(self) -> Any:
        faiss = load("faiss", "faiss")
        try:
            graph = faiss.read_index(str(self._path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise Errors.B101(path=self._path, reason=str(error).partition("\n")[0]) from error
        self._check((graph.ntotal, graph.d))
        return graph

    def _propose(self, queries: NDArray[np.float32], k: int) -> NDArray[Any]:
        self.graph.hnsw.efSearch = max(EF_SEARCH, 2 * k)
        _, rows = self.graph.search(queries, k)
        return np.asarray(rows, dtype=np.int64)


def _hnswlib_shape(path: Path) -> tuple[int, int]:
    """Number and dimension of the vectors in a file of hnswlib, by the sizes in its header."""
    with path.open("rb") as file:
        header = file.read(48)
    if len(header) < 48:
        raise Errors.B101(path=path, reason="it is shorter than its header")
    _, _, count, _, label_offset, data_offset = struct.unpack("<6Q", header)
    return count, (label_offset - data_offset) // 4
