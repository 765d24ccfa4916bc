"""Any table of names: TSV, CSV or JSON lines, one concept or one name in each row.

Columns with usual names, and the layouts of well-known files, need no options; see
``table_layouts``. Rows of the same concept may stand anywhere in the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from spacy_bel.curies import canonical_prefix, known_prefix
from spacy_bel.errors import Errors
from spacy_bel.kb.readers.base import Reader, Record, clean, identifier, make_concept
from spacy_bel.kb.readers.mesh_trees import types_of_tree_numbers
from spacy_bel.kb.readers.predicates import KINDS, Relation, relation_of, robot_synonym
from spacy_bel.kb.readers.table_layouts import (
    COLUMN_OPTIONS,
    COLUMN_PREFIXES,
    column_key,
    find_columns,
)
from spacy_bel.kb.readers.table_rows import ROW_OPTIONS, Row, header_columns, is_header, read_rows
from spacy_bel.kb.readers.textfile import TextFile
from spacy_bel.types import ALIAS_KINDS, Alias, AliasKind, Concept

VALUE_OPTIONS = {
    "prefix": "vocabulary of ids without prefix (from the column's or the file's name)",
    "type": "semantic type of every concept (the vocabulary's own)",
    "lang": "ISO 639-1 code of the names' language (en)",
    "kind": f"kind of the synonyms: {', '.join(ALIAS_KINDS)} (exact)",
    "separator": "character between several values in a cell (|)",
}

_LANGUAGE = re.compile(r"[a-z]{2,3}")
_MISSING = ("", "-")  # NCBI writes a dash into empty columns


class _RowError(Exception):
    """What is wrong with a row."""


def read_table(file: TextFile, options: Mapping[str, str]) -> Iterator[Record]:
    """The concepts of a table.

    A row with a name defines a concept; a row of synonyms, translations, annotated mentions or
    mappings only adds to one (see ``base``). A name in another language than English is also an
    alias of that language, and the label that a translation is of is an exact one. Definitions in
    a file of translations, names that it marks as not translated, and mappings that are not
    exact, are left out.

    Args:
        file: The file.
        options: Of ``COLUMN_OPTIONS``, ``VALUE_OPTIONS`` and ``ROW_OPTIONS``.

    Yields:
        A concept for every row.

    Raises:
        BelError: The header or an option cannot be used.
    """
    table = _Table(file, options)
    for line, row in read_rows(file, options):
        try:
            concept = table.concept(row)
        except _RowError as error:
            file.problem(str(error), line=line)
        else:
            if concept is not None:
                yield concept


@dataclass(frozen=True, slots=True)
class _Names:
    """What the names are, where no column says otherwise."""

    lang: str
    kind: AliasKind


class _Table:
    """Turns rows into concepts."""

    def __init__(self, file: TextFile, options: Mapping[str, str]) -> None:
        lang, kind = options.get("lang", "en"), options.get("kind", "exact")
        if not _LANGUAGE.fullmatch(lang):
            reason = "an ISO 639-1 code such as en or es is expected"
            raise Errors.B159(option="lang", value=lang, reason=reason)
        if kind not in KINDS:
            raise Errors.B159(option="kind", value=kind, reason=f"one of {', '.join(KINDS)}")
        self._names = _Names(lang, KINDS[kind])
        self._options = options
        self._source = file.source
        self._separator = options.get("separator", "|")
        self._prefix = options.get("prefix", "")
        self._file_prefix = _prefix_of_file(file.path)
        self._found: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {}

    def concept(self, row: Row) -> Concept | None:
        """The concept of a row; None for a row that says nothing of a name.

        Raises:
            _RowError: The row is malformed.
        """
        columns = self._columns(row)
        written_id = self._cell(row, columns["id"])
        if written_id == "ID" and self._is_robot_template(row, columns):
            return None
        lang = self._language(row, columns["lang_column"], self._names.lang)
        relation = self._relation(row, columns)
        untranslated = "NOT_TRANSLATED" in self._cells(row, columns["status"])
        if relation in ("definition", "other") or untranslated:
            return None
        concept_id = self._id(written_id, columns["id"])
        name = self._cell(row, columns["name"])
        aliases = self._aliases(row, columns, lang, KINDS.get(relation, "exact"))
        if not name and columns["names"] and aliases:
            name = aliases.pop(0).name
        if not name and (columns["name"] or columns["names"]):
            raise _RowError(f"no name for {concept_id}")
        if aliases and relation == "preferred":
            original_lang = self._language(row, columns["original_lang"], "en")
            original = self._cell(row, columns["original"])
            aliases.insert(0, Alias(original, "exact", original_lang))
        if name and lang != "en":
            aliases.insert(0, Alias(name, "preferred", lang))
        concept = make_concept(
            concept_id,
            name,
            aliases,
            types=self._types(row, columns["types"]),
            definition=self._cell(row, columns["definition"]),
            parents=self._ids(row, columns["parents"], prefix=concept_id.partition(":")[0]),
            xrefs=self._ids(row, columns["xrefs"]),
            retired=self._ids(row, columns["retired"], prefix=concept_id.partition(":")[0]),
            source=self._source,
        )
        if not (concept.name or concept.aliases or concept.xrefs or concept.retired):
            raise _RowError(f"nothing is said of {concept_id}")
        return concept

    def _columns(self, row: Row) -> dict[str, tuple[str, ...]]:
        keys = tuple(row)
        if keys not in self._found:
            self._found[keys] = find_columns(keys, self._options)
        return self._found[keys]

    def _is_robot_template(self, row: Row, columns: Mapping[str, tuple[str, ...]]) -> bool:
        """Whether this is the second header of a ROBOT template; its language then counts."""
        for cell in self._cells(row, columns["synonyms"]):
            if (synonym := robot_synonym(cell)) is not None:
                self._names = _Names(kind=synonym[0], lang=synonym[1])
                return True
        return False

    def _language(self, row: Row, columns: tuple[str, ...], default: str) -> str:
        written = self._cell(row, columns)
        if not written:
            return default
        lang = re.split("[-_]", written.casefold())[0]
        if not _LANGUAGE.fullmatch(lang):
            raise _RowError(f"{written!r} is not a language code")
        return lang

    def _relation(self, row: Row, columns: Mapping[str, tuple[str, ...]]) -> Relation:
        written = self._cell(row, columns["kind_column"])
        if not written:
            return self._names.kind
        if (relation := relation_of(written)) is None:
            raise _RowError(f"{written!r} is not a kind of name or mapping")
        return relation

    def _id(self, written: str, columns: tuple[str, ...]) -> str:
        if not written:
            raise _RowError("no id")
        own = self._prefix or COLUMN_PREFIXES.get(columns[0], "")
        curie = identifier(written, prefix=own) or identifier(written, prefix=self._file_prefix)
        if not curie:
            raise _RowError(f"the vocabulary of the id {written!r} is unknown: give a prefix")
        return curie

    def _ids(self, row: Row, columns: tuple[str, ...], *, prefix: str = "") -> list[str]:
        return [
            identifier(text, prefix=prefix or COLUMN_PREFIXES.get(column, ""))
            for column in columns
            for text in self._cells(row, (column,))
        ]

    def _aliases(
        self, row: Row, columns: Mapping[str, tuple[str, ...]], lang: str, kind: AliasKind
    ) -> list[Alias]:
        texts = self._cells(row, (*columns["names"], *columns["synonyms"]))
        aliases = [Alias(text, kind, lang) for text in texts]
        for cell in self._cells(row, columns["annotated"]):
            text, _, count = cell.rpartition("::")
            if not text or not count.isdecimal():
                raise _RowError(f"{cell!r} is not of the form name::count")
            aliases.append(Alias(text, "annotated", lang, count=int(count)))
        return aliases

    def _types(self, row: Row, columns: tuple[str, ...]) -> Iterable[str]:
        if self._options.get("type"):
            return [self._options["type"]]
        if columns == ("tree_numbers",):
            return types_of_tree_numbers(self._cells(row, columns))
        return self._cells(row, columns)

    def _cell(self, row: Row, columns: tuple[str, ...]) -> str:
        texts = (clean(text) for column in columns for text in _texts(row.get(column)))
        return next((text for text in texts if text not in _MISSING), "")

    def _cells(self, row: Row, columns: tuple[str, ...]) -> list[str]:
        values = [_texts(row.get(column), self._separator) for column in columns]
        return [text for texts in values for text in map(clean, texts) if text not in _MISSING]


def _texts(value: object, separator: str = "") -> list[str]:
    """The texts in a cell; only a cell that is a text itself is split."""
    if value is None:
        return []
    if isinstance(value, str):
        return value.split(separator) if separator else [value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [str(value)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    raise _RowError(f"a text is expected, not {json.dumps(value)[:60]}")


def _prefix_of_file(path: Path) -> str:
    """The vocabulary that a file is named after: ``pharmgkb.drug.tsv``, ``icd10cm_2020.tsv``."""
    name = re.sub(r"(\.(tsv|csv|txt|jsonl?|gz))+$", "", path.name.casefold())
    candidates = (name, re.split("[-_.]", name)[0])
    return next((canonical_prefix(text) for text in candidates if known_prefix(text)), "")


def _recognises(beginning: str) -> bool:
    header = next((line for line in beginning.split("\n") if is_header(line, {})), "")
    if header.lstrip().startswith("{"):
        try:
            record = json.loads(header)
        except (ValueError, RecursionError):
            return False
        columns = find_columns(map(column_key, record), {})
    else:
        columns = header_columns(header, {})
    content = ("name", "names", "synonyms", "annotated", "xrefs", "retired")
    return bool(columns["id"]) and any(columns[part] for part in content)


TABLE = Reader(
    description="TSV, CSV or JSONL with named columns",
    recognises=_recognises,
    read=read_table,
    options={**COLUMN_OPTIONS, **VALUE_OPTIONS, **ROW_OPTIONS},
)
