import resource
from pathlib import Path

import pytest
import typer
from spacy.vocab import Vocab
from typer.testing import CliRunner

from spacy_bel.cli.convert import convert
from spacy_bel.corpora import GOLD_KEY
from spacy_bel.corpora.docs import doc_id, doc_lang
from spacy_bel.corpora.reader import read_docs
from spacy_bel.errors import BelError

PUBTATOR = """1|t|Breast and ovarian cancer, fever and BRCA1
1\t0\t25\tBreast and ovarian cancer\tDisease\tD001943|D010051
1\t11\t25\tovarian cancer\tDisease\tD010051
1\t28\t33\tfever\tDisease\t-1
1\t37\t42\tBRCA1\tGene

2|t|Nothing
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text(PUBTATOR)
    return path


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "new" / "corpus.spacy"


def app() -> typer.Typer:
    application = typer.Typer()
    application.command()(convert)
    return application


def test_command_line(corpus: Path, output: Path, tmp_path: Path) -> None:
    german = tmp_path / "de_1k.txt"
    german.write_text("C0021400||Grippe||Die <tgt>Grippe</tgt>.\n")
    result = CliRunner().invoke(app(), [str(corpus), str(german), str(output)])
    assert result.exit_code == 0, result.output
    rows = dict(line.split(maxsplit=1) for line in result.output.splitlines()[1:] if " " in line)
    assert rows["documents"] == "3"
    assert rows["mentions"] == "5"
    assert rows["NIL"] == "1"
    assert rows["composite"] == "1"
    assert rows["overlapping"] == "1"
    assert rows["types"] == "Disease 3, Gene 1, ENTITY 1"
    assert rows["repaired"] == "1 (moved 1)"
    assert "  with id      3" in result.output
    assert "  without id   1" in result.output
    assert "unique ids     3" in result.output
    assert "line 4: moved: 'fever'" in result.output
    docs = list(read_docs(output, Vocab()))
    assert [(doc_id(doc), doc_lang(doc)) for doc in docs] == [
        ("1", "en"),
        ("2", "en"),
        ("de-1", "de"),
    ]
    assert [span.kb_id_ for doc in docs for span in doc.spans[GOLD_KEY]] == [
        "MESH:D001943|MESH:D010051",
        "MESH:D010051",
        "NIL",
        "",
        "UMLS:C0021400",
    ]


def test_types_are_kept_and_documents_too(corpus: Path, output: Path) -> None:
    convert([corpus, output], types=" Gene,Species ")
    first, second = read_docs(output, Vocab())
    assert [span.label_ for span in first.spans[GOLD_KEY]] == ["Gene"]
    assert len(second.spans[GOLD_KEY]) == 0


def test_types_that_do_not_occur_are_an_error(corpus: Path, output: Path) -> None:
    with pytest.raises(BelError, match=r"B211.*Diseases.*Disease, Gene"):
        convert([corpus, output], types="Diseases")
    assert not output.exists()


def test_language_and_prefix(corpus: Path, output: Path) -> None:
    corpus.write_text("1|t|gripe\n1\t0\t5\tgripe\tX\t6142004\n")
    convert([corpus, output], lang="es", prefix="SNOMED")
    (doc,) = read_docs(output, Vocab())
    assert doc_lang(doc) == "es"
    assert doc.ents[0].kb_id_ == "SNOMEDCT:6142004"


def test_malformed_lines_stop_the_conversion_past_a_limit(corpus: Path, output: Path) -> None:
    output.parent.mkdir()
    output.write_bytes(b"old")
    with corpus.open("a") as stream:
        stream.write("2\t0\tNothing\n")
    with pytest.raises(BelError, match=r"B202.*corpus\.txt, line 8"):
        convert([corpus, output])
    assert output.read_bytes() == b"old"
    result = CliRunner().invoke(app(), [str(corpus), str(output), "--max-errors", "1"])
    assert "bad lines      1" in result.output
    assert "line 8" in result.output
    assert len(list(read_docs(output, Vocab()))) == 2


def test_the_last_argument_must_be_the_output(corpus: Path, output: Path) -> None:
    for paths in ([corpus], [output], [output, corpus], [output, output]):
        with pytest.raises(BelError, match="B209"):
            convert(paths)


def test_a_file_without_documents_is_an_error(corpus: Path, output: Path) -> None:
    corpus.write_text("\n")
    with pytest.raises(BelError, match="B210"):
        convert([corpus, output], file_format="pubtator")
    with pytest.raises(BelError, match="B206"):
        convert([corpus, output], file_format="brat")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(corpus: Path, output: Path) -> None:
    output.parent.mkdir()
    output.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(BelError, match=r"B212.*corpus\.spacy.*too large"):
            convert([corpus, output])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in output.parent.iterdir()] == ["corpus.spacy"]
    assert output.read_bytes() == b"old"
    with pytest.raises(BelError, match="B212"):
        convert([corpus, corpus / "corpus.spacy"])
