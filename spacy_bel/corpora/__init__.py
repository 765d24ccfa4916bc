"""Readers of annotated corpora, and their documents as spaCy ``Doc`` objects.

``read_corpus`` turns a file into ``GoldDocument`` records; ``docs.to_doc`` turns those into ``Doc``
objects with gold identifiers, and ``reader`` reads such objects back for spaCy's ``evaluate``.
"""

from spacy_bel.corpora.document import GoldDocument, GoldMention
from spacy_bel.corpora.formats import read_corpus, sniff
from spacy_bel.corpora.gold import GOLD_KEY, format_gold, gold_mode, parse_gold
from spacy_bel.corpora.report import ReadReport

__all__ = [
    "GOLD_KEY",
    "GoldDocument",
    "GoldMention",
    "ReadReport",
    "format_gold",
    "gold_mode",
    "parse_gold",
    "read_corpus",
    "sniff",
]
