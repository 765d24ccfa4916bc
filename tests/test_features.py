from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spacy_bel.features import (
    TRIGRAM_SHARE,
    FeatureBatch,
    NameForms,
    features,
    hash64,
    trigrams,
    weigh,
)

NAMES = st.lists(st.text(max_size=25), max_size=12)


def _trigrams(name_words: tuple[str, ...]) -> Counter[int]:
    """One window after the other, each written as one number."""
    codes: Counter[int] = Counter()
    for word in name_words:
        padded = f" {word} "
        for start in range(len(padded) - 2):
            first, middle, last = map(ord, padded[start : start + 3])
            codes[first * 2**42 + middle * 2**21 + last] += 1
    return codes


def _expected(forms: NameForms) -> dict[int, float]:
    concept_codes = {hash64(word) | -(2**63) for word in forms.concept}
    return {**_trigrams(forms.words), **dict.fromkeys(concept_codes, 1)}


def _by_row(batch: FeatureBatch) -> list[dict[int, float]]:
    rows: list[dict[int, float]] = [{} for _ in range(batch.size)]
    for row, code, count in zip(batch.rows, batch.codes, batch.counts, strict=True):
        assert code not in rows[row], "codes are distinct within a row"
        rows[row][int(code)] = float(count)
    return rows


@given(NAMES)
def test_features_are_what_a_slow_count_gives(names: list[str]) -> None:
    forms = [NameForms.of(name) for name in names]
    batch = features(forms)
    assert _by_row(batch) == [_expected(form) for form in forms]
    assert (np.diff(batch.rows) >= 0).all()
    dtypes = [str(array.dtype) for array in (batch.rows, batch.codes, batch.counts)]
    assert dtypes == ["int64", "int64", "float32"]


@given(NAMES)
def test_a_name_has_the_same_features_in_every_batch(names: list[str]) -> None:
    together = _by_row(features([NameForms.of(name) for name in names]))
    assert together == [_by_row(features([NameForms.of(name)]))[0] for name in names]


def test_no_names_have_no_features() -> None:
    batch = features([])
    assert batch.size == len(batch.rows) == len(batch.codes) == len(batch.counts) == 0


def test_trigrams_do_not_cross_words_or_names() -> None:
    rows, codes = trigrams(["ab c", "", "d"])
    written = [
        (row, "".join(chr(code >> shift & 0x1FFFFF) for shift in (42, 21, 0)))
        for row, code in zip(rows.tolist(), codes.tolist(), strict=True)
    ]
    assert written == [(0, " ab"), (0, "ab "), (0, " c "), (2, " d ")]


def test_the_largest_code_points_do_not_overflow() -> None:
    _, codes = trigrams(["\U0010ffff" * 3])
    assert (codes > 0).all()
    assert len(codes) == 3


def test_repeated_trigrams_are_counted() -> None:
    batch = features([NameForms.of("papapa")])
    assert sorted(batch.counts[batch.codes >= 0].tolist()) == [1, 1, 2, 2]


@given(NAMES.filter(bool), st.integers(0, 2**32 - 1))
def test_weights_are_unit_vectors_in_two_blocks(names: list[str], seed: int) -> None:
    batch = features([NameForms.of(name) for name in names])
    idf = np.random.default_rng(seed).uniform(1, 10, len(batch.codes)).astype(np.float32)
    weights = weigh(batch, idf)
    assert weights.dtype == np.float32
    squares = weights.astype(np.float64) ** 2
    for row, name in enumerate(names):
        own = batch.rows == row
        expected = 1 if NameForms.of(name).words else 0
        assert squares[own].sum() == pytest.approx(expected, abs=1e-5)
        trigram_part = squares[own & (batch.codes >= 0)].sum()
        assert trigram_part == pytest.approx(expected * TRIGRAM_SHARE, abs=1e-5)


def test_a_block_without_known_features_leaves_its_share_empty() -> None:
    batch = features([NameForms.of("gout")])
    only = batch.codes >= 0
    known = FeatureBatch(batch.rows[only], batch.codes[only], batch.counts[only], 1)
    weights = weigh(known, np.ones(int(only.sum()), np.float32))
    assert np.square(weights).sum() == pytest.approx(TRIGRAM_SHARE)


def _similarity(one: str, other: str) -> float:
    batch = features([NameForms.of(one), NameForms.of(other)])
    weights = weigh(batch, np.ones(len(batch.codes), np.float32))
    vectors: list[dict[int, float]] = [{}, {}]
    for row, code, weight in zip(batch.rows, batch.codes, weights, strict=True):
        vectors[row][int(code)] = float(weight)
    return sum(weight * vectors[1].get(code, 0.0) for code, weight in vectors[0].items())


@given(st.text(alphabet="abcdei ", max_size=20), st.text(alphabet="abcdei ", max_size=20))
def test_similarity_is_symmetric_and_at_most_one(one: str, other: str) -> None:
    assert 0 <= _similarity(one, other) <= 1 + 1e-5
    assert _similarity(one, other) == pytest.approx(_similarity(other, one))


def test_concept_words_bring_together_what_letters_keep_apart() -> None:
    assert _similarity("kidney stone", "renal stone") > _similarity("kidney stone", "gallstone")
    assert _similarity("renal calculus", "kidney stone") >= 1 - TRIGRAM_SHARE - 1e-6


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        ("", -5426141060434712860),
        ("diabetes", -4367880058780552314),
        ("多发性硬化", 8568082480661816607),
        ("\ud800", 7497787021708494914),
    ],
)
def test_digests_are_the_same_on_every_machine(text: str, digest: int) -> None:
    assert hash64(text) == digest


@given(st.text())
def test_digests_fit_an_array(text: str) -> None:
    assert np.array([hash64(text)], np.int64)[0] == hash64(text)


def test_the_forms_of_a_name() -> None:
    forms = NameForms.of("Renal Tumours of the Child")
    assert forms.normalised == "renal tumours of the child"
    assert forms.words == ("renal", "tumor", "child")
    assert forms.concept == {"kidney", "neoplasm", "child"}
    assert forms.key == "kidney neoplasm"


def test_the_digest_of_words_knows_no_order() -> None:
    def digest(name: str) -> int:
        return NameForms.of(name).word_set_hash

    assert digest("Cancer of the Lung") == digest("lung cancers") != digest("lung")


@given(st.text())
def test_a_name_that_is_not_blank_has_forms(name: str) -> None:
    forms = NameForms.of(name)
    assert bool(forms.words) == bool(forms.key) == bool(name.replace("\0", "").strip())


def test_symbols_do_not_shift_the_rows_of_other_names() -> None:
    forms = [NameForms.of(name) for name in ("\0", "+\0-", "gout")]
    assert _by_row(features(forms)) == [_expected(form) for form in forms]


def test_a_name_of_5000_characters() -> None:
    batch: FeatureBatch = features([NameForms.of("abcde " * 833 + "fg")])
    idf: NDArray[np.float32] = np.ones(len(batch.codes), np.float32)
    assert np.square(weigh(batch, idf)).sum() == pytest.approx(1)
