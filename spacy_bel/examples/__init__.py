"""Mentions with candidates, gold ids and labels, as training data in JSON lines.

One row is one mention. Mining, labelling, synthesis, selection and training all read and write
these rows. Everything in a row is keyed by id, nothing by position, and a row holds all that a
reranker is shown, so that a model can be trained without the knowledge base the row was made
with.
"""

from spacy_bel.examples.files import read_examples, write_examples
from spacy_bel.examples.lines import SCHEMA, from_line, to_line
from spacy_bel.examples.rows import (
    Example,
    KBReference,
    Label,
    LabelKind,
    Offer,
    Provenance,
    make_key,
    validate,
)

__all__ = [
    "SCHEMA",
    "Example",
    "KBReference",
    "Label",
    "LabelKind",
    "Offer",
    "Provenance",
    "from_line",
    "make_key",
    "read_examples",
    "to_line",
    "validate",
    "write_examples",
]
