"""What every reader of a vocabulary yields, and how it cleans what it read.

A reader is a generator of records over one file. A record is a ``Concept`` or a ``Retired``:

- A ``Concept`` with a name *defines* a concept. The name is English, unless the aliases repeat
  it with the kind "preferred" and another language.
- A ``Concept`` with an empty name only *adds* (names in another language, annotated names,
  cross-references, retired ids) to a concept that some source defines under the same id.
- The same id may come several times; whoever collects the records merges them.
- A ``Retired`` says what became of an id that is a concept no more.

Malformed lines are reported and left out; nothing else is dropped in silence, save what a
reader's own documentation names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from spacy_bel.curies import default_type, to_curie
from spacy_bel.kb.readers.textfile import TextFile
from spacy_bel.types import ALIAS_KINDS, Alias, Concept


@dataclass(frozen=True, slots=True)
class Retired:
    """An id that a vocabulary has taken out of use.

    Args:
        old: The retired CURIE.
        new: The CURIE that replaced it, which may belong to another vocabulary; empty where
            the source names none.
        source: The file that says so.
    """

    old: str
    new: str = ""
    source: str = ""


Record = Concept | Retired
"""What a reader yields."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A format of vocabulary files.

    Args:
        description: What the format is, in one line.
        recognises: Whether the beginning of a file is of this format.
        read: Yields the records of a file, given the file and the options.
        options: What can be set, name to meaning.
        main: Of a vocabulary that comes as a folder, what the file is called that is read first,
            as a pattern of the shell; empty for a vocabulary in one file.
    """

    description: str
    recognises: Callable[[str], bool]
    read: Callable[[TextFile, Mapping[str, str]], Iterator[Record]]
    options: Mapping[str, str] = field(default_factory=dict)
    main: str = ""


_CURIE = re.compile(r"[^\s:]+:(?!//)\S+")
_RANK = {kind: rank for rank, kind in enumerate(ALIAS_KINDS)}


def clean(text: str) -> str:
    """A text on one line, without space around it and with single spaces in it."""
    return " ".join(text.split())


def identifier(text: str, *, prefix: str = "", label: str = "") -> str:
    """The CURIE that a cell holds.

    Args:
        text: A CURIE in any spelling, or a bare local id.
        prefix: The vocabulary of bare ids.
        label: The type of the concept, which tells whose number a bare number is.

    Returns:
        A canonical CURIE; empty where the cell is empty, an address of a page, or an id whose
        vocabulary cannot be told.
    """
    if not text.strip():
        return ""
    curie = to_curie(text, prefix=prefix, label=label)
    return curie if _CURIE.fullmatch(curie) else ""


def make_concept(
    concept_id: str,
    name: str,
    aliases: Iterable[Alias] = (),
    *,
    types: Iterable[str] = (),
    definition: str = "",
    parents: Iterable[str] = (),
    xrefs: Iterable[str] = (),
    retired: Iterable[str] = (),
    source: str = "",
) -> Concept:
    """A concept with its texts cleaned, and empty and repeated values left out.

    Args:
        concept_id: A canonical CURIE.
        name: The preferred name, or empty for a concept that only adds.
        aliases: Other names; of equal names in one language the best kind stays.
        types: Semantic types; the vocabulary's own type where none is given.
        definition: A definition.
        parents: CURIEs of broader concepts.
        xrefs: CURIEs in other vocabularies.
        retired: CURIEs that the concept used to have.
        source: The file that it comes from.

    Returns:
        The concept.
    """
    name = clean(name)
    return Concept(
        id=concept_id,
        name=name,
        aliases=_distinct_aliases(name, aliases),
        types=_distinct(clean(type_) for type_ in types)
        or _distinct([default_type(concept_id) if name else ""]),
        definition=clean(definition),
        parents=_distinct(parents, without=concept_id),
        xrefs=_distinct(xrefs, without=concept_id),
        retired=_distinct(retired, without=concept_id),
        source=source,
    )


def _distinct(values: Iterable[str], *, without: str = "") -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value and value != without))


def _distinct_aliases(name: str, aliases: Iterable[Alias]) -> tuple[Alias, ...]:
    best: dict[tuple[str, str], Alias] = {}
    for alias in aliases:
        text = clean(alias.name)
        if not text or (text == name and alias.lang == "en" and not alias.count):
            continue
        key = (text, alias.lang)
        if key not in best or _RANK[alias.kind] < _RANK[best[key].kind]:
            best[key] = Alias(text, alias.kind, alias.lang, alias.source, alias.count)
    return tuple(best.values())
