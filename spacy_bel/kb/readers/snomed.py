"""SNOMED CT in Release Format 2 (RF2), from the Snapshot folder of a release.

The layout is that of the SNOMED CT Release File Specifications
(https://confluence.ihtsdotools.org/display/DOCRELFMT): UTF-8, tabs, a header, no quotes. The
concept file leads; descriptions, relationships and reference sets are found in the same Snapshot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from spacy_bel.kb.readers.base import Reader, Record, Retired, make_concept
from spacy_bel.kb.readers.file_set import flag, matching, split_rows
from spacy_bel.kb.readers.side_table import SideTable
from spacy_bel.kb.readers.textfile import TextFile
from spacy_bel.types import Alias, Concept

OPTIONS = {
    "refsets": "language reference sets to keep, the one that names the concepts first "
    "(all, US English first)",
    "definitions": "yes or no: text definitions (yes)",
    "parents": "yes or no: is-a relationships (yes)",
    "retired": "yes or no: inactive concepts, with their historical associations (yes)",
}

_CONCEPT = "id effectiveTime active moduleId definitionStatusId".split()
_ACTIVE = "1"
_IS_A = "116680003"
_FULLY_SPECIFIED_NAME = "900000000000003001"
_PREFERRED = "900000000000548007"
_US_ENGLISH = "900000000000509007"
_SUCCESSORS = ("900000000000526001", "900000000000527005")
"""REPLACED BY and SAME AS; the other associations lead to concepts that are not the same."""

_SEMANTIC_TAG = re.compile(r"(.*\S)\s*\(([^()]+)\)")


@dataclass(frozen=True, slots=True)
class _Sides:
    """What the other files say of the concepts, by concept; acceptability by description."""

    descriptions: SideTable
    acceptability: SideTable
    definitions: SideTable
    parents: SideTable
    associations: SideTable


def read_snomed(file: TextFile, options: Mapping[str, str]) -> Iterator[Record]:
    """The active concepts, and what became of the inactive ones.

    The preferred name is the synonym that the leading language reference set prefers; other
    synonyms that any reference set accepts, and the fully specified name without its tag, are
    exact ones. That tag ("disorder") is the semantic type. A description that no reference set
    accepts is left out, counted. Inactive concepts lead to the concept that they are the same as
    or replaced by; where they are only possibly equivalent to others they lead nowhere.

    Args:
        file: The concept file of a Snapshot.
        options: Of ``OPTIONS``.

    Yields:
        A concept for every active concept, a ``Retired`` for every inactive one.

    Raises:
        BelError: A file of the set is missing, or an option cannot be used.
    """
    refsets = [text.strip() for text in options.get("refsets", _US_ENGLISH).split(",")]
    only = frozenset(refsets) if "refsets" in options else frozenset[str]()
    retired = flag(options, "retired")
    with ExitStack() as stack:
        tables = _side_rows(file, options, only)
        sides = _Sides(*(stack.enter_context(SideTable(width, rows)) for width, rows in tables))
        for concept_id, _, active, _, _ in _rows(file, len(_CONCEPT)):
            if active != _ACTIVE:
                if retired:
                    yield _retired(concept_id, sides, file.source)
            elif (concept := _concept(file, concept_id, sides, refsets)) is not None:
                yield concept


def _side_rows(
    file: TextFile, options: Mapping[str, str], only: frozenset[str]
) -> Iterator[tuple[int, Iterator[tuple[str, ...]]]]:
    """Width and rows of each side table, in their order."""
    folder, below = file.path.parent, ""
    if folder.name == "Terminology":  # the reference sets are in other folders of the Snapshot
        folder, below = folder.parent, "**/"

    def rows(pattern: str, width: int, option: str) -> Iterator[list[str]]:
        if not option or flag(options, option):
            for found in matching(file, folder, below + pattern, option):
                yield from (row for row in _rows(found, width) if row[2] == _ACTIVE)

    described = rows("sct2_Description_*Snapshot*.txt", 9, "")
    yield 4, ((row[4], row[0], row[5], row[6], row[7]) for row in described)
    accepted = rows("der2_cRefset_Language*Snapshot*.txt", 7, "")
    yield 2, ((row[5], row[4], row[6]) for row in accepted if not only or row[4] in only)
    defined = rows("sct2_TextDefinition_*Snapshot*.txt", 9, "definitions")
    yield 2, ((row[4], row[5], row[7]) for row in defined)
    related = rows("sct2_Relationship_*Snapshot*.txt", 10, "parents")
    yield 1, ((row[4], row[5]) for row in related if row[7] == _IS_A)
    associated = rows("der2_cRefset_Association*Snapshot*.txt", 7, "retired")
    yield 2, ((row[5], row[4], row[6]) for row in associated)


def _rows(file: TextFile, width: int) -> Iterator[list[str]]:
    """The rows behind the header; those whose first and third column cannot be are reported."""
    for row in split_rows(file, "\t", width):
        if row[0] == "id":
            continue
        if row[2] in ("0", "1"):
            yield row
        else:
            file.problem(f"the column active is {row[2][:20]!r}, neither 0 nor 1")


def _concept(file: TextFile, concept_id: str, sides: _Sides, refsets: list[str]) -> Concept | None:
    if not concept_id.isdecimal():
        file.problem(f"{concept_id[:60]!r} is not a concept's identifier")
        return None
    names: list[tuple[int, Alias]] = []
    tags: dict[str, str] = {}
    for description, lang, kind, term in sides.descriptions[concept_id]:
        if kind == _FULLY_SPECIFIED_NAME:
            match = _SEMANTIC_TAG.fullmatch(term)
            name, tags[lang[:2]] = match.groups() if match else (term, "")
            names.append((len(refsets) + 2, Alias(name, lang=lang[:2])))
            continue
        preference = _preference(description, sides, refsets)
        if preference is None:
            file.left_out["description that no language reference set accepts"] += 1
        else:
            names.append((preference, Alias(term, lang=lang[:2])))
    if not names:
        file.problem(f"the concept {concept_id} has no description that is accepted")
        return None
    names.sort(key=lambda pair: pair[0])
    best = names[0][1]
    own = [] if best.lang == "en" else [Alias(best.name, "preferred", best.lang)]
    texts = dict(reversed([(lang[:2], text) for lang, text in sides.definitions[concept_id]]))
    return make_concept(
        _curie(concept_id),
        best.name,
        [*own, *(alias for _, alias in names[1:])],
        types=[_english(tags)],
        definition=_english(texts),
        parents=[_curie(parent) for (parent,) in sides.parents[concept_id]],
        source=file.source,
    )


def _english(texts: Mapping[str, str]) -> str:
    """Of texts by language the English one, or any where there is none."""
    return texts.get("en") or next(iter(texts.values()), "")


def _preference(description: str, sides: _Sides, refsets: list[str]) -> int | None:
    """How well a synonym names its concept, 0 best; None for one that is not accepted."""
    accepted = sides.acceptability[description]
    if not accepted:
        return None
    preferring = [refset for refset, value in accepted if value == _PREFERRED]
    places = [refsets.index(refset) for refset in preferring if refset in refsets]
    return min(places, default=len(refsets) + (not preferring))


def _retired(concept_id: str, sides: _Sides, source: str) -> Retired:
    found = {row[0]: row[1] for row in reversed(sides.associations[concept_id])}
    successor = next((found[refset] for refset in _SUCCESSORS if refset in found), "")
    return Retired(_curie(concept_id), _curie(successor) if successor else "", source)


def _curie(concept_id: str) -> str:
    return f"SNOMEDCT:{concept_id}"


def _recognises(beginning: str) -> bool:
    return beginning.partition("\n")[0].split("\t") == _CONCEPT


SNOMED = Reader(
    description="SNOMED CT RF2 (the Snapshot folder)",
    recognises=_recognises,
    read=read_snomed,
    options=OPTIONS,
    main="sct2_Concept_*Snapshot*.txt*",
)
