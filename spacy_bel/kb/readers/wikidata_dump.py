"""Wikidata's dump of all entities as JSON, one on each line of one great array.

``latest-all.json.gz`` or ``.bz2`` (https://www.wikidata.org/wiki/Wikidata:Database_download;
the layout is Wikibase's JSON data model), or a part of it, with or without the array's brackets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from spacy_bel.kb.readers.base import Reader, Record
from spacy_bel.kb.readers.textfile import TextFile
from spacy_bel.kb.readers.wikidata_properties import (
    ALIAS,
    LABEL,
    WIKIDATA_OPTIONS,
    WIKIMEDIA_PAGES,
    Selection,
    base_language,
    curie_of,
    names_of_item,
)
from spacy_bel.types import AliasKind

_INSTANCE_OF = "P31"
_BEGINNING = re.compile(r'\s*(?:\[\s*)?\{\s*"(?:type|pageid|id)"\s*:')
_ITEM_ID = re.compile(r"Q\d+")

_Name = tuple[str, AliasKind, str]


class _EntityError(Exception):
    """What is wrong with an entity."""


def read_wikidata_dump(file: TextFile, options: Mapping[str, str]) -> Iterator[Record]:
    """The names of the items that have an identifier.

    Only statements of the best rank count, and never deprecated ones. Items that are pages of
    Wikimedia are left out and counted. Lines that nowhere mention a property are passed over
    unparsed: of the hundred million entities very few are biomedical.

    Args:
        file: The file.
        options: Of ``WIKIDATA_OPTIONS``.

    Yields:
        For every identifier of an item a concept that only adds names.

    Raises:
        BelError: An option cannot be used.
    """
    selection = Selection.of(options)
    marks = [f'"{name}"' for name in selection.properties]
    for line in file:
        text = line.strip().removesuffix(",").rstrip()
        if text in ("", "[", "]"):
            continue
        if not (text.startswith("{") and text.endswith("}")):
            file.problem("an entity, which is one JSON object, is expected")
        elif any(mark in text for mark in marks) and (entity := file.json_object(text)) is not None:
            try:
                yield from _records(file, entity, selection)
            except _EntityError as error:
                file.problem(str(error))


def _records(file: TextFile, entity: Mapping[str, object], selection: Selection) -> list[Record]:
    if entity.get("type", "item") != "item":
        return []
    item = entity.get("id")
    if not isinstance(item, str) or not _ITEM_ID.fullmatch(item):
        raise _EntityError(f"{str(item)[:60]!r} is not the id of an item")
    claims = _mapping(entity.get("claims"))
    curies: dict[str, None] = {}
    for name in selection.properties:
        for value in _best_values(claims.get(name)):
            if curie := curie_of(name, value) if isinstance(value, str) else "":
                curies[curie] = None
            else:
                file.left_out[f"identifier of an unknown form ({name})"] += 1
    if not curies:
        return []
    if any(_item_of(value) in WIKIMEDIA_PAGES for value in _best_values(claims.get(_INSTANCE_OF))):
        file.left_out["page of Wikimedia"] += 1
        return []
    names = [name for name in _names(entity) if selection.wants(name[2])]
    return [names_of_item(curie, item, names, file.source) for curie in curies if names]


def _names(entity: Mapping[str, object]) -> Iterator[_Name]:
    for term in _mapping(entity.get("labels")).values():
        yield _name(term, LABEL)
    for terms in _mapping(entity.get("aliases")).values():
        for term in _list(terms):
            yield _name(term, ALIAS)


def _name(term: object, kind: AliasKind) -> _Name:
    fields = _mapping(term)
    lang, name = fields.get("language"), fields.get("value")
    if not isinstance(lang, str) or not isinstance(name, str):
        raise _EntityError("a label or alias without language or value")
    return name, kind, base_language(lang)


def _best_values(statements: object) -> list[object]:
    """The values of the preferred statements, or of the normal ones where none is preferred."""
    ranked: dict[object, list[object]] = {"preferred": [], "normal": []}
    for statement in map(_mapping, _list(statements or [])):
        snak = _mapping(statement.get("mainsnak"))
        if statement.get("rank") in tuple(ranked) and snak.get("snaktype") == "value":
            ranked[statement["rank"]].append(_mapping(snak.get("datavalue")).get("value"))
    return ranked["preferred"] or ranked["normal"]


def _item_of(value: object) -> object:
    return value.get("id", f"Q{value.get('numeric-id')}") if isinstance(value, dict) else ""


def _mapping(value: object) -> Mapping[str, object]:
    if isinstance(value, dict):
        return value
    if value is None or value == []:  # how PHP writes a mapping without entries
        return {}
    raise _EntityError(f"a mapping is expected where there is {type(value).__name__}")


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise _EntityError(f"a list is expected where there is {type(value).__name__}")
    return value


def _recognises(beginning: str) -> bool:
    if beginning.strip() == "[":  # the first entity is longer than what is looked at
        return True
    head = beginning[:1000]
    return bool(_BEGINNING.match(head)) and '"labels"' in beginning


WIKIDATA_DUMP = Reader(
    description="Wikidata entity dump (JSON lines)",
    recognises=_recognises,
    read=read_wikidata_dump,
    options=WIKIDATA_OPTIONS,
)
