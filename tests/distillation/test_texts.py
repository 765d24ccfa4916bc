"""Texts of any size and format, in pieces."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import DocBin

from spacy_bel.distillation.texts import PIECE, pieces, read_texts
from spacy_bel.errors import BelError


def test_every_format_is_read(tmp_path: Path) -> None:
    plain = tmp_path / "a.txt"
    plain.write_text("first line\r\n\n  \nsecond line", encoding="utf-8")
    lines = tmp_path / "b.jsonl.gz"
    with gzip.open(lines, "wt", encoding="utf-8") as file:
        file.write('{"id": 7, "text": "from JSON"}\n\n{"text": "without id"}\n')
    tagged = tmp_path / "c.txt"
    tagged.write_text("12|t|A title\n12|a|An abstract\n12\t2\t7\ttitle\tX\tMESH:D1\n\n")
    docs = tmp_path / "d.spacy"
    DocBin(docs=[spacy.blank("en")("a document")]).to_disk(docs)
    found = [(t.doc_id, t.content, t.offset) for t in read_texts([plain, lines, tagged, docs])]
    assert found == [
        ("a.txt:1", "first line", 0),
        ("a.txt:4", "second line", 0),
        ("7", "from JSON", 0),
        ("b.jsonl.gz:3", "without id", 0),
        ("12", "A title\nAn abstract", 0),
        ("d.spacy:1", "a document", 0),
    ]


@given(st.text(alphabet=st.sampled_from("ab. 。\n"), min_size=1).map(lambda t: t * 9_000))
def test_pieces_are_the_text(text: str) -> None:
    found = list(pieces("d", text))
    assert "".join(piece.content for piece in found) == text
    for piece in found:
        assert 0 < len(piece.content) <= PIECE
        assert text[piece.offset : piece.offset + len(piece.content)] == piece.content


def test_a_piece_ends_with_a_sentence() -> None:
    first, second = pieces("d", "word " * 3_000 + "end. " + "more " * 2_000)
    assert first.content.endswith("end. ")
    assert second.offset == len(first.content)


@pytest.mark.parametrize("word", ["heart attack ", "x"])
def test_a_line_of_any_length_is_never_in_memory_as_a_whole(word: str, tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    text = word * (3_000_000 // len(word))
    path.write_text(text + "\nlast", encoding="utf-8")
    tracemalloc.start()
    size, ends = 0, 0
    for piece in read_texts([path]):
        assert piece.offset == (0 if piece.doc_id.endswith(":2") else size)
        size += len(piece.content)
        ends += piece.doc_id.endswith(":2")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (size, ends) == (len(text) + len("last"), 1)
    assert peak < 1_500_000


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt", " \n\n", "no text"),
        ("a.jsonl", '{"body": "x"}\n', 'no "text"'),
        ("a.jsonl", "{\n", "line 1"),
    ],
)
def test_what_holds_no_text_is_refused(
    name: str, content: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BelError, match=rf"B(800|153).*({reason}|empty)"):
        list(read_texts([path]))


def test_json_texts_keep_their_ids(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"id": "PMC1", "text": "words " * PIECE}) + "\n")
    found = list(read_texts([path]))
    assert {piece.doc_id for piece in found} == {"PMC1"}
    assert len(found) == 6 + (len("words " * PIECE) % PIECE > 0) or len(found) > 5
