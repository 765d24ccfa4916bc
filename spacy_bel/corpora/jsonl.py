"""JSON Lines: one document per line, in the library's own layout or in PharmaCoNER's.

The library's own layout::

    {"id": "1", "lang": "en", "text": "Aspirin and ibuprofen.", "mentions": [
        {"start": 0, "end": 7, "label": "Chemical", "ids": ["MESH:D001241"]},
        {"start": 12, "end": 21, "label": "Chemical", "ids": ["NIL"]}]}

``text``, ``start`` and ``end`` (in characters) are needed. ``ids`` holds CURIEs, ``["NIL"]`` for
no concept, and is empty or left out where no identifier is given; ``"mode": "all"`` says that all
are needed together. ``text`` of a mention, where given, is compared with the document.

The other layout has ``"entities": [[start, end, label, text, id], ...]`` instead of mentions, with
SNOMED CT codes as bare numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from spacy_bel.corpora.document import UNTYPED, GoldDocument
from spacy_bel.corpora.gold import GoldMode, read_id, read_ids
from spacy_bel.corpora.lines import read_lines
from spacy_bel.corpora.locate import place_mention
from spacy_bel.corpora.report import ReadReport
from spacy_bel.errors import BelError

_Value = TypeVar("_Value")
_Annotation = tuple[tuple[int, int], str, str, tuple[tuple[str, ...], GoldMode]]


def read_jsonl(
    path: Path, *, lang: str = "", prefix: str = "", report: ReadReport | None = None
) -> Iterator[GoldDocument]:
    """The documents of a JSON Lines file.

    Args:
        path: A plain or gzip-compressed file.
        lang: ISO 639-1 code of documents that do not give their own; English unless given.
        prefix: The vocabulary of bare identifiers; empty to tell it from their shape and label,
            or for SNOMED CT in PharmaCoNER's layout.
        report: Where repairs and malformed lines are counted.

    Yields:
        Documents in the file's order; one without an id is named after its line.

    Raises:
        BelError: The file cannot be read or has too many malformed lines.
    """
    report = report or ReadReport()
    for number, line in read_lines(path, report):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            text = _checked(record["text"], str)
            document = GoldDocument(
                str(record.get("id", number)), text, str(record.get("lang") or lang or "en")
            )
            annotations = list(_annotations(record, prefix))
        except (ValueError, KeyError, TypeError, AttributeError, BelError) as error:
            report.bad_line(path, number, f"{type(error).__name__}: {error}")
            continue
        place = partial(place_mention, text, path=path, line=number, report=report)
        placed = (place(*annotation) for annotation in annotations)
        mentions = tuple(mention for mention in placed if mention is not None)
        yield replace(document, mentions=mentions)


def _annotations(record: dict[str, Any], prefix: str) -> Iterator[_Annotation]:
    """Offsets, text, label and gold of each mention in a document's record."""
    for start, end, label, text, id_ in record.get("entities", ()):
        gold = read_ids(_checked(id_, str), label=label, prefix=prefix or "SNOMEDCT")
        yield (_checked(start, int), _checked(end, int)), _checked(text, str), label, gold
    for mention in record.get("mentions", ()):
        start, end = _checked(mention["start"], int), _checked(mention["end"], int)
        text = _checked(mention.get("text") or "", str)
        label = _checked(mention.get("label") or UNTYPED, str)
        parts = _checked(mention.get("ids") or [], list)
        ids = tuple(
            dict.fromkeys(
                read_id(_checked(part, str), label=label, prefix=prefix) for part in parts
            )
        )
        yield (start, end), text, label, (ids, _mode(mention, ids))


def _mode(mention: dict[str, Any], ids: tuple[str, ...]) -> GoldMode:
    mode = mention.get("mode", "any")
    if mode not in ("any", "all"):
        raise ValueError(f"the mode {mode!r} is neither 'any' nor 'all'")
    return "all" if mode == "all" and len(ids) > 1 else "any"


def _checked(value: Any, kind: type[_Value]) -> _Value:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{value!r} where {kind.__name__} is expected")
    return value
