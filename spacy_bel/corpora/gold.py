"""Gold identifiers: how corpora write them, how the library keeps them, how to read them back.

The canonical string, kept in ``span.kb_id_``, is one of

- ``A``: one concept;
- ``A|B``: a composite mention, or several concepts that fit;
- ``A+B``: a concept that takes all of these identifiers together;
- ``NIL``: the annotators found no concept in the vocabulary;
- empty: the mention is annotated, an identifier is not given.

``NIL`` may also stand for one part of a composite (``A|NIL``). Identifiers that contain ``%``,
``|`` or ``+`` themselves are percent-encoded there (RFC 3986), as a CURIE requires.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal
from urllib.parse import unquote

from spacy_bel.curies import to_curie
from spacy_bel.types import NIL

GOLD_KEY = "bel_gold"
"""The span group that holds all gold mentions of a ``Doc``."""

GoldMode = Literal["any", "all"]
"""How several identifiers belong together: ``A|B`` ("any") or ``A+B`` ("all")."""

_RESERVED = str.maketrans({"%": "%25", "|": "%7C", "+": "%2B"})

_NIL_MARKS = frozenset({"-1", "-", "nil", "null", "<null>", "none", "cui-less", "n/a"})

_TAXON = re.compile(r"\(tax:\d+\)", re.IGNORECASE)


def format_gold(ids: Iterable[str], mode: GoldMode = "any") -> str:
    """The canonical string for a mention's gold identifiers.

    Args:
        ids: CURIEs; ``NIL`` for no concept; nothing where no identifier is given.
        mode: How several identifiers belong together.

    Returns:
        What goes into ``span.kb_id_``.
    """
    return ("+" if mode == "all" else "|").join(id_.translate(_RESERVED) for id_ in ids)


def parse_gold(kb_id: str) -> tuple[str, ...]:
    """The gold identifiers in a canonical string.

    Args:
        kb_id: What ``format_gold`` wrote.

    Returns:
        CURIEs in the order written, ``("NIL",)`` for NIL, nothing where no identifier is given.
    """
    return tuple(unquote(part) for part in re.split(r"[|+]", kb_id) if part)


def gold_mode(kb_id: str) -> GoldMode:
    """How the identifiers in a canonical string belong together.

    Args:
        kb_id: What ``format_gold`` wrote.

    Returns:
        ``all`` for ``A+B``, else ``any``.
    """
    return "all" if "+" in kb_id and "|" not in kb_id else "any"


def read_ids(field: str, *, label: str = "", prefix: str = "") -> tuple[tuple[str, ...], GoldMode]:
    """The identifiers in a corpus's id column.

    Several are separated by ``|``, ``,`` or ``;``, or by ``+`` where all are needed. Variants
    (``c|DEL||5``, ``c.436_436+1del``) use these characters in their names and stay whole. The
    species of a gene (``3077464(Tax:10359)``) is left out.

    Args:
        field: The column as the corpus writes it.
        label: The mention's entity label.
        prefix: The vocabulary of bare identifiers; empty to tell it from their shape and label.

    Returns:
        Distinct CURIEs in the order written, with ``NIL`` for any mark of no concept, and how
        they belong together.
    """
    text = _TAXON.sub("", field).strip()
    if "variant" in label.casefold() or "mutation" in label.casefold():
        return ((read_id(text, label=label, prefix=prefix),) if text else ()), "any"
    parts, mode = re.split(r"[|,;+]", text), gold_mode(re.sub("[,;]", "|", text))
    ids = tuple(
        dict.fromkeys(read_id(part, label=label, prefix=prefix) for part in parts if part.strip())
    )
    return ids, mode if len(ids) > 1 else "any"


def read_id(text: str, *, label: str = "", prefix: str = "") -> str:
    """One identifier as a corpus writes it.

    Args:
        text: An identifier or a mark of no concept.
        label: The mention's entity label.
        prefix: The vocabulary of bare identifiers; empty to tell it from their shape and label.

    Returns:
        A CURIE or ``NIL``.
    """
    if text.strip().casefold() in _NIL_MARKS:
        return NIL
    return to_curie(text, prefix=prefix, label=label)
