"""OBO: escapes, scopes, retired ids, imports and types."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.kb.readers import ReadProblem, Record, Retired, read
from spacy_bel.kb.readers.obo_syntax import first_word, quoted, split_clause, unescape, unquoted
from spacy_bel.types import Alias, Concept

HEADER = "format-version: 1.4\nontology: doid\n"

one_line = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\x85"))


def escape(text: str) -> str:
    """What a writer of OBO does to a text."""
    for character in '\\":,!{}()[]':
        text = text.replace(character, f"\\{character}")
    return text


def records(tmp_path: Path, terms: str, header: str = HEADER, **options: str) -> list[Record]:
    path = tmp_path / "terms.obo"
    path.write_text(f"{header}\n{terms}", encoding="utf-8")
    return list(read(f"{path}?{urlencode(options)}", format="obo"))


def term(tmp_path: Path, clauses: str, header: str = HEADER, **options: str) -> Concept:
    text = f"[Term]\nid: DOID:1\nname: a name\n{clauses}\n"
    (record,) = records(tmp_path, text, header, **options)
    assert isinstance(record, Concept)
    return record


@given(one_line)
def test_escapes_round_trip(text: str) -> None:
    assert unescape(escape(text)) == text
    assert quoted(f'"{escape(text)}" EXACT []') == (text, "EXACT []")
    assert unquoted(escape(text)) == unquoted(f'{escape(text)} {{source="a, b"}} ! comment')
    assert unquoted(escape(text)).strip() == text.strip()


@given(one_line, one_line)
def test_any_name_and_synonym_survive_a_file(
    tmp_path_factory: pytest.TempPathFactory, name: str, synonym: str
) -> None:
    name, synonym = f"n{name}", f"s{synonym}"
    clauses = f'[Term]\nid: DOID:1\nname: {escape(name)}\nsynonym: "{escape(synonym)}" NARROW []\n'
    (concept,) = records(tmp_path_factory.getbasetemp(), clauses)
    assert isinstance(concept, Concept)
    assert concept.name == " ".join(name.split())
    assert concept.aliases == (Alias(" ".join(synonym.split()), "narrow"),)


def test_special_escapes() -> None:
    assert unescape(r"one\ntwo\Wthree\tfour\:five") == "one\ntwo three\tfour:five"
    assert first_word(r"http\://x.org {a=\"b\"} ! c") == "http://x.org"
    assert first_word('DOID:4{source="x"} ! disease') == "DOID:4"
    assert first_word("") == ""
    assert quoted("no quotes") is None
    assert quoted('"never closed') is None
    assert split_clause("id: DOID:4") == ("id", "DOID:4")
    assert split_clause("some prose: and more") is None


def test_names_keep_braces_and_exclamation_marks_that_are_their_own() -> None:
    assert unquoted("3-{[(2S)-oxolan-2-yl]methyl}-1H-purine") == (
        "3-{[(2S)-oxolan-2-yl]methyl}-1H-purine"
    )
    assert unquoted("jump! now") == "jump! now"
    assert unquoted('fever {source="MONDO:equivalentTo", comment="a } b"}') == "fever"
    assert unquoted("fever ! a comment") == "fever"


def test_every_tag_that_counts(tmp_path: Path) -> None:
    concept = term(
        tmp_path,
        'def: "A \\"vascular\\" cancer,\\nrare." [url:http\\://x.org] {dc:type="ECO:1"}\n'
        "alt_id: DOID:267\n"
        'synonym: "exact one" EXACT layperson [PMID:1]\n'
        'synonym: "narrow one" NARROW [] {source="x"}\n'
        'synonym: "broad one" BROAD []\n'
        'synonym: "related one" RELATED []\n'
        'synonym: "without scope" []\n'
        'xref: MeSH:D006394\nxref: UMLS_CUI:C0018923 {source="x"}\nxref: http\\://x.org\n'
        "xref: OMIMPS:168600\n"
        'is_a: DOID:175 {is_inferred="true"} ! vascular cancer\n'
        "is_a: DOID:176\n"
        "relationship: RO:1 DOID:9 ! ignored\nconsider: DOID:8\ncreated_by: someone\n"
        "! a comment line\n",
    )
    assert concept.definition == 'A "vascular" cancer, rare.'
    assert concept.retired == ("DOID:267",)
    assert [(alias.name, alias.kind) for alias in concept.aliases] == [
        ("exact one", "exact"),
        ("narrow one", "narrow"),
        ("broad one", "broad"),
        ("related one", "related"),
        ("without scope", "related"),
    ]
    assert concept.xrefs == ("MESH:D006394", "UMLS:C0018923", "OMIM:PS168600")
    assert concept.parents == ("DOID:175", "DOID:176")
    assert concept.types == ("Disease",)


def test_of_equal_synonyms_the_best_scope_stays(tmp_path: Path) -> None:
    concept = term(tmp_path, 'synonym: "x" BROAD []\nsynonym: "x" EXACT []\nsynonym: "a  name" []')
    assert concept.aliases == (Alias("x", "exact"),)


def test_obsolete_terms_become_retired_ids(tmp_path: Path) -> None:
    obsolete = (
        "[Term]\nid: DOID:2\nname: obsolete fever\nalt_id: DOID:22\nis_obsolete: true\n"
        "replaced_by: DOID:1\nreplaced_by: DOID:3\n\n"
        "[Term]\nid: DOID:5\nis_obsolete: true\nconsider: DOID:1\n"
    )
    assert records(tmp_path, obsolete) == [
        Retired("DOID:2", "DOID:1", "terms.obo"),
        Retired("DOID:22", "DOID:1", "terms.obo"),
        Retired("DOID:5", "", "terms.obo"),
    ]


def test_terms_whose_name_says_obsolete_become_retired_ids(tmp_path: Path) -> None:
    named = (
        "[Term]\nid: DOID:2\nname: obsolete fever\nreplaced_by: DOID:1\n\n"
        "[Term]\nid: DOID:5\nname: OBSOLETE: cough\n\n"
        "[Term]\nid: DOID:6\nname: obsolete_cough\n\n"
        "[Term]\nid: DOID:7\nname: obsolescence\n\n"
        "[Term]\nid: DOID:8\nname: not obsolete here\n"
    )
    *retired, obsolescence, other = records(tmp_path, named)
    assert retired == [
        Retired("DOID:2", "DOID:1", "terms.obo"),
        Retired("DOID:5", "", "terms.obo"),
        Retired("DOID:6", "", "terms.obo"),
    ]
    assert isinstance(obsolescence, Concept)
    assert isinstance(other, Concept)


MIXED = "".join(
    f"[Term]\nid: {curie}\nname: name of {curie}\n\n"
    for curie in ("CHEBI:1", "DOID:1", "Orphanet:10", "demo:1")
)


@pytest.mark.parametrize(
    ("ontology", "prefixes", "kept"),
    [
        ("doid", "", ["DOID:1"]),
        ("http://www.orpha.net/ontology/ORDO_en_3.1.owl", "", ["ORPHA:10"]),
        ("http://purl.obolibrary.org/obo/doid.owl", "", ["DOID:1"]),
        ("chebi/chebi-lite", "", ["CHEBI:1"]),
        ("mine", "", ["CHEBI:1", "DOID:1", "ORPHA:10", "demo:1"]),
        ("doid", "*", ["CHEBI:1", "DOID:1", "ORPHA:10", "demo:1"]),
        ("doid", "Orphanet, demo", ["ORPHA:10", "demo:1"]),
    ],
)
def test_imported_terms_are_left_out(
    ontology: str, prefixes: str, kept: list[str], tmp_path: Path
) -> None:
    header = f"format-version: 1.2\nontology: {ontology}\n"
    found = records(tmp_path, MIXED, header, **({"prefixes": prefixes} if prefixes else {}))
    assert [record.id for record in found if isinstance(record, Concept)] == kept


def test_ids_without_prefix_belong_to_the_ontology(tmp_path: Path) -> None:
    text = "[Term]\nid: ACTI\nname: Activities\nis_a: ROOT\n"
    (concept,) = records(tmp_path, text, "ontology: sty\n")
    assert isinstance(concept, Concept)
    assert (concept.id, concept.parents) == ("sty:ACTI", ("sty:ROOT",))


@pytest.mark.parametrize(
    ("curie", "namespace", "options", "types"),
    [
        ("GO:1", "molecular_function", {}, ("MolecularFunction",)),
        ("GO:1", "cellular_component", {}, ("CellularComponent",)),
        ("CL:1", "cell", {}, ("Cell",)),
        ("demo:1", "food", {}, ("food",)),
        ("demo:1", "", {}, ()),
        ("CL:1", "cell", {"type": "Anatomy"}, ("Anatomy",)),
    ],
)
def test_types(
    curie: str, namespace: str, options: dict[str, str], types: tuple[str, ...], tmp_path: Path
) -> None:
    clause = f"namespace: {namespace}\n" if namespace else ""
    text = f"[Term]\nid: {curie}\nname: x\n{clause}"
    (concept,) = records(tmp_path, text, "format-version: 1.2\n", **options)
    assert isinstance(concept, Concept)
    assert concept.types == types


def test_annotations_of_ordo(tmp_path: Path) -> None:
    concept = term(
        tmp_path,
        'property_value: alternative:term "Louis-Bar syndrome" xsd:string\n'
        "property_value: alternative:term IMAGE:4942737 xsd:string\n"
        'property_value: http://www.ebi.ac.uk/efo/definition "A rare disorder." xsd:string\n'
        "property_value: notation ORPHA:100 xsd:string\n",
    )
    assert concept.aliases == (Alias("Louis-Bar syndrome"), Alias("IMAGE:4942737"))
    assert concept.definition == "A rare disorder."


@pytest.mark.parametrize(
    ("stanza", "line"),
    [
        ("[Term]\nname: no id\n", 4),
        ('[Term]\nid: DOID:2\nsynonym: "no name" EXACT []\n', 4),
        ("[Term]\nid: two words\nname: x\nxref: y\n", 5),
        ("[Term]\nid: http://x.org/1\nname: x\n", 5),
        ("[Term]\nid: DOID:2\nname: x\nsynonym: no quotes EXACT []\n", 7),
        ("[Term]\nid: DOID:2\nname: x\nis_a:\n", 7),
    ],
)
def test_each_problem_is_reported_once_at_its_line(stanza: str, line: int, tmp_path: Path) -> None:
    path = tmp_path / "terms.obo"
    path.write_text(f"format-version: 1.2\n\n\n{stanza}\n[Term]\nid: DOID:9\nname: good\n")
    problems: list[ReadProblem] = []
    found = list(read(path, on_error=problems.append))
    assert isinstance(found[-1], Concept)
    assert found[-1].id == "DOID:9"
    assert [problem.line for problem in problems] == [line]


def test_a_filter_that_leaves_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BelError, match=r"B158.*prefixes"):
        records(tmp_path, MIXED, prefixes="HP")


def test_references_that_are_marked_as_not_exact_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "marked.obo"
    path.write_text(
        "format-version: 1.2\n\n[Term]\nid: X:1\nname: gout\n"
        'xref: ICD-10:M10 {eco="NTBT (ORPHA code\'s Narrower Term maps to a Broader Term)"}\n'
        'xref: ICD-10:M10 {eco="Attributed (The ICD10 code is attributed by Orphanet)"}\n'
        'xref: OMIM:1 {eco="BTNT (ORPHA code\'s Broader Term maps to a Narrower Term)"}\n'
        'xref: OMIM:2 {eco="W (Incorrect mapping)"}\n'
        'xref: OMIM:3 {source="MONDO:relatedTo", source="x"}\n'
        'xref: OMIM:4 {source="MONDO:mondoIsBroaderThanSource"}\n'
        'xref: MeSH:D006073 {eco="E (Exact mapping: the two concepts are equivalent)"}\n'
        'xref: DOID:13189 {source="MONDO:equivalentTo"}\n'
    )
    (concept,) = (record for record in read(path) if isinstance(record, Concept))
    assert concept.xrefs == ("MESH:D006073", "DOID:13189")
