"""Selecting rows: too much noisy data hurts a student (Ai et al. 2025)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, compress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spacy_bel.distillation.label import FAILED
from spacy_bel.distillation.noise import Noise, estimate_noise
from spacy_bel.distillation.sampling import lot
from spacy_bel.distillation.sieve import Selection, Sieve, answer_of, said
from spacy_bel.errors import Errors
from spacy_bel.examples import Example, read_examples, write_examples
from spacy_bel.files import only_one


@dataclass(slots=True)
class Selected:
    """What came of a selection.

    Args:
        kept: Rows that were kept, by provenance.
        dropped: Rows that were not, by the first reason that applied.
        noise: The estimate of label noise before selection; None where nobody asked for it.
    """

    kept: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    noise: Noise | None = None


def select(inputs: Sequence[Path], output: Path, selection: Selection | None = None) -> Selected:
    """Select rows.

    The files are read several times and never held in memory as a whole.

    Args:
        inputs: Files of rows, or folders for all such files in them.
        output: The rows to write, in the order in which they are read.
        selection: What to keep.

    Returns:
        What came of it.

    Raises:
        BelError: A file cannot be read or written, a teacher always says NIL, or no row is left.
    """
    selection = selection or Selection()
    inputs = [path for each in inputs for path in row_files(each) if path != output]
    with only_one(output):
        outcome = Selected()
        reasons = _reasons(inputs, selection, outcome)
        kept = np.array([not reason for reason in reasons], dtype=bool)
        _limit(inputs, selection, kept, reasons)
        outcome.dropped.update(reason for reason in reasons if reason)
        if not kept.any():
            listed = ", ".join(f"{n:,} {why}" for why, n in outcome.dropped.most_common())
            raise Errors.B830(path=", ".join(map(str, inputs)), reasons=listed or "there is no row")

        def chosen() -> Iterator[Example]:
            for row in compress(_read(inputs), kept):
                outcome.kept[row.provenance] += 1
                yield row

        write_examples(chosen(), output)
    return outcome


def row_files(path: Path) -> list[Path]:
    """The files of rows that a path stands for.

    Args:
        path: A file, or a folder.

    Returns:
        The file, or the files of rows in the folder by name; lists of rows that could not be
        labelled, which lie beside those that could, hold no rows.
    """
    if not path.is_dir():
        return [path]
    files = (*path.glob("*.jsonl"), *path.glob("*.jsonl.gz"))
    return sorted(file for file in files if not file.match(f"*{FAILED}"))


def _reasons(inputs: Sequence[Path], selection: Selection, outcome: Selected) -> list[str]:
    """For each row why it is left out; empty where it is kept."""
    doubted: NDArray[np.bool_] | None = None
    if selection.noise:
        pairs = ((row, (answer_of(row, selection.source) or ("",))[0]) for row in _read(inputs))
        outcome.noise = estimate_noise(pairs, selection.seed)
        doubted = outcome.noise.suspicious
    sieve = Sieve(selection, said(_read(inputs), selection.source) if selection.consistent else {})
    reasons = []
    for number, row in enumerate(_read(inputs)):
        is_doubted = doubted is not None and bool(doubted[number]) and bool(row.labels)
        reasons.append(sieve.reason(row, is_doubted=is_doubted))
    for source, habits in sieve.habits.items():
        habits.check(source)
    return reasons


def _limit(
    inputs: Sequence[Path], selection: Selection, kept: NDArray[np.bool_], reasons: list[str]
) -> None:
    """Leave out rows by lot: synthetic ones beyond their share, and those beyond the limit."""
    if selection.synthetic_share is None and not selection.limit:
        return
    lots = np.array([lot(row.key(), selection.seed) for row in _read(inputs)])
    share = selection.synthetic_share
    if share is not None and share < 1:
        made = np.array([row.provenance == "synthetic" for row in _read(inputs)], dtype=bool) & kept
        most = int(share / (1 - share) * (kept.sum() - made.sum()) + 1e-9)
        _drop(made, most, lots, kept, reasons, reason="beyond the share of synthetic rows")
    if selection.limit:
        _drop(kept.copy(), selection.limit, lots, kept, reasons, reason="beyond the limit")


def _drop(
    among: NDArray[np.bool_],
    most: int,
    lots: NDArray[np.float64],
    kept: NDArray[np.bool_],
    reasons: list[str],
    *,
    reason: str,
) -> None:
    places = np.flatnonzero(among)
    for place in places[np.argsort(lots[places])][most:].tolist():
        kept[place], reasons[place] = False, reason


def _read(inputs: Sequence[Path]) -> Iterator[Example]:
    return chain.from_iterable(read_examples(path) for path in inputs)
