from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.retrieval.order import entries, first_of_each, groups, places

hits = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=40)


@given(hits=hits, random=st.randoms(use_true_random=False))
def test_the_first_hit_of_each_group(hits: list[tuple[int, int]], random: Random) -> None:
    groups = np.unique([group for _, group in hits], return_inverse=True)[1]
    order = list(range(len(hits)))
    random.shuffle(order)
    expected: dict[int, int] = {}
    for place in order:
        expected.setdefault(int(groups[place]), place)
    found = first_of_each(np.array(order, np.int64), groups.astype(np.int64))
    assert found.tolist() == list(expected.values())


@given(hits=hits)
def test_places_begin_anew_with_each_query(hits: list[tuple[int, int]]) -> None:
    queries = sorted(query for query, _ in hits)
    expected = [place - queries.index(query) for place, query in enumerate(queries)]
    assert places(np.array(queries, np.int64), 5).tolist() == expected


@given(keys=st.lists(st.integers(0, 5) | st.integers(1 << 60, (1 << 60) + 3), max_size=40))
def test_equal_keys_stand_together_in_their_order(keys: list[int]) -> None:
    order, begins = groups(np.array(keys, np.int64))
    assert order.tolist() == sorted(range(len(keys)), key=keys.__getitem__)
    ordered = sorted(keys)
    assert begins.tolist() == [ordered.index(key) for key in sorted(set(keys))]


@given(
    lengths=st.lists(st.integers(0, 4), min_size=1, max_size=6),
    rows=st.lists(st.integers(0, 5), max_size=8),
)
def test_entries_of_rows(lengths: list[int], rows: list[int]) -> None:
    rows = [row % len(lengths) for row in rows]
    starts = np.cumsum([0, *lengths])
    which, places_of = entries(starts, np.array(rows, np.int64))
    expected = [
        (number, place)
        for number, row in enumerate(rows)
        for place in range(starts[row], starts[row + 1])
    ]
    assert list(zip(which.tolist(), places_of.tolist(), strict=True)) == expected
