from pathlib import Path

import pytest

from spacy_bel.corpora.document import GoldDocument
from spacy_bel.corpora.report import ReadReport
from spacy_bel.corpora.xlbel import read_xlbel
from spacy_bel.errors import BelError


def read(path: Path, line: str, report: ReadReport | None = None) -> GoldDocument:
    path.write_text(f"{line}\n", encoding="utf-8")
    (document,) = read_xlbel(path, report=report)
    return document


def test_marks_are_removed_and_spaces_kept(tmp_path: Path) -> None:
    report = ReadReport()
    line = "C0021400|C4521676||流感|| 又称  <tgt>流感</tgt> ,是病。"
    document = read(tmp_path / "zh_1k_test_query_with_context.txt", line, report)
    assert (document.id, document.lang) == ("zh-1", "zh")
    assert document.text == " 又称  流感 ,是病。"
    assert document.mentions[0].kb_id == "UMLS:C0021400|UMLS:C4521676"
    assert document.mentions[0].start == 5
    assert not report.repairs


@pytest.mark.parametrize(
    ("line", "text", "repair"),
    [
        ("C1||Grippe||Die <tgt></tgt> kommt.", "Die Grippe kommt.", "restored"),
        ("C1||Grippe||Die <tgt> </tgt> kommt.", "Die Grippe kommt.", "restored"),
        ("C1||grippe||Die <tgt>Grippe</tgt> kommt.", "Die Grippe kommt.", "respelled"),
        ("C1||Grippe||Die <tgt> Grippe</tgt> kommt.", "Die  Grippe kommt.", "trimmed"),
    ],
)
def test_repairs(tmp_path: Path, line: str, text: str, repair: str) -> None:
    report = ReadReport()
    document = read(tmp_path / "de_1k.txt", line, report)
    assert document.text == text
    assert document.mentions[0].text == "Grippe"
    assert report.repairs == {repair: 1}


@pytest.mark.parametrize(
    "line", ["C1||flu||The flu.", "C1||The <tgt>flu</tgt>", "C1||||The <tgt></tgt>."]
)
def test_malformed_lines(tmp_path: Path, line: str) -> None:
    path = tmp_path / "en_1k.txt"
    path.write_text(f"\n{line}\nC2||cold||A <tgt>cold</tgt>.\n")
    with pytest.raises(BelError, match=r"B202.*en_1k\.txt, line 2"):
        list(read_xlbel(path))
    (document,) = read_xlbel(path, report=ReadReport(max_errors=1))
    assert document.id == "en-3"


def test_the_language_must_be_known(tmp_path: Path) -> None:
    path = tmp_path / "endocrine.txt"
    path.write_text("C1||flu||The <tgt>flu</tgt>.\n")
    with pytest.raises(BelError, match="B205"):
        list(read_xlbel(path))
    (document,) = read_xlbel(path, lang="tr")
    assert document.lang == "tr"
