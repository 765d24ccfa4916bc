from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import spacy
from spacy.cli.find_threshold import find_threshold
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Corpus, Example
from spacy.util import registry

from spacy_bel.corpora.reader import read_docs
from spacy_bel.evaluation.run import evaluate
from spacy_bel.evaluation.scorer import make_link_scorer, score_links
from spacy_bel.kb.store import Store

MakeDoc = Callable[..., Doc]

KEYS = [f"bel_{variant}_{figure}" for variant in ("strict", "overlap") for figure in "prf"]


def _predict(reference: Doc, *spans: tuple[int, int, str], key: str = "ents") -> Example:
    predicted = Doc(
        reference.vocab,
        words=[token.text for token in reference],
        spaces=[bool(token.whitespace_) for token in reference],
    )
    linked = [Span(predicted, start, end, "X", kb_id=kb_id) for start, end, kb_id in spans]
    if key == "ents":
        predicted.ents = tuple(linked)
    else:
        predicted.spans[key] = linked
    return Example(predicted, reference)


@pytest.fixture
def reference(make_doc: MakeDoc) -> Doc:
    return make_doc(
        "gout and breast cancer or flu", ("gout", "A:1"), ("breast cancer", "B:1"), ("flu", "NIL")
    )


def test_it_is_registered() -> None:
    scorer = registry.scorers.get("spacy-bel.LinkScorer.v1")()
    assert isinstance(scorer, partial)
    assert scorer.func is score_links


def test_scores_by_hand(reference: Doc) -> None:
    example = _predict(reference, (0, 1, "A:1"), (3, 4, "B:1"), (5, 6, "C:1"))
    assert score_links([example]) == {
        "bel_strict_p": pytest.approx(1 / 3),
        "bel_strict_r": 0.5,
        "bel_strict_f": pytest.approx(2 / 5),
        "bel_overlap_p": pytest.approx(2 / 3),
        "bel_overlap_r": 1.0,
        "bel_overlap_f": pytest.approx(4 / 5),
        "bel_acc": 1.0,
    }


def test_keys_carry_the_components_name(reference: Doc) -> None:
    scores = score_links([_predict(reference)], name="umls")
    assert set(scores) == {key.replace("bel_", "umls_") for key in (*KEYS, "bel_acc")}


def test_predictions_in_a_span_group(reference: Doc) -> None:
    example = _predict(reference, (0, 1, "A:1"), key="mine")
    assert make_link_scorer()([example], spans="mine")["bel_strict_p"] == 1.0
    assert make_link_scorer()([example], spans="other")["bel_strict_f"] == 0.0


def test_retired_ids_are_resolved_with_a_knowledge_base(kb: Store, make_doc: MakeDoc) -> None:
    example = _predict(
        make_doc("It is breast cancer", ("breast cancer", "MESH:C999999")), (2, 4, "MESH:D001943")
    )
    assert score_links([example])["bel_acc"] == 0.0
    assert score_links([example], kb=kb)["bel_acc"] == 1.0


def test_a_pipeline_that_finds_nothing_scores_zero(reference: Doc) -> None:
    scores = score_links([_predict(reference, (5, 6, "NIL"))])
    assert scores == dict.fromkeys([*KEYS, "bel_acc"], 0.0)


def test_nothing_to_score(make_doc: MakeDoc) -> None:
    nothing = dict.fromkeys([*KEYS, "bel_acc"])
    assert score_links([]) == nothing
    assert score_links([_predict(make_doc("flu", ("flu", "NIL")))]) == nothing


def test_nlp_evaluate_agrees_with_the_end_to_end_figures(nlp: Language, corpus_path: Path) -> None:
    scores = nlp.evaluate(list(Corpus(corpus_path)(nlp)))
    figures = evaluate(nlp, read_docs(corpus_path, nlp.vocab), resamples=10).metrics["end_to_end"]
    assert scores["bel_strict_f"] == figures["strict"]["f1"]["value"] == pytest.approx(4 / 6)
    assert scores["bel_strict_p"] == figures["strict"]["precision"]["value"]
    assert scores["bel_overlap_r"] == figures["overlap"]["recall"]["value"]
    assert scores["bel_acc"] == figures["accuracy"]["value"]


def test_find_threshold_agrees_with_evaluate(kb: Store, corpus_path: Path, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("bel_matcher", config={"kb": str(kb.path)})
    nlp.add_pipe("bel_linker", config={"kb": str(kb.path)})
    nlp.to_disk(tmp_path / "pipeline")
    key = "bel_linker_strict_f"
    best, score, scores = find_threshold(
        str(tmp_path / "pipeline"), corpus_path, "bel_linker", "threshold", key, n_trials=2
    )
    metrics = evaluate(nlp, read_docs(corpus_path, nlp.vocab), resamples=10).metrics
    assert metrics["lenient"]["recall@5"]["value"] == 1.0
    assert score == scores[best] == metrics["end_to_end"]["strict"]["f1"]["value"]
    assert score > 0
