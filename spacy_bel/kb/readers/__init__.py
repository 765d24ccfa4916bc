"""Readers of vocabularies: one generator of concepts for each file format."""

from spacy_bel.kb.readers.base import Reader, Record, Retired
from spacy_bel.kb.readers.registry import READERS, parse_source, read, sniff
from spacy_bel.kb.readers.textfile import ReadProblem, Report, TextFile

__all__ = [
    "READERS",
    "ReadProblem",
    "Reader",
    "Record",
    "Report",
    "Retired",
    "TextFile",
    "parse_source",
    "read",
    "sniff",
]
