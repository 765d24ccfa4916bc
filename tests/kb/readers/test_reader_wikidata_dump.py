"""Wikidata's entity dump in its published layout."""

from __future__ import annotations

import bz2
import gzip
import json
import tracemalloc
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from spacy_bel.errors import BelError
from spacy_bel.kb.readers import ReadProblem, TextFile, read, sniff
from spacy_bel.kb.readers.wikidata_dump import read_wikidata_dump
from spacy_bel.types import Alias, Concept

Claims = Mapping[str, list[tuple[Any, str]]]


def entity(item: str, labels: Mapping[str, str], claims: Claims, **aliases: list[str]) -> str:
    """An entity as the dump writes it: without blanks, and empty mappings as ``[]``."""

    def statement(name: str, value: Any, rank: str) -> dict[str, Any]:
        kind = "wikibase-entityid" if isinstance(value, dict) else "string"
        snak: dict[str, Any] = {"snaktype": "somevalue", "property": name}
        if value is not None:
            snak |= {"snaktype": "value", "datavalue": {"value": value, "type": kind}}
        return {"mainsnak": snak, "type": "statement", "id": f"{item}$1", "rank": rank}

    def terms(lang: str, values: list[str]) -> list[dict[str, str]]:
        return [{"language": lang, "value": value} for value in values]

    value: dict[str, Any] = {
        "type": "item",
        "id": item,
        "labels": {lang: {"language": lang, "value": name} for lang, name in labels.items()} or [],
        "descriptions": {"en": {"language": "en", "value": "interruption of blood supply"}},
        "aliases": {lang: terms(lang, values) for lang, values in aliases.items()} or [],
        "claims": {n: [statement(n, *pair) for pair in pairs] for n, pairs in claims.items()} or [],
        "sitelinks": [],
        "lastrevid": 1,
    }
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


DISAMBIGUATION = {"entity-type": "item", "numeric-id": 4167410, "id": "Q4167410"}
DISEASE = {"entity-type": "item", "numeric-id": 12136, "id": "Q12136"}

INFARCTION = entity(
    "Q12152",
    {"en": "myocardial infarction", "de": "Myokardinfarkt", "ko": "심근경색", "pt-br": "infarto"},
    {
        "P31": [(DISEASE, "normal")],
        "P486": [("D009203", "normal")],
        "P699": [("DOID:5844", "preferred"), ("DOID:9408", "normal"), ("DOID:1", "deprecated")],
        "P5270": [(None, "normal")],
    },
    de=["Herzinfarkt"],
    he=["התקף לב"],
)
DIABETES = entity(
    "Q12206",
    {"ar": "السكري", "ja": "糖尿病"},
    {"P486": [("D003920", "deprecated"), ("D1", "normal")]},
)
PAGE = entity(
    "Q225594",
    {"de": "Infarkt"},
    {"P31": [(DISAMBIGUATION, "normal")], "P486": [("D007238", "normal")]},
)
CITY = entity("Q64", {"de": "Berlin"}, {})
PROPERTY = json.dumps({"type": "property", "id": "P486", "labels": {}, "aliases": {}, "claims": {}})


def dump(*entities: str) -> str:
    return "[\n" + ",\n".join(entities) + "\n]\n"


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def unexpected(problem: ReadProblem) -> None:
    raise AssertionError(problem)


def concepts(
    path: Path | str, left_out: Counter[str] | None = None, file_format: str | None = None
) -> list[Concept]:
    records = list(read(path, left_out=left_out, format=file_format))
    assert all(isinstance(record, Concept) and not record.name for record in records)
    return [record for record in records if isinstance(record, Concept)]


def problems_of(path: Path) -> list[ReadProblem]:
    problems: list[ReadProblem] = []
    list(read(path, on_error=problems.append))
    return problems


NAMES = (
    Alias("myocardial infarction", "exact", "en", "wikidata:Q12152"),
    Alias("Myokardinfarkt", "exact", "de", "wikidata:Q12152"),
    Alias("심근경색", "exact", "ko", "wikidata:Q12152"),
    Alias("infarto", "exact", "pt", "wikidata:Q12152"),
    Alias("Herzinfarkt", "related", "de", "wikidata:Q12152"),
    Alias("התקף לב", "related", "he", "wikidata:Q12152"),
)


