"""The commands, on the embedded sample, as a shell would call them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from spacy_bel.cli.app import app, main

ASSETS = Path(__file__).parents[2] / "assets"
VOCABULARY = [str(ASSETS / "concepts.obo"), str(ASSETS / "chemicals.tsv")]
SPANISH = str(ASSETS / "names_es.tsv")


def run(*arguments: str | Path) -> str:
    """Run a command in this process and give what it prints."""
    from typer.testing import CliRunner

    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("kb") / "sample"
    output = run("kb", "build", *VOCABULARY, SPANISH, "--output", directory, "--version", "7")
    assert "164 concepts" in output
    return directory


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


def shell(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "spacy_bel", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


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
