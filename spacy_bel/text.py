"""The normalisation of names, used by knowledge base build and by every query.

Names that differ in ways that do not change which concept is meant are brought together in
three steps, each a function of its own:

``normalise``
    One surface form: case, width, punctuation, Greek letters, possessives.
``words``
    One form per word: no accents, singular, American spelling, Arabic numerals, no function
    words.
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
_POSSESSIVE = re.compile(r"['’‘`´′ʼ＇]s\b", re.IGNORECASE)
_GREEK_NUMBER = re.compile(
    rf"\b({'|'.join(sorted({name.strip() for name in GREEK.values()}))})(?=\d)"
)
_DIGIT = re.compile(r"\d")
_OUR = re.compile(r"our(?=$|al|less)")

_LATIN_LETTERS = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "ı": "i"})
_ACCENTS = re.compile("[\u0300-\u036f]")

_PLURALS = (
    ("ies", "y"),
    ("stases", "stasis"),
    ("oses", "osis"),
    ("eses", "esis"),
    ("yses", "ysis"),
    ("nuses", "nus"),
    ("ruses", "rus"),
    ("tuses", "tus"),
    ("aches", "ache"),
    ("oes", "o"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("sses", "ss"),
    ("xes", "x"),
    ("s", ""),
    ("mata", "ma"),
    ("ae", "a"),
)
"""Endings of the plural and of its singular; the first one that fits counts."""


def normalise(text: str) -> str:
    """The surface form of a name: what remains when typography is taken away.

    Args:
        text: Any text, in any language.

    Returns:
        Case-folded words (Unicode NFKC) separated by single blanks; Greek letters spelled out
        and parted from a number behind them; punctuation, hyphens, brackets, invisible
        characters and the possessive ``'s`` dropped. Empty for a text without letters and
        digits.
    """
    if text.isascii():
        plain = _POSSESSIVE.sub("", text) if "'" in text or "`" in text else text
        parted = " ".join(_WORD.findall(plain.casefold()))
    else:
        plain = _POSSESSIVE.sub("", text)
        visible = "".join(c for c in plain if unicodedata.category(c) != "Cf")
        # NFKC again: folding case may take a composed character apart.
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
        parted = _without_punctuation(folded.translate(GREEK))
    return _GREEK_NUMBER.sub(r"\1 ", parted) if _DIGIT.search(parted) else parted


def _without_punctuation(text: str) -> str:
    """As ``_WORD``, for scripts whose words hold vowel signs and other marks beside letters."""
    kept = []
    in_word = False
    for character in text:
        is_mark = unicodedata.category(character) in {"Mn", "Mc"}
        in_word = character.isalnum() or (in_word and is_mark)
        kept.append(character if in_word else " ")
    return " ".join("".join(kept).split())


def surface(name: str) -> str:
    """The surface form of a name, which for one without letters and digits is its symbols.

    Args:
        name: Any text.

    Returns:
        As ``normalise``, but empty only for a blank text.
    """
    return normalise(name) or " ".join(name.casefold().replace("\0", " ").split())


def unaccented(word: str) -> str:
    """A word in plain Latin letters: English texts and vocabularies often leave accents out.

    Args:
        word: A normalised word.

    Returns:
        ``sjogren`` for ``sjögren``; words of other scripts as they are.
    """
    if word.isascii():
        return word
    decomposed = unicodedata.normalize("NFD", word.translate(_LATIN_LETTERS))
    return unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed)) or word


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
    """A word without the ending of a regular English, Latin or Greek plural.

    The result need not be a word (``pancreas`` gives ``pancrea``): both sides are treated alike.

    Args:
        word: A normalised word.

    Returns:
        ``neuropathy`` for ``neuropathies``, ``metastasis`` for ``metastases``, ``virus`` for
        ``viruses``; words in ``-ss``, ``-us`` and ``-is`` are left alone.
    """
    if len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    for plural, ending in _PLURALS:
        if word.endswith(plural) and len(word) > len(plural) + 1:
            return word[: -len(plural)] + ending
    return word


@lru_cache(maxsize=1 << 16)
def _word(word: str) -> str:
    plain = unaccented(word)
    return NUMERALS.get(plain) or american(singular(plain))


def words(normalised: str) -> tuple[str, ...]:
    """The words of a name, each in one form, in their order.

    Args:
        normalised: What ``normalise`` returns.

    Returns:
        American, singular words in plain Latin letters with Arabic numerals, without function
        words; where nothing else is in the name, its function words. An ``a`` is an article
        only where one can stand: that of ``hepatitis A`` and ``vitamin A deficiency`` stays.
    """
    every = [_word(word) for word in normalised.split()]
    kept = []
    before = ""
    for word in every:
        is_letter = word == "a" and before not in FUNCTION_WORDS and before
        if word not in FUNCTION_WORDS or is_letter:
            kept.append(word)
        before = word
    return tuple(kept) or tuple(every)


# The lexicon is written in words of the language; it is applied to the forms that words take.
_MEANING = {_word(word): _word(meaning) for word, meaning in CONCEPT_WORD.items()}
_ORGAN = {form: _word(organ) for form, organ in COMBINING_FORMS.items()}
_FORM_LENGTHS = sorted(set(map(len, _ORGAN)), reverse=True)
_MODIFIERS = frozenset(_word(word) for word in MODIFIERS)


@lru_cache(maxsize=1 << 16)
def concept_words(word: str) -> tuple[str, ...]:
    """The words that carry the meaning of one word.

    Args:
        word: A word as ``words`` gives it.

    Returns:
        One word, such as ``neoplasm`` for ``tumor``; two for a compound of a combining form
        and a known tail, such as ``kidney disease`` for ``nephropathy``.
    """
    for end in _FORM_LENGTHS:
        organ, tail = _ORGAN.get(word[:end]), COMBINING_TAILS.get(word[end:])
        if organ and tail:
            return organ, tail
    if word in _MEANING:
        return (_MEANING[word],)
    if word in _MODIFIERS:  # idiopathic is not made from the name of a disease
        return (word,)
    for ending, noun_ending in ADJECTIVE_ENDINGS.items():
        if word.endswith(ending) and len(word) > len(ending) + 2:
            noun = _word(word[: -len(ending)] + noun_ending)
            return (_MEANING.get(noun, noun),)
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
    return " ".join(sorted(concept - _MODIFIERS) or sorted(concept))


def key(text: str) -> str:
    """The ``core_key`` of a text as written."""
    return core_key(concept_set(words(surface(text))))
