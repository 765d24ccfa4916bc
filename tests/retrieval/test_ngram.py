from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spacy_bel.features import TRIGRAM_SHARE, NameForms
from spacy_bel.kb import blocks
from spacy_bel.kb.store import Store
from spacy_bel.retrieval import block_search, ngram
from spacy_bel.retrieval.hits import Hits, Query
from spacy_bel.retrieval.ngram import PRUNE, PRUNE_SHARED, NgramStage
from spacy_bel.types import Concept

TEXTS = [
    "heart attack",
    "diabetes type 2",
    "cardiac failure",
    "infarto de miocardio",
    "kidney stones in a child",
    "hypertensive crisis",
    "Streptococcus",
    "qqqq",
    "心肌梗",
    "a",
    "",
]


class Dense:
    """TF-IDF cosines of trigrams and concept words, one feature and one name at a time."""

    def __init__(self, names: list[str]) -> None:
        self.blocks = [self._index(names, block) for block in (self.trigrams, self.concept_words)]

    @staticmethod
    def trigrams(name: str) -> list[str]:
        text = " ".join(("", *NameForms.of(name).words, ""))
        every = [text[at : at + 3] for at in range(len(text) - 2)]
        return [gram for gram in every if gram[1] != " "]

    @staticmethod
    def concept_words(name: str) -> list[str]:
        return sorted(NameForms.of(name).concept)

    def _index(
        self, names: list[str], block: Callable[[str], list[str]]
    ) -> tuple[Callable[[str], list[str]], dict[str, float], NDArray[np.float64]]:
        every = sorted({feature for name in names for feature in block(name)})
        present = [set(block(name)) for name in names]
        idf = {
            feature: np.log((1 + len(names)) / (1 + sum(feature in own for own in present))) + 1
            for feature in every
        }
        return block, idf, np.array([self._vector(block(name), idf) for name in names])

    @staticmethod
    def _vector(found: list[str], idf: dict[str, float]) -> NDArray[np.float64]:
        counts = np.array([found.count(feature) for feature in idf], dtype=float)
        weights = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0) * list(idf.values())
        return weights / (np.linalg.norm(weights) or 1)

    def scores(self, text: str) -> NDArray[np.float64]:
        trigrams, words = (
            rows @ self._vector(block(text), idf) for block, idf, rows in self.blocks
        )
        return np.asarray(TRIGRAM_SHARE * trigrams + (1 - TRIGRAM_SHARE) * words)


@pytest.fixture(scope="session")
def dense(sample: Store) -> Dense:
    return Dense(_names(sample))


@pytest.fixture(scope="session")
def exact(sample: Store) -> NgramStage:
    return NgramStage(sample, prune=0)


@pytest.fixture(scope="session")
def pruned(sample: Store) -> NgramStage:
    return NgramStage(sample, prune=0.3)


def _names(store: Store) -> list[str]:
    return [store.alias_names[number] for number in range(len(store.alias_names))]


def _query(text: str, mask: NDArray[np.bool_] | None = None) -> Query:
    return Query(text, NameForms.of(text), mask)


def _scores(hits: Hits, size: int) -> NDArray[np.float64]:
    scores = np.zeros(size)
    scores[hits.aliases] = hits.scores
    return scores


@pytest.mark.parametrize("text", TEXTS)
def test_scores_are_the_cosines_of_a_dense_reference(
    exact: NgramStage, sample: Store, dense: Dense, text: str
) -> None:
    size = len(sample.alias_names)
    (hits,) = exact.search([_query(text)], size)
    assert len(set(hits.aliases.tolist())) == len(hits.aliases)
    np.testing.assert_allclose(_scores(hits, size), dense.scores(text), atol=2e-6)


@settings(max_examples=30, deadline=None)
@given(text=st.text("abcdehiorst aαβ心肌ñ-", max_size=25))
def test_scores_are_the_cosines_for_any_text(
    exact: NgramStage, sample: Store, dense: Dense, text: str
) -> None:
    size = len(sample.alias_names)
    (hits,) = exact.search([_query(text)], size)
    np.testing.assert_allclose(_scores(hits, size), dense.scores(text), atol=2e-6)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("k", [1, 5])
def test_pruned_scores_are_exact_ones(
    exact: NgramStage, pruned: NgramStage, sample: Store, text: str, k: int
) -> None:
    size = len(sample.alias_names)
    (every,) = exact.search([_query(text)], size)
    (some,) = pruned.search([_query(text)], k)
    assert len(some.aliases) <= len(every.aliases)
    np.testing.assert_allclose(
        some.scores, _scores(every, size)[some.aliases], atol=1e-6, rtol=1e-5
    )


