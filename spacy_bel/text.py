"""The normalisation of names, used by knowledge base build and by every query.

Names that differ in ways that do not change which concept is meant are brought together in
three steps, each a function of its own:

``normalise``
    One surface form: case, width, punctuation, Greek letters, possessives.
``words``
    One form per word: American spelling, singular, Arabic numerals, no function words.
``concept_words``
    One word per meaning: ``renal`` and ``kidney``, ``tumor`` and ``neoplasm``,
    ``nephropathy`` and ``kidney disease`` (see ``spacy_bel.lexicon``).

The ``core_key`` of a name is its set of concept words without modifiers, in alphabetical
order. A knowledge base is indexed by it: all names that could mean the same are found by one
look-up, and ``spacy_bel.retrieval.exact`` then grades how far they differ.

The sieve of normalisation steps follows D'Souza and Ng (2015), "Sieve-Based Entity Linking for
the Biomedical Domain"; here the steps grade one look-up instead of being tried in turn.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from spacy_bel.lexicon import (
    ADJECTIVE_ENDINGS,
    COMBINING_FORMS,
    COMBINING_TAILS,
    CONCEPT_WORD,
    FUNCTION_WORDS,
    GREEK,
    MODIFIERS,
    NUMERALS,
)

NORMALISER_VERSION = 1
"""Raised whenever a key of some name changes; a knowledge base refuses another version."""

_WORD = re.compile(r"[^\W_]+")
_POSSESSIVE = re.compile(r"['’`´]s\b")
_OUR = re.compile(r"our(?=s?$|al|less)")


def normalise(text: str) -> str:
    """The surface form of a name: what remains when typography is taken away.

    Args:
        text: Any text, in any language.

    Returns:
        Case-folded words (Unicode NFKC) separated by single blanks; Greek letters spelled out;
        punctuation, hyphens, brackets and the possessive ``'s`` dropped.
    """
    folded = _POSSESSIVE.sub("", unicodedata.normalize("NFKC", text).casefold())
    spelled = folded if folded.isascii() else folded.translate(GREEK)
    return " ".join(_WORD.findall(spelled))


def american(word: str) -> str:
    """A word without the digraphs and endings that British and American spelling differ in.

    The result need not be a word (``aerobic`` gives ``erobic``): both sides are treated alike.

    Args:
        word: A normalised word.

    Returns:
        ``hemolytic`` for ``haemolytic``, ``tumor`` for ``tumour``, ``leukemia`` for ``leucaemia``.
    """
    if len(word) < 5:
        return word
    plain = word.replace("ae", "e").replace("oe", "e").replace("sulph", "sulf")
    plain = plain.replace("isation", "ization").replace("leucem", "leukem")
    return _OUR.sub("or", plain)


def singular(word: str) -> str:
    """A word without the ending of a regular English or Greek plural.

    Args:
        word: A normalised word.

    Returns:
        ``neuropathy`` for ``neuropathies``, ``diagnosis`` for ``diagnoses``; words in ``-ss``,
        ``-us`` and ``-is`` are left alone.
    """
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("oses", "eses", "yses")):
        return word[:-2] + "is"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=1 << 16)
def _word(word: str) -> str:
    plain = american(word)
    return NUMERALS.get(plain) or singular(plain)


def words(normalised: str) -> tuple[str, ...]:
    """The words of a name, each in one form, in their order.

    Args:
        normalised: What ``normalise`` returns.

    Returns:
        American, singular words with Arabic numerals, without function words; where nothing
        else is in the name, its function words.
    """
    every = [_word(word) for word in normalised.split()]
    return tuple(word for word in every if word not in FUNCTION_WORDS) or tuple(every)


@lru_cache(maxsize=1 << 16)
def concept_words(word: str) -> tuple[str, ...]:
    """The words that carry the meaning of one word.

    Args:
        word: A word as ``words`` gives it.

    Returns:
        One word, such as ``neoplasm`` for ``tumor``; two for a compound of a combining form
        and a known tail, such as ``kidney disease`` for ``nephropathy``.
    """
    for form, organ in COMBINING_FORMS.items():
        tail = COMBINING_TAILS.get(word[len(form) :]) if word.startswith(form) else None
        if tail:
            return organ, tail
    if word in CONCEPT_WORD:
        return (CONCEPT_WORD[word],)
    for ending, noun_ending in ADJECTIVE_ENDINGS.items():
        if word.endswith(ending) and len(word) > len(ending) + 2:
            noun = word[: -len(ending)] + noun_ending
            return (CONCEPT_WORD.get(noun, noun),)
    return (word,)


def concept_set(name_words: tuple[str, ...]) -> frozenset[str]:
    """All concept words of a name.

    Args:
        name_words: What ``words`` returns.

    Returns:
        The union of the words' concept words.
    """
    return frozenset(meaning for word in name_words for meaning in concept_words(word))


def core_key(concept: frozenset[str]) -> str:
    """The key by which a knowledge base finds all names that could mean the same.

    Args:
        concept: What ``concept_set`` returns.

    Returns:
        The concept words that are not modifiers, in alphabetical order; all of them where
        there is nothing but modifiers. Empty only for a name without letters and digits.
    """
    return " ".join(sorted(concept - MODIFIERS) or sorted(concept))


def key(text: str) -> str:
    """The ``core_key`` of a text as written."""
    return core_key(concept_set(words(normalise(text))))
