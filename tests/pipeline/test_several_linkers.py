"""Several linkers in one pipeline."""

from __future__ import annotations

from pathlib import Path

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
