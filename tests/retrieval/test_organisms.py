"""Genes of the organisms that a document speaks of, and species before other ranks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import spacy

from spacy_bel.errors import BelError
from spacy_bel.kb.store import Store
from spacy_bel.retrieval.organisms import NAMED_SHARE, ORGANISM_COST, RANK_COST, OrganismCosts
from spacy_bel.retrieval.registry import lexical_retriever
from spacy_bel.types import Alias, Concept, Mention

HUMAN, MOUSE, FISH = "NCBITaxon:9606", "NCBITaxon:10090", "NCBITaxon:7955"

GENES = [
    Concept("NCBIGene:22059", "Trp53", (Alias("p53"), Alias("Tp53")), ("Gene", MOUSE)),
    Concept("NCBIGene:30590", "tp53", (Alias("p53"),), ("Gene", FISH)),
    Concept("NCBIGene:7157", "TP53", (Alias("p53"),), ("Gene", HUMAN)),
    Concept("MESH:D016158", "Genes, p53", (Alias("p53"),), ("Phenomenon",)),
    Concept("NCBIGene:12189", "Brca1", (), ("Gene", MOUSE)),
    Concept("NCBIGene:672", "BRCA1", (Alias("breast cancer 1 gene"),), ("Gene", HUMAN)),
]


@pytest.fixture(scope="module")
def genes(make_kb: Callable[[Sequence[Concept]], Store]) -> Store:
    return make_kb(GENES)


def _scores(store: Store, mention: Mention, **settings: Any) -> dict[str, float]:
    (found,) = lexical_retriever(**settings)(store).retrieve([mention], 10)
    return {candidate.id: candidate.score for candidate in found}


def test_organisms_of_a_knowledge_base(genes: Store, dozen: Store) -> None:
    assert genes.organisms == {HUMAN, MOUSE, FISH}
    assert dozen.organisms == frozenset()


@pytest.mark.parametrize("organism", [HUMAN, MOUSE, FISH])
def test_the_gene_of_the_likeliest_organism_is_first(genes: Store, organism: str) -> None:
    (found,) = lexical_retriever()(genes).retrieve([Mention("p53", organisms=(organism,))], 10)
    best = next(candidate for candidate in found if "Gene" in candidate.types)
    assert organism in best.types


def test_what_others_lose(genes: Store) -> None:
    scores = _scores(genes, Mention("p53", organisms=(MOUSE, HUMAN)))
    assert scores["NCBIGene:22059"] == 1
    assert scores["NCBIGene:7157"] == pytest.approx(1 - NAMED_SHARE * ORGANISM_COST)
    assert scores["NCBIGene:30590"] == pytest.approx(1 - ORGANISM_COST)
    assert scores["MESH:D016158"] == 1, "it is of no organism"


def test_nothing_is_left_out(genes: Store) -> None:
    mention = Mention("p53")
    asked = Mention("p53", organisms=("NCBITaxon:1",))
    assert _scores(genes, asked).keys() == _scores(genes, mention).keys()
    assert _scores(genes, mention)["NCBIGene:22059"] == 1


def test_a_name_that_fits_less_of_the_right_organism_comes_first(genes: Store) -> None:
    mention = Mention("breast cancer 1 gene", organisms=(MOUSE,))
    assert _scores(genes, mention)["NCBIGene:672"] == pytest.approx(1 - ORGANISM_COST)


def test_the_cost_is_a_setting(genes: Store) -> None:
    mention = Mention("p53", organisms=(MOUSE,))
    assert _scores(genes, mention, organism_cost=0.0)["NCBIGene:7157"] == 1
    assert _scores(genes, mention, organism_cost=0.5)["NCBIGene:7157"] == 0.5
    assert _scores(genes, mention, organism_cost=1.0)["NCBIGene:7157"] == 0
    with pytest.raises(BelError, match="organism_cost"):
        lexical_retriever(organism_cost=1.5)(genes)


def test_the_same_text_of_two_documents_has_answers_of_its_own(genes: Store) -> None:
    mentions = [Mention("Tp53", organisms=(taxon,)) for taxon in (HUMAN, MOUSE, HUMAN)]
    found = lexical_retriever()(genes).retrieve(mentions, 1)
    assert [c.id for (c,) in found] == ["NCBIGene:7157", "NCBIGene:22059", "NCBIGene:7157"]


def test_a_symbol_of_a_thousand_organisms(
    make_kb: Callable[[Sequence[Concept]], Store],
) -> None:
    many = [
        Concept(f"NCBIGene:{n}", "ACTB", (Alias("actin beta"),), ("Gene", f"NCBITaxon:{n}"))
        for n in range(1, 1_000)
    ]
    retriever = lexical_retriever()(make_kb(many))
    for text in ("ACTB", "beta-actin"):
        (found,) = retriever.retrieve([Mention(text, organisms=("NCBITaxon:999",))], 3)
        assert found[0].id == "NCBIGene:999"
        assert found[0].scores["exact"] >= 0.98
        assert found[1].score < found[0].score


def test_costs_are_remembered_and_many_organisms_are_no_matter(genes: Store) -> None:
    costs = OrganismCosts(genes, 0.1)
    assert costs.of(()) is None
    assert costs.of((HUMAN,)) is costs.of((HUMAN,))
    for number in range(3000):
        assert costs.of((f"NCBITaxon:{number}", HUMAN)) is not None
    assert OrganismCosts(genes, 0.0).of((HUMAN,)) is None


TAXA = [
    Concept("NCBITaxon:9605", "Homo", (Alias("humans"),), ("Species", "genus")),
    Concept(HUMAN, "Homo sapiens", (Alias("human"),), ("Species", "species")),
    Concept("NCBITaxon:10088", "Mus", (Alias("mouse"),), ("Species", "genus")),
    Concept(MOUSE, "Mus musculus", (Alias("mouse"),), ("Species", "species")),
    Concept("NCBITaxon:10092", "Mus musculus domesticus", (), ("Species", "subspecies")),
    Concept("NCBITaxon:559292", "S288C", (Alias("yeast"), Alias("S288c")), ("Species", "strain")),
    Concept("NCBITaxon:4932", "S. cerevisiae", (Alias("yeast"),), ("Species", "species")),
    Concept("NCBITaxon:7215", "Drosophila", (), ("Species", "genus")),
    Concept("NCBITaxon:1", "thing", (), ("Species",)),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("humans", HUMAN),
        ("mouse", MOUSE),
        ("yeast", "NCBITaxon:4932"),
        ("Mus", "NCBITaxon:10088"),
        ("Drosophila", "NCBITaxon:7215"),
    ],
)
def test_a_species_comes_before_other_ranks_of_its_name(
    text: str, expected: str, make_kb: Callable[[Sequence[Concept]], Store]
) -> None:
    (found,) = lexical_retriever()(make_kb(TAXA)).retrieve([Mention(text)], 5)
    assert found[0].id == expected


def test_what_ranks_lose(make_kb: Callable[[Sequence[Concept]], Store]) -> None:
    scores = {text: _scores(make_kb(TAXA), Mention(text)) for text in ("Drosophila", "thing")}
    assert scores["Drosophila"]["NCBITaxon:7215"] == pytest.approx(1 - RANK_COST)
    assert scores["thing"]["NCBITaxon:1"] == 1, "its rank is not known"


def test_a_pipeline_reads_the_organism_from_the_text(genes: Store) -> None:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "GENE", "pattern": "p53"}])  # type: ignore[attr-defined]
    nlp.add_pipe("bel_linker", config={"kb": str(genes.path), "label_types": {"GENE": ["Gene"]}})
    texts = ["p53 in zebrafish.", "p53 of mice.", "p53 was mutated.", "p53 in patients and mice"]
    found = [doc.ents[0].kb_id_ for doc in nlp.pipe(texts)]
    assert found == ["NCBIGene:30590", "NCBIGene:22059", "NCBIGene:7157", "NCBIGene:7157"]
    blind = {
        "kb": str(genes.path),
        "label_types": {"GENE": ["Gene"]},
        "context": {"default_organism": MOUSE},
    }
    nlp.replace_pipe("bel_linker", "bel_linker", config=blind)
    assert nlp("p53 was mutated.").ents[0].kb_id_ == "NCBIGene:22059"
