"""The UMLS Metathesaurus in Rich Release Format (RRF).

``MRCONSO.RRF`` holds the names, ``MRSTY``, ``MRDEF``, ``MRREL`` and ``MRCUI`` beside it semantic
types, definitions, relations and retired concepts, as chapter 3 of the UMLS Reference Manual
describes them (https://www.ncbi.nlm.nih.gov/books/NBK9685/): columns end with a bar, there are no
quotes and no header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from spacy_bel.curies import canonical_prefix, known_prefix
from spacy_bel.errors import Errors
from spacy_bel.kb.readers.base import Reader, Record, Retired, identifier, make_concept
from spacy_bel.kb.readers.file_set import choices, flag, needed, split_rows
from spacy_bel.kb.readers.side_table import SideTable
from spacy_bel.kb.readers.textfile import TextFile
from spacy_bel.types import Alias, Concept

OPTIONS = {
    "languages": "languages of the names, such as en,es, or * (en)",
    "sources": "vocabularies (SAB) whose names, definitions and parents to keep: MSH,NCI (all)",
    "term_types": "term types (TTY) to keep, such as PT,SY (all)",
    "suppressed": "yes or no: whether to keep suppressible and obsolete names (no)",
    "types": "tui or name of the semantic types, or no (tui)",
    "definitions": "yes or no (yes)",
    "parents": "PAR for the vocabularies' parents, RB for broader concepts, PAR,RB, or no (PAR)",
    "retired": "yes or no (yes)",
}

_CUI, _LAT, _TS, _STT, _ISPREF, _AUI, _SAB, _TTY, _CODE, _STR, _SUPPRESS = (
    0, 1, 2, 4, 6, 7, 11, 12, 13, 14, 16,
)  # fmt: skip
_CONSO_WIDTH, _STY_WIDTH, _DEF_WIDTH, _REL_WIDTH, _MRCUI_WIDTH = 19, 7, 9, 17, 8

_LANGUAGES = {
    "ARA": "ar", "BAQ": "eu", "CHI": "zh", "CZE": "cs", "DAN": "da", "DUT": "nl", "ENG": "en",
    "EST": "et", "FIN": "fi", "FRE": "fr", "GER": "de", "GRE": "el", "HEB": "he", "HUN": "hu",
    "ITA": "it", "JPN": "ja", "KOR": "ko", "LAV": "lv", "NOR": "no", "POL": "pl", "POR": "pt",
    "RUS": "ru", "SCR": "hr", "SPA": "es", "SWE": "sv", "TUR": "tr", "UKR": "uk",
}  # fmt: skip
"""MRCONSO's languages as ISO 639-1; any other is kept as it is, in lower case."""

_CUI_FORM = re.compile(r"C\d{7}")
_OTHER_PREFIXES = {"NCBI": "NCBITaxon", "MDR": "MEDDRA"}
_UPWARD = {"PAR": "PAR", "RB": "RB"}
_DOWNWARD = {"CHD": "PAR", "RN": "RB"}


@dataclass(frozen=True, slots=True)
class _Sides:
    """What the files beside MRCONSO say of the concepts."""

    types: SideTable
    parents: SideTable
    definitions: SideTable


@dataclass(frozen=True, slots=True)
class _Filter:
    """Which names to keep."""

    languages: frozenset[str]
    sources: frozenset[str]
    term_types: frozenset[str]
    suppressed: bool

    def reason_against(self, row: list[str]) -> str:
        """Why a name is left out; empty for one that is kept."""
        if not self.suppressed and row[_SUPPRESS] != "N":
            return "suppressible or obsolete name"
        if self.languages and _language(row) not in self.languages:
            return "name in a language that was not asked for"
        if self.sources and row[_SAB] not in self.sources:
            return "name of a vocabulary that was not asked for"
        if self.term_types and row[_TTY] not in self.term_types:
            return "name of a term type that was not asked for"
        return ""


def read_umls(file: TextFile, options: Mapping[str, str]) -> Iterator[Record]:
    """The concepts of a Metathesaurus release or subset.

    The preferred name is the one that the Metathesaurus marks as such (TS=P, STT=PF, ISPREF=Y)
    among the names that are kept, English first. Identifiers in the vocabularies that
    ``spacy_bel.curies`` knows are cross-references. Of the retired concepts, merged ones (REL=SY)
    lead to their successor, deleted ones nowhere. Names that the options leave out are counted.

    Args:
        file: ``MRCONSO.RRF``; the other files lie beside it.
        options: Of ``OPTIONS``.

    Yields:
        A concept for each run of rows with one CUI, then a ``Retired`` for each retired one.

    Raises:
        BelError: A file of the set is missing, or an option cannot be used.
    """
    names = _Filter(
        choices(options, "languages", "en"),
        choices(options, "sources"),
        choices(options, "term_types"),
        flag(options, "suppressed", "no"),
    )
    retired = needed(file, "MRCUI.RRF", "retired") if flag(options, "retired") else None
    with ExitStack() as stack:
        sides = _Sides(
            stack.enter_context(SideTable(1, _types(file, options))),
            stack.enter_context(SideTable(1, _parents(file, options, names.sources))),
            stack.enter_context(SideTable(2, _definitions(file, options, names.sources))),
        )
        rows = split_rows(file, "|", _CONSO_WIDTH)
        for cui, group in groupby(rows, key=itemgetter(_CUI)):
            concept = _concept(file, cui, list(group), names, sides)
            if concept is not None:
                yield concept
    if retired is not None:
        yield from _retired(retired, file.source)


