"""bel_retriever and bel_reranker together do what bel_linker does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from spacy_bel.errors import BelError
from spacy_bel.evaluation.run import evaluate

pytest.importorskip("transformers")

NUMBERS = {"@misc": "spacy-bel.CrossEncoder.v1", "model": None, "compare": None}

TEXTS = [
    "Heart attack in a woman with type 2 diabetes; she took aspirin and paracetamol.",
    "Mitral stenosis (MS) in pregnancy. Women with MS tolerate a fast pulse poorly.",
    "",
    "Nothing to see here.",
    "Breast and ovarian cancer ran in the family, and hypertension in the other one.",
]


def _pipeline(sample_dir: Path, *parts: str, **settings: Any) -> Language:
    nlp = spacy.blank("en")
    kb = {"kb": str(sample_dir)}
    nlp.add_pipe("bel_matcher", config=kb)
    for part in parts:
        own = kb if part == "bel_retriever" else {**kb, "reranker": NUMBERS, **settings}
        nlp.add_pipe(part, config=own)
    return nlp


@pytest.fixture(scope="module")
def apart(sample_dir: Path) -> Language:
    return _pipeline(sample_dir, "bel_retriever", "bel_reranker")


def test_two_components_answer_as_one(
    apart: Language, sample_dir: Path, describe: Callable[[Doc], list[tuple[Any, ...]]]
) -> None:
    linker = _pipeline(sample_dir, "bel_linker")
    for one, other in zip(apart.pipe(TEXTS), linker.pipe(TEXTS), strict=True):
        assert describe(one) == describe(other)
    assert any(entity.kb_id_.startswith("MESH") for entity in apart(TEXTS[0]).ents)


def test_without_a_retriever_it_says_so(sample_dir: Path) -> None:
    nlp = _pipeline(sample_dir, "bel_reranker")
    with pytest.raises(BelError, match=r"B767.*bel_retriever"):
        nlp(TEXTS[0])
    assert nlp(TEXTS[3]).ents == ()


def test_it_shares_the_knowledge_base_of_the_retriever_on_disk(
    apart: Language,
    tmp_path: Path,
    describe: Callable[[Doc], list[tuple[Any, ...]]],
) -> None:
    before = [describe(doc) for doc in apart.pipe(TEXTS)]
    apart.to_disk(tmp_path / "saved")
    assert (tmp_path / "saved" / "bel_retriever" / "kb").is_dir()
    assert not (tmp_path / "saved" / "bel_reranker" / "kb").exists()
    (tmp_path / "saved").rename(tmp_path / "moved")
    loaded = spacy.load(tmp_path / "moved")
    assert [describe(doc) for doc in loaded.pipe(TEXTS)] == before
    loaded.to_disk(tmp_path / "again")
    assert [describe(doc) for doc in spacy.load(tmp_path / "again").pipe(TEXTS)] == before


def test_bytes_hold_everything(
    apart: Language, describe: Callable[[Doc], list[tuple[Any, ...]]], sample_dir: Path
) -> None:
    other = _pipeline(sample_dir, "bel_retriever", "bel_reranker").from_bytes(apart.to_bytes())
    assert describe(other(TEXTS[0])) == describe(apart(TEXTS[0]))


def test_two_processes_answer_as_one(
    apart: Language, describe: Callable[[Doc], list[tuple[Any, ...]]]
) -> None:
    one = [describe(doc) for doc in apart.pipe(TEXTS, n_process=2, batch_size=2)]
    assert one == [describe(doc) for doc in apart.pipe(TEXTS, batch_size=2)]


def test_gold_mentions_are_evaluated_too(apart: Language, sample_dir: Path) -> None:
    docs = list(apart.pipe(TEXTS))
    gold = list(DocBin(docs=docs).get_docs(apart.vocab))
    lenient = evaluate(apart, gold, end_to_end=False, resamples=1).metrics["lenient"]
    assert lenient["n"] > 4
    assert lenient["acc@1"]["value"] > 0.9
