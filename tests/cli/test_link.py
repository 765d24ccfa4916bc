"""The ``link`` command, on texts as users have them."""

from __future__ import annotations

import gzip
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_bel.cli.app import app
from spacy_bel.errors import BelError
from spacy_bel.kb.build import build_from_records
from spacy_bel.types import Alias, Concept

GOUT, FUROSEMIDE, CANCER = "MESH:D006073", "MESH:D005665", "MESH:D001943"
CONCEPTS = [
    Concept(GOUT, "Gout"),
    Concept(FUROSEMIDE, "Furosemide"),
    Concept(CANCER, "Breast Neoplasms", (Alias("breast cancer"),)),
    Concept("MESH:D009369", "Neoplasms", (Alias("cancer"),)),
]

_READ = """
import sys
import spacy
from spacy.tokens import DocBin
from spacy_bel.mentions.writing import register_extensions
register_extensions("mesh")
for doc in DocBin().from_disk(sys.argv[1]).get_docs(spacy.blank("en").vocab):
    print([(entity._.mesh_ids, entity._.mesh_candidates[0].name) for entity in doc.ents])
"""

Link = Callable[..., str]


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("kb") / "small"
    build_from_records(CONCEPTS, directory, {"name": "small"})
    return str(directory)


@pytest.fixture(scope="module")
def pipeline(kb: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    nlp = spacy.blank("en")
    nlp.add_pipe("bel_matcher", config={"kb": kb})
    nlp.add_pipe("bel_linker", config={"kb": kb, "extensions": "mesh"})
    directory = tmp_path_factory.mktemp("pipeline")
    nlp.to_disk(directory)
    return directory


@pytest.fixture(scope="module")
def spans_pipeline(kb: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline that finds and links overlapping spans, and no entities."""
    nlp = spacy.blank("en")
    ruler: Any = nlp.add_pipe("span_ruler", config={"spans_key": "sc"})
    ruler.add_patterns([{"label": "X", "pattern": each} for each in ("breast cancer", "cancer")])
    nlp.add_pipe("bel_linker", config={"kb": kb, "spans": "sc"})
    directory = tmp_path_factory.mktemp("pipeline")
    nlp.to_disk(directory)
    return directory


def link(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, ["link", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def read(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.jsonl"
    path.write_text('{"text": "Gout <b> after furosemide."}\n{"text": "Nothing here."}\n')
    return path


@pytest.mark.parametrize("suffix", ["jsonl", "spacy", "html"])
def test_all_formats_hold_the_same_links(pipeline: Path, texts: Path, suffix: str) -> None:
    output = texts.with_name(f"out.{suffix}")
    assert "2 texts, 2 entities, 2 linked, 0 NIL" in link(pipeline, texts, "--output", output)
    if suffix == "spacy":
        docs = list(DocBin().from_disk(output).get_docs(spacy.blank("en").vocab))
        assert [[entity.kb_id_ for entity in doc.ents] for doc in docs] == [[GOUT, FUROSEMIDE], []]
    else:
        content = output.read_text(encoding="utf-8")
        assert [content.count(id_) > 0 for id_ in (GOUT, FUROSEMIDE, CANCER)] == [True, True, False]
    if suffix == "html":
        assert f'href="https://bioregistry.io/{GOUT}"' in content
        assert "<b>" not in content


def test_a_line_holds_all_that_is_known(pipeline: Path, tmp_path: Path) -> None:
    texts, output = tmp_path / "texts.jsonl", tmp_path / "out.jsonl"
    records = [
        {"id": 7, "text": "Gout.", "meta": {"year": 1999}, "entities": "old"},
        {"text": "Breast cancer cured by furosemide", "id": "b"},
    ]
    texts.write_text("".join(json.dumps(record) + "\n" for record in records))
    link(pipeline, texts, "--output", output)
    first, second = read(output)
    assert {**first, "entities": "old"} == records[0]
    assert second["id"] == "b"
    (gout,) = first["entities"]
    candidates = gout.pop("candidates")
    assert candidates[0] == {"id": GOUT, "name": "Gout", "alias": "Gout", "score": gout["score"]}
    assert 0.9 < gout.pop("score") <= 1
    assert gout == {
        "start": 0,
        "end": 4,
        "text": "Gout",
        "label": "CONCEPT",
        "id": GOUT,
        "ids": [GOUT],
        "nil": 0.0,
        "error": None,
    }


def test_records_stay_with_their_texts_in_several_processes(pipeline: Path, tmp_path: Path) -> None:
    texts, output = tmp_path / "texts.jsonl", tmp_path / "out.jsonl"
    records = [{"id": number, "text": f"Gout {number}"} for number in range(10)]
    texts.write_text("".join(json.dumps(record) + "\n" for record in records))
    link(pipeline, texts, "--output", output, "--n-process", "2", "--batch-size", "3")
    assert [{"id": each["id"], "text": each["text"]} for each in read(output)] == records


def test_spans_are_linked_too(spans_pipeline: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("Has breast cancer.\n")
    for suffix in ("jsonl", "html"):
        printed = link(spans_pipeline, texts, "--output", tmp_path / f"out.{suffix}")
        assert "1 texts, 2 entities, 2 linked, 0 NIL" in printed
    (record,) = read(tmp_path / "out.jsonl")
    found = {entity["text"]: entity["id"] for entity in record["entities"]}
    assert found == {"breast cancer": CANCER, "cancer": "MESH:D009369"}
    # Of spans that overlap a page of entities can show one.
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert page.count("<mark") == 1
    assert CANCER in page


@pytest.mark.parametrize("name", ["texts.txt", "texts.txt.gz", "texts.jsonl.gz", "noname"])
def test_texts_may_be_compressed(pipeline: Path, tmp_path: Path, name: str) -> None:
    text = "Gout\u2028und Müdigkeit"
    content = json.dumps({"text": text}) if "jsonl" in name else f"\ufeff{text}\r\n\n"
    data = content.encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    link(pipeline, tmp_path / name, "--output", tmp_path / "out.jsonl")
    (record,) = read(tmp_path / "out.jsonl")
    assert record["text"] == text
    assert [entity["id"] for entity in record["entities"]] == [GOUT]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "there is no text"),
        (b"\n\n", "there is no text"),
        (b'{"text": "Gout"}\n{"no": "text"}\n', 'line 2 has no "text"'),
        (b'{"text": 7}\n', 'line 1 has no "text"'),
        (b"not json\n", "line 1: not valid JSON"),
        (b'["text"]\n', "line 1: a JSON object"),
        (b'{"text": "Gout"}\n{"text": "\xff"}\n', "line 2: not valid UTF-8"),
    ],
)
def test_what_holds_no_text_leaves_the_old_file(
    pipeline: Path, tmp_path: Path, content: bytes, problem: str
) -> None:
    texts, output = tmp_path / "texts.jsonl", tmp_path / "out.jsonl"
    texts.write_bytes(content)
    output.write_text("precious")
    with pytest.raises(BelError, match=rf"\[B605\].*texts\.jsonl: {problem}"):
        link(pipeline, texts, "--output", output)
    assert output.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "texts.jsonl"]


def test_a_missing_file_of_texts(pipeline: Path, tmp_path: Path) -> None:
    with pytest.raises(BelError, match=r"\[B150\].*absent\.txt: there is no such file"):
        link(pipeline, tmp_path / "absent.txt", "--output", tmp_path / "out.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(pipeline: Path, texts: Path) -> None:
    occupied = texts / "out.jsonl"
    with pytest.raises(BelError, match=r"\[B604\].*/texts\.jsonl/out\.jsonl: [A-Z][a-z ]+\.$"):
        link(pipeline, texts, "--output", occupied)


def test_a_full_disk_leaves_the_old_file(pipeline: Path, texts: Path) -> None:
    output = texts.with_name("out.jsonl")
    output.write_text("precious")
    texts.write_text("\n".join(['{"text": "Gout after furosemide"}'] * 50))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(BelError, match=r"\[B604\].*/out\.jsonl: File too large"):
            link(pipeline, texts, "--output", output)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert output.read_text() == "precious"
    assert sorted(path.name for path in output.parent.iterdir()) == ["out.jsonl", "texts.jsonl"]


def test_a_pipeline_that_cannot_be_loaded(texts: Path) -> None:
    output = texts.with_name("out.jsonl")
    with pytest.raises(BelError, match=r"\[B508\].*no-such-pipeline"):
        link("no-such-pipeline", texts, "--output", output)
    (texts.parent / "config.cfg").write_text('[nlp]\nlang = "en"\npipeline = ["x"]\n')
    (texts.parent / "meta.json").write_text("{}")
    with pytest.raises(BelError, match=r"\[B508\]"):
        link(texts.parent, texts, "--output", output)
    assert not output.exists()


def test_of_several_linkers_one_is_named(kb: str, texts: Path, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("bel_matcher", config={"kb": kb})
    for name in ("one", "two"):
        settings = {"kb": kb, "extensions": name, "write_kb_id": name == "one"}
        nlp.add_pipe("bel_linker", name=name, config=settings)
    nlp.to_disk(tmp_path / "pipeline")
    with pytest.raises(BelError, match=r"\[B503\].*component"):
        link(tmp_path / "pipeline", texts, "--output", tmp_path / "out.jsonl")
    link(tmp_path / "pipeline", texts, "--output", tmp_path / "out.jsonl", "--component", "two")
    assert read(tmp_path / "out.jsonl")[0]["entities"][0]["ids"] == [GOUT]


def test_links_are_read_in_a_new_process(pipeline: Path, texts: Path) -> None:
    output = texts.with_name("out.spacy")
    assert "register_extensions('mesh')" in link(pipeline, texts, "--output", output)
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(output)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"[(('{GOUT}',), 'Gout'), (('{FUROSEMIDE}',), 'Furosemide')]",
        "[]",
    ]


def test_every_option_is_explained() -> None:
    import inspect

    import typer

    from spacy_bel.cli import convert, evaluate, link

    for module in (convert.convert, evaluate.evaluate, link.link):
        for name, parameter in inspect.signature(module, eval_str=True).parameters.items():
            (option,) = parameter.annotation.__metadata__
            assert isinstance(option, typer.models.ParameterInfo)
            assert option.help, f"{module.__name__} {name}"
