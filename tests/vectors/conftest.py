"""Vectors in which neighbours are known, and an encoder that runs for real."""

from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"  # read when the library is imported

import numpy as np
import pytest
from numpy.typing import NDArray


@pytest.fixture(scope="session")
def values() -> NDArray[np.float16]:
    """2,000 vectors of length 1 in 40 clusters."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(40, 32))
    rows = np.repeat(centres, 50, axis=0) + 0.3 * random.normal(size=(2000, 32))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float16)


@pytest.fixture(scope="session")
def queries(values: NDArray[np.float16]) -> NDArray[np.float32]:
    """Fifty of them, a little moved."""
    random = np.random.default_rng(1)
    rows = values[::40].astype(np.float32) + 0.05 * random.normal(size=(50, 32)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
