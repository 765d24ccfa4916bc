"""Tables: usual columns, published layouts, options, quoting and malformed rows."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.kb.readers import ReadProblem, read
from spacy_bel.kb.readers.mesh_trees import types_of_tree_numbers
from spacy_bel.types import Alias, Concept

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def concepts(folder: Path, content: str, name: str = "list.tsv", **options: str) -> list[Concept]:
    path = folder / name
    path.write_bytes(content.encode())
    records = list(read(f"{path}?{urlencode(options)}"))
    assert all(isinstance(record, Concept) for record in records)
    return [record for record in records if isinstance(record, Concept)]


def problems_of(folder: Path, content: str, name: str = "list.tsv") -> list[ReadProblem]:
    path = folder / name
    path.write_bytes(content.encode())
    problems: list[ReadProblem] = []
    list(read(path, on_error=problems.append))
    return problems


def table(*rows: str) -> str:
    """Rows written with blanks for tabs and ``_`` for a blank."""
    return "".join("\t".join(row.split(" ")).replace("_", " ") + "\n" for row in rows)


def test_mesh_types_come_from_the_tree(tmp_path: Path) -> None:
    rows = "mesh_id\tname\ttree_numbers\tparents\nD009369\tNeoplasms\tC04|F03.1\tD004194\n"
    (concept,) = concepts(tmp_path, rows)
    assert (concept.types, concept.parents) == (("Disease",), ("MESH:D004194",))


@pytest.mark.parametrize(
    ("numbers", "types"),
    [
        (["C04.588", "A01"], ["Disease", "Anatomy"]),
        (["A11.251.210"], ["CellLine"]),
        (["A11.2511"], ["Cell"]),
        (["F03.625", "F01.1"], ["Disease", "Behavior"]),
        (["D02.705", " C23/C537806"], ["Chemical", "Disease"]),
        (["", "Q99"], []),
    ],
)
def test_types_of_tree_numbers(numbers: list[str], types: list[str]) -> None:
    assert types_of_tree_numbers(numbers) == types


def test_translations_only_add(tmp_path: Path) -> None:
    rows = [
        "source_language\tsource_value\tsubject_id\tpredicate_id\ttranslation_language"
        "\ttranslation_value\ttranslation_status",
        "en\tFever\tHP:0001945\trdfs:label\tja\t発熱\tOFFICIAL",
        "en\tElevated.\tHP:0001945\tIAO:0000115\tja\t体温の上昇\tOFFICIAL",
        "en\tAll\tHP:0000001\trdfs:label\tja\tNA\tNOT_TRANSLATED",
    ]
    (concept,) = concepts(tmp_path, "\n".join(rows))
    assert (concept.id, concept.name, concept.types) == ("HP:0001945", "", ())
    assert concept.aliases == (Alias("Fever", "exact", "en"), Alias("発熱", "preferred", "ja"))


def test_only_a_label_brings_what_it_translates(tmp_path: Path) -> None:
    rows = [
        "source_language\tsource_value\tsubject_id\tpredicate_id\ttranslation_language"
        "\ttranslation_value",
        "fr\tFièvre\tHP:1\trdfs:label\tja\t発熱",
        "\tFever\tHP:2\trdfs:label\tja\t発熱",
        "en\tPyrexia\tHP:3\toboInOwl:hasExactSynonym\tja\t発熱",
    ]
    aliases = [concept.aliases for concept in concepts(tmp_path, "\n".join(rows))]
    assert aliases == [
        (Alias("Fièvre", "exact", "fr"), Alias("発熱", "preferred", "ja")),
        (Alias("Fever", "exact", "en"), Alias("発熱", "preferred", "ja")),
        (Alias("発熱", "exact", "ja"),),
    ]


def test_a_robot_template_names_its_language(tmp_path: Path) -> None:
    rows = [
        "subject_id\ttranslation_value\tcomment",
        "ID\tAL oboInOwl:hasNarrowSynonym@nl SPLIT=|\t",
        "HP:0001945\tkoorts|verhoging\tOFFICIAL",
        "HP:0000003\tMulticystic kidneys\tNOT_TRANSLATED",
    ]
    (concept,) = concepts(tmp_path, "\n".join(rows))
    assert concept.aliases == (
        Alias("koorts", "narrow", "nl"),
        Alias("verhoging", "narrow", "nl"),
    )


def test_a_spreadsheet_export_is_quoted(tmp_path: Path) -> None:
    rows = [
        "source_id\tpredicate\tsource_text\ttranslation_text\ttranslation_lang\treview_notes",
        'DOID:1\trdfs:label\tx\tfiebre\tes\t"two\nlines, ""quoted"""',
        "DOID:2\toboInOwl:hasExactSynonym\ty\ttos\tes\t",
    ]
    fever, cough = concepts(tmp_path, "\n".join(rows))
    assert fever.aliases == (Alias("x", "exact", "en"), Alias("fiebre", "preferred", "es"))
    assert cough.aliases == (Alias("tos", "exact", "es"),)


