import gzip
from pathlib import Path

import pytest

from spacy_bel.corpora import read_corpus, sniff
from spacy_bel.errors import BelError

CONTENTS = {
    "pubtator": "\n12|t|The flu\n12|a|\n12\t4\t7\tflu\tDisease\tD007251\n",
    "bioc-xml": "<?xml version='1.0'?>\n<collection><document><id>1</id><passage><offset>0</offset>"
    '<text>The flu</text><annotation id="1"><location offset="4" length="3"/><text>flu</text>'
    "</annotation></passage></document></collection>\n",
    "bioc-json": '{"id": "1", "passages": [{"offset": 0, "text": "The flu", "annotations": ['
    '{"infons": {}, "text": "flu", "locations": [{"offset": 4, "length": 3}]}]}]}\n',
    "xlbel": "C0021400||flu||The <tgt>flu</tgt>.\n",
    "psytar": "drug_id\tsentence_index\tmention\tcui\tsentence\nd\t1\tflu\tC0021400\tThe flu.\n",
    "jsonl": '\ufeff{"text": "The flu", "mentions": [{"start": 4, "end": 7}]}\n',
}


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("compressed", [False, True])
def test_formats_are_told_from_content(tmp_path: Path, name: str, compressed: bool) -> None:
    path = tmp_path / "en_corpus"
    content = CONTENTS[name].encode()
    path.write_bytes(gzip.compress(content) if compressed else content)
    assert sniff(path) == name
    (document,) = read_corpus(path)
    assert [mention.text for mention in document.mentions] == ["flu"]


def test_a_named_format_overrules_the_content(tmp_path: Path) -> None:
    path = tmp_path / "en_corpus"
    path.write_text(CONTENTS["xlbel"])
    with pytest.raises(BelError, match="B202"):
        list(read_corpus(path, file_format="pubtator"))


@pytest.mark.parametrize("content", ["ID-REF: 1\nsome text\n", "id\tname\n1\tflu\n"])
def test_an_unknown_format_names_the_known_ones(tmp_path: Path, content: str) -> None:
    path = tmp_path / "corpus"
    path.write_text(content)
    with pytest.raises(BelError, match=r"B001.*pubtator, bioc-xml, bioc-json, xlbel"):
        read_corpus(path)


def test_an_unknown_format_name(tmp_path: Path) -> None:
    with pytest.raises(BelError, match=r"B206.*'conll'.*auto, pubtator"):
        read_corpus(tmp_path, file_format="conll")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "B153.*is empty"),
        (b"\n \n", "B153.*is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 50, "B152.*binary"),
        (bytes(range(128, 256)) * 10, "B001.*first line is"),
        ("id\tname\n".encode("utf-16"), "B152.*UTF-16"),
        (gzip.compress(b"1|t|The flu\n", mtime=0)[:12], "B151.*compressed stream"),
    ],
)
def test_what_is_no_text_is_called_so(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(content)
    with pytest.raises(BelError, match=problem):
        sniff(path)