def test_every_identifier_of_an_item_gets_its_names(tmp_path: Path) -> None:
    path = write(tmp_path / "latest-all.json", dump(PROPERTY, CITY, INFARCTION, PAGE, DIABETES))
    assert sniff(path) == "wikidata-dump"
    left_out: Counter[str] = Counter()
    assert concepts(path, left_out) == [
        Concept("MESH:D009203", "", NAMES, source="latest-all.json"),
        Concept("DOID:5844", "", NAMES, source="latest-all.json"),
    ]
    assert left_out == {"page of Wikimedia": 1, "identifier of an unknown form (P486)": 1}


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_a_packed_dump_reads_the_same(pack: Any, tmp_path: Path) -> None:
    text = dump(INFARCTION, DIABETES)
    plain = concepts(write(tmp_path / "dump.json", text))
    path = write(tmp_path / "dump.json", pack(text.encode()))
    assert sniff(path) == "wikidata-dump"
    assert concepts(path) == plain != []
    # Packed in several streams, as parallel compressors do.
    halves = text[:100].encode(), text[100:].encode()
    assert concepts(write(path, b"".join(map(pack, halves)))) == plain
    write(path, pack(dump(*[INFARCTION] * 50).encode())[:-12])
    with pytest.raises(BelError, match=r"B151.*after line \d+"):
        concepts(path, file_format="wikidata-dump")


def test_bytes_that_only_begin_like_bzip2(tmp_path: Path) -> None:
    with pytest.raises(BelError, match="B151"):
        concepts(write(tmp_path / "dump.json", b"BZh9 is no block"))


def test_a_dump_in_crlf_without_brackets_and_with_blanks(tmp_path: Path) -> None:
    text = json.dumps(json.loads(INFARCTION)) + "\r\n" + DIABETES + "\r\n"
    path = write(tmp_path / "part.json", "\ufeff" + text)
    assert sniff(path) == "wikidata-dump"
    assert [concept.aliases for concept in concepts(path)] == [NAMES, NAMES]


def test_options_limit_properties_and_languages(tmp_path: Path) -> None:
    path = write(tmp_path / "dump.json", dump(INFARCTION))
    (concept,) = concepts(f"{path}?properties=P699&languages=de,pt-BR")
    assert concept.id == "DOID:5844"
    assert [alias.name for alias in concept.aliases] == ["Myokardinfarkt", "infarto", "Herzinfarkt"]
    for query, code in (("properties=P31", "B159.*P31"), ("languages=German", "B159.*languages")):
        with pytest.raises(BelError, match=code):
            concepts(f"{path}?{query}")
    with pytest.raises(BelError, match="B158"):
        concepts(f"{path}?languages=tr")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (INFARCTION[:-1], "one JSON object"),
        (INFARCTION.replace('"labels":{', '"labels":{,'), "not valid JSON"),
        (INFARCTION.replace('"Q12152"', '"L12152"', 1), "'L12152' is not the id of an item"),
        (INFARCTION.replace('"claims":{', '"claims":7,"c":{'), "a mapping is expected"),
        (INFARCTION.replace('"language":"de",', "", 1), "without language"),
        (INFARCTION.replace("심근경색", "\\ud800"), "surrogate"),
    ],
)
def test_malformed_entities_are_reported_and_the_others_stay(
    line: str, message: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "dump.json", dump(line, INFARCTION))
    (problem,) = problems_of(path)
    assert problem.line == 2
    assert message in problem.message
    records = list(read(path, on_error=lambda problem: None))
    assert len(records) == 2


def test_the_dump_streams(tmp_path: Path) -> None:
    file = TextFile(write(tmp_path / "dump.json", dump(*[INFARCTION] * 400)), unexpected)
    records = read_wikidata_dump(file, {})
    next(records)
    assert file.line == 2
    assert sum(1 for _ in records) == 799


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress])
def test_memory_does_not_grow_with_the_dump(
    compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    peaks = []
    for size in (200, 4000):
        lines = (INFARCTION.replace("D009203", f"D{number:06}") for number in range(size))
        path = tmp_path / f"{size}.json"
        path.write_bytes(compress(dump(*lines).encode()))
        tracemalloc.start()
        try:
            assert sum(1 for _ in read(path)) == 2 * size
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000


def test_a_first_entity_longer_than_what_is_looked_at(tmp_path: Path) -> None:
    long = entity("Q1", {"en": "x" * 100_000}, {"P486": [("D009203", "normal")]})
    assert len(concepts(write(tmp_path / "dump.json", dump(long)))) == 1