def test_mappings_only_add_references(tmp_path: Path) -> None:
    rows = [
        "#curie_map:",
        "subject_id\tobject_id\tpredicate_id",
        "pharmgkb.drug:PA1000\tdrugbank:DB00914\tskos:exactMatch",
        "pharmgkb.drug:PA1000\tmesh:D000001\tskos:broadMatch",
    ]
    (concept,) = concepts(tmp_path, "\n".join(rows))
    assert (concept.id, concept.name) == ("PHARMGKB.DRUG:PA1000", "")
    assert concept.xrefs == ("DRUGBANK:DB00914",)


def test_one_name_on_each_line(tmp_path: Path) -> None:
    rows = [
        "text\tcurie\tname\tpredicate\tsource",
        "nitric oxide\tdrugcentral:1\tnitric oxide\trdfs:label\tdrugcentral",
        "NO\tdrugcentral:1\tnitric oxide\toboInOwl:hasRelatedSynonym\tdrugcentral",
    ]
    first, second = concepts(tmp_path, "\n".join(rows))
    assert (first.id, first.name, first.aliases) == ("DRUGCENTRAL:1", "nitric oxide", ())
    assert second.aliases == (Alias("NO", "related"),)


def test_names_in_many_languages(tmp_path: Path) -> None:
    rows = "cui\tlang\tname\tvia\nC0000731\tcs\tNadýmání\tHP:1\nC0000731\tzh-Hans\t腹胀\tHP:1\n"
    czech, chinese = concepts(tmp_path, rows)
    assert (czech.id, czech.name) == ("UMLS:C0000731", "")
    assert czech.aliases == (Alias("Nadýmání", "exact", "cs"),)
    assert chinese.aliases == (Alias("腹胀", "exact", "zh"),)


def test_annotated_names_carry_counts(tmp_path: Path) -> None:
    (concept,) = concepts(tmp_path, "cui\tnames_with_counts\nC0000097\tMPTP::9|a::b::2\n")
    assert concept.name == ""
    assert concept.aliases == (
        Alias("MPTP", "annotated", count=9),
        Alias("a::b", "annotated", count=2),
    )


def test_retired_ids_in_a_table_of_their_own(tmp_path: Path) -> None:
    header = "retired_or_missing_mesh_id\tcurrent_descriptor\tcurrent_name\ttrain_dev_mentions\n"
    (concept,) = concepts(tmp_path, f"{header}C005435\tD000077553\tEdaravone\tedaravone::5\n")
    assert (concept.id, concept.name) == ("MESH:D000077553", "Edaravone")
    assert (concept.retired, concept.aliases) == (("MESH:C005435",), ())


def test_the_first_of_names_is_preferred(tmp_path: Path) -> None:
    (cell_line,) = concepts(tmp_path, "id\tspecies\tnames\nCVCL_0002\tHomo\tHL 60|HL-60|HL60\n")
    assert (cell_line.id, cell_line.name) == ("CELLOSAURUS:CVCL_0002", "HL 60")
    assert [alias.name for alias in cell_line.aliases] == ["HL-60", "HL60"]


@pytest.mark.parametrize(
    ("filename", "content", "curie"),
    [
        ("icd10cm_2020.tsv", "code\tdescription\nA00.0\tCholera\n", "ICD10CM:A00.0"),
        ("pharmgkb.drug.tsv", "identifier\tname\nPA1\tphenformin\n", "PHARMGKB.DRUG:PA1"),
        ("drugcentral.tsv", "identifier\tname\n1\tnitric oxide\n", "DRUGCENTRAL:1"),
        ("species.tsv", "taxid\tnames\n9606\tHomo sapiens\n", "NCBITaxon:9606"),
        ("anything.tsv", "id\tname\nD009369\tNeoplasms\n", "MESH:D009369"),
    ],
)
def test_ids_without_prefix(filename: str, content: str, curie: str, tmp_path: Path) -> None:
    (concept,) = concepts(tmp_path, content, filename)
    assert concept.id == curie


def test_a_name_in_another_language_defines_and_says_so(tmp_path: Path) -> None:
    (concept,) = concepts(tmp_path, "id,name,lang\nX:1,发热,zh\n", "list.csv")
    assert concept.name == "发热"
    assert concept.aliases == (Alias("发热", "preferred", "zh"),)


