"""Several linkers in one pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.training import Example

from spacy_bel.errors import BelError


def _with_ruler() -> Language:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    patterns = [("Gene", "TP53"), ("Gene", "DM"), ("Disease", "DM2"), ("Disease", "cold")]
    ruler.add_patterns([{"label": label, "pattern": text} for label, text in patterns])  # type: ignore[attr-defined]
    return nlp


def test_two_knowledge_bases_with_extensions_of_their_own(
    sample_dir: Path, genes_dir: Path
) -> None:
    nlp = _with_ruler()
    genes = {"kb": str(genes_dir), "extensions": "gene", "write_kb_id": False}
    nlp.add_pipe("bel_linker", name="genes", config=genes)
    nlp.add_pipe("bel_linker", name="sample", config={"kb": str(sample_dir)})
    doc = nlp("DM and cold")
    dm, cold = doc.ents
    assert dm._.gene_ids == ("NCBIGene:1760",)
    assert dm.kb_id_ == dm._.bel_ids[0] != "NCBIGene:1760"
    assert {c.kb for c in dm._.gene_candidates} == {"genes"}
    assert {c.kb for c in dm._.bel_candidates} == {"sample"}
    assert cold.kb_id_ == "MESH:D003139"
    # The scores of each carry its name.
    scores = nlp.evaluate([Example(nlp.make_doc("DM and cold"), doc)])
    assert scores["sample_strict_f"] == 1
    assert scores["genes_strict_f"] == scores["sample_strict_f"]


def test_two_linkers_share_the_entities_by_label(sample_dir: Path, genes_dir: Path) -> None:
    nlp = _with_ruler()
    for name, kb, label, type_ in (
        ("genes", genes_dir, "Gene", "Gene"),
        ("diseases", sample_dir, "Disease", "Disease"),
    ):
        config = {"kb": str(kb), "extensions": name, "label_types": {label: [type_]}}
        nlp.add_pipe("bel_linker", name=name, config=config)
    for order in (["genes", "diseases"], ["diseases", "genes"]):
        with nlp.select_pipes(enable=["entity_ruler"]):
            doc = nlp("DM and cold")
        for name in order:
            doc = nlp.get_pipe(name)(doc)
        assert [e.kb_id_ for e in doc.ents] == ["NCBIGene:1760", "MESH:D003139"]


def test_the_second_fills_what_the_first_left_open(sample_dir: Path, genes_dir: Path) -> None:
    nlp = _with_ruler()
    genes = {"kb": str(genes_dir), "label_types": {"Gene": []}}
    nlp.add_pipe("bel_linker", name="genes", config=genes)
    rest = {"kb": str(sample_dir), "overwrite": False}
    nlp.add_pipe("bel_linker", name="rest", config=rest)
    assert [e.kb_id_ for e in nlp("DM and cold").ents] == ["NCBIGene:1760", "MESH:D003139"]


def test_extensions_of_another_package_are_left_alone() -> None:
    from spacy.tokens import Span

    Span.set_extension("mine_score", default=0.0)
    try:
        with pytest.raises(BelError, match="B306"):
            spacy.blank("en").add_pipe("bel_linker", config={"extensions": "mine"})
    finally:
        Span.remove_extension("mine_score")


@pytest.mark.parametrize(
    "second",
    [
        {},
        {"label_types": {"Gene": [], "Disease": []}},
        {"label_types": {"Gene": ["Gene"]}, "overwrite": True, "write_kb_id": False},
    ],
)
def test_two_linkers_with_one_prefix_are_warned_about(
    second: dict[str, Any], genes_dir: Path
) -> None:
    nlp = spacy.blank("en")
    first = {"kb": str(genes_dir), "label_types": {"Gene": []}}
    nlp.add_pipe("bel_linker", name="first", config=first)
    with pytest.warns(UserWarning, match=r"\[B607\] second and first .* 'bel'") as caught:
        nlp.add_pipe("bel_linker", name="second", config={"kb": str(genes_dir), **second})
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("factory", "second"),
    [
        ("bel_linker", {"extensions": "other"}),
        ("bel_linker", {"spans": "sc"}),
        ("bel_linker", {"overwrite": False}),
        ("bel_linker", {"label_types": {"Disease": []}}),
        ("bel_reranker", {"reranker": {"@misc": "spacy-bel.SetwiseLLM.v1", "model": "none"}}),
    ],
)
def test_linkers_that_agree_are_not_warned_about(
    factory: str, second: dict[str, Any], genes_dir: Path
) -> None:
    nlp = spacy.blank("en")
    first = {"kb": str(genes_dir), "label_types": {"Gene": []}}
    nlp.add_pipe("bel_linker", name="first", config=first)
    nlp.add_pipe(factory, name="second", config={"kb": str(genes_dir), **second})
    # Neither is a linker that takes the place of another.
    nlp.replace_pipe("first", "bel_linker", config=first)
