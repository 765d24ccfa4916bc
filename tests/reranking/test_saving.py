from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from spacy_bel.errors import BelError
from spacy_bel.examples import Example, Offer, write_examples
from spacy_bel.kb.store import Store
from spacy_bel.protocols import Persistent, Reranker
from spacy_bel.reranking.pointwise import PointwiseLLM
from spacy_bel.reranking.registry import pointwise_llm, setwise_llm
from spacy_bel.reranking.scaling import Scaling
from spacy_bel.reranking.setwise import SetwiseLLM
from spacy_bel.types import NIL, Ranking
from tests.reranking.conftest import CANDIDATES, MENTIONS, QUESTIONS

CPU = {"dtype": "float32", "device": "cpu"}


def rerank(reranker: Any) -> list[Ranking]:
    found: list[Ranking] = reranker.rerank(*zip(*QUESTIONS, strict=True))
    return found


def saved(reranker: Any, folder: Path) -> Path:
    folder.mkdir()
    reranker.to_disk(folder)
    return folder


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    gold = ((CANDIDATES[1].id,), (NIL,))
    rows = [
        Example(MENTIONS[number], tuple(map(Offer, CANDIDATES[:3])), own)
        for number, own in enumerate(gold)
    ]
    write_examples(rows, tmp_path / "shots.jsonl")
    return tmp_path / "shots.jsonl"


@pytest.mark.parametrize("make", [setwise_llm, pointwise_llm])
def test_registered_functions_only_remember(make: Any, kb: Store) -> None:
    made = make("nobody/no-such-model")
    assert isinstance(made, partial)
    reranker = made(kb)
    assert isinstance(reranker, Reranker)
    assert isinstance(reranker, Persistent)
    with pytest.raises(BelError, match=r"B413.*no-such-model"):
        rerank(reranker)


def test_a_saved_setwise_reranker_answers_the_same(
    qwen: Path, adapter: Path, shots: Path, kb: Store, tmp_path: Path
) -> None:
    make = setwise_llm(str(qwen), adapter=str(adapter), shots=str(shots), orders=2, **CPU)  # type: ignore[arg-type]
    reranker = make(kb)
    assert isinstance(reranker, SetwiseLLM)
    reranker.scaling = Scaling(2.0, 0.5, fitted=True)
    found = rerank(reranker)
    folder = saved(reranker, tmp_path / "saved")
    shots.unlink()
    other = make(kb)
    assert isinstance(other, SetwiseLLM)
    other.from_disk(folder)
    assert other.builder.version == reranker.builder.version
    assert rerank(other) == found
    # What was loaded can be saved again.
    again = make(kb)
    again.from_disk(saved(other, tmp_path / "again"))  # type: ignore[attr-defined]
    shutil.rmtree(folder)
    assert rerank(again) == found


def test_the_model_can_be_saved_along(qwen: Path, kb: Store, tmp_path: Path) -> None:
    here = Path(shutil.copytree(qwen, tmp_path / "here"))
    make = setwise_llm(str(here), include_weights=True, **CPU)  # type: ignore[arg-type]
    found = rerank(make(kb))
    folder = saved(make(kb), tmp_path / "saved")
    shutil.rmtree(here)
    other = make(kb)
    other.from_disk(folder)  # type: ignore[attr-defined]
    assert rerank(other) == found
    second = make(kb)
    second.from_disk(saved(other, tmp_path / "again"))  # type: ignore[attr-defined]
    assert rerank(second) == found


def test_another_model_in_its_place_is_refused(
    qwen: Path, kb: Store, make_model: Any, make_tokenizer: Any, tmp_path: Path
) -> None:
    here = Path(shutil.copytree(qwen, tmp_path / "here"))
    make = setwise_llm(str(here), **CPU)  # type: ignore[arg-type]
    folder = saved(make(kb), tmp_path / "saved")
    shutil.rmtree(here)
    other = make(kb)
    other.from_disk(folder)  # type: ignore[attr-defined]
    with pytest.raises(BelError, match=r"B413.*here"):
        rerank(other)
    make_model(here, make_tokenizer(), seed=3)
    with pytest.raises(BelError, match=r"B717.*checksum"):
        rerank(other)


def test_a_saved_pointwise_reranker_answers_the_same(qwen: Path, kb: Store, tmp_path: Path) -> None:
    make = pointwise_llm(str(qwen), context="none", **CPU)  # type: ignore[arg-type]
    reranker = make(kb)
    assert isinstance(reranker, PointwiseLLM)
    reranker.scaling = Scaling(0.5, -1.0, fitted=True)
    found = rerank(reranker)
    other = make(kb)
    other.from_disk(saved(reranker, tmp_path / "saved"))  # type: ignore[attr-defined]
    assert rerank(other) == found
    assert all(ranking.calibrated for ranking in found)


def test_what_does_not_fit_is_refused(qwen: Path, kb: Store, tmp_path: Path) -> None:
    folder = saved(setwise_llm(str(qwen), **CPU)(kb), tmp_path / "saved")  # type: ignore[arg-type]
    other: Any = setwise_llm(str(qwen), types=True, **CPU)(kb)  # type: ignore[arg-type]
    with pytest.raises(BelError, match="B713"):
        other.from_disk(folder)
    reranker: Any = setwise_llm(str(qwen), **CPU)(kb)  # type: ignore[arg-type]
    path = folder / "reranker.json"
    content = json.loads(path.read_text())
    for broken, code in (
        ({**content, "schema": 99}, "B722"),
        ({**content, "scaling": {"heat": 1}}, "B716"),
        ([], "B716"),
    ):
        path.write_text(json.dumps(broken))
        with pytest.raises(BelError, match=code):
            reranker.from_disk(folder)
    with pytest.raises(BelError, match="B716"):
        reranker.from_disk(tmp_path / "nowhere")


def test_examples_without_gold_are_no_shots(qwen: Path, kb: Store, tmp_path: Path) -> None:
    write_examples([Example(MENTIONS[0], (Offer(CANDIDATES[0]),))], tmp_path / "shots.jsonl")
    make = setwise_llm(str(qwen), shots=str(tmp_path / "shots.jsonl"), **CPU)  # type: ignore[arg-type]
    with pytest.raises(BelError, match="B707"):
        rerank(make(kb))


def test_a_pipeline_with_a_language_model(qwen: Path, kb_dir: Path) -> None:
    import spacy

    def make(**settings: Any) -> Any:
        nlp = spacy.blank("en")
        nlp.add_pipe("bel_matcher", config={"kb": str(kb_dir)})
        reranker = {"@misc": "spacy-bel.SetwiseLLM.v1", "model": str(qwen), **CPU, **settings}
        config = {"kb": str(kb_dir), "reranker": reranker, "threshold": 0.0}
        nlp.add_pipe("bel_linker", config=config)
        return nlp

    text = "Patients with type II diabetes took aspirin."
    linked = [entity.kb_id_ for entity in make(nil_bias=-60.0)(text).ents]
    assert len(linked) == 2
    assert all(id_.startswith("MESH:") for id_ in linked)
    assert {entity.kb_id_ for entity in make(nil_bias=60.0)(text).ents} == {NIL}
    docs = [text, "", "Multiple sclerosis"] * 3
    nlp = make(definition=True, parents=True, types=True, lang=None)
    one = [[e.kb_id_ for e in doc.ents] for doc in nlp.pipe(docs)]
    assert one == [[e.kb_id_ for e in nlp(doc).ents] for doc in docs]
