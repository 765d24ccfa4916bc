"""Which script a language is written in, and whether a name is written in it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

_LATIN = """
    af an ast az bs br ca ceb co cs cy da de en eo es et eu fi fo fr fy ga gd gl gsw ha hr ht hu
    ia id ig io is it jv la lb lt lv mg mi ms mt nb nds nl nn no oc pl pt qu rm ro sc sco sk sl
    sn so sq st su sv sw tl tn tr tk vi vo wa war wo xh yo zu
"""

SCRIPTS: Mapping[str, frozenset[str]] = {
    **{lang: frozenset({"LATIN"}) for lang in _LATIN.split()},
    **{
        lang: frozenset({"CYRILLIC"}) for lang in "ba be bg ce cv ky mk os ru sah tg udm uk".split()
    },
    **{lang: frozenset({"CYRILLIC", "LATIN"}) for lang in "sh sr tt uz".split()},
    **{lang: frozenset({"CYRILLIC", "LATIN", "ARABIC"}) for lang in ("kk", "ku")},
    "mn": frozenset({"CYRILLIC", "MONGOLIAN"}),
    **{lang: frozenset({"ARABIC"}) for lang in "ar arz azb ckb fa ks ps sd ug ur".split()},
    **{lang: frozenset({"HEBREW"}) for lang in ("he", "yi")},
    **{lang: frozenset({"DEVANAGARI"}) for lang in "bho hi mr ne sa".split()},
    **{lang: frozenset({"CJK", "BOPOMOFO"}) for lang in "zh lzh wuu yue".split()},
    "ja": frozenset({"CJK", "HIRAGANA", "KATAKANA"}),
    "ko": frozenset({"HANGUL"}),
    "el": frozenset({"GREEK"}),
    "hy": frozenset({"ARMENIAN"}),
    "ka": frozenset({"GEORGIAN"}),
    "th": frozenset({"THAI"}),
    "lo": frozenset({"LAO"}),
    "km": frozenset({"KHMER"}),
    "my": frozenset({"MYANMAR"}),
    "bo": frozenset({"TIBETAN"}),
    "am": frozenset({"ETHIOPIC"}),
    "as": frozenset({"BENGALI"}),
    "bn": frozenset({"BENGALI"}),
    "gu": frozenset({"GUJARATI"}),
    "kn": frozenset({"KANNADA"}),
    "ml": frozenset({"MALAYALAM"}),
    "or": frozenset({"ORIYA"}),
    "pa": frozenset({"GURMUKHI", "ARABIC"}),
    "si": frozenset({"SINHALA"}),
    "ta": frozenset({"TAMIL"}),
    "te": frozenset({"TELUGU"}),
}
"""Language -> scripts as the Unicode character names begin; any for a language not listed."""

_FIRST_WORD = re.compile(r"[A-Z]+")
_WIDTHS = ("FULLWIDTH ", "HALFWIDTH ")
_SYNONYMS = {"IDEOGRAPHIC": "CJK", "MASU": "KATAKANA", "ANGSTROM": "LATIN", "KELVIN": "LATIN"}


@lru_cache(maxsize=4096)
def script_of(letter: str) -> str:
    """The script of a character.

    Args:
        letter: One character.

    Returns:
        The script as Unicode's character names begin, such as ``LATIN`` or ``CJK``; empty for
        what is no letter.
    """
    if not letter.isalpha():
        return ""
    name = unicodedata.name(letter, "")
    for width in _WIDTHS:
        name = name.removeprefix(width)
    match = _FIRST_WORD.match(name)
    first = match[0] if match else ""
    return _SYNONYMS.get(first, first)


def count_scripts(name: str) -> Counter[str]:
    """How many letters of each script a name has."""
    return Counter(script for letter in name if (script := script_of(letter)))


def matches_script(name: str, lang: str) -> bool:
    """Whether a name is written in the script of its language.

    At least one letter must be of that script, and no more letters of others: a name may hold
    a Greek letter (β-талассемия). Latin letters are not counted against it, since formulas,
    genes and abbreviations bring them into every language (HIV感染症).

    Args:
        name: The name.
        lang: An ISO 639 code.

    Returns:
        True also where the language's script is not known here.
    """
    if (own_scripts := SCRIPTS.get(lang)) is None:
        return True
    scripts = count_scripts(name)
    own = sum(scripts[script] for script in own_scripts)
    foreign = scripts.total() - own - (scripts["LATIN"] if "LATIN" not in own_scripts else 0)
    return own > 0 and own >= foreign
