"""A pipeline over the sample, texts to mine, and rows that were mined from them."""

from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.language import Language

from spacy_bel.distillation.mine import Mining, mine
from spacy_bel.examples import Example, read_examples
from spacy_bel.kb.build import build
from spacy_bel.kb.store import Store
from spacy_bel.training.make_examples import find_retriever

ASSETS = Path(__file__).parents[2] / "assets"
TEXTS = ASSETS / "unannotated.txt"

WriteTeacher = Callable[..., Path]


@pytest.fixture(scope="session")
def sample_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample: about 160 concepts."""
    directory = tmp_path_factory.mktemp("sample")
    build([ASSETS / "concepts.obo", ASSETS / "chemicals.tsv"], directory, name="sample")
    return directory


@pytest.fixture(scope="session")
def sample(sample_dir: Path) -> Store:
    return Store(sample_dir)


@pytest.fixture(scope="session")
def nlp(sample_dir: Path) -> Language:
    nlp = spacy.blank("en")
    for name in ("bel_matcher", "bel_linker"):
        nlp.add_pipe(name, config={"kb": str(sample_dir)})
    return nlp


@pytest.fixture(scope="session")
def mined(nlp: Language, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows mined from the sample's text."""
    path = tmp_path_factory.mktemp("mined") / "mined.jsonl"
    mine(nlp, find_retriever(nlp), [TEXTS], path, Mining(limit=60))
    return path


@pytest.fixture(scope="session")
def rows(mined: Path) -> list[Example]:
    return list(read_examples(mined))


@pytest.fixture
def write_teacher(sample_dir: Path, tmp_path: Path) -> WriteTeacher:
    """A function that writes the config of a chat teacher at an address."""

    def write(address: str, teacher: str = "", reranker: str = "", llm: str = "") -> Path:
        path = tmp_path / "teacher.cfg"
        path.write_text(
            f"""
[teacher]
kb = "{sample_dir}"
{teacher}

[reranker]
@misc = "spacy-bel.ChatReranker.v1"
mode = "letter"
{reranker}

[reranker.llm]
@misc = "spacy-bel.LLM.v1"
model = "m"
base_url = "{address}"
{llm or 'prices = {"input": 1.0, "output": 2.0}'}
""",
            encoding="utf-8",
        )
        return path

    return write
