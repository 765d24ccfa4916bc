from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.retrieval.order import first_of_each, places

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
