"""Vector indexes side by side: build time, size, queries per second, recall of exact search.

    python -m benchmarks.vectors [--sizes 200000 1000000] [--kb DIR] [--queries 1000]

The vectors are those of a knowledge base with ``kb embed``, varied by noise until there are as
many as are asked for: real neighbourhoods at a size for which there is no open vocabulary. All
kinds of one size run one after the other in one process, on as many threads as the libraries take;
graphs are built by one thread, since only then the same vectors give the same file.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.common import machine, table
from spacy_bel.kb.store import Store
from spacy_bel.kb.vectors import Vectors
from spacy_bel.vectors.registry import choose, open_index, write_index

K = 10
KINDS = ("exact", "hnswlib", "faiss")
NOISE = 0.35
"""Length of what is added to a vector, as a share of its own length."""


def grown(values: NDArray[np.float16], size: int) -> NDArray[np.float16]:
    """So many vectors of length 1: the given ones, then noisy copies of them."""
    random = np.random.default_rng(0)
    rows = np.empty((size, values.shape[1]), np.float16)
    for begin in range(0, size, 50_000):
        part = slice(begin, min(begin + 50_000, size))
        own = values[np.arange(part.start, part.stop) % len(values)].astype(np.float32)
        if begin >= len(values):
            noise = random.normal(size=own.shape).astype(np.float32)
            own += NOISE * noise / np.sqrt(values.shape[1])
        rows[part] = own / np.linalg.norm(own, axis=1, keepdims=True)
    return rows


def measure(values: NDArray[np.float16], queries: NDArray[np.float32]) -> list[list[str]]:
    """A row of figures for each kind of index."""
    rows = []
    truth: list[set[int]] = []
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "vectors.index"
            begin = time.perf_counter()
            with tqdm(total=len(values), desc=f"{kind}: building", disable=None) as bar:
                has_file = write_index(choose(kind, len(values)), values, path, bar.update)
            built = time.perf_counter() - begin
            index = open_index(kind, values, path if has_file else None)
            index.search(queries[:8], K)
            begin = time.perf_counter()
            found = index.search(queries, K)
            batch = time.perf_counter() - begin
            begin = time.perf_counter()
            for query in queries[:100]:
                index.search(query[None], K)
            single = (time.perf_counter() - begin) / min(100, len(queries))
            size = path.stat().st_size if has_file else 0
        hits = [set(each.rows.tolist()) for each in found]
        truth = truth or hits
        recall = np.mean([len(a & b) / K for a, b in zip(truth, hits, strict=True)])
        rows.append(
            [
                f"{len(values):,}",
                kind,
                f"{built:,.1f}",
                f"{size / 2**20:,.0f}",
                f"{len(queries) / batch:,.0f}",
                f"{1000 * single:.2f}",
                f"{recall:.3f}",
            ]
        )
    return rows


def main() -> None:
    """Print the table."""
    import argparse

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kb", type=Path, required=True, help="knowledge base with vectors")
    options.add_argument("--sizes", type=int, nargs="+", default=[200_000, 1_000_000])
    options.add_argument("--queries", type=int, default=1000)
    arguments = options.parse_args()
    values = Vectors.of(Store(arguments.kb)).values
    random = np.random.default_rng(1)
    picked = values[random.integers(len(values), size=arguments.queries)].astype(np.float32)
    picked += 0.2 * random.normal(size=picked.shape).astype(np.float32) / np.sqrt(picked.shape[1])
    queries = picked / np.linalg.norm(picked, axis=1, keepdims=True)
    rows = [row for size in arguments.sizes for row in measure(grown(values, size), queries)]
    header = ["vectors", "index", "build, s", "file, MiB", "queries/s", "one, ms", f"recall@{K}"]
    print(table(header, rows, "rlrrrrr"))
    print(f"\n{values.shape[1]} dimensions, float16 beside the file; {machine('torch')}")


if __name__ == "__main__":
    main()
