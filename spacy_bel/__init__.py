"""Biomedical entity linking as spaCy components.

The components need no import of this package: ``nlp.add_pipe("bel_linker")``. The names below
are for work outside a pipeline; each loads its module when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spacy_bel.errors import BelError
    from spacy_bel.kb.build import build, build_from_records
    from spacy_bel.kb.store import Store
    from spacy_bel.mentions.writing import displacy_ents, register_extensions
    from spacy_bel.types import Alias, Candidate, Concept, Link, Mention, Ranking

__version__ = "0.1.0"

_MODULES = {
    "Alias": "types",
    "BelError": "errors",
    "Candidate": "types",
    "Concept": "types",
    "Link": "types",
    "Mention": "types",
    "Ranking": "types",
    "Store": "kb.store",
    "build": "kb.build",
    "build_from_records": "kb.build",
    "displacy_ents": "mentions.writing",
    "register_extensions": "mentions.writing",
}

__all__ = [
    "Alias",
    "BelError",
    "Candidate",
    "Concept",
    "Link",
    "Mention",
    "Ranking",
    "Store",
    "build",
    "build_from_records",
    "displacy_ents",
    "register_extensions",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
