"""What every reader must do, whatever its format."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.kb.readers import READERS, ReadProblem, Record, Retired, TextFile, read, sniff
from spacy_bel.types import ALIAS_KINDS, Concept

RELEASES = Path(__file__).parent / "releases"


@dataclass(frozen=True)
class Sample:
    """A small file in the exact published layout, and a line that does not belong there.

    Some vocabularies come as several files, so others may lie beside it, by name.
    """

    format: str
    filename: str
    text: str
    bad_line: str
    ids: tuple[str, ...]
    beside: Mapping[str, str] = field(default_factory=dict)

    def surround(self, folder: Path) -> None:
        """Write the files that lie beside it."""
        for name, text in self.beside.items():
            (folder / name).write_text(text, encoding="utf-8")


def released(format_: str, pattern: str, bad_line: str, ids: str) -> Sample:
    """A sample from the folder of releases, with the files of its own release beside it."""
    (path,) = RELEASES.glob(pattern)
    folder = RELEASES / path.relative_to(RELEASES).parts[0]
    beside = {p.name: p.read_text(encoding="utf-8") for p in folder.rglob("*.*") if p != path}
    text = path.read_text(encoding="utf-8")
    return Sample(format_, path.name, text, bad_line, tuple(ids.split()), beside)


SAMPLES = {
    "ctd": Sample(
        "ctd",
        "CTD_diseases.tsv",
        "# The Comparative Toxicogenomics Database (CTD)\n"
        "# Report created: Tue Jun 06 11:31:46 EDT 2017\n#\n# Fields:\n"
        "# DiseaseName\tDiseaseID\tAltDiseaseIDs\tDefinition\tParentIDs\tTreeNumbers"
        "\tParentTreeNumbers\tSynonyms\tSlimMappings\n#\n"
        "Abdomen, Acute\tMESH:D000006\t\tA clinical syndrome.\tMESH:D015746\tC23.888\tC23"
        "\tAcute  Abdomen|Abdomens, Acute||Acute Abdomen|Abdomen, Acute\tSigns and symptoms\n"
        "18-Hydroxylase deficiency\tMESH:C537806\tOMIM:203400|DO:DOID:0060395\t\tMESH:D006994"
        "\tC19.053.500.480/C537806\tC19.053.500.480\tCMO I Deficiency\tMetabolic disease\n",
        "Half a line\tMESH:D000008",
        ("MESH:D000006", "MESH:C537806"),
    ),
    "ctd-chemicals": released(
        "ctd",
        "ctd/CTD_chemicals.tsv",
        "Half a line\tMESH:D000008",
        "MESH:C534883 MESH:D001241",
    ),
    "umls": released(
        "umls",
        "umls/META/MRCONSO.RRF",
        "C9000009|ENG|P|L9000009|PF",
        "UMLS:C9000001 UMLS:C9000002",
    ),
    "snomed": released(
        "snomed",
        "snomed/**/sct2_Concept_Snapshot_INT_20240101.txt",
        "90560003\t20240101",
        "SNOMEDCT:138875005 SNOMEDCT:90560001 SNOMEDCT:90560002",
    ),
    "taxonomy": released(
        "taxonomy",
        "taxdump/names.dmp",
        "10091\t|\tMus\t|",
        "NCBITaxon:1 NCBITaxon:9605 NCBITaxon:9606 NCBITaxon:10090",
    ),
    "gene-info": released(
        "gene-info",
        "gene/gene_info",
        "9606\t3640\tINSL3",
        "NCBIGene:3630 NCBIGene:16334 NCBIGene:30262",
    ),
    "icd10cm-order": released(
        "icd10cm",
        "icd10cm/icd10cm_order_2024.txt",
        "00007 A09     1 short",
        "ICD10CM:A00 ICD10CM:A00.0 ICD10CM:A00.1 ICD10CM:S02 ICD10CM:S02.0 ICD10CM:S02.0XXA",
    ),
    "icd10cm-codes": released(
        "icd10cm",
        "icd10cm/icd10cm_codes_2024.txt",
        "no code",
        "ICD10CM:A00.0 ICD10CM:A00.1 ICD10CM:S02.0XXA",
    ),
    "obo": Sample(
        "obo",
        "doid.obo",
        "format-version: 1.2\nontology: doid\n\n[Term]\nid: DOID:0001816\nname: angiosarcoma\n"
        'synonym: "hemangiosarcoma" EXACT []\nsynonym: "hemangiosarcoma" RELATED []\n'
        'synonym: "" EXACT []\nis_a: DOID:175 ! vascular cancer\n\n'
        "[Term]\nid: DOID:4\nname: disease\n\n[Typedef]\nid: part_of\nname: part of\n",
        "a line without a tag",
        ("DOID:0001816", "DOID:4"),
    ),
    "scispacy": Sample(
        "scispacy",
        "kb.jsonl",
        '{"concept_id": "C0000005", "aliases": ["(131)I-MAA", "(131)I-MAA", " "], '
        '"types": ["T116"], "canonical_name": "macroaggregated albumin"}\n'
        '{"concept_id": "C0000039", "aliases": [], "types": [], "definition": "A lecithin.", '
        '"canonical_name": "1,2-dipalmitoylphosphatidylcholine"}\n',
        '{"concept_id": "C0000096", "canonical_name":',
        ("UMLS:C0000005", "UMLS:C0000039"),
    ),
    "speclist": Sample(
        "speclist",
        "speclist.txt",
        "Release:     2021_03 of 02-Jun-2021\n\n(1) Real organism codes\n\n"
        "Code    Taxon    N=Official (scientific) name\n        Node     C=Common name\n"
        "                 S=Synonym\n_____ _ _______  ______\n"
        "ABANI E   72259: N=Abaeis nicippe\n                 C=Sleepy orange butterfly\n"
        "                 S=Eurema nicippe\nABAPA E  102642: N=Abax parallelepipedus\n",
        "ABC without a number: N=Nothing",
        ("NCBITaxon:72259", "NCBITaxon:102642"),
    ),
    "biosyn": Sample(
        "biosyn",
        "medic.txt",
        "C567755|613097||Tooth Agenesis, Selective, 6|STHAG6|STHAG6\n"
        "115200|D002311||Cardiomyopathy, Dilated|CDCD1\n",
        "no bars here",
        ("MESH:C567755", "OMIM:115200"),
    ),
    "tsv": Sample(
        "table",
        "mesh.tsv",
        "mesh_id\tname\tsynonyms\ttree_numbers\tparents\n"
        "D000002\tTemefos\tTemephos|Temephos||Temefos\tD02.705.400.625.800\tD063086\n"
        'D000003\t5" needle\t\tJ01.576\t\n',
        "D000004\ttoo few",
        ("MESH:D000002", "MESH:D000003"),
    ),
    "csv": Sample(
        "table",
        "diseases.csv",
        'id,name,synonyms\nDOID:4,disease,disorder|disorder\nDOID:1,"fever, ""high""",\n',
        "DOID:2,one,two,three",
        ("DOID:4", "DOID:1"),
    ),
    "jsonl": Sample(
        "table",
        "hp.jsonl",
        '{"id": "HP:0001945", "name": "Fever", "synonyms": ["Pyrexia", "Pyrexia", ""]}\n'
        '{"id": "HP:0000118", "label": "Phenotypic abnormality"}\n',
        "[1, 2]",
        ("HP:0001945", "HP:0000118"),
    ),
}

