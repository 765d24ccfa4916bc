"""Selection: every reason counted, and noise found where it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from spacy_bel.distillation.noise import estimate_noise
from spacy_bel.distillation.select import Selected, select
from spacy_bel.distillation.sieve import Selection
from spacy_bel.errors import BelError
from spacy_bel.examples import Example, Label, read_examples, write_examples
from spacy_bel.types import NIL, Candidate, Mention

SIMPLE = Selection(duplicates=2)


def labelled(row: Example, id_: str, **settings: object) -> Example:
    label = Label("m", id_, **settings)  # type: ignore[arg-type]
    return replace(row, labels=(label,), provenance="teacher")


def selected(
    rows: Sequence[Example], tmp_path: Path, selection: Selection = SIMPLE
) -> tuple[Selected, list[Example]]:
    write_examples(rows, tmp_path / "in.jsonl")
    outcome = select([tmp_path / "in.jsonl"], tmp_path / "out.jsonl", selection)
    found = list(read_examples(tmp_path / "out.jsonl"))
    assert outcome.kept.total() == len(found)
    assert outcome.kept.total() + outcome.dropped.total() == len(rows)
    return outcome, found


def test_each_reason_is_counted(rows: list[Example], tmp_path: Path) -> None:
    row = next(row for row in rows if row.candidates[0].score - row.candidates[-1].score > 0.5)
    first, last = row.candidates[0].id, row.candidates[-1].id
    many = [
        row,
        labelled(row, first, agreement=0.4),
        labelled(row, first, probs={first: 0.5, NIL: 0.5}, kind="probability"),
        labelled(row, last),
        labelled(row, NIL),
        replace(row, gold=("MESH:D999999",), provenance="human"),
        labelled(row, first, agreement=0.9),
        labelled(row, first),
    ]
    selection = replace(SIMPLE, min_agreement=0.6, min_probability=0.7, max_gap=0.3, per_concept=1)
    outcome, found = selected(many, tmp_path, selection)
    assert outcome.dropped == {
        "without label": 1,
        "agreement": 1,
        "probability": 1,
        "disagreement with the retriever": 2,
        "gold not among the candidates": 1,
        "enough of the concept": 1,
    }
    assert found == [many[6]]


def test_nothing_is_left_out_that_nobody_asked_to(rows: list[Example], tmp_path: Path) -> None:
    many = [labelled(row, row.candidates[0].id) for row in rows]
    outcome, found = selected(many, tmp_path)
    assert found == many
    assert not outcome.dropped


def test_what_most_of_a_document_says_of_a_text_is_kept(
    rows: list[Example], tmp_path: Path
) -> None:
    row = next(row for row in rows if len(row.candidates) > 1)
    first, last = (row.candidates[place].id for place in (0, -1))
    answers = {"a": (first, first, last), "b": (last, last), "c": (first, last), "": (first, last)}
    many = [
        labelled(replace(row, doc_id=doc, offset=1000 * number), answer)
        for doc, own in answers.items()
        for number, answer in enumerate(own)
    ]
    many.append(replace(row, doc_id="a", gold=(last,), provenance="human"))
    outcome, found = selected(many, tmp_path, replace(SIMPLE, consistent=True))
    assert outcome.dropped == {"another answer elsewhere in the document": 3}
    assert found == [*many[:2], *many[3:5], *many[7:]]


def test_a_folder_stands_for_the_rows_in_it(rows: list[Example], tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    many = [labelled(row, row.candidates[0].id) for row in rows]
    write_examples(many[:5], folder / "a.jsonl")
    write_examples(many[5:9], folder / "b.jsonl.gz")
    (folder / "a.failed.jsonl").write_text('{"reason": "no row"}\n')
    output = folder / "selected.jsonl"
    for _ in range(2):  # the second time the output is there, and is no input
        select([folder], output, SIMPLE)
        assert list(read_examples(output)) == many[:9]


def test_near_duplicates_are_one(rows: list[Example], tmp_path: Path) -> None:
    row = labelled(rows[0], rows[0].candidates[0].id)
    longer = replace(row.mention, context=f"{row.mention.context} .")
    other = Mention("x", context="x of quite another kind", start=0, end=1)
    other = replace(row.mention, context=f"{row.mention.text} of quite another kind", start=0)
    other = replace(other, end=len(row.mention.text))
    many = [row, replace(row, mention=longer), replace(row, mention=other)]
    many.append(labelled(many[1], NIL))
    outcome, found = selected(many, tmp_path, Selection())
    assert outcome.dropped == {"near-duplicate": 1}
    assert found == [many[0], many[2], many[3]]


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.25, 10), (0.5, 30), (1.0, 30)])
def test_synthetic_rows_are_mixed_in_by_a_share(
    share: float, expected: int, rows: list[Example], tmp_path: Path
) -> None:
    human = [replace(row, gold=(row.candidates[0].id,), provenance="human") for row in rows[:30]]
    made = [replace(row, doc_id=f"kb:{row.doc_id}", provenance="synthetic") for row in human]
    outcome, _ = selected([*human, *made], tmp_path, replace(SIMPLE, synthetic_share=share))
    assert outcome.kept["human"] == 30
    assert outcome.kept["synthetic"] == expected


def test_a_limit_is_kept_by_lot(rows: list[Example], tmp_path: Path) -> None:
    many = [labelled(row, row.candidates[0].id) for row in rows]
    found = {}
    for seed in (0, 1):
        outcome, kept = selected(many, tmp_path, replace(SIMPLE, limit=10, seed=seed))
        assert outcome.dropped == {"beyond the limit": len(many) - 10}
        found[seed] = {row.key() for row in kept}
    assert found[0] != found[1]


def test_a_teacher_that_always_says_nil_is_refused(rows: list[Example], tmp_path: Path) -> None:
    with pytest.raises(BelError, match="B810"):
        selected([labelled(row, NIL) for row in rows], tmp_path)


def test_nothing_left_is_an_error_with_reasons(rows: list[Example], tmp_path: Path) -> None:
    with pytest.raises(BelError, match=r"B830.*60 without label"):
        selected(rows, tmp_path)


@pytest.mark.parametrize("setting", [{"max_gap": 2.0}, {"min_agreement": -1}, {"limit": -1}])
def test_settings_out_of_range_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(BelError, match="B801"):
        Selection(**setting)  # type: ignore[arg-type]


def _rows_with_noise(rate: float, count: int = 600) -> tuple[list[Example], list[bool]]:
    """Rows whose right candidate has a telling score, and labels of which a share is wrong."""
    from spacy_bel.examples import Offer

    random = Random(0)
    rows, wrong = [], []
    for number in range(count):
        right = random.choice([0, 0, 0, 1, 2])
        scores = sorted((random.uniform(0.5, 0.9) for _ in range(4)), reverse=True)
        candidates = [
            Candidate(
                f"MESH:D{place}",
                f"name {place}",
                f"name {place}",
                (),
                score,
                {"exact": 0.95 if place == right else 0.1},
            )
            for place, score in enumerate(scores)
        ]
        is_wrong = random.random() < rate
        chosen = random.choice([p for p in range(4) if p != right]) if is_wrong else right
        mention = Mention("m", context=f"m {number}", start=0, end=1)
        row = Example(mention, tuple(map(Offer, candidates)), doc_id=str(number))
        rows.append(labelled(row, f"MESH:D{chosen}"))
        wrong.append(is_wrong)
    return rows, wrong


@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_noise_is_estimated_and_found(rate: float, tmp_path: Path) -> None:
    rows, wrong = _rows_with_noise(rate)
    noise = estimate_noise((row, row.labels[0].id) for row in rows)
    assert noise.rate == pytest.approx(sum(wrong) / len(wrong), abs=0.04)
    found = sum(a and b for a, b in zip(noise.suspicious.tolist(), wrong, strict=True))
    assert found >= 0.8 * sum(wrong)
    assert found >= 0.8 * noise.suspicious.sum()
    outcome, kept = selected(rows, tmp_path, replace(SIMPLE, noise=True))
    assert outcome.dropped["doubtful"] == noise.suspicious.sum()
    assert len(kept) < len(rows)


def test_noise_of_nothing_is_none() -> None:
    noise = estimate_noise([])
    assert (noise.rate, len(noise.suspicious)) == (0.0, 0)
    row = Example(Mention("m"), (), doc_id="1")
    assert estimate_noise([(row, "MESH:D1")]).suspicious.tolist() == [False]
