"""The lexicon says one thing about each word, in a form that words of names can take."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from spacy_bel import lexicon
from spacy_bel.lexicon import (
    ADJECTIVE_ENDINGS,
    COMBINING_FORMS,
    COMBINING_TAILS,
    CONCEPT_WORD,
    FUNCTION_WORDS,
    GREEK,
    LOOSE_MEANINGS,
    MODIFIERS,
    NUMERALS,
    WEAK_HEADS,
)
from spacy_bel.text import concept_words, key, normalise, words


def _form(word: str) -> str:
    (form,) = words(word)
    return form


def test_every_word_is_lower_case_ascii() -> None:
    every = [
        *CONCEPT_WORD,
        *CONCEPT_WORD.values(),
        *FUNCTION_WORDS,
        *NUMERALS,
        *ADJECTIVE_ENDINGS,
        *COMBINING_FORMS,
        *COMBINING_TAILS,
        *MODIFIERS,
        *WEAK_HEADS,
    ]
    assert [word for word in every if not re.fullmatch("[a-z]+", word)] == []


def test_a_word_stands_in_one_group_only() -> None:
    source = Path(lexicon.__file__).read_text(encoding="utf-8")
    groups = source.partition("_SAME_MEANING")[2].partition("\n}\n")[0]
    listed = [
        word
        for group in re.split(r"\n    \"[a-z]+\": ", groups)[1:]
        for line in re.findall(r'"([^"]+)"', group)
        for word in line.split()
    ]
    assert len(listed) == len(CONCEPT_WORD) > 100
    assert [word for word, count in Counter(listed).items() if count > 1] == []


def test_meanings_are_not_words_of_other_meanings() -> None:
    assert set(CONCEPT_WORD).isdisjoint(CONCEPT_WORD.values())


@pytest.mark.parametrize("word", sorted(CONCEPT_WORD))
def test_a_word_and_its_meaning_have_the_same_key(word: str) -> None:
    assert concept_words(_form(word)) == (_form(CONCEPT_WORD[word]),)
    assert key(word) == key(CONCEPT_WORD[word])


@pytest.mark.parametrize("form", sorted(COMBINING_FORMS))
def test_a_compound_is_its_organ_and_its_tail(form: str) -> None:
    assert key(f"{form}toxicity") == key(f"toxicity of the {COMBINING_FORMS[form]}")


def test_weak_heads_and_loose_meanings_are_words_that_a_name_can_have() -> None:
    assert {_form(word) for word in WEAK_HEADS} == WEAK_HEADS
    assert set(CONCEPT_WORD.values()) >= LOOSE_MEANINGS


@pytest.mark.parametrize("word", sorted(MODIFIERS))
def test_modifiers_do_not_change_a_key(word: str) -> None:
    assert key(f"{word} asthma") == "asthma"


@pytest.mark.parametrize(
    ("word", "digits"), [("iv", "4"), ("ix", "9"), ("xx", "20"), ("ten", "10"), ("third", "3")]
)
def test_numerals(word: str, digits: str) -> None:
    assert NUMERALS[word] == digits


def test_greek_letters_have_the_names_that_unicode_gives_them() -> None:
    import unicodedata

    for code, name in GREEK.items():
        official = unicodedata.name(chr(code)).split()[-1].lower()
        assert normalise(chr(code)) == name.strip() == official.replace("lamda", "lambda")
