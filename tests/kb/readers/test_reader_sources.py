"""Sources on the command line: files, options, formats, and what is wrong with them."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import pytest

from spacy_bel.errors import BelError
from spacy_bel.kb.readers import READERS, ReadProblem, parse_source, read, sniff
from spacy_bel.types import Concept

TABLE = "id\tname\nX:1\tfever\n"


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def first(source: str | Path) -> Concept:
    record = next(iter(read(source)))
    assert isinstance(record, Concept)
    return record


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "B153"),
        (b"\n \r\n", "B153"),
        (gzip.compress(b"", mtime=0), "B153"),
        (bytes(range(256)), "B152"),
        (TABLE.encode("utf-16"), "B152"),
        (lzma.compress(b"id\tname\n" * 999), "B152"),
        (gzip.compress(TABLE.encode() * 9, mtime=0)[:10], "B151"),
        (b"Dear reader,\nthis is prose, not a vocabulary.\n", "B001"),
        (b"word count\n1 2\n", "B001"),
        (b'{"title": "no ids"}\n', "B001"),
        (b"C0000005||mention||A sentence with it.\n", "B001"),
        (b"{broken\n", "B001"),
        (b"id\tname\n", "B158"),
        (b"format-version: 1.2\nontology: doid\n", "B158"),
    ],
)
def test_unusable_files_say_why(content: bytes, code: str, tmp_path: Path) -> None:
    path = write(tmp_path / "file.txt", content)
    with pytest.raises(BelError, match=rf"\[{code}\].*file\.txt"):
        list(read(path, on_error=lambda problem: None))


def test_the_unrecognised_are_told_the_formats(tmp_path: Path) -> None:
    with pytest.raises(BelError, match=", ".join(READERS)):
        sniff(write(tmp_path / "letter.txt", "Dear reader"))


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(BelError, match=r"B150.*no such file"):
        read(tmp_path / "absent.tsv")
    with pytest.raises(BelError, match=r"B150.*directory"):
        read(tmp_path)
    with pytest.raises(BelError, match="B150"):
        read("nul\0character.tsv")


def test_a_gzip_file_that_breaks_off_yields_what_came_before(tmp_path: Path) -> None:
    rows = "".join(f"X:{number}\tname {number * 7919 % 10007}\n" for number in range(30_000))
    whole = gzip.compress(f"id\tname\n{rows}".encode())
    path = write(tmp_path / "cut.tsv.gz", whole[: len(whole) // 2])
    seen = 0
    with pytest.raises(BelError, match="B151") as caught:
        for _ in read(path):
            seen += 1
    assert 1000 < seen < 30_000
    assert f"after line {seen + 1} " in str(caught.value)


def test_a_nul_character_deep_in_the_file_costs_its_line(tmp_path: Path) -> None:
    rows = "".join(f"X:{number}\tname {number}\n" for number in range(9000))
    path = write(tmp_path / "list.tsv", f"id\tname\n{rows}X:9000\tfe\0ver\nX:9001\tcough\n")
    problems: list[ReadProblem] = []
    assert sum(1 for _ in read(path, on_error=problems.append)) == 9001
    assert [(problem.line, problem.message) for problem in problems] == [(9002, "a NUL character")]


def test_options_in_the_source(tmp_path: Path) -> None:
    path = write(tmp_path / "list.tsv", "key\tterm\tother\n7\tfiebre\tpirexia;calentura\n")
    source = f"{path}?id=key&name=term&synonyms=other&separator=;&prefix=MyKB&lang=es&type=Sign"
    concept = first(source)
    assert concept.id == "MyKB:7"
    assert concept.name == "fiebre"
    assert [(alias.name, alias.kind, alias.lang) for alias in concept.aliases] == [
        ("fiebre", "preferred", "es"),
        ("pirexia", "exact", "es"),
        ("calentura", "exact", "es"),
    ]
    assert concept.types == ("Sign",)
    (other,) = read(source, prefix="Other")
    assert isinstance(other, Concept)
    assert other.id == "Other:7"


def test_a_question_mark_in_a_file_name(tmp_path: Path) -> None:
    path = write(tmp_path / "what?id=key", TABLE)
    assert parse_source(str(path)) == (path, {})
    assert first(str(path)).id == "X:1"
    assert first(f"{path}?type=Sign").types == ("Sign",)
    assert first(path).id == "X:1"


def test_a_format_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "dictionary", "D000001||fever\n")
    assert list(read(f"{path}?format=biosyn")) == list(read(path, format="biosyn"))
    with pytest.raises(BelError, match=r"B157.*obo"):
        read(path, format="owl")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("colour=blue", "B154.*colour.*separator"),
        ("nonsense", "B155"),
        ("name=Term", "B156.*Term.*id, name"),
        ("id=code", "B156.*code"),
        ("lang=Spanish", "B159.*lang"),
        ("kind=best", "B159.*kind.*preferred"),
        ("delimiter=two", "B159.*delimiter"),
        ("quoted=maybe", "B159.*quoted"),
    ],
)
def test_unusable_options_say_why(query: str, code: str, tmp_path: Path) -> None:
    path = write(tmp_path / "list.tsv", TABLE)
    with pytest.raises(BelError, match=code):
        list(read(f"{path}?{query}"))


def test_an_id_option_makes_a_table_only_of_what_nothing_else_recognises(tmp_path: Path) -> None:
    ontology = write(tmp_path / "x.obo", "format-version: 1.2\n\n[Term]\nid: X:1\nname: fever\n")
    with pytest.raises(BelError, match=r"B154.*'id'.*x\.obo, read as obo.*prefixes"):
        read(ontology, id="code")
    letter = write(tmp_path / "codes", "code\tterm\nX:1\tfever\n")
    assert next(iter(read(letter, id="code", name="term"))) == next(
        iter(read(write(tmp_path / "list.tsv", TABLE).rename(tmp_path / "codes")))
    )


def test_readers_without_options_say_so(tmp_path: Path) -> None:
    path = write(tmp_path / "list.tsv", TABLE)
    with pytest.raises(BelError, match=r"B154.*takes none"):
        read(path, format="ctd", prefix="MESH")


def test_problems_print_as_compilers_print_them() -> None:
    assert str(ReadProblem("kb/list.tsv", 7, "no id")) == "kb/list.tsv:7: no id"
