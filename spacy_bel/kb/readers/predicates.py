"""The words by which files say how a name or an id relates to a concept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from spacy_bel.types import ALIAS_KINDS, AliasKind

Relation = AliasKind | Literal["definition", "same", "other"]
"""A kind of alias; or a definition; or the same concept elsewhere; or another concept."""

KINDS: Mapping[str, AliasKind] = {kind: kind for kind in ALIAS_KINDS}
"""The kinds of alias by their names."""

_PREDICATES: Mapping[str, Relation] = {
    **KINDS,
    "rdfs:label": "preferred",
    "skos:preflabel": "preferred",
    "skos:altlabel": "exact",
    "oboinowl:hasexactsynonym": "exact",
    "oboinowl:hasnarrowsynonym": "narrow",
    "oboinowl:hasbroadsynonym": "broad",
    "oboinowl:hasrelatedsynonym": "related",
    "iao:0000115": "definition",
    "skos:definition": "definition",
    "skos:exactmatch": "same",
    "owl:equivalentclass": "same",
    "oboinowl:hasdbxref": "same",
    "skos:closematch": "other",
    "skos:broadmatch": "other",
    "skos:narrowmatch": "other",
    "skos:relatedmatch": "other",
}

_ROBOT_SYNONYM = re.compile(r"AL? (?P<predicate>\S+?)@(?P<lang>[a-z]{2,3})\b")


def relation_of(predicate: str) -> Relation | None:
    """What a predicate says.

    Args:
        predicate: A kind of alias, or a CURIE of RDFS, SKOS, OWL or oboInOwl.

    Returns:
        The relation; None for an unknown predicate.
    """
    return _PREDICATES.get(predicate.casefold())


def robot_synonym(cell: str) -> tuple[AliasKind, str] | None:
    """Kind and language in a cell of a ROBOT template (http://robot.obolibrary.org/template).

    Args:
        cell: Such as ``AL oboInOwl:hasExactSynonym@cs SPLIT=|``.

    Returns:
        Both; None for any other cell.
    """
    match = _ROBOT_SYNONYM.match(cell)
    if match is None:
        return None
    relation = relation_of(match["predicate"])
    return KINDS.get(relation or "", "exact"), match["lang"]