def _concept(
    file: TextFile, cui: str, rows: list[list[str]], names: _Filter, sides: _Sides
) -> Concept | None:
    """The concept of all rows with one CUI; None where no name is kept."""
    if not _CUI_FORM.fullmatch(cui):
        file.problem(f"{cui[:60]!r} is not a concept's identifier")
        return None
    kept = []
    for row in rows:
        reason = names.reason_against(row)
        if reason:
            file.left_out[reason] += 1
        elif row[_STR].strip():
            kept.append(row)
    if not kept:
        return None
    kept.sort(key=_order)
    name, *others = kept
    own = [] if name[_LAT] == "ENG" else [Alias(name[_STR], "preferred", _language(name))]
    english = {row[_AUI] for row in rows if row[_LAT] == "ENG"}
    return make_concept(
        f"UMLS:{cui}",
        name[_STR],
        [*own, *map(_alias, others)],
        types=[value for (value,) in sides.types[cui]],
        definition=next((text for atom, text in sides.definitions[cui] if atom in english), ""),
        parents=[f"UMLS:{value}" for (value,) in sides.parents[cui]],
        xrefs=map(_xref, kept),
        source=file.source,
    )


def _order(row: list[str]) -> tuple[bool, bool, bool, bool]:
    return row[_LAT] != "ENG", row[_TS] != "P", row[_STT] != "PF", row[_ISPREF] != "Y"


def _alias(row: list[str]) -> Alias:
    is_preferred = row[_LAT] != "ENG" and not any(_order(row)[1:])
    return Alias(row[_STR], "preferred" if is_preferred else "exact", _language(row))


def _language(row: list[str]) -> str:
    return _LANGUAGES.get(row[_LAT]) or row[_LAT].casefold()


def _xref(row: list[str]) -> str:
    prefix = _OTHER_PREFIXES.get(row[_SAB], row[_SAB])
    code = row[_CODE]
    # OMIM's codes of this form are the Metathesaurus's own, and name nothing elsewhere.
    if code == "NOCODE" or code.startswith("MTHU") or not known_prefix(prefix):
        return ""
    return identifier(f"{canonical_prefix(prefix)}:{code}")


def _types(file: TextFile, options: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    wanted = options.get("types", "tui")
    if wanted not in ("tui", "name", "no"):
        raise Errors.B159(option="types", value=wanted, reason="tui, name or no is expected")
    if wanted != "no":
        column = 1 if wanted == "tui" else 3
        for row in split_rows(needed(file, "MRSTY.RRF", "types"), "|", _STY_WIDTH):
            yield row[0], row[column]


def _definitions(
    file: TextFile, options: Mapping[str, str], sources: frozenset[str]
) -> Iterator[tuple[str, str, str]]:
    """CUI, atom and text; whose language it is only the atom tells."""
    if flag(options, "definitions"):
        for row in split_rows(needed(file, "MRDEF.RRF", "definitions"), "|", _DEF_WIDTH):
            if row[6] == "N" and (not sources or row[4] in sources):
                yield row[0], row[1], row[5]


def _parents(
    file: TextFile, options: Mapping[str, str], sources: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """CUI and broader CUI. A relation says what the second concept is to the first."""
    wanted = choices(options, "parents", "PAR") - {"no"}
    if unknown := wanted - set(_UPWARD):
        reason = "PAR, RB, PAR,RB or no is expected"
        raise Errors.B159(option="parents", value=",".join(sorted(unknown)), reason=reason)
    if wanted:
        for row in split_rows(needed(file, "MRREL.RRF", "parents"), "|", _REL_WIDTH):
            first, relation, second = row[0], row[3], row[4]
            if row[14] != "N" or first == second or (sources and row[10] not in sources):
                continue
            if _UPWARD.get(relation) in wanted:
                yield first, second
            elif _DOWNWARD.get(relation) in wanted:
                yield second, first


def _retired(file: TextFile, source: str) -> Iterator[Retired]:
    for row in split_rows(file, "|", _MRCUI_WIDTH):
        successor = f"UMLS:{row[5]}" if row[2] == "SY" and row[5] else ""
        yield Retired(f"UMLS:{row[0]}", successor, source)


def _recognises(beginning: str) -> bool:
    return bool(re.match(r"C\d{7}\|[A-Z]{3}\|[A-Za-z]\|L\d+\|", beginning))


UMLS = Reader(
    description="UMLS Metathesaurus (MRCONSO.RRF and the files beside it)",
    recognises=_recognises,
    read=read_umls,
    options=OPTIONS,
    main="MRCONSO.RRF*",
)
