"""Exact search: every row is looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_bel.devices import pick_device, pick_dtype
from spacy_bel.extras import load
from spacy_bel.vectors.base import Neighbours, rescore

QUERIES = 256
"""Queries that are multiplied at a time."""

ROWS = 1 << 17
"""Rows that are multiplied at a time: scores of so many fit into memory whatever the size."""

SPARE = 24
"""Rows that are scored again, beyond those wanted, where the first scores are rounded."""


class ExactIndex:
    """Multiplies queries with all rows.

    Where the machine multiplies in bfloat16, a first pass does so and the best rows are scored
    again by the stored values; elsewhere one pass in float32 does.

    Args:
        values: Vectors, shape (rows, dimension), in any floating type; a memory map will do.
        device: As for ``devices.pick_device``.
    """

    def __init__(self, values: NDArray[Any], device: str = "auto") -> None:
        self._values = values
        self._device = device
        self._blocks: list[Any] | None = None

    def search(
        self, queries: NDArray[np.float32], k: int, admitted: NDArray[np.bool_] | None = None
    ) -> list[Neighbours]:
        """The nearest admitted rows of each query (see ``VectorIndex``)."""
        available = len(self._values) if admitted is None else int(admitted.sum())
        k = min(k, available)
        if not k or not len(queries):
            return [Neighbours(np.empty(0, np.int64), np.empty(0, np.float32)) for _ in queries]
        if admitted is not None and available <= k + SPARE:
            rows = np.broadcast_to(np.flatnonzero(admitted), (len(queries), available))
            return rescore(self._values, queries, rows, k)
        wanted = min(k + SPARE, available)
        found = [
            self._candidates(queries[begin : begin + QUERIES], wanted, admitted)
            for begin in range(0, len(queries), QUERIES)
        ]
        return rescore(self._values, queries, np.concatenate(found), k)

    def _candidates(
        self, queries: NDArray[np.float32], k: int, admitted: NDArray[np.bool_] | None
    ) -> NDArray[np.int64]:
        """The ``k`` best rows of each query by rounded scores, in no order."""
        torch = load("torch", "dense")
        blocks = self._blocks_of(torch)
        with torch.inference_mode():
            asked = torch.from_numpy(queries).to(blocks[0])
            scores, rows = [], []
            for number, block in enumerate(blocks):
                begin = number * ROWS
                product = asked @ block.T
                if admitted is not None:
                    mask = torch.from_numpy(~admitted[begin : begin + ROWS]).to(product.device)
                    product.masked_fill_(mask, -torch.inf)
                best = product.topk(min(k, product.shape[1]), sorted=False)
                scores.append(best.values)
                rows.append(best.indices + begin)
            merged = torch.cat(scores, 1).topk(k, sorted=False).indices
            return np.asarray(torch.cat(rows, 1).gather(1, merged).cpu().numpy())

    def _blocks_of(self, torch: Any) -> list[Any]:
        """The rows in the type that is multiplied in, converted at the first search."""
        if self._blocks is None:
            device = pick_device(self._device)
            dtype = pick_dtype("auto", device)
            self._blocks = [
                torch.from_numpy(
                    np.asarray(self._values[begin : begin + ROWS], dtype=np.float32)
                ).to(device, dtype)
                for begin in range(0, len(self._values), ROWS)
            ]
        return self._blocks

    def __getstate__(self) -> dict[str, Any]:
        """Without what a process makes for itself."""
        return {**self.__dict__, "_blocks": None}
