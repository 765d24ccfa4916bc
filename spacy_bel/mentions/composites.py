"""The parts of coordinated mentions: "breast and ovarian cancer" names two concepts.

The rules look at the words alone, without a parser, so that they hold in any pipeline. What the
parts share is told by the shape of the coordination: words in front of "and" take their head from
behind it ("Duchenne and Becker muscular dystrophy"), a single word behind it takes its modifiers
from in front ("T-cell leukaemia or lymphoma"), and behind a preposition nothing else is shared
("cancer of the breast and ovary").
"""

from __future__ import annotations

import re

_MOST_PARTS = 16

_SLASH = r"(?<=\w\w)/(?=\w\w)"
_UNIT = re.compile(
    r"\b(?:as well as|and/or)\b"
    # Units that hold a conjunction or a space of their own.
    r"|\b(?:head and neck|hand, foot,? and mouth|non \w[\w-]*)"
    rf"|,(?=\s)|{_SLASH}|(?:\([^()]*\)|(?!{_SLASH}|,\s)\S)+",
    re.IGNORECASE,
)
_CONJUNCTIONS = frozenset({"and", "or", "nor", "&", "/", "and/or", "as well as"})
_PREPOSITIONS = frozenset({"of", "in", "to", "from", "with", "for", "on", "at", "by", "due"})
_CORRELATIVES = frozenset({"both", "either", "neither"})
_ARTICLES = frozenset({"the", "a", "an"})
_OTHERS = frozenset({"other", "others", "some", "certain", "various"})
_NUMERAL = re.compile(r"(?:\d+[a-z]?|[ivx]+[ab]?|[a-h])$", re.IGNORECASE)
# Nouns that stand between a modifier and its head: "craniofacial and nervous system defects".
_INNER_NOUNS = frozenset({"system", "systems", "tissue", "tract", "marrow", "cord", "pelvis"})
# Words that name a disorder without a head behind them.
_COMPLETE = re.compile(
    r".+(?:itis|omas?|[oa]sis|[oa]ses|a?emias?|path(?:y|ies)|algias?|uria|plegia|paresis"
    r"|troph(?:y|ies)|plasias?|penias?|tension|rrh?o?ea|rrhages?|spasms?|stenosis|cardia)$"
    r"|(?:cancers?|tumou?rs?|diseases?|disorders?|syndromes?|failure|pain|fever|nausea|vomiting"
    r"|headaches?|infections?|deficienc(?:y|ies)|degeneration|injur(?:y|ies)|lesions?|seizures?"
    r"|stroke|abnormalit(?:y|ies)|defects?|impairments?|dysfunctions?|insufficiency)$",
    re.IGNORECASE,
)
_PREFIX = re.compile(
    r"(?:hyper|hypo|intra|extra|inter|post|pre|macro|micro|poly|oligo|mono|bi|uni|sub|supra|endo"
    r"|exo|epi|hemi|para|quadri|tetra|normo|brady|tachy)(?=\w{4})",
    re.IGNORECASE,
)

Words = list[str]


def split_composite(text: str) -> tuple[str, ...]:
    """The parts that a coordinated mention asks for.

    Names that hold a conjunction but name one concept ("lacrimal and salivary gland disease")
    are split as well: look the whole mention up first.

    Args:
        text: A mention.

    Returns:
        The texts to look up one by one, such as ``("breast cancer", "ovarian cancer")``; nothing
        where the mention is no composite.
    """
    words = [word for word in _words(text) if word.lower() not in _CORRELATIVES]
    if not any(map(_is_conjunction, words)):
        return ()
    at = next((i for i, word in enumerate(words) if i and word.lower() in _PREPOSITIONS), None)
    parts = _split_phrase(words) if at is None else _split_around(words, at)
    distinct = tuple(dict.fromkeys(" ".join(part) for part in parts))
    if not 2 <= len(distinct) <= _MOST_PARTS or any(len(part) < 2 for part in distinct):
        return ()
    return distinct


def _words(text: str) -> Words:
    """Words, commas and slashes; a bracket belongs to the word before it."""
    words: Words = []
    for match in _UNIT.finditer(text):
        unit = match.group()
        if unit.startswith("(") and words and not _separates(words[-1]):
            words[-1] += f" {unit}"
        else:
            words.append(unit)
    return words


