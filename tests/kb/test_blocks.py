from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spacy_bel.kb import blocks
from spacy_bel.kb.arrays import ArrayFolder, open_array
from spacy_bel.kb.blocks import KEYS, LEAST_NAMES, Rows, block_size, rare_features, write_blocks

FEATURES = 12

names_of_features = st.lists(
    st.dictionaries(st.integers(0, FEATURES - 1), st.floats(0.125, 1, width=32), max_size=6),
    min_size=1,
    max_size=70,
)


def _rows(names: Sequence[dict[int, float]]) -> Rows:
    entries = [pair for name in names for pair in sorted(name.items())]
    return Rows(
        np.cumsum([0, *map(len, names)]),
        np.array([feature for feature, _ in entries], np.int32),
        np.array([weight for _, weight in entries], np.float32),
    )


def _rare(rows: Rows) -> NDArray[np.int32]:
    size = len(rows.starts) - 1
    numbers = np.repeat(np.arange(size), np.diff(rows.starts))
    frequencies = np.bincount(rows.features, minlength=FEATURES)
    return rare_features(numbers, rows.features.astype(np.int64), frequencies, size)


def _written(folder: Path, name: str) -> NDArray[np.float32]:
    return open_array(folder / f"blocks.{name}.npy")


@settings(max_examples=60, deadline=None)
@given(
    names=names_of_features, size=st.sampled_from([1, 2, 3, 16]), chunk=st.sampled_from([48, 96])
)
def test_no_name_outweighs_its_block(
    tmp_path_factory: pytest.TempPathFactory,
    names: list[dict[int, float]],
    size: int,
    chunk: int,
) -> None:
    folder = tmp_path_factory.mktemp("blocks")
    rows = _rows(names)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "_SIZES", ((1 << 30, size),))
        patch.setattr(blocks, "_CHUNK", chunk)
        done: list[int] = []
        written = write_blocks(ArrayFolder(folder), rows, _rare(rows), FEATURES, done.append)
    assert (written, sum(done)) == (size, len(names))
    order = _written(folder, "names").tolist()
    assert sorted(order) == list(range(len(names)))
    expected: dict[tuple[int, int], float] = {}
    for place, number in enumerate(order):
        for feature, weight in names[int(number)].items():
            key = feature, place // size
            expected[key] = max(weight, expected.get(key, 0.0))
    found = {
        (feature, int(block)): float(weight)
        for feature, (begin, end) in enumerate(pairwise(_written(folder, "starts").tolist()))
        for block, weight in zip(
            _written(folder, "numbers")[int(begin) : int(end)],
            _written(folder, "weights")[int(begin) : int(end)],
            strict=True,
        )
    }
    assert found == expected
    assert list(found) == sorted(found)


def test_names_with_the_same_rare_feature_stand_together() -> None:
    common, rare = 0, (1, 2, 3)
    names = [{common: 1.0, rare[number % 3]: 0.5} for number in range(3 * LEAST_NAMES)]
    keys = _rare(_rows(names))
    assert keys.shape == (len(names), KEYS)
    assert keys[:3, 0].tolist() == list(rare)
    assert keys[:3, 1].tolist() == [common] * 3


def test_features_of_few_names_bring_nobody_together() -> None:
    names = [{number % FEATURES: 1.0} for number in range(LEAST_NAMES - 1)]
    assert (_rare(_rows(names)) == -1).all()


@pytest.mark.parametrize(("names", "size"), [(12, 1), (262_144, 1), (262_145, 16), (10**7, 32)])
def test_large_knowledge_bases_have_larger_blocks(names: int, size: int) -> None:
    assert block_size(names) == size
