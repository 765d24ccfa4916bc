"""Pipelines that are saved and loaded again."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import load_model_from_config

from spacy_bel.errors import BelError
from spacy_bel.pipeline.component import KBComponent

Describe = Callable[[Doc], list[tuple[Any, ...]]]
COMPONENTS = ("bel_matcher", "bel_retriever", "bel_linker")
TEXTS = [
    "Heart attack in a man with type 2 diabetes; he took aspirin.",
    "Mitral stenosis (MS). MS and breast and ovarian cancer.",
    "",
]


@pytest.fixture
def moving_dir(sample_dir: Path, tmp_path: Path) -> Path:
    """A copy of the sample that a test may move away."""
    return shutil.copytree(sample_dir, tmp_path / "moving")


@pytest.fixture
def moving(moving_dir: Path) -> Language:
    """A pipeline of every component over that copy."""
    nlp = spacy.blank("en")
    for name in COMPONENTS:
        config: dict[str, Any] = {"kb": str(moving_dir)}
        if name == "bel_retriever":
            config["extensions"] = "found"
        nlp.add_pipe(name, config=config)
    return nlp


def _component(nlp: Language, name: str) -> KBComponent:
    component = nlp.get_pipe(name)
    assert isinstance(component, KBComponent)
    return component


def test_saved_loaded_and_moved_it_predicts_the_same(
    moving: Language, moving_dir: Path, tmp_path: Path, describe: Describe
) -> None:
    before = [describe(doc) for doc in moving.pipe(TEXTS)]
    assert before == [describe(moving(text)) for text in TEXTS]
    assert before[0]
    moving.to_disk(tmp_path / "saved")
    moving_dir.rename(tmp_path / "elsewhere")
    shutil.move(tmp_path / "saved", tmp_path / "moved")
    loaded = spacy.load(tmp_path / "moved")
    assert [describe(doc) for doc in loaded.pipe(TEXTS)] == before
    assert [describe(loaded(text)) for text in TEXTS] == before
    for name in COMPONENTS:
        store = _component(loaded, name).kb
        assert tmp_path / "moved" in store.path.parents


def test_the_component_that_was_saved_need_not_have_been_used(
    moving: Language, moving_dir: Path, tmp_path: Path
) -> None:
    moving.to_disk(tmp_path / "saved")
    shutil.rmtree(moving_dir)
    assert spacy.load(tmp_path / "saved")("a heart attack").ents[0].kb_id_ == "MESH:D009203"


def test_saving_over_the_directory_that_it_was_loaded_from(
    moving: Language, tmp_path: Path, describe: Describe
) -> None:
    moving.to_disk(tmp_path / "saved")
    for _ in range(2):
        loaded = spacy.load(tmp_path / "saved")
        loaded.to_disk(tmp_path / "saved")
        again = spacy.load(tmp_path / "saved")
        assert describe(again(TEXTS[0])) == describe(moving(TEXTS[0])) == describe(loaded(TEXTS[0]))


def test_saving_another_knowledge_base_over_an_older_one(
    moving: Language, genes_dir: Path, tmp_path: Path
) -> None:
    moving.to_disk(tmp_path / "saved")
    other = spacy.blank("en")
    other.add_pipe("bel_matcher", config={"kb": str(genes_dir)})
    other.add_pipe("bel_linker", config={"kb": str(genes_dir)})
    other.to_disk(tmp_path / "saved")
    assert [e.kb_id_ for e in spacy.load(tmp_path / "saved")("TP53").ents] == ["NCBIGene:7157"]


def test_bytes_hold_the_knowledge_base(
    moving: Language, moving_dir: Path, tmp_path: Path, describe: Describe
) -> None:
    before = [describe(moving(text)) for text in TEXTS]
    data = moving.to_bytes()
    shutil.rmtree(moving_dir)
    loaded = load_model_from_config(moving.config).from_bytes(data)
    assert [describe(doc) for doc in loaded.pipe(TEXTS)] == before


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_without_a_knowledge_base_is_saved_without(name: str, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe(name)
    nlp.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved").from_bytes(nlp.to_bytes())
    with pytest.raises(BelError, match="B600"):
        _ = _component(loaded, name).kb


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_reference_in_place_of_the_knowledge_base(
    moving: Language, sample_dir: Path, genes_dir: Path, tmp_path: Path, name: str
) -> None:
    component = _component(moving, name)
    component.to_disk(tmp_path / "part", exclude=["kb"])
    data = component.to_bytes(exclude=["kb"])
    assert len(data) < 1000
    assert not (tmp_path / "part" / "kb").exists()
    loads: list[Callable[[KBComponent], KBComponent]] = [
        lambda fresh: fresh.from_disk(tmp_path / "part"),
        lambda fresh: fresh.from_bytes(data),
    ]
    for load in loads:
        right = load(_fresh(name, sample_dir))
        assert right.kb.checksum == component.kb.checksum
        wrong = load(_fresh(name, genes_dir))
        for _ in range(2):
            with pytest.raises(BelError, match=r"B601.*sample.*nlp\.initialize"):
                _ = wrong.kb
        with pytest.raises(BelError, match="B600"):
            _ = load(_fresh(name)).kb


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_mismatch_shows_at_loading_where_the_knowledge_base_is_open(
    moving: Language, genes_dir: Path, name: str
) -> None:
    data = _component(moving, name).to_bytes(exclude=["kb"])
    opened = _fresh(name, genes_dir)
    assert len(opened.kb) == 3
    with pytest.raises(BelError, match="B601"):
        opened.from_bytes(data)


def test_initialize_takes_another_knowledge_base(moving: Language, genes_dir: Path) -> None:
    data = _component(moving, "bel_linker").to_bytes(exclude=["kb"])
    nlp = spacy.blank("en")
    linker = nlp.add_pipe("bel_linker", config={"kb": str(genes_dir)})
    assert isinstance(linker, KBComponent)
    linker.from_bytes(data)
    nlp.initialize()
    assert linker.kb.name == "genes"


def test_a_reference_replaces_a_knowledge_base_that_was_saved_before(
    moving: Language, genes_dir: Path, tmp_path: Path
) -> None:
    _fresh("bel_linker", genes_dir).to_disk(tmp_path / "part")
    component = _component(moving, "bel_linker")
    component.to_disk(tmp_path / "part", exclude=["kb"])
    loaded = _fresh("bel_linker", component.kb.path).from_disk(tmp_path / "part")
    assert loaded.kb.name == "sample"
    component.to_disk(tmp_path / "part")
    assert not list((tmp_path / "part").glob("*.json"))
    assert _fresh("bel_linker").from_disk(tmp_path / "part").kb.name == "sample"


def test_a_saved_knowledge_base_can_be_left_out_at_loading(
    moving: Language, genes_dir: Path, tmp_path: Path
) -> None:
    component = _component(moving, "bel_linker")
    component.to_disk(tmp_path / "part")
    for loaded in (
        _fresh("bel_linker", genes_dir).from_disk(tmp_path / "part", exclude=["kb"]),
        _fresh("bel_linker", genes_dir).from_bytes(component.to_bytes(), exclude=["kb"]),
    ):
        assert loaded.kb.name == "genes"


def test_the_saved_knowledge_base_wins_over_the_config(
    moving: Language, genes_dir: Path, tmp_path: Path
) -> None:
    moving.to_disk(tmp_path / "saved")
    config = {"components": {"bel_linker": {"kb": str(genes_dir)}}}
    loaded = spacy.load(tmp_path / "saved", config=config)
    assert _component(loaded, "bel_linker").kb.name == "sample"


def test_the_threshold_lives_in_the_config(moving: Language, tmp_path: Path) -> None:
    moving.to_disk(tmp_path / "saved")
    config = {"components": {"bel_linker": {"threshold": 0.625}}}
    loaded = spacy.load(tmp_path / "saved", config=config)
    assert loaded.get_pipe("bel_linker").threshold == 0.625  # type: ignore[attr-defined]
    assert loaded.config["components"]["bel_linker"]["threshold"] == 0.625


def test_a_saved_knowledge_base_that_is_damaged(moving: Language, tmp_path: Path) -> None:
    moving.to_disk(tmp_path / "saved")
    meta = tmp_path / "saved" / "bel_linker" / "kb" / "meta.json"
    file = meta.parent / json.loads(meta.read_text())["files"]["concepts"]["file"]
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(BelError, match="B103"):
        spacy.load(tmp_path / "saved")


@pytest.mark.parametrize("name", COMPONENTS)
def test_what_is_pickled_is_small(moving: Language, name: str, describe: Describe) -> None:
    doc = moving(TEXTS[0])
    component = moving.get_pipe(name)
    data = pickle.dumps(component)
    assert len(data) < 2500
    copy = pickle.loads(data)
    assert copy.name == name
    assert describe(copy(moving(TEXTS[0]))) == describe(doc)


def test_a_sourced_component_links_the_same(moving: Language, describe: Describe) -> None:
    nlp = spacy.blank("en")
    for name in ("bel_matcher", "bel_linker"):
        nlp.add_pipe(name, source=moving)
    assert describe(nlp(TEXTS[0])) == describe(moving(TEXTS[0]))


def _fresh(name: str, kb: Path | None = None) -> KBComponent:
    config = {} if kb is None else {"kb": str(kb)}
    component = spacy.blank("en").create_pipe(name, config=config)
    assert isinstance(component, KBComponent)
    return component
