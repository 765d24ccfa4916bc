import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.curies import (
    LINK_TEMPLATE,
    canonical_prefix,
    default_type,
    link,
    normalise_curie,
    to_curie,
)


@pytest.mark.parametrize(
    ("prefix", "canonical"),
    [
        ("mesh", "MESH"),
        ("MSH", "MESH"),
        ("Orphanet", "ORPHA"),
        ("SNOMEDCT_US_2020_03_01", "SNOMEDCT"),
        ("UMLS_CUI", "UMLS"),
        ("GeneID", "NCBIGene"),
        ("Fyler", "Fyler"),
    ],
)
def test_prefixes_have_one_spelling(prefix: str, canonical: str) -> None:
    assert canonical_prefix(prefix) == canonical


@pytest.mark.parametrize(
    ("text", "curie"),
    [
        ("mesh:D003920", "MESH:D003920"),
        (" MIM:219700 ", "OMIM:219700"),
        ("chebi:CHEBI:10", "CHEBI:10"),
        ("GO:GO:0008150", "GO:0008150"),
        ("ORDO:Orphanet:586", "ORPHA:586"),
        ("D003920", "D003920"),
        ("MESH:", "MESH:"),
        ("c.123A>G", "c.123A>G"),
    ],
)
def test_curies_have_one_spelling(text: str, curie: str) -> None:
    assert normalise_curie(text) == curie


@pytest.mark.parametrize(
    ("identifier", "label", "curie"),
    [
        ("D003920", "", "MESH:D003920"),
        ("C535342", "", "MESH:C535342"),
        ("C000588736", "Chemical", "MESH:C000588736"),
        ("C0011849", "UnknownType", "UMLS:C0011849"),
        ("CVCL_0224", "CellLine", "CELLOSAURUS:CVCL_0224"),
        ("rs1799983", "SequenceVariant", "DBSNP:rs1799983"),
        ("672", "GeneOrGeneProduct", "NCBIGene:672"),
        ("3479", "FamilyName", "NCBIGene:3479"),
        ("9606", "Species", "NCBITaxon:9606"),
        ("9606", "OrganismTaxon", "NCBITaxon:9606"),
        ("83333", "Strain", "NCBITaxon:83333"),
        ("219700", "SpecificDisease", "OMIM:219700"),
        ("219700", "Modifier", "OMIM:219700"),
        ("OMIM:219700", "GeneOrGeneProduct", "OMIM:219700"),
        ("c|DEL||5", "SequenceVariant", "c|DEL||5"),
        ("42", "ENTITY", "42"),
    ],
)
def test_bare_ids_get_the_prefix_of_their_shape_or_label(
    identifier: str, label: str, curie: str
) -> None:
    assert to_curie(f" {identifier} ", label=label) == curie


def test_a_given_prefix_overrules_shape_and_label() -> None:
    assert to_curie("D003920", prefix="Orphanet", label="Gene") == "ORPHA:D003920"
    assert to_curie("MESH:D003920", prefix="Orphanet") == "MESH:D003920"


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise_curie(text)
    assert normalise_curie(once) == once


def test_types_and_links() -> None:
    assert default_type("OMIM:219700") == "Disease"
    assert default_type("DBSNP:rs1799983") == "SequenceVariant"
    assert default_type("MESH:D003920") == ""
    assert default_type("no prefix") == ""
    assert link("MESH:D003920") == LINK_TEMPLATE.format("MESH:D003920")
    assert link("MESH:D001943|MESH:D010051") == link("MESH:D001943")
    assert link("NIL") == link("") == ""
