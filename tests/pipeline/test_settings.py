"""How components take their knowledge base and their settings."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import spacy
from confection import ConfigValidationError
from spacy.util import load_model_from_config
from thinc.api import Config

from spacy_bel.errors import BelError
from spacy_bel.pipeline.component import KBComponent

COMPONENTS = ("bel_matcher", "bel_retriever", "bel_linker")


@pytest.mark.parametrize("name", COMPONENTS)
def test_without_a_knowledge_base_the_first_use_says_how_to_give_one(name: str) -> None:
    nlp = spacy.blank("en")
    component = nlp.add_pipe(name, name="mine")
    assert isinstance(component, KBComponent)
    doc = nlp.make_doc("gout")
    for use in (lambda: component.kb, component.initialize, nlp.initialize):
        with pytest.raises(BelError) as caught:
            use()
        message = str(caught.value)
        assert "B600" in message
        assert 'config={"kb": DIR}' in message
        assert "[initialize.components.mine]" in message
    if name == "bel_matcher":
        with pytest.raises(BelError, match="B600"):
            nlp(doc)


def test_nothing_to_link_needs_no_knowledge_base() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("bel_linker")
    assert nlp("no entity here").ents == ()


@pytest.mark.parametrize("name", COMPONENTS)
def test_the_knowledge_base_from_the_initialize_block(
    sample_dir: Path, tmp_path: Path, name: str
) -> None:
    config = Config().from_str(f"""
        [nlp]
        lang = "en"
        pipeline = ["mine"]
        [components]
        [components.mine]
        factory = "{name}"
        [initialize]
        [initialize.components]
        [initialize.components.mine]
        kb = "{sample_dir}"
        """)
    nlp = load_model_from_config(config, auto_fill=True)
    nlp.initialize()
    component = nlp.get_pipe("mine")
    assert isinstance(component, KBComponent)
    assert component.kb.name == "sample"
    nlp.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved").get_pipe("mine")
    assert isinstance(loaded, KBComponent)
    assert loaded.kb.path == tmp_path / "saved" / "mine" / "kb"


def test_initialize_takes_the_knowledge_base_of_the_config(sample_dir: Path) -> None:
    nlp = spacy.blank("en")
    linker = nlp.add_pipe("bel_linker", config={"kb": str(sample_dir)})
    nlp.initialize()
    assert linker.kb.path == sample_dir  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", COMPONENTS)
def test_no_knowledge_base_where_the_path_leads(name: str, tmp_path: Path) -> None:
    component: Any = spacy.blank("en").add_pipe(name, config={"kb": str(tmp_path / "no")})
    for _ in range(2):
        with pytest.raises(BelError, match="B100"):
            _ = component.kb


def test_the_knowledge_base_is_not_opened_before_it_is_used(
    sample_dir: Path, tmp_path: Path
) -> None:
    nlp = spacy.blank("en")
    linker: Any = nlp.add_pipe("bel_linker", config={"kb": str(tmp_path / "later")})
    shutil.copytree(sample_dir, tmp_path / "later")
    assert len(linker.kb) > 100


@pytest.mark.parametrize(
    "config",
    [
        {"top_k": "many"},
        {"threshold": "high"},
        {"write_kb_id": "perhaps"},
        {"label_types": ["Disease"]},
        {"treshold": 0.5},
        {"kb": 3},
        {"retriever": "exact"},
    ],
)
def test_settings_of_a_wrong_type_or_name_are_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ConfigValidationError, match=next(iter(config))):
        spacy.blank("en").add_pipe("bel_linker", config=config)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"threshold": 2.0}, r"threshold=2.*0 to 1"),
        ({"threshold": -0.1}, "threshold"),
        ({"top_k": 0}, "top_k=0.*1 or more"),
        ({"keep_candidates": -1}, "keep_candidates=-1"),
        ({"context": {"sise": 3}}, "'sise'.*size, abbreviations, composites"),
        ({"context": {"size": -3}}, r"context\.size=-3"),
        ({"context": {"size": "big"}}, r"context\.size='big'"),
        ({"context": {"composites": 1}}, r"context\.composites=1.*true or false"),
    ],
)
def test_settings_out_of_range_are_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(BelError, match=f"B602.*mine.*{message}"):
        spacy.blank("en").add_pipe("bel_linker", name="mine", config=config)


def test_types_that_the_knowledge_base_does_not_have_are_refused(sample_dir: Path) -> None:
    for name, config in (
        ("bel_linker", {"label_types": {"DISEASE": ["Diseases"], "X": ["Gene"]}}),
        ("bel_retriever", {"label_types": {"DISEASE": ["Diseases"]}}),
        ("bel_matcher", {"types": ["Diseases"]}),
    ):
        nlp = spacy.blank("en")
        component: Any = nlp.add_pipe(name, config={**config, "kb": str(sample_dir)})
        for _ in range(2):
            with pytest.raises(BelError, match=r"B602.*types.*'Diseases'.*Chemical, Disease"):
                _ = component.kb


def test_one_known_type_is_enough(sample_dir: Path) -> None:
    config = {"kb": str(sample_dir), "label_types": {"X": ["Disease", "Finding"], "Y": []}}
    linker: Any = spacy.blank("en").add_pipe("bel_linker", config=config)
    assert len(linker.kb) > 100


def test_defaults_survive_the_config(make_nlp: Any) -> None:
    nlp = make_nlp()
    again = load_model_from_config(nlp.config)
    for name in ("bel_matcher", "bel_linker"):
        assert again.config["components"][name] == nlp.config["components"][name]
    assert nlp.analyze_pipes()["problems"] == {"bel_matcher": [], "bel_linker": []}


def test_they_do_not_learn(make_nlp: Any) -> None:
    nlp = make_nlp()
    for name in nlp.pipe_names:
        assert not nlp.get_pipe(name).is_trainable
