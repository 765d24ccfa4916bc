"""The commands, on the embedded sample, as a shell would call them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from spacy_bel.cli.app import main
from tests.cli.conftest import ASSETS, VOCABULARY
from tests.commands import run, shell


def test_evaluate_agrees_with_its_file(sample: Path, tmp_path: Path) -> None:
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("bel_matcher", config={"kb": str(sample)})
    nlp.add_pipe("bel_linker", config={"kb": str(sample)})
    nlp.to_disk(tmp_path / "pipeline")
    run("convert", ASSETS / "annotated_dev.PubTator.txt", tmp_path / "dev.spacy")
    output = run(
        "evaluate", tmp_path / "pipeline", tmp_path / "dev.spacy", "--output", tmp_path / "out"
    )
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert f"{metrics['lenient']['acc@1']['value']:.3f}" in output
    assert metrics["unseen"] is None


def test_a_known_error_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    # Longer than any terminal, so that wrapping would break what is to be copied.
    missing = tmp_path / "a folder with a long name" / ("x" * 200)
    done = shell("kb", "info", missing)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "[B100]" in line
    assert line.endswith(f"python -m spacy_bel kb build SOURCE --output {missing}")


def test_main_ends_with_the_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["spacy_bel", "link", "p", "t.txt", "--output", "out.docx"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "[B603]" in printed.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("kb", "build", "absent.obo", "--output", "kb"), "B150"),
        (("kb", "build", *VOCABULARY, "--output", "kb", "--option", "id"), "B110"),
        (("kb", "build", *VOCABULARY, "--output", "kb", "--option", "colour=red"), "B154"),
        (("kb", "build", *VOCABULARY, "--output", "kb", "--format", "xml"), "B157"),
        (("link", "pipeline", "texts.txt", "--output", "out.docx"), "B603"),
    ],
)
def test_errors_have_codes(
    arguments: tuple[str, ...], code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spacy_bel.errors import BelError

    monkeypatch.chdir(tmp_path)
    with pytest.raises(BelError, match=rf"\[{code}\]"):
        run(*arguments)
    assert not (tmp_path / "kb").exists()
