"""Which names from elsewhere are fit for a knowledge base, whatever reader they come through.

Names that nobody made for the vocabulary, such as Wikidata's, hold codes, addresses, labels in
the wrong language and words that mean everything. BioELX (arXiv:2605.27380) lists low-quality
aliases among its limits. Each rule here is a function, and each rejection is counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from spacy_bel.features import hash64
from spacy_bel.kb.readers.base import Record
from spacy_bel.kb.scripts import count_scripts, matches_script
from spacy_bel.text import surface
from spacy_bel.types import Alias, Concept

_ADDRESS = re.compile(r"://|\bwww\.|\bdoi\.org/", re.IGNORECASE)
_SYLLABIC = ("CJK", "HANGUL")


@dataclass(frozen=True, slots=True)
class NameRules:
    """What a name must be like.

    Args:
        languages: ISO 639 codes, one of which must be the name's; empty for any.
        min_length: Fewest characters; a Chinese character or a Korean syllable, which can be a
            word (癌, 암), counts twice.
        max_length: Most characters.
        max_concepts: How many concepts of one vocabulary a name may mean; 0 for any number.
    """

    languages: frozenset[str] = frozenset()
    min_length: int = 2
    max_length: int = 200
    max_concepts: int = 5


@dataclass(slots=True)
class NameReport:
    """What became of the names, by language.

    Args:
        kept: Names that passed.
        rejected: Names that did not, by reason.
        left_out: What readers left out before it came to names, by reason.
        known: Kept names that their concept has already, in whatever language.
    """

    kept: Counter[str] = field(default_factory=Counter)
    rejected: dict[str, Counter[str]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)

    def reject(self, lang: str, reason: str) -> None:
        """Count a name that was rejected."""
        self.rejected.setdefault(lang, Counter())[reason] += 1

    @property
    def languages(self) -> list[str]:
        """All languages of which a name was offered, in order of their codes."""
        return sorted({*self.kept, *self.rejected})

    @property
    def new(self) -> Counter[str]:
        """Kept names that their concepts did not have, by language."""
        return self.kept - self.known

    @property
    def reasons(self) -> Counter[str]:
        """Names rejected for each reason, in all languages."""
        return sum(self.rejected.values(), Counter())

    def rejected_for(self, lang: str, reason: str) -> int:
        """How many names of a language were rejected for a reason."""
        return self.rejected.get(lang, Counter())[reason]

    def offered(self, lang: str) -> int:
        """How many names of a language there were."""
        return self.kept[lang] + self.rejected.get(lang, Counter()).total()


def other_language(alias: Alias, concept_id: str, rules: NameRules) -> bool:
    """Whether a name is in a language that is not asked for."""
    return bool(rules.languages) and alias.lang not in rules.languages


def too_short(alias: Alias, concept_id: str, rules: NameRules) -> bool:
    """Whether a name has too few characters to mean anything."""
    if len(alias.name) >= rules.min_length:
        return False
    scripts = count_scripts(alias.name)
    return len(alias.name) + sum(scripts[script] for script in _SYLLABIC) < rules.min_length


def too_long(alias: Alias, concept_id: str, rules: NameRules) -> bool:
    """Whether a name has so many characters that it is a description."""
    return len(alias.name) > rules.max_length


def has_address(alias: Alias, concept_id: str, rules: NameRules) -> bool:
    """Whether a name holds the address of a page."""
    return bool(_ADDRESS.search(alias.name))


def is_identifier(alias: Alias, concept_id: str, rules: NameRules) -> bool:
    """Whether a name is its concept's identifier, or that of the item it comes from."""
    bare = _alphanumeric(alias.name)
    known = (concept_id, concept_id.partition(":")[2], alias.source.partition(":")[2])
    return any(bare == _alphanumeric(identifier) for identifier in known if identifier)


