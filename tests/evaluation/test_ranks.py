from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.evaluation.ranks import lenient_rank, name_rank, strict_rank, unseen_mentions
from spacy_bel.evaluation.records import RankedCandidate, Record

MakeRecord = Callable[..., Record]


@pytest.mark.parametrize(
    ("gold", "ranked", "answer", "lenient", "strict"),
    [
        ("A:1", "A:1 A:2", "A:1", 1, 1),
        ("A:1", "A:2 A:1", "A:2", 2, 2),
        ("A:1", "A:2 A:3", "A:2", None, None),
        ("A:1", "", "NIL", None, None),
        # A NIL answer leaves the ranking alone, but it is not strictly right.
        ("A:1", "A:1 A:2", "NIL", 1, 2),
        ("A:1", "A:1", "", 1, 2),
        # Composites: any part, or all of them and no other.
        ("A:1|A:2", "A:1 A:2", "A:1|A:2", 1, 1),
        ("A:1|A:2", "A:2 A:1", "A:2|A:1", 1, 1),
        ("A:1|A:2", "A:1 A:2", "A:1", 1, 2),
        ("A:1|A:2", "A:1 A:3 A:4 A:2", "A:1", 1, 4),
        ("A:1|A:2", "A:2 A:3", "A:2", 1, None),
        ("A:1+A:2", "A:1 A:2", "A:1|A:2", 1, 1),
        ("A:1", "A:1 A:2", "A:1|A:2", 1, 2),
        ("A:2", "A:1 A:2", "A:1|A:2", 2, 2),
        ("A:1|NIL", "A:1", "A:1", 1, 1),
    ],
)
def test_ranks_by_hand(
    make_record: MakeRecord,
    *,
    gold: str,
    ranked: str,
    answer: str,
    lenient: int | None,
    strict: int | None,
) -> None:
    record = make_record(gold, ranked, answer)
    assert lenient_rank(record) == lenient
    assert strict_rank(record) == strict


def test_a_name_stands_for_every_concept_that_bears_it(make_record: MakeRecord) -> None:
    homonyms = (
        RankedCandidate("A:1", "Common Cold", "cold", 1.0, ("A:1", "A:2")),
        RankedCandidate("A:2", "Cold Temperature", "Cold", 0.9, ("A:2", "A:1")),
        RankedCandidate("A:3", "Chill", "chill", 0.5, ("A:3",)),
    )
    record = make_record("A:2", candidates=homonyms, answer="A:1")
    assert name_rank(record) == 1
    assert lenient_rank(record) == 2
    assert strict_rank(record) == 2
    # Both spellings are one name, so the next one has rank 2.
    assert name_rank(replace(record, gold_ids=("A:3",))) == 2
    assert name_rank(replace(record, gold_ids=("A:4",))) is None


def test_unseen_counts_distinct_unseen_simple_mentions(make_record: MakeRecord) -> None:
    records = [
        make_record("A:1", text="Gout", seen=False, doc_id="2"),
        make_record("A:1", text="gout", seen=False, doc_id="1", start=5),
        make_record("A:1", text="seen", seen=True),
        make_record("A:1|A:2", text="both", seen=False),
        make_record("X:9", text="unknown", seen=False, unknown_ids=("X:9",)),
        make_record("NIL", text="nil", seen=False),
        make_record("", text="no id", seen=False),
    ]
    assert unseen_mentions(records) == [records[1]]


@st.composite
def _rankings(draw: st.DrawFn) -> tuple[str, str, str]:
    ids = st.sampled_from([f"A:{number}" for number in range(8)])
    gold = draw(st.lists(ids, min_size=1, max_size=3, unique=True))
    ranked = draw(st.lists(ids, unique=True))
    answered = draw(st.integers(0, min(3, len(ranked))))
    return "|".join(gold), " ".join(ranked), "|".join(ranked[:answered]) or "NIL"


@given(_rankings())
def test_no_protocol_is_kinder_than_the_next(
    make_record: MakeRecord, ranking: tuple[str, str, str]
) -> None:
    record = make_record(*ranking)
    name, lenient, strict = (
        rank(record) or float("inf") for rank in (name_rank, lenient_rank, strict_rank)
    )
    assert 1 <= name <= lenient <= strict
