"""PsyTAR, adverse drug reactions in patients' reviews, as one table of mentions.

The table is tab-separated with a header line; the columns ``drug_id``, ``sentence_index``,
``mention``, ``cui`` and ``sentence`` are needed, ``type`` and ``cui2`` (a second concept) are read
where they exist. Annotators put some mentions together from several places of the sentence or
corrected their spelling, so that one in thirteen is not literally in it.

Zolnoori et al. 2019, A systematic approach for developing a corpus of patient reported adverse
drug events. https://doi.org/10.1016/j.jbi.2018.12.005
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spacy_bel.corpora.document import UNTYPED, GoldDocument, GoldMention
from spacy_bel.corpora.gold import read_ids
from spacy_bel.corpora.lines import read_lines
from spacy_bel.corpora.report import ReadReport
from spacy_bel.errors import Errors

COLUMNS = ("drug_id", "sentence_index", "mention", "cui", "sentence")
"""The columns that the table must have."""


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    sentence_id: str
    sentence: str
    mention: str
    label: str
    ids: tuple[str, ...]


def read_psytar(
    path: Path, *, lang: str = "", prefix: str = "", report: ReadReport | None = None
) -> Iterator[GoldDocument]:
    """One document per sentence, and one per mention that is not in its sentence.

    A mention that its sentence does not hold, in any case, gets a document of its own (id
    ``drug.sentence#line``), where it stands behind the sentence on a line of its own; it is
    counted as ``restored``. The table is not sorted by sentence, so it is read as a whole.

    Args:
        path: A plain or gzip-compressed file.
        lang: ISO 639-1 code of the sentences; English unless given.
        prefix: The vocabulary of bare identifiers; UMLS unless given.
        report: Where repairs and malformed lines are counted.

    Yields:
        Documents in the order of their first mentions.

    Raises:
        BelError: The file cannot be read, lacks a column or has too many malformed lines.
    """
    report = report or ReadReport()
    sentences: dict[tuple[str, str], list[_Row]] = {}
    for row in _rows(path, prefix or "UMLS", report):
        sentences.setdefault((row.sentence_id, row.sentence), []).append(row)
    for (id_, sentence), rows in sentences.items():
        starts = _find(sentence, rows)
        inside = [row for row in rows if row.line in starts]
        for row in inside:
            if sentence[starts[row.line] :][: len(row.mention)] != row.mention:
                report.repaired(path, row.line, "respelled", row.mention)
        if inside:
            mentions = tuple(_mention(sentence, starts[row.line], row) for row in inside)
            yield GoldDocument(id_, sentence, lang or "en", mentions)
        for row in rows:
            if row.line not in starts:
                report.repaired(path, row.line, "restored", row.mention)
                text = f"{sentence}\n{row.mention}" if sentence else row.mention
                mention = _mention(text, len(text) - len(row.mention), row)
                yield GoldDocument(f"{id_}#{row.line}", text, lang or "en", (mention,))


def _rows(path: Path, prefix: str, report: ReadReport) -> Iterator[_Row]:
    names: list[str] = []
    for number, line in read_lines(path, report):
        columns = line.split("\t")
        if not names:
            missing = [name for name in COLUMNS if name not in columns]
            if missing:
                raise Errors.B203(path=path, columns=", ".join(missing))
            names = columns
        elif line.strip():
            row = dict(zip(names, columns, strict=False))
            if len(columns) != len(names) or not row["mention"].strip():
                report.bad_line(
                    path, number, f"{len(columns)} columns of {len(names)}, or an empty mention"
                )
                continue
            yield _Row(
                line=number,
                sentence_id=f"{row['drug_id']}.{row['sentence_index']}",
                sentence=row["sentence"],
                mention=row["mention"].strip(),
                label=row.get("type", "").strip() or UNTYPED,
                ids=read_ids(f"{row['cui']}|{row.get('cui2', '')}", prefix=prefix)[0],
            )


def _find(sentence: str, rows: list[_Row]) -> dict[int, int]:
    """Where each row's mention starts, by line, in any case; rows without a place are left out.

    Longer mentions choose first, and whole words and free places are preferred, so that "pain" is
    not found inside "back pain" where it stands by itself elsewhere.
    """
    starts: dict[int, int] = {}
    taken: set[int] = set()
    for row in sorted(rows, key=lambda row: -len(row.mention)):
        mention = re.escape(row.mention)
        for pattern in (rf"(?<!\w){mention}(?!\w)", mention):
            places = [match.start() for match in re.finditer(pattern, sentence, re.IGNORECASE)]
            if places:
                free = (place for place in places if place not in taken)
                starts[row.line] = place = next(free, places[0])
                taken.update(range(place, place + len(row.mention)))
                break
    return starts


def _mention(text: str, start: int, row: _Row) -> GoldMention:
    end = start + len(row.mention)
    return GoldMention(start, end, text[start:end], row.label, row.ids)
