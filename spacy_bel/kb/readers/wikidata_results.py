"""Wikidata's answers to a SPARQL query, as SPARQL 1.1 Query Results JSON.

The format is W3C's (https://www.w3.org/TR/sparql11-results-json/); which variables are read is
told in ``read_wikidata_results``, and ``wikidata.rq`` is the query that gives them.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from string import Template

from spacy_bel.errors import Errors
from spacy_bel.kb.readers.base import Reader, Record
from spacy_bel.kb.readers.json_array import JsonArray
from spacy_bel.kb.readers.textfile import TextFile
from spacy_bel.kb.readers.wikidata_properties import (
    ALIAS,
    LABEL,
    PROPERTIES,
    WIKIDATA_OPTIONS,
    Selection,
    base_language,
    curie_of,
    names_of_item,
)
from spacy_bel.types import AliasKind

NAME_VARIABLES: Mapping[str, AliasKind] = {"itemLabel": LABEL, "altLabel": ALIAS}
"""Variable of a query -> kind of the names that it holds."""

_ITEM = re.compile(r"https?://www\.wikidata\.org/entity/(Q\d+)")
_BEGINNING = re.compile(r'\s*\{\s*"(?:head|results)"\s*:\s*\{')


class _RowError(Exception):
    """What is wrong with a row."""


def read_wikidata_results(file: TextFile, options: Mapping[str, str]) -> Iterator[Record]:
    """The names in the rows of a query's results.

    A row has the variables ``item``; one or more that are named after an identifier property,
    such as ``P486``; and ``itemLabel``, ``altLabel`` or both, with their languages. Other
    variables are left alone. Names without a language are left out and counted: the label
    service gives an item's number like this where there is no label. Ranks are the server's
    affair: the query asks for statements of the best rank.

    Args:
        file: The file.
        options: Of ``WIKIDATA_OPTIONS``.

    Yields:
        A concept that only adds names, for each identifier in rows that follow each other.

    Raises:
        BelError: The file is not whole, has no variable for an identifier, or an option cannot
            be used.
    """
    selection = Selection.of(options)
    rows = JsonArray(file, "bindings")
    _check_variables(file, rows.document, selection)
    read = (row for value in rows for row in _read_row(file, value, selection))
    for (item, curie), group in itertools.groupby(read, key=lambda row: row[:2]):
        names = [name for row in group for name in row[2]]
        if names:
            yield names_of_item(curie, item, names, file.source)


_Row = tuple[str, str, list[tuple[str, AliasKind, str]]]


def _check_variables(file: TextFile, document: Mapping[str, object], selection: Selection) -> None:
    if "head" not in document:  # some servers put it behind the rows
        return
    head = document["head"]
    variables = head.get("vars") if isinstance(head, dict) else None
    if not isinstance(variables, list) or not set(selection.properties) & set(map(str, variables)):
        shown = ", ".join(map(str, variables)) if isinstance(variables, list) else "none"
        properties = ", ".join(selection.properties)
        raise Errors.B163(path=file.path, variables=shown, properties=properties)


def _read_row(file: TextFile, value: object, selection: Selection) -> list[_Row]:
    try:
        if not isinstance(value, dict):
            raise _RowError(f"a row must be an object, not {type(value).__name__}")
        item = _ITEM.fullmatch(_value(value, "item"))
        if item is None:
            raise _RowError("the variable item is not the address of an item of Wikidata")
        names = list(_names(file, value, selection))
        curies = list(_curies(file, value, selection))
    except _RowError as error:
        file.problem(str(error))
        return []
    return [(item[1], curie, names) for curie in curies]


def _curies(file: TextFile, row: Mapping[str, object], selection: Selection) -> Iterator[str]:
    for name in selection.properties:
        if name not in row:
            continue
        if curie := curie_of(name, _value(row, name)):
            yield curie
        else:
            file.left_out[f"identifier of an unknown form ({name})"] += 1


def _names(
    file: TextFile, row: Mapping[str, object], selection: Selection
) -> Iterator[tuple[str, AliasKind, str]]:
    for variable, kind in NAME_VARIABLES.items():
        if variable not in row:
            continue
        name, code = _value(row, variable), _term(row, variable).get("xml:lang")
        if not isinstance(code, str) or not code:
            file.left_out["name without a language"] += 1
        elif selection.wants(lang := base_language(code)):
            yield name, kind, lang


def _value(row: Mapping[str, object], variable: str) -> str:
    value = _term(row, variable).get("value")
    if not isinstance(value, str):
        raise _RowError(f"the variable {variable} has no value")
    return value


def _term(row: Mapping[str, object], variable: str) -> Mapping[str, object]:
    term = row.get(variable)
    if not isinstance(term, dict):
        raise _RowError(f"the variable {variable} is missing or no RDF term")
    return term


def make_query(property_: str, languages: frozenset[str]) -> str:
    """The SPARQL query whose results this module reads.

    Args:
        property_: One of ``PROPERTIES``.
        languages: Codes of the languages; empty for all.

    Returns:
        A query for https://query.wikidata.org or any other server that has Wikidata.

    Raises:
        BelError: The property is unknown.
    """
    Selection.of({"properties": property_})
    text = resources.files(__package__).joinpath("wikidata.rq").read_text(encoding="utf-8")
    quoted = ", ".join(f'"{lang}"' for lang in sorted(languages))
    test = f'FILTER (STRBEFORE(CONCAT(LANG(?name), "-"), "-") IN ({quoted}))' if quoted else ""
    filters = {
        f"{variable}_filter": test.replace("?name", f"?{variable}") for variable in NAME_VARIABLES
    }
    return Template(text).substitute(
        property=property_, vocabulary=PROPERTIES[property_], **filters
    )


def _recognises(beginning: str) -> bool:
    return bool(_BEGINNING.match(beginning))


WIKIDATA_RESULTS = Reader(
    description="Wikidata SPARQL results (JSON)",
    recognises=_recognises,
    read=read_wikidata_results,
    options=WIKIDATA_OPTIONS,
)
