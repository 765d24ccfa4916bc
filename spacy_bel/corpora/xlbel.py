"""XL-BEL, mentions in Wikipedia sentences of ten languages: ``CUI||mention||sentence``.

The sentence marks the mention with ``<tgt>`` and ``</tgt>``; several CUIs are separated by ``|``.

Liu et al. 2021, Learning Domain-Specialised Representations for Cross-Lingual Biomedical Entity
Linking. https://aclanthology.org/2021.acl-short.72
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from spacy_bel.corpora.document import UNTYPED, GoldDocument, GoldMention
from spacy_bel.corpora.gold import read_ids
from spacy_bel.corpora.lines import read_lines
from spacy_bel.corpora.report import ReadReport, Repair
from spacy_bel.errors import Errors

_LANGUAGE = re.compile(r"(de|en|es|fi|ja|ko|ru|th|tr|zh)[_.-]")
_TARGET = re.compile(r"(.*)<tgt>(.*)</tgt>(.*)", re.DOTALL)


def read_xlbel(
    path: Path, *, lang: str = "", prefix: str = "", report: ReadReport | None = None
) -> Iterator[GoldDocument]:
    """One document per line of an XL-BEL file.

    Args:
        path: A plain or gzip-compressed file.
        lang: ISO 639-1 code of the sentences; by default what the file's name starts with, as in
            ``de_1k_test_query_with_context.txt``.
        prefix: The vocabulary of bare identifiers; UMLS unless given.
        report: Where repairs and malformed lines are counted.

    Yields:
        Documents with one mention each; a document's id is language and line number.

    Raises:
        BelError: The language is unknown, the file cannot be read or has too many malformed lines.
    """
    report = report or ReadReport()
    named = _LANGUAGE.match(path.name)
    lang = lang or (named.group(1) if named else "")
    if not lang:
        raise Errors.B205(path=path)
    for number, line in read_lines(path, report):
        columns = line.split("||", 2)
        target = _TARGET.fullmatch(columns[2]) if len(columns) == 3 else None
        if target and (target[2].strip() or columns[1].strip()):
            text, mention, repair = _place(target, columns[1].strip())
            if repair:
                report.repaired(path, number, repair, columns[1])
            ids, mode = read_ids(columns[0], prefix=prefix or "UMLS")
            mention = replace(mention, ids=ids, mode=mode)
            yield GoldDocument(f"{lang}-{number}", text, lang, (mention,))
        elif line.strip():
            report.bad_line(path, number, "not of the form CUI||mention||text <tgt>mention</tgt>")


def _place(target: re.Match[str], expected: str) -> tuple[str, GoldMention, Repair | None]:
    """The sentence without its marks, the marked mention, and what was repaired."""
    before, marked, after = target.groups()
    mention = marked.strip()
    repair: Repair | None = None
    if not mention:
        mention = marked = expected
        repair = "restored"
    elif mention != expected:
        repair = "respelled"
    elif mention != marked:
        repair = "trimmed"
    start = len(before) + marked.index(mention)
    gold = GoldMention(start, start + len(mention), mention, UNTYPED)
    return before + marked + after, gold, repair