def _is_conjunction(word: str) -> bool:
    return word.lower() in _CONJUNCTIONS


def _separates(word: str) -> bool:
    return word == "," or _is_conjunction(word)


def _conjuncts(words: Words) -> list[Words]:
    """What stands between commas and conjunctions."""
    conjuncts: list[Words] = [[]]
    for word in words:
        if _separates(word):
            conjuncts.append([])
        else:
            conjuncts[-1].append(word)
    return [conjunct for conjunct in conjuncts if conjunct]


def _split_around(words: Words, at: int) -> list[Words]:
    """Parts of a phrase with a preposition: "cancer of the breast and ovary"."""
    before, preposition, behind = words[:at], words[at : at + 1], words[at + 1 :]
    heads = _split_phrase(before) if any(map(_is_conjunction, before)) else [before]
    tails = _conjuncts(behind) if any(map(_is_conjunction, behind)) else [behind]
    article = [word for word in behind[:1] if word.lower() in _ARTICLES]
    tails = [tail if tail[:1] == article else article + tail for tail in tails]
    return [head + preposition + tail for head in heads for tail in tails]


def _split_phrase(words: Words) -> list[Words]:
    """Parts of a phrase without a preposition."""
    conjuncts = _conjuncts(words)
    if len(conjuncts) < 2:
        return conjuncts
    *earlier, last = conjuncts
    bare = [word for word in last if word.lower() not in _OTHERS | _ARTICLES]
    if last[0].lower() in _OTHERS:
        # "lung and other cancers"
        return [*(part + bare for part in earlier), bare] if bare else earlier
    if any(part[-1].endswith("-") for part in earlier):
        return [*(_unsuspended(part, bare) for part in earlier), bare]
    if len(bare) <= 1:
        return _with_shared_modifiers(earlier, bare)
    return _with_shared_head(earlier, bare)


def _with_shared_modifiers(earlier: list[Words], last: Words) -> list[Words]:
    """Parts that differ in one word at the end: "hepatitis B and C", "cysts and tumours"."""
    first, *others = earlier
    shared = first[:-1]
    return [first, *(shared + part if len(part) == 1 else part for part in (*others, last))]


def _with_shared_head(earlier: list[Words], last: Words) -> list[Words]:
    """Parts that end alike: "breast and ovarian cancer"; or that are whole already."""
    carrier = earlier[0][:-1]
    if carrier and _NUMERAL.match(earlier[0][-1]) and _NUMERAL.match(last[0]):
        # "type 1 and 2 diabetes"
        earlier = [part if len(part) > 1 else carrier + part for part in earlier]
        last = carrier + last
    if all(_is_whole(part, last) for part in earlier):
        return [*earlier, last]
    # As many words as the part before has are modifiers: "Duchenne and Becker muscular
    # dystrophy", "low back and right leg pain".
    modifiers = min(len(earlier[-1]), len(last) - 1)
    for index, word in enumerate(last[:-1], start=1):
        if word.lower() in _INNER_NOUNS:
            modifiers = index
    return [*(part + last[modifiers:] for part in earlier), last]


def _is_whole(part: Words, last: Words) -> bool:
    """Whether a part needs no head from the last one."""
    same_head = part[-1].lower().rstrip("s") == last[-1].lower().rstrip("s")
    return same_head or _COMPLETE.match(part[-1]) is not None


def _unsuspended(part: Words, last: Words) -> Words:
    """A part with what its hyphen stands for: "squamous- and small-cell lung cancers"."""
    stem = part[-1].rstrip("-")
    hyphenated = [index for index, word in enumerate(last) if "-" in word.strip("-")]
    if hyphenated and part[-1].endswith("-"):
        at = hyphenated[-1]
        return [*part[:-1], f"{stem}-{last[at].rpartition('-')[2]}", *last[at + 1 :]]
    prefix = _PREFIX.match(last[0]) if last else None
    if prefix and part[-1].endswith("-"):
        # "hyper- and hypothyroidism"
        return [*part[:-1], stem + last[0][prefix.end() :], *last[1:]]
    return [*part[:-1], stem, *last[1:]]
