from pathlib import Path

import pytest

from spacy_bel.corpora.psytar import read_psytar
from spacy_bel.corpora.report import ReadReport
from spacy_bel.errors import BelError

HEADER = "type\tdrug_id\tsentence_index\tmention\tcui\tcui_name\tcui2\tsentence"


def write(path: Path, *rows: tuple[str, str, str, str, str, str]) -> Path:
    lines = [
        f"{kind}\tdrug.1\t{index}\t{mention}\t{cui}\tname\t{second}\t{sentence}"
        for kind, index, mention, cui, second, sentence in rows
    ]
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return path


def test_mentions_of_a_sentence_come_together(tmp_path: Path) -> None:
    sentence = "Back pain, then PAIN and more pain."
    path = write(
        tmp_path / "mapped.tsv",
        ("ADR", "1", "pain", "C0030193", "", sentence),
        ("ADR", "1", "pain", "C0030193", "", sentence),
        ("WD", "2", "tired", "C0015672", "C0231218", "Tired."),
        ("SSI", "1", "back pain", "C0004604", "", sentence),
        ("SSI", "1", "pain", "", "", sentence),
    )
    report = ReadReport()
    first, second = read_psytar(path, report=report)
    assert (first.id, second.id) == ("drug.1.1", "drug.1.2")
    assert [(m.start, m.text, m.label, m.kb_id) for m in first.mentions] == [
        (16, "PAIN", "ADR", "UMLS:C0030193"),
        (30, "pain", "ADR", "UMLS:C0030193"),
        (0, "Back pain", "SSI", "UMLS:C0004604"),
        (5, "pain", "SSI", ""),
    ]
    assert second.mentions[0].kb_id == "UMLS:C0015672|UMLS:C0231218"
    assert report.repairs == {"respelled": 3}


def test_whole_words_come_first(tmp_path: Path) -> None:
    row = ("ADR", "1", "numb", "C0028643", "", "Counting numbers while numb.")
    (document,) = read_psytar(write(tmp_path / "mapped.tsv", row))
    assert document.mentions[0].start == 23


def test_a_mention_outside_its_sentence_keeps_its_text_and_context(tmp_path: Path) -> None:
    sentence = "My arms and also my legs were numb."
    path = write(
        tmp_path / "mapped.tsv",
        ("ADR", "1", "numb arms", "C0239830", "", sentence),
        ("ADR", "1", "numb", "C0028643", "", sentence),
        ("ADR", "2", "dizzy", "C0012833", "", ""),
    )
    report = ReadReport()
    inside, apart, alone = read_psytar(path, report=report)
    assert [mention.text for mention in inside.mentions] == ["numb"]
    assert inside.text == sentence
    assert (apart.id, apart.text) == ("drug.1.1#2", f"{sentence}\nnumb arms")
    assert (apart.mentions[0].text, apart.mentions[0].kb_id) == ("numb arms", "UMLS:C0239830")
    assert alone.text == alone.mentions[0].text == "dizzy"
    assert report.repairs == {"restored": 2}


def test_malformed_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "mapped.tsv", ("ADR", "1", " ", "C1", "", "Numb."))
    with path.open("a") as stream:
        stream.write("ADR\tdrug.1\n")
    report = ReadReport(max_errors=2)
    assert list(read_psytar(path, report=report)) == []
    assert len(report.bad_lines) == 2
    with pytest.raises(BelError, match=r"B202.*mapped\.tsv, line 2"):
        list(read_psytar(path))


def test_another_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.tsv"
    path.write_text("id\tname\nD003920\tdiabetes\n")
    with pytest.raises(BelError, match=r"B203.*lacks drug_id, sentence_index, mention"):
        list(read_psytar(path))