every_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)


def write(folder: Path, sample: Sample, text: str | None = None) -> Path:
    sample.surround(folder)
    path = folder / sample.filename
    path.write_bytes((sample.text if text is None else text).encode())
    return path


def concepts(records: list[Record]) -> list[Concept]:
    return [record for record in records if isinstance(record, Concept)]


@every_sample
def test_the_sample_is_recognised_and_read_whole(sample: Sample, tmp_path: Path) -> None:
    path = write(tmp_path, sample)
    assert sniff(path) == sample.format
    records = concepts(list(read(path)))  # without a callback, a problem would raise
    assert tuple(concept.id for concept in records) == sample.ids


@every_sample
def test_records_are_clean(sample: Sample, tmp_path: Path) -> None:
    for concept in concepts(list(read(write(tmp_path, sample)))):
        for curie in (concept.id, *concept.parents, *concept.xrefs, *concept.retired):
            assert re.fullmatch(r"[^\s:]+:\S+", curie)
        names = [(alias.name, alias.lang) for alias in concept.aliases]
        assert concept.name
        assert len(names) == len(set(names))
        assert (concept.name, "en") not in names
        assert all(name == " ".join(name.split()) != "" for name, _ in names)
        assert all(alias.kind in ALIAS_KINDS for alias in concept.aliases)
        assert all(concept.types)
        assert concept.source == sample.filename


