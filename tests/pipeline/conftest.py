"""Pipelines over the sample in assets/ and over a small knowledge base of genes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from spacy_bel.kb.build import build_from_records
from spacy_bel.types import Alias, Concept

TEXTS = [
    "Heart attack in a woman with type 2 diabetes; she took aspirin and paracetamol.",
    "Mitral stenosis (MS) in pregnancy. Women with MS tolerate a fast pulse poorly.",
    "",
    "Nothing to see here.",
    "Breast and ovarian cancer ran in the family, and hypertension in the other one.",
    "Stroke after atrial fibrillation. Cold hands, a cold and cough.",
]


@pytest.fixture(scope="session")
def genes_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three genes, of which two have names that diseases of the sample have too."""
    directory = tmp_path_factory.mktemp("genes")
    genes = [
        Concept("NCBIGene:672", "BRCA1", (Alias("breast cancer 1"),), ("Gene",)),
        Concept("NCBIGene:1760", "DMPK", (Alias("DM"), Alias("MS")), ("Gene",)),
        Concept("NCBIGene:7157", "TP53", (), ("Gene",)),
    ]
    build_from_records(genes, directory, {"name": "genes"})
    return directory


MakeNLP = Callable[..., Language]


@pytest.fixture(scope="session")
def make_nlp(sample_dir: Path) -> MakeNLP:
    """A pipeline of matcher and linker; keyword arguments are settings of the linker."""

    def make(lang: str = "en", **settings: Any) -> Language:
        nlp = spacy.blank(lang)
        kb = {"kb": str(sample_dir)}
        nlp.add_pipe("bel_matcher", config={**kb, "spans": settings.get("spans", "ents")})
        nlp.add_pipe("bel_linker", config={**kb, **settings})
        return nlp

    return make


@pytest.fixture(scope="session")
def nlp(make_nlp: MakeNLP) -> Language:
    return make_nlp()


def described(doc: Doc) -> list[tuple[Any, ...]]:
    """All that a linker wrote for a document's entities."""
    return [
        (
            entity.text,
            entity.label_,
            entity.kb_id_,
            entity._.bel_ids,
            entity._.bel_score,
            entity._.bel_nil,
            entity._.bel_candidates,
            entity._.bel_error,
        )
        for entity in doc.ents
    ]


@pytest.fixture(scope="session")
def describe() -> Callable[[Doc], list[tuple[Any, ...]]]:
    return described


@cache
def _blank(lang: str) -> Language:
    return spacy.blank(lang)


@pytest.fixture(scope="session")
def make_doc() -> Callable[..., Doc]:
    """A document with entities, given as texts, or as texts and labels."""

    def make(text: str, *entities: str | tuple[str, str], lang: str = "en") -> Doc:
        doc = _blank(lang).make_doc(text)
        spans = []
        for entity in entities:
            surface, label = (entity, "Disease") if isinstance(entity, str) else entity
            start = text.index(surface)
            spans.append(doc.char_span(start, start + len(surface), label, alignment_mode="expand"))
        doc.ents = tuple(span for span in spans if isinstance(span, Span))
        return doc

    return make
