"""Worked examples, from files of examples and to what is saved with a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from spacy_bel.errors import Errors
from spacy_bel.examples import Example, read_examples
from spacy_bel.reranking.prompt.values import Shot
from spacy_bel.types import Candidate, Mention


def read_shots(path: Path, limit: int) -> tuple[Shot, ...]:
    """Worked examples from a file.

    Args:
        path: Examples in JSON lines (``spacy_bel.examples``), each with gold.
        limit: Most candidates of one.

    Returns:
        One for each row, in order. The answer is "none of the above" where no candidate is gold.

    Raises:
        BelError: The file cannot be read, or a row has no gold or no candidates.
    """
    return tuple(
        _shot(example, number, path, limit) for number, example in enumerate(read_examples(path), 1)
    )


def _shot(example: Example, number: int, path: Path, limit: int) -> Shot:
    candidates = example.candidates[:limit]
    if example.gold is None or not candidates:
        raise Errors.B707(path=path, number=number)
    right = (place for place, each in enumerate(candidates) if each.id in example.gold)
    return Shot(example.mention, candidates, next(right, None))


def to_plain(shot: Shot) -> dict[str, Any]:
    """A worked example as JSON can hold it."""
    mention = {**asdict(shot.mention), "types": sorted(shot.mention.types)}
    candidates = [asdict(candidate) for candidate in shot.candidates]
    return {"mention": mention, "candidates": candidates, "answer": shot.answer}


def from_plain(plain: Mapping[str, Any]) -> Shot:
    """A worked example from what ``to_plain`` gave."""
    mention = dict(plain["mention"])
    mention |= {"parts": tuple(mention["parts"]), "types": frozenset(mention["types"])}
    candidates = [{**each, "types": tuple(each["types"])} for each in plain["candidates"]]
    return Shot(
        Mention(**mention), tuple(Candidate(**each) for each in candidates), plain["answer"]
    )
