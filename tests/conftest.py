"""What all tests share: knowledge bases of a dozen concepts and of one, and real data."""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read when numpy is first imported
os.environ["HF_HUB_OFFLINE"] = "1"  # read when the hub's library is first imported

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from spacy_bel.kb.build import build, build_from_records
from spacy_bel.kb.readers.base import Record, Retired
from spacy_bel.kb.store import Store
from spacy_bel.types import Alias, Concept

settings.register_profile("spacy_bel", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("spacy_bel")

ILLNESS = Alias("illness", "related")

RECORDS: tuple[Record, ...] = (
    Concept(
        "MESH:D009103",
        "Multiple Sclerosis",
        (
            Alias("MS"),
            Alias("Disseminated Sclerosis"),
            Alias("esclerosis múltiple", "preferred", "es"),
            Alias("多发性硬化", "preferred", "zh"),
            ILLNESS,
        ),
        types=("Disease",),
        definition="Demyelination of the central nervous system.",
        parents=("MESH:D009422",),
        xrefs=("OMIM:126200", "DOID:2377"),
        retired=("MESH:C000001",),
    ),
    Concept(
        "MESH:D008946",
        "Mitral Valve Stenosis",
        (Alias("MS"), Alias("mitral stenosis"), ILLNESS),
        types=("Disease",),
    ),
    Concept("MESH:D009422", "Nervous System Diseases", (ILLNESS,), types=("Disease",)),
    Concept(
        "MESH:D003920",
        "Diabetes Mellitus",
        (Alias("diabetes"), Alias("DM"), Alias("糖尿病", "preferred", "zh"), ILLNESS),
        types=("Disease",),
    ),
    Concept(
        "MESH:D003924",
        "Diabetes Mellitus, Type 2",
        (Alias("type II diabetes"), Alias("T2DM"), ILLNESS),
        types=("Disease",),
        parents=("MESH:D003920",),
    ),
    Concept(
        "MESH:D009223",
        "Myotonic Dystrophy",
        (Alias("DM"), Alias("Steinert's disease"), ILLNESS),
        types=("Disease",),
        parents=("MESH:D009422",),
    ),
    Concept(
        "MESH:D001943",
        "Breast Neoplasms",
        (Alias("breast cancer"), Alias("mammary tumour", "broad"), ILLNESS),
        types=("Disease",),
    ),
    Concept(
        "NCBIGene:672",
        "BRCA1",
        (Alias("BRCA1 DNA repair associated"), Alias("breast cancer 1", "related")),
        types=("Gene",),
    ),
    Concept(
        "MESH:D001241",
        "Aspirin",
        (Alias("acetylsalicylic acid"), Alias("ácido acetilsalicílico", "preferred", "es")),
        types=("Chemical", "Drug"),
        xrefs=("CHEBI:15365",),
    ),
    Concept("MESH:D003139", "Common Cold", (Alias("cold"), ILLNESS), types=("Disease",)),
    Concept("MESH:D003080", "Cold Temperature", (Alias("cold"),), types=("Phenomenon",)),
    Concept("NCBITaxon:9606", "Homo sapiens", (Alias("human"),), types=("Species",)),
    # A chain of successors, a cycle, and an id without successor.
    Retired("MESH:C000004", "MESH:C000003"),
    Retired("MESH:C000003", "MESH:C000002"),
    Retired("MESH:C000002", "MESH:D003924"),
    Retired("MESH:C000011", "MESH:C000012"),
    Retired("MESH:C000012", "MESH:C000011"),
    Retired("MESH:C000020"),
)

META = {"name": "dozen", "version": "1", "licence": "CC0-1.0", "sources": ["dozen.tsv"]}

ASSETS = Path(__file__).parents[1] / "assets"

MakeKB = Callable[..., Store]


@pytest.fixture(scope="session")
def records() -> tuple[Record, ...]:
    """The records of the knowledge base of a dozen concepts."""
    return RECORDS


@pytest.fixture(scope="session")
def kb_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A knowledge base of a dozen concepts; a test that changes files must work on a copy."""
    directory = tmp_path_factory.mktemp("kb") / "dozen"
    build_from_records(RECORDS, directory, META)
    return directory


@pytest.fixture(scope="session")
def kb(kb_dir: Path) -> Store:
    return Store(kb_dir)


@pytest.fixture(scope="session")
def one_concept_kb(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A knowledge base of one concept with one name."""
    directory = tmp_path_factory.mktemp("kb") / "one"
    build_from_records([Concept("MESH:D003920", "Diabetes Mellitus")], directory, {"name": "one"})
    return Store(directory)


@pytest.fixture(scope="session")
def sample_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample in assets/: about 160 concepts with names in four languages."""
    names = [f"names_{lang}.tsv" for lang in ("es", "de", "zh")]
    directory = tmp_path_factory.mktemp("sample")
    build(
        [ASSETS / name for name in ("concepts.obo", "chemicals.tsv", *names)],
        directory,
        name="sample",
    )
    return directory


@pytest.fixture
def make_kb(tmp_path: Path) -> MakeKB:
    """A function from records to a knowledge base; keyword arguments go to the build."""

    def make(records: Iterable[Record], **settings: Any) -> Store:
        directory = tmp_path / f"kb{len(list(tmp_path.iterdir()))}"
        build_from_records(records, directory, {"name": directory.name}, **settings)
        return Store(directory)

    return make


@pytest.fixture(scope="session")
def spacy_bel_data() -> Path:
    """The folder of real vocabularies and corpora."""
    if "SPACY_BEL_DATA" not in os.environ:
        pytest.skip("the environment variable SPACY_BEL_DATA names no folder of real data")
    return Path(os.environ["SPACY_BEL_DATA"])


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two small layers with the words of the knowledge base of a dozen concepts."""
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    names = " ".join(
        alias.name for record in RECORDS if isinstance(record, Concept) for alias in record.aliases
    )
    words = sorted(
        {*names.lower().split(), *"a an and in of seen the was were with woman ;".split()}
    )
    folder = tmp_path_factory.mktemp("models") / "tiny-encoder"
    folder.mkdir()
    letters = [
        f"{mark}{letter}" for letter in "abcdefghijklmnopqrstuvwxyz«»" for mark in ("", "##")
    ]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = [*special, *dict.fromkeys([*letters, *words])]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        transformers.BertModel(config).save_pretrained(folder)
    return folder