def test_columns_and_kinds_by_option(tmp_path: Path) -> None:
    content = "Code;Term;Other One;Class\nX:1;fever;pyrexia, heat;Sign\n"
    (concept,) = concepts(
        tmp_path,
        content,
        id="Code",
        name="term",
        synonyms="other one",
        types="Class",
        separator=",",
        kind="related",
        delimiter="semicolon",
    )
    assert concept.types == ("Sign",)
    assert concept.aliases == (Alias("pyrexia", "related"), Alias("heat", "related"))


def test_an_empty_option_leaves_a_column_out(tmp_path: Path) -> None:
    path = tmp_path / "list.tsv"
    path.write_text("id\tname\tsynonyms\nX:1\tfever\tpyrexia\n")
    (concept,) = read(f"{path}?synonyms=")
    assert isinstance(concept, Concept)
    assert concept.aliases == ()


def test_json_values(tmp_path: Path) -> None:
    row = {"id": "X:1", "Name": "fever", "synonyms": ["a|b", 7, None], "xrefs": "HP:1|HP:2"}
    (concept,) = concepts(tmp_path, json.dumps(row), "list.jsonl")
    assert [alias.name for alias in concept.aliases] == ["a|b", "7"]
    assert concept.xrefs == ("HP:1", "HP:2")


def test_a_json_key_that_no_line_has(tmp_path: Path) -> None:
    with pytest.raises(BelError, match=r"B156.*naem"):
        concepts(tmp_path, '{"id": "X:1", "name": "fever"}\n', "x.jsonl", synonyms="naem")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("\tfever\ten\texact", "no id"),
        ("-\tfever\ten\texact", "no id"),
        ("Q42\tfever\ten\texact", "prefix"),
        ("two words\tfever\ten\texact", "prefix"),
        ("http://x.org/1\tfever\ten\texact", "prefix"),
        ("X:2\t \ten\texact", "no name"),
        ("X:2\tfever\tEnglish\texact", "language"),
        ("X:2\tfever\ten\trdfs:seeAlso", "kind"),
        ("X:2\tfever", "2 columns"),
        ("X:2\tfever\ten\texact\tmore", "5 columns"),
    ],
)
def test_malformed_rows(row: str, message: str, tmp_path: Path) -> None:
    content = f"id\tname\tlang\tkind\nX:1\tcough\ten\texact\n\n{row}\n"
    (problem,) = problems_of(tmp_path, content)
    assert problem.line == 4
    assert message in problem.message


@pytest.mark.parametrize("value", ['{"a": 1}', "true"])
def test_malformed_json_values(value: str, tmp_path: Path) -> None:
    content = f'{{"id": "X:1", "name": "cough"}}\n{{"id": "X:2", "name": {value}}}\n'
    (problem,) = problems_of(tmp_path, content, "list.jsonl")
    assert (problem.line, "a text is expected" in problem.message) == (2, True)


def test_badly_quoted_csv(tmp_path: Path) -> None:
    content = 'id,name\nX:1,"two\nlines"\nX:2,"cough" or so\nX:3,cold\nX:4,"never closed\nX:5,y\n'
    path = tmp_path / "list.csv"
    path.write_text(content)
    problems: list[ReadProblem] = []
    records = list(read(path, on_error=problems.append))
    names = [record.name for record in records if isinstance(record, Concept)]
    assert names == ["two lines", "cold"]
    assert [problem.line for problem in problems] == [4, 6]


def test_a_table_without_a_column_of_ids(tmp_path: Path) -> None:
    with pytest.raises(BelError, match=r"B161.*term, gloss"):
        concepts(tmp_path, "term\tgloss\nfever\tx\n", format="table")


@given(name=text, synonym=text)
def test_any_text_survives_csv(
    tmp_path_factory: pytest.TempPathFactory, name: str, synonym: str
) -> None:
    name, synonym = f"n{name}", f"s{synonym}".replace("|", "/")
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows([["id", "name", "synonyms"], ["X:1", name, synonym]])
    (concept,) = concepts(tmp_path_factory.getbasetemp(), buffer.getvalue(), "any.csv")
    assert concept.name == " ".join(name.split())
    assert [alias.name for alias in concept.aliases] == [" ".join(synonym.split())]


@given(name=text.filter(lambda name: not set(name) & set("\t\n\r")))
def test_any_text_survives_tsv(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    rows = f"id\tname\nX:1\tn{name}\n"
    (concept,) = concepts(tmp_path_factory.getbasetemp(), rows, "any.tsv")
    assert concept.name == " ".join(f"n{name}".split())


def test_a_header_alone_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(BelError, match="B158"):
        concepts(tmp_path, table("id name"))
