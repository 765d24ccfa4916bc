"""The commands, one after the other, as a shell would call them."""

from __future__ import annotations

from pathlib import Path

import pytest
from spacy.language import Language

from spacy_bel.errors import BelError
from spacy_bel.examples import read_examples
from tests.commands import run
from tests.distillation.conftest import TEXTS, WriteTeacher


def test_from_text_to_selected_rows(
    nlp: Language, write_teacher: WriteTeacher, tmp_path: Path
) -> None:
    pytest.importorskip("openai")
    pipeline, mined = tmp_path / "pipeline", tmp_path / "mined.jsonl.gz"
    nlp.to_disk(pipeline)
    output = run("mine", TEXTS, mined, "-p", pipeline, "--limit", 40, "--strategy", "balanced")
    assert "40 rows" in output
    made = tmp_path / "made.jsonl"
    output = run("synthesise", pipeline, made, "--mined", mined, "--limit", 60, "--folds", 1)
    assert "held out" in output
    teacher = write_teacher("http://127.0.0.1:9/v1")
    labelled = tmp_path / "labelled.jsonl"
    output = run("label", mined, labelled, "-t", teacher, "--dry-run", "--teacher.questions", "3")
    assert "120 requests, " in output
    assert "at most, for nothing was asked yet" in output
    with pytest.raises(BelError, match=r"B801.*batch"):
        run("label", mined, labelled, "-t", teacher, "--batch", "shred")
    output = run("label", mined, labelled, "-t", teacher, "--batch", "write")
    assert "Wrote 40 requests" in output
    selected = tmp_path / "selected.jsonl"
    output = run("select", made, mined, selected, "--per-concept", 1, "--noise")
    assert "Left out: 40 without label" in output
    assert "Estimated share of wrong labels" in output
    rows = list(read_examples(selected))
    assert {row.provenance for row in rows} == {"synthetic"}
    assert len({row.gold for row in rows}) == len(rows)
