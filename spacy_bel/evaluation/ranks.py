"""Figures on gold mentions, by the four protocols under which the field reports accuracy.

The same system differs by ten points and more between them, so no figure goes without the
name of its protocol:

- *lenient*: ranked concepts; a hit when one of the first k is one of the gold ids. Any part of
  a composite counts (the multi-id matching of BioSyn, Sung et al. 2020, on concepts).
- *name*: as BioSyn, GenBioEL (Yuan et al. 2022) and ANGEL (Kim et al. 2025) count: ranked
  names, where a name stands for every concept that bears it.
- *strict*: as BELB (Garda et al. 2023): one answer, which must be the gold id; a composite needs
  all its ids and no other. Corpora write composites and plain alternatives alike (``A|B``):
  alternatives that the knowledge base has merged are one id, all others count as a composite.
- *unseen*: lenient over distinct mentions that are not in the seen data, composites and ids
  outside the knowledge base left out (the refined test sets of Tutubalina et al. 2020).

Every protocol is a function from a record to the rank at which the mention is right; all
figures follow from the ranks. The first three count all mentions with a gold id, so that an id
which the knowledge base does not have is a miss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from spacy_bel.evaluation.records import Record

Rank = Callable[[Record], int | None]
"""A protocol: the rank, from 1, at which a mention is right, or None where it never is."""


def lenient_rank(record: Record) -> int | None:
    """The rank of the first candidate that is one of the gold concepts.

    A NIL answer does not change it: the candidates are ranked all the same.

    Args:
        record: A mention with gold ids.

    Returns:
        The rank, from 1; None where no candidate is right.
    """
    ranks = _gold_ranks(record)
    return min(ranks) if ranks else None


def name_rank(record: Record) -> int | None:
    """The rank of the first name that any gold concept bears.

    Args:
        record: A mention with gold ids.

    Returns:
        The rank among distinct names, from 1; None where no name is right.
    """
    bearers: dict[str, set[str]] = {}
    for candidate in record.candidates:
        bearers.setdefault(candidate.alias.casefold(), set()).update(candidate.bearers)
    for rank, ids in enumerate(bearers.values(), start=1):
        if not ids.isdisjoint(record.gold_ids):
            return rank
    return None


def strict_rank(record: Record) -> int | None:
    """The rank at which the answer is complete and exact.

    Args:
        record: A mention with gold ids.

    Returns:
        1 where the answer is exactly the gold concepts; otherwise the rank of the last gold
        concept among the candidates, but never 1; None where one of them is not a candidate.
    """
    if set(record.answer_ids) == set(record.gold_ids):
        return 1
    ranks = _gold_ranks(record)
    return max(2, *ranks) if ranks and len(ranks) == len(record.gold_ids) else None


RANKS: dict[str, Rank] = {"lenient": lenient_rank, "name": name_rank, "strict": strict_rank}
"""The protocols that count every mention with a gold id, by name."""


def _gold_ranks(record: Record) -> list[int]:
    gold = set(record.gold_ids)
    return [rank for rank, each in enumerate(record.candidates, start=1) if each.id in gold]


def unseen_mentions(records: Iterable[Record]) -> list[Record]:
    """The mentions that the *unseen* protocol counts.

    Args:
        records: All mentions, with ``seen`` known.

    Returns:
        Of every lower-cased mention that is not in the seen data, neither composite nor outside
        the knowledge base, the first by document id and offset.
    """
    distinct: dict[str, Record] = {}
    for record in sorted(records, key=place):
        if record.gold_ids and not (record.seen or record.composite or record.unknown_ids):
            distinct.setdefault(record.text.lower(), record)
    return list(distinct.values())


def place(record: Record) -> tuple[str, int, int, str]:
    """What orders records: document, offsets, gold identifier.

    Args:
        record: A mention.

    Returns:
        A sort key.
    """
    return record.doc_id, record.start, record.end, record.gold
