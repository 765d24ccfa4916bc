"""Semantic types from the tree numbers of MeSH (https://meshb.nlm.nih.gov/treeView)."""

from __future__ import annotations

from collections.abc import Iterable

# The longest matching branch counts. Diseases are those of MEDIC, which adds F03 to C.
_BRANCHES = {
    "A": "Anatomy",
    "A11": "Cell",
    "A11.251": "CellLine",
    "B": "Species",
    "C": "Disease",
    "D": "Chemical",
    "E": "Procedure",
    "F": "Behavior",
    "F03": "Disease",
    "F04": "Procedure",
    "G": "Process",
    "H": "Discipline",
    "I": "SocialPhenomenon",
    "J": "Object",
    "K": "Humanities",
    "L": "InformationScience",
    "M": "Group",
    "N": "HealthCare",
    "V": "PublicationType",
    "Z": "Location",
}


def types_of_tree_numbers(numbers: Iterable[str]) -> list[str]:
    """The types of a descriptor.

    Args:
        numbers: Its places in the MeSH tree, such as ``C04.588.033``.

    Returns:
        One type for each kind of branch, in the order of the numbers; none for an unknown branch.
    """
    types = [_type(number.strip()) for number in numbers]
    return list(dict.fromkeys(type_ for type_ in types if type_))


def _type(number: str) -> str:
    parts = number.partition("/")[0].split(".")
    for depth in range(len(parts), 0, -1):
        branch = ".".join(parts[:depth])
        if branch in _BRANCHES:
            return _BRANCHES[branch]
    return _BRANCHES.get(number[:1], "")