def test_the_best_name_survives_the_pruning(exact: NgramStage, pruned: NgramStage) -> None:
    queries = [_query(text) for text in TEXTS]
    for full, quick in zip(exact.search(queries, 5), pruned.search(queries, 5), strict=True):
        assert bool(len(full.scores)) == bool(len(quick.scores))
        if len(full.scores):
            assert quick.scores.max() == pytest.approx(full.scores.max(), abs=1e-6)


@pytest.mark.parametrize("size", [1, 4, 16])
def test_the_best_concepts_are_those_of_a_full_search(
    make_kb: Callable[..., Store],
    sample: Store,
    dense: Dense,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
) -> None:
    monkeypatch.setattr(blocks, "_SIZES", ((1 << 30, size),))
    monkeypatch.setattr(block_search, "NAMES", 1)
    monkeypatch.setattr(block_search, "NAMES_MORE", 0)  # so that bounds have to be right
    kb = make_kb(list(sample.concepts()))
    assert kb.meta["block_size"] == size
    for text, k in product(TEXTS, (1, 5, 20)):
        (hits,) = NgramStage(kb, prune=0).search([_query(text)], k)
        found = _best_of_concepts(kb, _scores(hits, len(kb.alias_names)))
        expected = _best_of_concepts(kb, dense.scores(text))
        np.testing.assert_allclose(found[:k], expected[:k], atol=2e-6)


def _best_of_concepts(kb: Store, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    best = np.zeros(len(kb))
    np.maximum.at(best, kb.alias_concepts, scores)
    return -np.sort(-best)


def test_few_queries_at_a_time_are_the_same(
    pruned: NgramStage, sample: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = [_query(name) for name in _names(sample)[:40]]
    every = pruned.search(queries, 5)
    monkeypatch.setattr(ngram, "BATCH_ENTRIES", 50)
    for one, other in zip(every, pruned.search(queries, 5), strict=True):
        np.testing.assert_array_equal(one.aliases, other.aliases)
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-6)


def test_a_query_without_enough_concepts_is_searched_with_all_features(
    exact: NgramStage, pruned: NgramStage, sample: Store
) -> None:
    k = len(sample)
    for text in TEXTS:
        (full,), (quick,) = (stage.search([_query(text)], k) for stage in (exact, pruned))
        assert sorted(full.aliases.tolist()) == sorted(quick.aliases.tolist())


@pytest.mark.parametrize("prune", [0.0, 0.3])
def test_a_mask_acts_before_the_cut(sample: Store, prune: float) -> None:
    mask = np.zeros(len(sample.alias_names), dtype=bool)
    mask[::7] = True
    (every,) = NgramStage(sample, prune=0).search([_query("heart disease")], len(sample))
    (some,) = NgramStage(sample, prune=prune).search([_query("heart disease", mask)], 3)
    assert mask[some.aliases].all()
    possible = set(sample.alias_concepts[every.aliases[mask[every.aliases]]].tolist())
    assert len(set(sample.alias_concepts[some.aliases].tolist())) >= min(3, len(possible))


def test_many_queries_at_a_time(pruned: NgramStage, sample: Store) -> None:
    queries = [_query(name) for name in _names(sample)]
    assert len(queries) > 256
    for query, hits in zip(queries[::50], pruned.search(queries, 3)[::50], strict=True):
        (alone,) = pruned.search([query], 3)
        np.testing.assert_array_equal(hits.aliases, alone.aliases)
        np.testing.assert_array_equal(hits.scores, alone.scores)


def test_a_knowledge_base_without_letters(make_kb: Callable[..., Store]) -> None:
    stage = NgramStage(make_kb([Concept("A:1", "++")]))
    assert [len(hits.aliases) for hits in stage.search([_query("++"), _query("pain")], 3)] == [1, 0]


@pytest.mark.parametrize(("size", "prune"), [(1, PRUNE), (4, PRUNE_SHARED)])
def test_less_is_left_out_of_bounds_that_names_share(
    make_kb: Callable[[Sequence[Concept]], Store],
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    prune: float,
) -> None:
    monkeypatch.setattr(blocks, "block_size", lambda names: size)
    kb = make_kb([Concept("A:1", "heart attack"), Concept("A:2", "heart failure")])
    assert NgramStage(kb).prune == prune