def no_letter(alias: Alias, concept_id: str, rules: NameRules) -> bool:
    """Whether a name has only digits and signs."""
    return not any(map(str.isalpha, alias.name))


def other_script(alias: Alias, concept_id: str, rules: NameRules) -> bool:
    """Whether a name is not written as its language is."""
    return not matches_script(alias.name, alias.lang)


RULES: Mapping[str, Callable[[Alias, str, NameRules], bool]] = {
    "language": other_language,
    "too short": too_short,
    "too long": too_long,
    "address": has_address,
    "identifier": is_identifier,
    "no letter": no_letter,
    "script": other_script,
}
"""Reason for a rejection -> whether it holds; the first that does is counted."""

AMBIGUOUS = "ambiguous"
"""The reason that only all records together can show."""


class AmbiguousNames:
    """The names that too many concepts of one vocabulary bear.

    Case and punctuation do not tell names apart here, nor does language. While counting, each
    pair of name and concept takes 16 bytes, and some 40 more at the end; names themselves are
    not kept.

    Args:
        records: The records, all of them.
        limit: How many concepts of one vocabulary a name may mean; 0 for any number.
        known: Gives the ids of the concepts that bear a name already.
    """

    def __init__(
        self,
        records: Iterable[Record],
        limit: int,
        known: Callable[[str], Iterable[str]] | None = None,
    ) -> None:
        self._hashes: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        if limit:
            numbers = np.fromiter(chain.from_iterable(_pairs(records, known)), dtype=np.int64)
            self._hashes = _frequent(numbers.reshape(-1, 2), limit)

    def __contains__(self, name_and_id: tuple[str, str]) -> bool:
        if not len(self._hashes):
            return False
        wanted = _name_hash(*name_and_id)
        place = int(np.searchsorted(self._hashes, wanted))
        return place < len(self._hashes) and bool(self._hashes[place] == wanted)


def _pairs(
    records: Iterable[Record], known: Callable[[str], Iterable[str]] | None
) -> Iterator[tuple[int, int]]:
    for record in records:
        if isinstance(record, Concept):
            for alias in record.aliases:
                for concept_id in (record.id, *(known(alias.name) if known else ())):
                    yield _name_hash(alias.name, concept_id), hash64(concept_id)


def _frequent(pairs: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """The first members, ascending, that stand in more than ``limit`` different pairs."""
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    different = np.ones(len(pairs), dtype=bool)
    different[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    names, counts = np.unique(pairs[different, 0], return_counts=True)
    return np.asarray(names[counts > limit])


def _name_hash(name: str, concept_id: str) -> int:
    return hash64(f"{concept_id.partition(':')[0]}:{surface(name)}")


def filter_names(
    records: Iterable[Record],
    rules: NameRules,
    report: NameReport,
    ambiguous: AmbiguousNames | None = None,
) -> Iterator[Record]:
    """Leave out the names that the rules reject.

    Preferred names of concepts that a record defines are never left out.

    Args:
        records: The records of any reader.
        rules: What a name must be like.
        report: Counts what is kept and rejected.
        ambiguous: Names that mean too many concepts, counted over the same records.

    Yields:
        The records without those names; a record that only added names and has none left is
        left out.
    """
    for record in records:
        if not isinstance(record, Concept):
            yield record
            continue
        kept = []
        for alias in record.aliases:
            reason = _reason(alias, record.id, rules, ambiguous)
            if reason:
                report.reject(alias.lang, reason)
            else:
                report.kept[alias.lang] += 1
                kept.append(alias)
        if kept or record.name or not record.aliases:
            yield replace(record, aliases=tuple(kept))


def _reason(
    alias: Alias, concept_id: str, rules: NameRules, ambiguous: AmbiguousNames | None
) -> str:
    for reason, holds in RULES.items():
        if holds(alias, concept_id, rules):
            return reason
    return AMBIGUOUS if ambiguous is not None and (alias.name, concept_id) in ambiguous else ""


def _alphanumeric(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
