"""The rows of a TSV, CSV or JSON lines file, each a mapping from column to value.

TSV is split at tabs and nothing else, as ontologies and databases write it: a double quote is a
character. CSV (RFC 4180) is quoted, and so is TSV that a spreadsheet exported (``quoted=yes``).
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Collection, Iterator, Mapping

from spacy_bel.errors import Errors
from spacy_bel.kb.readers.table_layouts import (
    COLUMN_OPTIONS,
    column_key,
    find_columns,
    layout_of,
)
from spacy_bel.kb.readers.textfile import TextFile

Row = Mapping[str, object]

ROW_OPTIONS = {
    "delimiter": "character between columns, or tab, comma, semicolon (seen from the header)",
    "quoted": "yes or no: whether cells may stand in double quotes (CSV yes, TSV no)",
}

_DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";"}


def read_rows(file: TextFile, options: Mapping[str, str]) -> Iterator[tuple[int, Row]]:
    """The rows of a table.

    Args:
        file: The file.
        options: Of the table format.

    Yields:
        The line on which the row starts, and the row; keys are as ``column_key`` gives them.

    Raises:
        BelError: There is no header, it has no column of ids, or it lacks a column that an
            option names.
    """
    lines = iter(file)
    header = next((line for line in lines if is_header(line, options)), "")
    if header.lstrip().startswith("{"):
        yield from _json_rows(file, itertools.chain([header], lines), options)
        return
    delimiter = _delimiter(header, options)
    names = _header_cells(header, delimiter)
    keys = [column_key(name) for name in names]
    _check_columns(file, keys, names, options)
    quoted = options.get("quoted") or layout_of(keys).get("quoted")
    quoted = quoted or ("no" if delimiter == "\t" else "yes")
    if quoted not in ("yes", "no"):
        raise Errors.B159(option="quoted", value=quoted, reason="yes or no is expected")
    split = _quoted_cells if quoted == "yes" else _plain_cells
    for line, cells in split(file, lines, delimiter):
        if len(cells) == len(keys):
            yield line, dict(zip(keys, cells, strict=True))
        elif any(cells):
            message = f"{len(cells)} columns where the header names {len(keys)}"
            file.problem(message, line=line)


def is_header(line: str, options: Mapping[str, str]) -> bool:
    """Whether a line is the header, or the first object of a JSON lines file.

    The first line that is neither empty nor a comment (``#``) is; so is a comment that names
    columns, one of them for ids, as NCBI writes its headers.
    """
    if not line.strip():
        return False
    return not line.startswith("#") or bool(header_columns(line, options)["id"])


def header_columns(line: str, options: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The columns of a header line that play a part."""
    delimiter = _delimiter(line, options)
    keys = [column_key(name) for name in _header_cells(line, delimiter)]
    return find_columns(keys if len(keys) > 1 else [], options)


def _header_cells(header: str, delimiter: str) -> list[str]:
    written = header.lstrip("# ").replace("\r", " ")
    if delimiter == "\t":
        return [name.strip('"') for name in written.split("\t")]
    try:
        return next(csv.reader([written], delimiter=delimiter), [])
    except csv.Error:  # a line longer than any header
        return []


def _delimiter(header: str, options: Mapping[str, str]) -> str:
    written = options.get("delimiter", "")
    delimiter = _DELIMITERS.get(written, written)
    if len(delimiter) > 1 or delimiter in tuple('"\r\n'):
        raise Errors.B159(option="delimiter", value=written, reason="one character is expected")
    if delimiter or "\t" in header:
        return delimiter or "\t"
    return max(",;", key=header.count)


def _check_columns(
    file: TextFile, keys: list[str], names: list[str], options: Mapping[str, str]
) -> None:
    _check_named(file, keys, names, options)
    if not find_columns(keys, options)["id"]:
        shown = ", ".join(names[:20]) or "none"
        reason = f"none of its columns is known to hold ids ({shown})"
        raise Errors.B161(path=file.path, reason=reason, options="id=..., name=..., synonyms=...")


def _check_named(
    file: TextFile, keys: Collection[str], names: list[str], options: Mapping[str, str]
) -> None:
    for option in COLUMN_OPTIONS:
        for name in options.get(option, "").split(","):
            if name.strip() and column_key(name) not in keys:
                shown = ", ".join(names)
                raise Errors.B156(option=option, column=name, path=file.path, columns=shown)


def _plain_cells(
    file: TextFile, lines: Iterator[str], delimiter: str
) -> Iterator[tuple[int, list[str]]]:
    for line in lines:
        yield file.line, line.split(delimiter)


def _quoted_cells(
    file: TextFile, lines: Iterator[str], delimiter: str
) -> Iterator[tuple[int, list[str]]]:
    starts: list[int] = []

    def feed() -> Iterator[str]:
        for line in lines:
            starts.append(file.line)
            yield line.replace("\r", " ") + "\n"

    rows = csv.reader(feed(), delimiter=delimiter, strict=True)
    while True:
        starts.clear()
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            message = f"badly quoted up to line {file.line}: {error}"
            file.problem(message, line=starts[0] if starts else None)
        else:
            yield starts[0], cells


def _json_rows(
    file: TextFile, lines: Iterator[str], options: Mapping[str, str]
) -> Iterator[tuple[int, Row]]:
    keys: set[str] = set()
    for line in lines:
        if line.strip() and (record := file.json_object(line)) is not None:
            row = {column_key(name): value for name, value in record.items()}
            keys.update(row)
            yield file.line, row
    # Any object may lack a key, but a key that all lack is a slip in the option.
    _check_named(file, keys, sorted(keys), options)
