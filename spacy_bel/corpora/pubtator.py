"""PubTator, the format of NCBI-disease, BC5CDR, BioRED, GNormPlus, NLM-Gene and MedMentions.

A document is ``id|t|title``, ``id|a|abstract`` and lines of tab-separated columns: id, start,
end, mention, type and, where there is one, the identifiers; a seventh column holds the texts of a
composite's parts and is not needed. Offsets count one character between title and abstract.
Lines of relations (id, relation, identifiers) belong to no mention and are passed over.

Wei et al. 2013, PubTator: a web-based text mining tool for assisting biocuration.
https://doi.org/10.1093/nar/gkt441
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from spacy_bel.corpora.document import GoldDocument, GoldMention
from spacy_bel.corpora.gold import read_ids
from spacy_bel.corpora.lines import read_lines
from spacy_bel.corpora.locate import place_mention
from spacy_bel.corpora.report import ReadReport

HEADER = re.compile(r"([^|\t]+)\|([ta])\|(.*)", re.DOTALL)
"""A line of text: document id, title or abstract, text."""

# The second column of a relation is its name; the others may be bare numbers of genes.
_RELATION = re.compile(r"[A-Za-z][A-Za-z _-]*")


@dataclass(slots=True)
class _Draft:
    """A document whose lines are still coming in."""

    id: str
    parts: dict[str, str] = field(default_factory=dict)
    annotations: list[tuple[int, list[str]]] = field(default_factory=list)

    @property
    def text(self) -> str:
        title, abstract = self.parts.get("t", ""), self.parts.get("a", "")
        return f"{title}\n{abstract}" if abstract else title


def read_pubtator(
    path: Path, *, lang: str = "", prefix: str = "", report: ReadReport | None = None
) -> Iterator[GoldDocument]:
    """The documents of a PubTator file.

    Args:
        path: A plain or gzip-compressed file.
        lang: ISO 639-1 code of the texts; English unless given.
        prefix: The vocabulary of bare identifiers; empty to tell it from their shape and type.
        report: Where repairs and malformed lines are counted.

    Yields:
        Documents in the file's order.

    Raises:
        BelError: The file cannot be read or has too many malformed lines.
    """
    report = report or ReadReport()
    for draft in _drafts(path, report):
        text = draft.text
        mentions = (
            _mention(text, columns, path=path, line=line, prefix=prefix, report=report)
            for line, columns in draft.annotations
        )
        yield GoldDocument(
            id=draft.id,
            text=text,
            lang=lang or "en",
            mentions=tuple(mention for mention in mentions if mention is not None),
        )


def _drafts(path: Path, report: ReadReport) -> Iterator[_Draft]:
    draft: _Draft | None = None
    for number, line in read_lines(path, report):
        header = HEADER.fullmatch(line)
        if header:
            id_, part, text = header.groups()
            if draft is None or id_ != draft.id or part in draft.parts:
                if draft is not None:
                    yield draft
                draft = _Draft(id_)
            draft.parts[part] = text
        elif line.strip():
            problem = _add_annotation(draft, number, line.split("\t"))
            if problem:
                report.bad_line(path, number, problem)
    if draft is not None:
        yield draft


def _add_annotation(draft: _Draft | None, number: int, columns: list[str]) -> str:
    """Give a line to its document; returns what is wrong with it, or nothing."""
    if len(columns) < 4:
        return f"{len(columns)} tab-separated columns where a mention has 5 or more"
    if draft is None or columns[0].strip() != draft.id:
        return f"it annotates {columns[0]!r}, but stands under {draft.id if draft else 'nothing'!r}"
    if columns[1].isdecimal() and columns[2].isdecimal():
        if len(columns) < 5 or not columns[4].strip():
            return "the mention has no type"
        draft.annotations.append((number, columns))
    elif not _RELATION.fullmatch(columns[1]):
        return f"the offsets {columns[1]!r} and {columns[2]!r} are not whole numbers"
    return ""


def _mention(
    text: str, columns: list[str], *, path: Path, line: int, prefix: str, report: ReadReport
) -> GoldMention | None:
    label = columns[4].strip()
    field_ = columns[5] if len(columns) > 5 else ""
    return place_mention(
        text,
        (int(columns[1]), int(columns[2])),
        columns[3],
        label,
        read_ids(field_, label=label, prefix=prefix),
        path=path,
        line=line,
        report=report,
    )
