from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from spacy.language import Language
from typer.testing import CliRunner

from spacy_bel.cli.evaluate import evaluate
from spacy_bel.errors import BelError


@pytest.fixture
def pipeline(nlp: Language, tmp_path: Path) -> str:
    path = tmp_path / "pipeline"
    nlp.to_disk(path)
    return str(path)


def _run(*arguments: object) -> str:
    app = typer.Typer()
    app.command()(evaluate)
    result = CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_it_prints_and_writes(pipeline: str, corpus_path: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    printed = _run(
        pipeline, corpus_path, "--seen", corpus_path, "--output", output, "--resamples", 20
    )
    metrics = json.loads((output / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["schema"] == 1
    assert metrics["unseen"]["n"] == 0
    assert metrics["lenient"]["acc@1"]["value"] == pytest.approx(2 / 3)
    assert "4 gold mentions in 2 documents" in printed
    row = next(line for line in printed.splitlines() if line.startswith("acc@1"))
    assert row.split()[1] == "0.667"
    assert "end to end, strict" in printed
    assert "corpus" in (output / "report.html").read_text(encoding="utf-8")


def test_it_warns_of_foreign_ids(pipeline: str, make_doc: object, tmp_path: Path) -> None:
    from spacy.tokens import DocBin

    path = tmp_path / "foreign.spacy"
    doc = make_doc("flu", ("flu", "OTHER:1"))  # type: ignore[operator]
    DocBin(docs=[doc], attrs=["ENT_KB_ID"]).to_disk(path)
    printed = _run(pipeline, path, "--no-end-to-end", "--resamples", 10)
    assert "1 mentions have a gold id that the knowledge base does not have" in printed
    assert "end to end" not in printed


def test_what_cannot_be_used(pipeline: str, corpus_path: Path, tmp_path: Path) -> None:
    with pytest.raises(BelError, match=r"\[B508\].*no-such-pipeline"):
        evaluate("no-such-pipeline", corpus_path)
    with pytest.raises(BelError, match=r"\[B201\].*missing"):
        evaluate(pipeline, tmp_path / "missing.spacy")
    with pytest.raises(BelError, match=r"\[B201\].*missing"):
        evaluate(pipeline, corpus_path, seen=[tmp_path / "missing.spacy"])
    with pytest.raises(BelError, match=r"\[B502\]"):
        evaluate(pipeline, corpus_path, component="other")
    # The folder is looked at before anything else is done.
    with pytest.raises(BelError, match=r"\[B509\]"):
        evaluate("no-such-pipeline", corpus_path, output=corpus_path)
