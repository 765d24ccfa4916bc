import gzip
from pathlib import Path

import pytest

from spacy_bel.corpora.pubtator import read_pubtator
from spacy_bel.corpora.report import ReadReport
from spacy_bel.errors import BelError

SAMPLE = """
101|t|Lithium and heart disease.
101|a|Lithium harms heart and liver.
101\t0\t7\tLithium\tChemical\tD008094
101\t12\t25\theart disease\tDiseaseClass\t D006331
101\t27\t34\tLithium\tChemical\tD008094
101\t41\t56\theart and liver\tDisease\tD006331|D008107\theart|liver
101\tCID\tD008094\tD006331


102|t|BRCA1 variants
102|a|
102\t0\t5\tBRCA1\tGeneOrGeneProduct\t672(Tax:9606)
102\t0\t14\tBRCA1 variants\tSequenceVariant\tc|DEL||5
102\tAssociation\t672\tc|DEL||5\tNovel
103|t|No mention here."""


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def test_documents_and_mentions(tmp_path: Path) -> None:
    report = ReadReport()
    first, second, third = read_pubtator(write(tmp_path / "a.txt", SAMPLE), report=report)
    assert first.text == "Lithium and heart disease.\nLithium harms heart and liver."
    assert [(mention.text, mention.kb_id) for mention in first.mentions] == [
        ("Lithium", "MESH:D008094"),
        ("heart disease", "MESH:D006331"),
        ("Lithium", "MESH:D008094"),
        ("heart and liver", "MESH:D006331|MESH:D008107"),
    ]
    assert (second.id, second.text) == ("102", "BRCA1 variants")
    assert [mention.concepts for mention in second.mentions] == [("NCBIGene:672",), ("c|DEL||5",)]
    assert (third.id, third.text, third.mentions) == ("103", "No mention here.", ())
    assert not report.repairs and not report.bad_lines


def test_line_ends_compression_and_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    plain = list(read_pubtator(write(tmp_path / "a.txt", SAMPLE)))
    dos = tmp_path / "b"
    dos.write_bytes(gzip.compress(b"\xef\xbb\xbf" + SAMPLE.lstrip().replace("\n", "\r\n").encode()))
    assert list(read_pubtator(dos)) == plain


def test_other_separators_do_not_end_a_line(tmp_path: Path) -> None:
    text = "1|t|A\u2028B\x0bC\x85D\r E flu\n1\t12\t15\tflu\tDisease\tD007251\n"
    (document,) = read_pubtator(write(tmp_path / "a.txt", text))
    assert document.text == "A\u2028B\x0bC\x85D\r E flu"
    assert document.mentions[0].text == "flu"


def test_a_missing_id_column_is_not_nil(tmp_path: Path) -> None:
    text = (
        "1|t|ras raf\n1\t0\t3\tras\tFamilyName\n1\t4\t7\traf\tGene\t-\n1\t0\t7\tras raf\tGene\t\n"
    )
    (document,) = read_pubtator(write(tmp_path / "a.txt", text))
    assert [mention.ids for mention in document.mentions] == [(), ("NIL",), ()]


def test_wrong_offsets_are_repaired_and_noted(tmp_path: Path) -> None:
    text = "1|t|The ras gene\n1\t3\t6\tras\tGene\t3265\n1\t8\t12\tkinase\tGene\t1\n"
    path = write(tmp_path / "a.txt", text)
    report = ReadReport()
    (document,) = read_pubtator(path, report=report)
    assert [mention.text for mention in document.mentions] == ["ras", "gene"]
    assert report.repairs == {"moved": 1, "unmatched": 1}
    assert report.notes[1] == f"{path}, line 3: unmatched: 'kinase'"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1\t0\t3", "3 tab-separated columns"),
        ("more text", "1 tab-separated columns"),
        ("2\t0\t3\tras\tGene\t3265", "it annotates '2'"),
        ("1\tx0\t3\tras\tGene\t3265", "'x0' and '3' are not whole numbers"),
        ("1\t-1\t3\tras\tGene\t3265", "'-1' and '3' are not whole numbers"),
        ("1\t0\t3\tras", "no type"),
        ("1\t0\t3\tras\t \t3265", "no type"),
        ("1\t70\t73\tabc\tGene\t3265", r"no mention 'abc' at \(70, 73\)"),
    ],
)
def test_malformed_lines(tmp_path: Path, line: str, reason: str) -> None:
    path = write(tmp_path / "a.txt", f"1|t|ras raf\n{line}\n1\t4\t7\traf\tGene\t5894\n")
    with pytest.raises(BelError, match=rf"B202.*a\.txt, line 2: .*{reason}"):
        list(read_pubtator(path))
    report = ReadReport(max_errors=1)
    (document,) = read_pubtator(path, report=report)
    assert [mention.text for mention in document.mentions] == ["raf"]
    assert len(report.bad_lines) == 1


def test_a_mention_before_any_text_is_malformed(tmp_path: Path) -> None:
    with pytest.raises(BelError, match=r"B202.*stands under 'nothing'"):
        list(read_pubtator(write(tmp_path / "a.txt", "1\t0\t3\tras\tGene\t3265\n")))


def test_bytes_that_are_not_utf8_name_their_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"1|t|ras\n1|a|na\xefve\n")
    with pytest.raises(BelError, match=r"B202.*line 2: not valid UTF-8"):
        list(read_pubtator(path))


def test_a_missing_or_damaged_file(tmp_path: Path) -> None:
    with pytest.raises(BelError, match=r"B150.*absent: there is no such file"):
        list(read_pubtator(tmp_path / "absent"))
    with pytest.raises(BelError, match=r"B150.*directory"):
        list(read_pubtator(tmp_path))
    whole = gzip.compress(SAMPLE.encode())
    damaged = tmp_path / "b.gz"
    for content in (whole[:-20], whole[:12] + b"damage" + whole[18:]):
        damaged.write_bytes(content)
        with pytest.raises(BelError, match=r"(B202|B151).*b\.gz"):
            list(read_pubtator(damaged))


def test_language_and_prefix_are_options(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "1|t|gripe\n1\t0\t5\tgripe\tX\t6142004\n")
    (document,) = read_pubtator(path, lang="es", prefix="SNOMED")
    assert (document.lang, document.mentions[0].kb_id) == ("es", "SNOMEDCT:6142004")
