import json
from pathlib import Path
from typing import Any

import pytest

from spacy_bel.corpora.document import GoldDocument
from spacy_bel.corpora.jsonl import read_jsonl
from spacy_bel.corpora.report import ReadReport
from spacy_bel.errors import BelError


def write(path: Path, *records: Any) -> Path:
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return path


def test_own_layout(tmp_path: Path) -> None:
    record = {
        "id": 7,
        "lang": "es",
        "text": "🤒 gripe y fiebre",
        "mentions": [
            {"start": 2, "end": 7, "label": "Disease", "ids": ["mesh:D007251"]},
            {"start": 2, "end": 16, "ids": ["MESH:D007251", "HP:0001945"], "mode": "all"},
            {"start": 10, "end": 16, "label": "Finding", "ids": ["NIL"], "text": "fiebre"},
            {"start": 10, "end": 16, "label": "Finding"},
            {"start": 0, "end": 1, "label": "SequenceVariant", "ids": ["c|DEL||5"]},
        ],
    }
    (document,) = read_jsonl(write(tmp_path / "a.jsonl", record))
    assert (document.id, document.lang) == ("7", "es")
    assert [(mention.text, mention.label, mention.ids) for mention in document.mentions] == [
        ("gripe", "Disease", ("MESH:D007251",)),
        ("gripe y fiebre", "ENTITY", ("MESH:D007251", "HP:0001945")),
        ("fiebre", "Finding", ("NIL",)),
        ("fiebre", "Finding", ()),
        ("🤒", "SequenceVariant", ("c|DEL||5",)),
    ]
    assert [mention.mode for mention in document.mentions] == ["any", "all", "any", "any", "any"]


def test_missing_id_and_language(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"text": ""}, {"text": "flu", "lang": None})
    assert list(read_jsonl(path, lang="fr")) == [
        GoldDocument("1", "", "fr"),
        GoldDocument("2", "flu", "fr"),
    ]
    assert [document.lang for document in read_jsonl(path)] == ["en", "en"]


def test_entity_layout_of_pharmaconer(tmp_path: Path) -> None:
    record = {
        "id": "S1",
        "lang": "es",
        "text": "PSA y litio",
        "entities": [
            [6, 11, "NORMALIZABLES", "litio", "85899009"],
            [0, 3, "PROTEINAS", "PSA", "<null>"],
            [0, 3, "UNCLEAR", "PSA", ""],
            [5, 10, "NORMALIZABLES", "litio", "chebi:30145"],
        ],
    }
    report = ReadReport()
    (document,) = read_jsonl(write(tmp_path / "a.jsonl", record), report=report)
    assert [mention.kb_id for mention in document.mentions] == [
        "SNOMEDCT:85899009",
        "NIL",
        "",
        "CHEBI:30145",
    ]
    assert document.mentions[3].start == 6
    assert report.repairs == {"moved": 1}


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"id": "1"}',
        '{"text": 3}',
        '{"text": "half a pair \\ud83d"}',
        '{"text": "flu", "mentions": [{"start": 0}]}',
        '{"text": "flu", "mentions": [{"start": "0", "end": 3}]}',
        '{"text": "flu", "mentions": [{"start": true, "end": 3}]}',
        '{"text": "flu", "mentions": [{"start": 0, "end": 9}]}',
        '{"text": "flu", "mentions": [{"start": 0, "end": 3, "ids": "D007251"}]}',
        '{"text": "flu", "mentions": [{"start": 0, "end": 3, "ids": [7]}]}',
        '{"text": "flu", "mentions": [{"start": 0, "end": 3, "mode": "most"}]}',
        '{"text": "flu", "entities": [[0, 3]]}',
        '{"text": "flu", "entities": 3}',
    ],
)
def test_malformed_lines(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"text": "cold"}}\n\n{line}\n')
    with pytest.raises(BelError, match=r"B202.*a\.jsonl, line 3"):
        list(read_jsonl(path))
    report = ReadReport(max_errors=1)
    assert "cold" in {document.text for document in read_jsonl(path, report=report)}
    assert len(report.bad_lines) == 1
