"""The commands, on the embedded sample, as a shell would call them."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from spacy_bel.cli.app import app
from spacy_bel.kb.store import Store

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


def test_build_names_the_knowledge_base_after_its_directory(sample: Path) -> None:
    store = Store(sample)
    assert store.name == "sample"
    assert store.meta["version"] == "7"
    assert store.meta["sources"] == ["concepts.obo", "chemicals.tsv", "names_es.tsv"]


def test_build_with_options_of_a_source(tmp_path: Path) -> None:
    table = tmp_path / "codes.csv.gz"
    with gzip.open(table, "wt", encoding="utf-8") as file:
        file.write('code,label,other\nD003920,Diabetes,"sugar sickness|DM"\n')
    source = f"{table}?id=code&name=label&synonyms=other&prefix=MESH"
    run("kb", "build", source, "--output", tmp_path / "kb")
    assert Store(tmp_path / "kb").ids_of_name("Sugar sickness") == ["MESH:D003920"]


def test_options_hold_for_all_sources(tmp_path: Path) -> None:
    for name, code in (("a", "D003920"), ("b", "D009203")):
        (tmp_path / f"{name}.tsv").write_text(f"code\tlabel\n{code}\t{name} disease\n")
    sources = [tmp_path / "a.tsv", tmp_path / "b.tsv"]
    options = ["--option", "id=code", "--option", "name=label", "--option", "prefix=MESH"]
    run("kb", "build", *sources, "--output", tmp_path / "kb", *options)
    assert set(Store(tmp_path / "kb")) == {"MESH:D003920", "MESH:D009203"}


def test_info_shows_counts_languages_types_and_checksum(sample: Path) -> None:
    output = run("kb", "info", sample, "--verify")
    for expected in ("164", "Disease", "MESH", "es", Store(sample).checksum, "homonyms"):
        assert expected in output


def test_lookup_explains_its_scores(sample: Path) -> None:
    output = run("kb", "lookup", sample, "heart attacks", "-k", "3")
    first = next(line for line in output.splitlines() if "MESH:D009203" in line)
    assert "Myocardial Infarction" in first
    assert "exact 0.98" in first
    assert "https://bioregistry.io/MESH:D009203" in first


def test_lookup_of_an_identifier_describes_it(sample: Path) -> None:
    assert "Myocardial Infarction" in run("kb", "lookup", sample, "MESH:D009203")


def test_lookup_keeps_types_and_languages(sample: Path) -> None:
    assert "Gene" in run("kb", "lookup", sample, "APC", "--types", "Gene")
    assert "Adenomatous" not in run("kb", "lookup", sample, "APC", "--types", "Gene")
    assert "infarto" in run("kb", "lookup", sample, "infarto de miocardio", "--languages", "es")


def test_lookup_of_nothing_says_so(sample: Path) -> None:
    assert "No name in sample is like" in run("kb", "lookup", sample, "%%%")


def test_add_takes_mentions_as_names_and_leaves_the_original(sample: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "train.spacy"
    run("convert", ASSETS / "annotated_train.PubTator.txt", corpus)
    before = Store(sample).checksum
    output = run("kb", "add", sample, corpus, "--as-aliases", "--output", tmp_path / "more")
    assert "annotated names added" in output
    assert Store(sample).checksum == before
    assert (
        Store(tmp_path / "more").meta["counts"]["aliases"] > Store(sample).meta["counts"]["aliases"]
    )


def test_link_writes_what_the_suffix_says(sample: Path, tmp_path: Path) -> None:
    import spacy
    from spacy.tokens import DocBin

    nlp = spacy.blank("en")
    nlp.add_pipe("bel_matcher", config={"kb": str(sample)})
    nlp.add_pipe("bel_linker", config={"kb": str(sample), "extensions": "mesh"})
    nlp.to_disk(tmp_path / "pipeline")
    texts = tmp_path / "texts.jsonl"
    texts.write_text('{"text": "Gout <b> after furosemide."}\n{"text": "Nothing here."}\n')
    for suffix in ("jsonl", "spacy", "html"):
        output = run("link", tmp_path / "pipeline", texts, "--output", tmp_path / f"out.{suffix}")
        assert "2 texts, 2 entities, 2 linked, 0 NIL" in output
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [entity["id"] for entity in records[0]["entities"]] == ["MESH:D006073", "MESH:D005665"]
    assert records[0]["entities"][0]["candidates"][0]["name"] == "Gout"
    docs = list(DocBin().from_disk(tmp_path / "out.spacy").get_docs(nlp.vocab))
    assert [entity.kb_id_ for entity in docs[0].ents] == ["MESH:D006073", "MESH:D005665"]
    page = (tmp_path / "out.html").read_text()
    assert "https://bioregistry.io/MESH:D006073" in page
    assert "<b>" not in page


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


def test_a_known_error_is_one_message_and_no_traceback(tmp_path: Path) -> None:
    done = shell("kb", "info", tmp_path)
    assert done.returncode == 1
    assert "[B100]" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


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


def test_add_without_as_aliases_says_what_to_give(sample: Path) -> None:
    from spacy_bel.errors import BelError

    with pytest.raises(BelError, match="--as-aliases"):
        run("kb", "add", sample, "corpus.spacy")


@pytest.mark.parametrize("content", ["", "\n\n", '{"no": "text"}\n', "not json\n"])
def test_link_of_no_text_writes_nothing(sample: Path, tmp_path: Path, content: str) -> None:
    import spacy

    from spacy_bel.errors import BelError

    nlp = spacy.blank("en")
    nlp.add_pipe("bel_linker", config={"kb": str(sample)})
    nlp.to_disk(tmp_path / "pipeline")
    (tmp_path / "texts.jsonl").write_text(content)
    (tmp_path / "out.jsonl").write_text("precious")
    with pytest.raises(BelError, match="B605"):
        run("link", tmp_path / "pipeline", tmp_path / "texts.jsonl", "-o", tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "out.jsonl",
        "pipeline",
        "texts.jsonl",
    ]


def test_malformed_lines_are_shown_and_limited(tmp_path: Path) -> None:
    table = tmp_path / "names.tsv"
    table.write_text("mesh_id\tname\nD003920\tDiabetes\n\tno id\nD009203\tInfarction\n")
    done = shell("kb", "build", table, "--output", tmp_path / "kb")
    assert done.returncode == 0
    assert "names.tsv:3:" in done.stdout + done.stderr
    shutil.rmtree(tmp_path / "kb")
    done = shell("kb", "build", table, "--output", tmp_path / "kb", "--max-errors", "0")
    assert done.returncode == 1
    assert "[B106]" in done.stdout + done.stderr
    assert not (tmp_path / "kb").exists()