@every_sample
def test_plain_gzip_crlf_and_bom_read_the_same(sample: Sample, tmp_path: Path) -> None:
    expected = list(read(write(tmp_path, sample)))
    assert list(read(write(tmp_path, sample))) == expected
    windows = "\ufeff" + sample.text.replace("\n", "\r\n")
    assert list(read(write(tmp_path, sample, windows))) == expected
    zipped = tmp_path / "zipped" / sample.filename  # the content tells, not the name
    zipped.parent.mkdir()
    sample.surround(zipped.parent)
    zipped.write_bytes(gzip.compress(sample.text.encode()))
    assert sniff(zipped) == sample.format
    assert list(read(zipped)) == expected


@every_sample
def test_a_malformed_line_is_reported_and_the_others_stay(sample: Sample, tmp_path: Path) -> None:
    text = sample.text.rstrip("\n")
    if sample.format == "obo":
        text = text.partition("\n\n[Typedef]")[0]
    damaged = f"{text}\n{sample.bad_line}\n"
    path = write(tmp_path, sample, damaged)
    problems: list[ReadProblem] = []
    records = concepts(list(read(path, on_error=problems.append)))
    assert tuple(concept.id for concept in records) == sample.ids
    assert [(problem.path, problem.line) for problem in problems] == [
        (str(path), len(damaged.splitlines()))
    ]
    assert problems[0].message
    with pytest.raises(BelError, match="B160"):
        list(read(path))


@every_sample
def test_a_line_that_is_not_utf8_is_reported_and_the_others_stay(
    sample: Sample, tmp_path: Path
) -> None:
    path = write(tmp_path, sample)
    path.write_bytes(sample.text.encode() + b"\nFi\xe8vre\n")
    problems: list[ReadProblem] = []
    records = concepts(list(read(path, on_error=problems.append)))
    assert tuple(concept.id for concept in records) == sample.ids
    assert [problem.line for problem in problems] == [sample.text.count("\n") + 2]
    assert "0xe8" in problems[0].message


@every_sample
def test_reading_streams(sample: Sample, tmp_path: Path) -> None:
    path = write(tmp_path, sample, sample.text * 400)
    file = TextFile(path, lambda problem: None)
    records = READERS[sample.format].read(file, {})
    next(records)
    assert file.line <= len(sample.text.splitlines())
    assert sum(isinstance(record, Concept) for record in records) >= 400


@every_sample
def test_a_truncated_gzip_file_says_how_far_it_goes(sample: Sample, tmp_path: Path) -> None:
    sample.surround(tmp_path)
    path = tmp_path / f"{sample.filename}.gz"
    path.write_bytes(gzip.compress(sample.text.encode())[:-12])
    with pytest.raises(BelError, match=r"B151.*after line \d+"):
        list(read(path, format=sample.format))


def read_whatever(path: Path, name: str) -> None:
    try:
        records = list(read(path, format=name, on_error=lambda problem: None))
    except BelError as error:
        assert re.match(r"\[B1\d\d\]", str(error))
    else:
        assert records
        assert all(isinstance(record, Concept | Retired) for record in records)


@pytest.mark.parametrize("name", READERS)
@given(content=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_foreign_content_never_breaks_a_reader(
    name: str, content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / f"foreign.{name}"
    path.write_bytes(content)
    read_whatever(path, name)


@every_sample
@given(data=st.data())
def test_damaged_content_never_breaks_a_reader(
    sample: Sample, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = sample.text.encode()
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    junk = data.draw(
        st.binary(max_size=20) | st.text('"\\{}[]|:!,\t\n', max_size=20).map(str.encode)
    )
    sample.surround(tmp_path_factory.getbasetemp())
    path = tmp_path_factory.getbasetemp() / f"damaged.{sample.filename}"
    path.write_bytes(content[:start] + junk + content[end:])
    read_whatever(path, sample.format)
