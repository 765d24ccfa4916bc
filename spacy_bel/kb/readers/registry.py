"""Which readers there are, and how a source on the command line reaches one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qsl

from spacy_bel.errors import Errors
from spacy_bel.kb.readers.base import Reader, Record
from spacy_bel.kb.readers.biosyn import BIOSYN
from spacy_bel.kb.readers.ctd import CTD
from spacy_bel.kb.readers.gene_info import GENE_INFO
from spacy_bel.kb.readers.icd10cm import ICD10CM
from spacy_bel.kb.readers.mesh_xml import MESH_XML
from spacy_bel.kb.readers.obo import OBO
from spacy_bel.kb.readers.scispacy_jsonl import SCISPACY
from spacy_bel.kb.readers.snomed import SNOMED
from spacy_bel.kb.readers.speclist import SPECLIST
from spacy_bel.kb.readers.table import TABLE
from spacy_bel.kb.readers.taxonomy import TAXONOMY
from spacy_bel.kb.readers.textfile import ReadProblem, Report, TextFile, head
from spacy_bel.kb.readers.umls import UMLS
from spacy_bel.kb.readers.wikidata_dump import WIKIDATA_DUMP
from spacy_bel.kb.readers.wikidata_results import WIKIDATA_RESULTS

READERS: Mapping[str, Reader] = {
    "umls": UMLS,
    "snomed": SNOMED,
    "mesh-xml": MESH_XML,
    "ctd": CTD,
    "gene-info": GENE_INFO,
    "taxonomy": TAXONOMY,
    "icd10cm": ICD10CM,
    "obo": OBO,
    "scispacy": SCISPACY,
    "speclist": SPECLIST,
    "biosyn": BIOSYN,
    "wikidata-dump": WIKIDATA_DUMP,
    "wikidata-results": WIKIDATA_RESULTS,
    "table": TABLE,
}
"""The formats by name, the most telling first: the order in which they are tried."""


def sniff(path: str | Path) -> str:
    """Recognise the format of a file by its first 64 kB.

    Args:
        path: The file, plain or compressed by gzip or bzip2.

    Returns:
        A name in ``READERS``.

    Raises:
        BelError: The file cannot be read, or no format fits.
    """
    name = _recognise(Path(path))
    if name:
        return name
    reason = "its beginning fits none, and no column of its first line is known to hold ids"
    raise Errors.B001(path=path, reason=reason, formats=", ".join(READERS))


def _recognise(path: Path) -> str:
    beginning = head(path)
    return next((name for name, reader in READERS.items() if reader.recognises(beginning)), "")


def parse_source(source: str | Path) -> tuple[Path, dict[str, str]]:
    """Split a source into file and options.

    Args:
        source: A path, or a path with options: ``mesh.tsv.gz?prefix=MESH&lang=es``. A file whose
            very name contains a question mark is taken as it is if it exists. A folder stands
            for the file of the vocabulary in it that is read first.

    Returns:
        The file and the options.

    Raises:
        BelError: What follows the question mark is not ``name=value&name=value``, or a folder
            holds several vocabularies.
    """
    path, mark, query = str(source).rpartition("?")
    if not mark or not path or isinstance(source, Path) or Path(source).exists():
        return _main_file(Path(source)), {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
    except ValueError as error:
        raise Errors.B155(source=source) from error
    return _main_file(Path(path)), dict(pairs)


def _main_file(path: Path) -> Path:
    if "\0" in str(path) or not path.is_dir():
        return path
    patterns = [reader.main for reader in READERS.values() if reader.main]
    found = sorted({file for pattern in patterns for file in path.rglob(pattern)})
    if len(found) > 1:
        raise Errors.B171(path=path, files=", ".join(str(f.relative_to(path)) for f in found))
    return found[0] if found else path


def read(
    source: str | Path,
    *,
    format: str | None = None,  # noqa: A002 - the command line's word for it
    on_error: Report | None = None,
    left_out: Counter[str] | None = None,
    **options: str,
) -> Iterator[Record]:
    """Read a vocabulary, one record at a time.

    Args:
        source: A file, plain or compressed, or the folder of a vocabulary that comes as several
            files; it may carry options (``parse_source``).
        format: A name in ``READERS``; recognised by content where it is not given.
        on_error: Takes each malformed line, and may raise to stop; by default the first one
            raises.
        left_out: Counts, by reason, what is well-formed and left out on purpose.
        **options: Options of the format, which win over those in the source.

    Returns:
        The concepts and retired ids, in the order of the file.

    Raises:
        BelError: The file cannot be read or recognised, an option is unknown, or, while
            reading, the file turns out to be damaged or to hold no concept.
    """
    path, written = parse_source(source)
    settings = {**written, **options}
    name = format or settings.get("format", "")
    settings.pop("format", None)
    head(path)
    if not name:
        # Only a table has columns to name, and one whose columns are named need not look like one.
        name = _recognise(path) or ("table" if "id" in settings else sniff(path))
    if name not in READERS:
        raise Errors.B157(format=name, formats=", ".join(READERS))
    reader = READERS[name]
    for option in settings:
        if option not in reader.options:
            allowed = ", ".join(reader.options)
            allowed = f"It takes: {allowed}." if allowed else "It takes none."
            raise Errors.B154(option=option, path=path, format=name, allowed=allowed)
    return _records(TextFile(path, on_error or _raise, left_out), name, reader, settings)


def _records(
    file: TextFile, name: str, reader: Reader, options: Mapping[str, str]
) -> Iterator[Record]:
    empty = True
    for record in reader.read(file, options):
        empty = False
        yield record
    if empty:
        advice = "Name the right format or options, such as " + ", ".join(
            f"{option} ({meaning})" for option, meaning in list(reader.options.items())[:2]
        )
        if not reader.options:
            advice = f"Name the right format, one of {', '.join(READERS)}."
        raise Errors.B158(
            path=file.path, format=name, lines=file.line, problems=file.problems, advice=advice
        )


def _raise(problem: ReadProblem) -> None:
    raise Errors.B160(problem=problem)
