"""spaCy's own training loop teaches a cross-encoder inside a linker."""

from __future__ import annotations

import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example

pytest.importorskip("transformers")

TEXTS = (
    ("type 2 diabetes and DM", "DM", "MESH:D003920"),
    ("the human disease DM in a woman", "DM", "MESH:D009223"),
    ("sclerosis MS in a woman", "MS", "MESH:D009103"),
    ("the mitral stenosis MS was seen", "MS", "MESH:D008946"),
)


def _examples(nlp: Language) -> list[Example]:
    found = []
    for text, mention, id_ in TEXTS:
        reference, predicted = nlp.make_doc(text), nlp.make_doc(text)
        start = text.index(mention)
        span = reference.char_span(start, start + len(mention), "Disease")
        assert span is not None
        reference.ents = (Span(reference, span.start, span.end, "Disease", kb_id=id_),)
        predicted.ents = (Span(predicted, span.start, span.end, "Disease"),)
        found.append(Example(predicted, reference))
    return found


def _right(nlp: Language) -> int:
    examples = _examples(nlp)
    linker = nlp.get_pipe("bel_linker")
    docs = [linker(example.predicted) for example in examples]
    return sum(doc.ents[0].kb_id_ == id_ for doc, (_, _, id_) in zip(docs, TEXTS, strict=True))


def test_it_learns_and_what_it_learned_is_saved(
    kb_dir: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    nlp = spacy.blank("en")
    reranker = {
        "@misc": "spacy-bel.CrossEncoder.v1",
        "model": str(tiny_encoder),
        "compare": None,
        "dtype": "float32",
    }
    linker = nlp.add_pipe("bel_linker", config={"reranker": reranker, "threshold": 0.0})
    assert not linker.is_trainable  # type: ignore[attr-defined]
    nlp.config["initialize"]["components"] = {"bel_linker": {"kb": str(kb_dir)}}
    optimizer = nlp.initialize(lambda: _examples(nlp))
    assert linker.is_trainable  # type: ignore[attr-defined]
    assert _right(nlp) == 2
    first = nlp.update(_examples(nlp), sgd=optimizer)["bel_linker"]
    for _ in range(100):
        losses = nlp.update(_examples(nlp), sgd=optimizer)
    assert losses["bel_linker"] < 0.5 * first
    assert _right(nlp) == 4
    nlp.to_disk(tmp_path / "saved")
    assert _right(spacy.load(tmp_path / "saved")) == 4


def test_others_pass_training_by(kb_dir: Path) -> None:
    nlp = spacy.blank("en")
    linker = nlp.add_pipe("bel_linker", config={"kb": str(kb_dir)})
    nlp.initialize(lambda: _examples(nlp))
    assert not linker.is_trainable  # type: ignore[attr-defined]
    assert nlp.update(_examples(nlp)) == {}


def test_a_reranker_learns_from_the_candidates_that_were_written(kb_dir: Path) -> None:
    nlp = spacy.blank("en")
    reranker = {"@misc": "spacy-bel.CrossEncoder.v1", "model": None, "compare": None}
    nlp.add_pipe("bel_retriever", config={"kb": str(kb_dir)})
    nlp.add_pipe("bel_reranker", config={"kb": str(kb_dir), "reranker": reranker})
    nlp.initialize(lambda: _examples(nlp))
    without = nlp.update(_examples(nlp))["bel_reranker"]
    losses = nlp.update(_examples(nlp), annotates=["bel_retriever"])
    assert without == 0
    assert losses["bel_reranker"] > 0
