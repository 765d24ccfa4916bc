"""The results of SPARQL queries to Wikidata, in the layouts of several servers."""

from __future__ import annotations

import bz2
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.kb.readers import ReadProblem, TextFile, read, sniff
from spacy_bel.kb.readers.json_array import MAX_VALUE
from spacy_bel.kb.readers.wikidata_results import make_query, read_wikidata_results
from spacy_bel.types import Alias, Concept


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


def binding(item: str, **values: str | tuple[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "item": {"type": "uri", "value": f"http://www.wikidata.org/entity/{item}"}
    }
    for variable, value in values.items():
        term = {"type": "literal", "value": value if isinstance(value, str) else value[0]}
        row[variable] = term if isinstance(value, str) else {"xml:lang": value[1], **term}
    return row


ROWS = [
    binding("Q12152", P486="D009203", itemLabel=("myocardial infarction", "en")),
    binding("Q12152", P486="D009203", itemLabel=("심근경색", "ko"), P699="DOID:5844"),
    binding("Q12206", P486="D003920", altLabel=("سكري", "ar"), itemLabel="Q12206", other="x"),
    binding("Q12206", P486="E11", altLabel=("Zucker", "de")),
]
VARIABLES = ["item", "P486", "itemLabel", "altLabel"]


def results(*rows: Any, variables: list[str] | None = None, indent: int | None = 2) -> str:
    head = {"vars": VARIABLES if variables is None else variables}
    document = {"head": head, "results": {"bindings": list(rows)}}
    separators = (",", " : ") if indent else (",", ":")
    return json.dumps(document, ensure_ascii=False, indent=indent, separators=separators)


def by_id(records: list[Concept]) -> dict[str, set[Alias]]:
    names: dict[str, set[Alias]] = {}
    for record in records:
        names.setdefault(record.id, set()).update(record.aliases)
    return names


@pytest.mark.parametrize("indent", [2, None])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_results(indent: int | None, pack: Any, tmp_path: Path) -> None:
    text = results(*ROWS, indent=indent)
    path = write(tmp_path / "query.json", pack(text.encode()))
    assert sniff(path) == "wikidata-results"
    left_out: Counter[str] = Counter()
    assert by_id(concepts(path, left_out)) == {
        "MESH:D009203": {
            Alias("myocardial infarction", "exact", "en", "wikidata:Q12152"),
            Alias("심근경색", "exact", "ko", "wikidata:Q12152"),
        },
        "DOID:5844": {Alias("심근경색", "exact", "ko", "wikidata:Q12152")},
        "MESH:D003920": {Alias("سكري", "related", "ar", "wikidata:Q12206")},
    }
    assert left_out == {"identifier of an unknown form (P486)": 1, "name without a language": 1}


def test_results_with_their_head_behind_the_rows(tmp_path: Path) -> None:
    document = json.loads(results(*ROWS))
    turned = json.dumps({"results": document["results"], "head": document["head"]})
    path = write(tmp_path / "query.json", turned)
    expected = concepts(write(tmp_path / "usual.json", results(*ROWS)))
    assert by_id(concepts(path)) == by_id(expected)


def test_options_of_results(tmp_path: Path) -> None:
    path = write(tmp_path / "query.json", results(*ROWS, variables=[*VARIABLES, "P699"]))
    (concept,) = concepts(f"{path}?properties=P699&languages=ko,en")
    assert (concept.id, [alias.lang for alias in concept.aliases]) == ("DOID:5844", ["ko"])
    with pytest.raises(BelError, match=r"B163.*itemLabel.*P351"):
        concepts(f"{path}?properties=P351")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([], "must be an object"),
        ({"item": 3}, "no RDF term"),
        ({**ROWS[0], "item": {"type": "uri", "value": "http://x.org/Q1"}}, "not the address"),
        ({**ROWS[0], "P486": {"type": "bnode"}}, "P486 has no value"),
        ({**ROWS[0], "itemLabel": {"xml:lang": "en", "value": ["x"]}}, "itemLabel has no value"),
    ],
)
def test_malformed_rows_are_reported_and_the_others_stay(
    row: object, message: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "query.json", results(ROWS[0], row, ROWS[1]))
    (problem,) = problems_of(path)
    assert message in problem.message
    records = read(path, on_error=lambda problem: None)
    kept = [record for record in records if isinstance(record, Concept)]
    assert by_id(kept) == by_id(concepts(write(path, results(*ROWS[:2]))))


def test_the_line_of_a_malformed_row(tmp_path: Path) -> None:
    text = '{"head":{"vars":["item","P486"]},\n"results":{"bindings":[\n7,\n8]}}'
    path = write(tmp_path / "query.json", text)
    problems: list[ReadProblem] = []
    with pytest.raises(BelError, match=r"B158"):
        list(read(path, on_error=problems.append))
    assert [problem.line for problem in problems] == [3, 4]


def test_results_with_half_a_surrogate_pair(tmp_path: Path) -> None:
    text = results(*ROWS).replace("심근경색", "\\ud800")
    (problem,) = problems_of(write(tmp_path / "query.json", text))
    assert "surrogate" in problem.message


@given(cut=st.integers(1, len(results(*ROWS)) - 12))
def test_results_that_break_off_are_never_taken_for_whole(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = results(*ROWS)
    end = text.rindex("]")
    path = tmp_path_factory.getbasetemp() / "broken.json"
    write(path, text[: min(cut, end)])
    with pytest.raises(BelError, match=r"B162.*after \d rows.*time limit|B15[28]|B153"):
        concepts(path, file_format="wikidata-results")


def test_the_message_of_a_server_in_the_middle(tmp_path: Path) -> None:
    text = results(*ROWS, indent=None)
    path = write(tmp_path / "query.json", text[:500] + "java.util.concurrent.TimeoutException\n")
    with pytest.raises(BelError, match=r"B162.*after 2 rows, near line 1.*fewer languages"):
        concepts(path)


def test_a_value_without_end_is_not_read_into_memory(tmp_path: Path) -> None:
    text = '{"head":{"vars":["P486"]},"results":{"bindings":["' + "x" * 3 * MAX_VALUE
    file = TextFile(write(tmp_path / "query.json", text), unexpected)
    with pytest.raises(BelError, match=r"B162.*after 0 rows"):
        list(read_wikidata_results(file, {}))


def test_results_are_not_utf8(tmp_path: Path) -> None:
    text = results(*ROWS).encode().replace("심근경색".encode(), b"Fi\xe8vre")
    with pytest.raises(BelError, match=r"B152.*0xe8"):
        concepts(write(tmp_path / "query.json", text))


@given(
    rows=st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=9), min_size=1)
)
def test_any_name_comes_through_any_layout(
    rows: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    # Names of a size that lets rows lie across the pieces in which the file is read.
    names = [f"a{row}{'b' * 9000}" for row in rows]
    bindings = [binding("Q1", P486="D009203", itemLabel=(name, "en")) for name in names]
    path = tmp_path_factory.getbasetemp() / "any.json"
    for indent in (None, 2):
        write(path, results(*bindings, indent=indent))
        found = {alias.name for alias in by_id(concepts(path))["MESH:D009203"]}
        assert found == {" ".join(name.split()) for name in names}


def test_the_query_asks_for_what_is_read() -> None:
    query = make_query("P699", frozenset({"fr", "es"}))
    assert "SELECT ?item ?P699 ?itemLabel ?altLabel" in query
    assert query.count('IN ("es", "fr")') == 2
    assert "FILTER (" not in make_query("P699", frozenset())
    with pytest.raises(BelError, match=r"B159.*P31"):
        make_query("P31", frozenset())
