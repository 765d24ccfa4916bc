"""Identifiers and language codes as Wikidata writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.curies import normalise_curie
from spacy_bel.kb.readers.wikidata_properties import PROPERTIES, base_language, curie_of


@pytest.mark.parametrize(
    ("property_", "value", "curie"),
    [
        ("P2892", "C0027051", "UMLS:C0027051"),
        ("P486", "D009203", "MESH:D009203"),
        ("P486", "C535567", "MESH:C535567"),
        ("P699", "DOID:0050686", "DOID:0050686"),
        ("P3841", "HP:0001658", "HP:0001658"),
        ("P5270", "MONDO:0005068", "MONDO:0005068"),
        ("P5270", "MONDO_0005068", "MONDO:0005068"),
        ("P492", "608446", "OMIM:608446"),
        ("P492", "PS168600", "OMIM:PS168600"),
        ("P1550", "ORPHA155", "ORPHA:155"),
        ("P1550", "155", "ORPHA:155"),
        ("P683", "15365", "CHEBI:15365"),
        ("P683", "CHEBI:15365", "CHEBI:15365"),
        ("P685", " 9606 ", "NCBITaxon:9606"),
        ("P351", "672", "NCBIGene:672"),
        ("P699", "HP:0001658", ""),
        ("P486", "heart", ""),
        ("P351", "", ""),
        ("P351", "http://www.ncbi.nlm.nih.gov/gene/672", ""),
    ],
)
def test_identifiers_become_canonical(property_: str, value: str, curie: str) -> None:
    assert curie_of(property_, value) == curie


@given(property_=st.sampled_from(sorted(PROPERTIES)), value=st.text(max_size=12))
def test_an_identifier_is_canonical_or_none(property_: str, value: str) -> None:
    curie = curie_of(property_, value)
    assert not curie or curie == normalise_curie(curie)
    assert not curie or curie.startswith(f"{PROPERTIES[property_]}:")


@pytest.mark.parametrize(
    ("code", "lang"),
    [("es", "es"), ("PT-br", "pt"), ("zh-hans", "zh"), ("simple", "en"), ("zh-yue", "yue")],
)
def test_codes_of_languages(code: str, lang: str) -> None:
    assert base_language(code) == lang
