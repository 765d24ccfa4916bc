from __future__ import annotations

import re

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.mentions.extract import Context, make_mentions
from spacy_bel.mentions.organisms import HUMAN, NAMES, find_organisms, rank_organisms

MOUSE, RAT, FLY = "NCBITaxon:10090", "NCBITaxon:10116", "NCBITaxon:7227"
TAXA = frozenset({HUMAN, MOUSE, FLY})


def _named(text: str, taxa: frozenset[str] = TAXA) -> list[tuple[str, tuple[str, ...]]]:
    return [(text[each.start : each.end], each.taxa) for each in find_organisms(text, taxa)]


def test_names_are_found_whole_and_in_any_case() -> None:
    text = "Mice, a mousetrap and murine cells; Patients; humanised."
    assert _named(text) == [("Mice", (MOUSE,)), ("murine", (MOUSE,)), ("Patients", (HUMAN,))]


def test_the_longest_name_at_a_place_is_found() -> None:
    assert _named("Drosophila melanogaster") == [("Drosophila melanogaster", (FLY,))]


def test_only_taxa_of_the_knowledge_base_are_found() -> None:
    assert _named("rats and mice") == [("mice", (MOUSE,))]
    assert _named("rats and mice", frozenset({RAT})) == [("rats", (RAT,))]
    assert _named("rats and mice", frozenset({"NCBITaxon:1"})) == []


def test_a_name_of_a_species_and_its_strain_stands_for_both() -> None:
    yeasts = frozenset({"NCBITaxon:4932", "NCBITaxon:559292"})
    assert _named("in yeast", yeasts) == [("yeast", ("NCBITaxon:4932", "NCBITaxon:559292"))]


def test_the_table_of_names() -> None:
    for taxon, names in NAMES.items():
        assert re.fullmatch(r"NCBITaxon:\d+", taxon)
        every = names.split(", ")
        assert len({name.casefold() for name in every}) == len(every)
        for name in every:
            assert name == name.strip()
            assert _named(f"in {name} cells", frozenset({taxon})) == [(name, (taxon,))]


def test_an_organism_that_is_named_more_often_is_likelier() -> None:
    text = "Human genes. " + "x" * 2000 + " GENE " + "y" * 2000 + " mice, mice"
    at = text.index("GENE")
    assert rank_organisms(find_organisms(text, TAXA), at, at + 4) == (MOUSE, HUMAN)


def test_a_near_organism_is_likelier_than_a_far_one() -> None:
    text = "Human GENE" + " " * 1000 + "in mice. GENE"
    found = find_organisms(text, TAXA)
    assert rank_organisms(found, 6, 10) == (HUMAN, MOUSE)
    assert rank_organisms(found, len(text) - 4, len(text)) == (MOUSE, HUMAN)


@given(st.text(), st.integers(0, 50), st.integers(0, 50))
def test_any_text(text: str, start: int, length: int) -> None:
    found = find_organisms(text + " mice", TAXA)
    assert found[-1].taxa == (MOUSE,)
    assert len(rank_organisms(found, start, start + length)) == len(
        {taxon for each in found for taxon in each.taxa}
    )


@pytest.mark.parametrize(
    ("text", "settings", "taxa", "expected"),
    [
        ("GENE in mice", {}, TAXA, (MOUSE,)),
        ("GENE is here", {}, TAXA, (HUMAN,)),
        ("GENE is here", {"default_organism": MOUSE}, TAXA, (MOUSE,)),
        ("GENE is here", {"default_organism": ""}, TAXA, ()),
        ("GENE in mice", {"organisms": False}, TAXA, ()),
        ("GENE in mice", {}, frozenset(), ()),
        ("GENE in mice", {}, frozenset({MOUSE}), ()),
    ],
)
def test_what_a_mention_is_told(
    text: str, settings: dict[str, object], taxa: frozenset[str], expected: tuple[str, ...]
) -> None:
    doc = spacy.blank("en")(text)
    (mention,) = make_mentions(doc, [doc[0:1]], Context(**settings), {}, taxa)  # type: ignore[arg-type]
    assert mention.organisms == expected
