from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any, get_args

import pytest

from spacy_bel.types import (
    ALIAS_KINDS,
    NIL,
    Alias,
    AliasKind,
    Candidate,
    Concept,
    Link,
    Mention,
    Ranking,
)

VALUES = [
    Alias("breast cancer", "related", "en", "umls", 3),
    Concept("MESH:D001943", "Breast Neoplasms", (Alias("breast cancer"),), types=("Disease",)),
    Mention("BC", "breast cancer", types=frozenset({"Disease"})),
    Candidate("MESH:D001943", "Breast Neoplasms", "breast cancer", ("Disease",), 0.9),
    Ranking((0.7, 0.2), nil=0.1),
    Link(Mention("BC"), ("MESH:D001943",), score=0.9),
]


def test_the_order_of_kinds_names_every_kind_once() -> None:
    assert sorted(ALIAS_KINDS) == sorted(get_args(AliasKind))
    assert ALIAS_KINDS[:3] == ("preferred", "exact", "annotated")


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_are_frozen_and_hold_no_more_than_their_fields(value: Any) -> None:
    name = dataclasses.fields(value)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, name, "other")
    assert not hasattr(value, "__dict__")


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_survive_copies_and_pickles(value: Any) -> None:
    assert copy.deepcopy(value) == value
    assert pickle.loads(pickle.dumps(value)) == value
    assert dataclasses.replace(value) == value


def test_candidates_do_not_share_their_scores() -> None:
    one, other = (Candidate(id_, "", "", (), 0.0) for id_ in "ab")
    assert one.scores == {}
    assert one.scores is not other.scores


@pytest.mark.parametrize(
    ("ids", "error", "kb_id"),
    [
        (("MESH:D001943",), None, "MESH:D001943"),
        (("MESH:D001943", "MESH:D010051"), None, "MESH:D001943|MESH:D010051"),
        ((), None, NIL),
        ((), "no answer", ""),
        (("MESH:D001943",), "half an answer", ""),
    ],
)
def test_what_a_link_writes(ids: tuple[str, ...], error: str | None, kb_id: str) -> None:
    assert Link(Mention("x"), ids, error=error).kb_id == kb_id
