"""MeSH in XML: descriptors (``desc2026.xml``) and supplementary concepts (``supp2026.xml``).

The elements are those of NLM's document types (https://www.nlm.nih.gov/mesh/xmlmesh.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from spacy_bel.kb.readers.base import Reader, Record, make_concept
from spacy_bel.kb.readers.mesh_trees import types_of_tree_numbers
from spacy_bel.kb.readers.textfile import TextFile
from spacy_bel.kb.readers.xml_stream import elements, text_of
from spacy_bel.types import Alias, AliasKind, Concept

_FIELDS = {
    "DescriptorRecord": ("DescriptorUI", "DescriptorName/String"),
    "SupplementalRecord": ("SupplementalRecordUI", "SupplementalRecordName/String"),
}
"""Records, and where their identifiers and names are."""

_IDENTIFIER = re.compile(r"[DC]\d{6}(\d{3})?")
_CLASSES = {
    "1": "Chemical",
    "2": "Procedure",
    "3": "Disease",
    "4": "Species",
    "5": "Group",
    "6": "Anatomy",
}
"""Types of supplementary concepts by their class; a descriptor's come from its tree numbers."""

_RELATIONS: Mapping[str, AliasKind] = {"NRW": "narrow", "BRD": "broad", "REL": "related"}

_REGISTRIES = (
    (re.compile(r"\d{2,7}-\d{2}-\d"), "CAS"),
    (re.compile(r"EC (\d+\.[\d.n-]+)"), "EC"),
    (re.compile(r"(?=.*[A-Z])[A-Z0-9]{10}"), "UNII"),
)


def read_mesh_xml(file: TextFile, options: Mapping[str, str]) -> Iterator[Record]:
    """The records of either file.

    The terms of the preferred concept are exact names; those of a narrower, broader or related
    concept of the same record are of that kind. Tree numbers give the types and, once all records
    have been read, the parents. A supplementary concept's parents are the headings to which it
    is mapped.

    Args:
        file: The file.
        options: None are known.

    Yields:
        A concept for every record; at the end the parents of each descriptor.

    Raises:
        BelError: The document is not well-formed, or breaks off.
    """
    trees: dict[str, str] = {}
    for element in elements(file, _FIELDS):
        identifier, name = (text_of(element, path).strip() for path in _FIELDS[element.tag])
        if not _IDENTIFIER.fullmatch(identifier) or not name:
            file.problem(f"a record without identifier or name: {identifier!r}, {name!r}")
            continue
        numbers = [text_of(number).strip() for number in element.iterfind("TreeNumberList/*")]
        trees.update(dict.fromkeys(numbers, identifier))
        yield _concept(file, element, identifier, name, numbers)
    yield from _parents(trees, file.source)


def _concept(
    file: TextFile, element: Element, identifier: str, name: str, numbers: list[str]
) -> Concept:
    concepts = element.findall("ConceptList/Concept")
    preferred = next((c for c in concepts if c.get("PreferredConceptYN") == "Y"), None)
    types = types_of_tree_numbers(numbers) or [_CLASSES.get(element.get("SCRClass", ""), "")]
    headings = element.iterfind("HeadingMappedToList/HeadingMappedTo//DescriptorUI")
    return make_concept(
        f"MESH:{identifier}",
        name,
        _aliases(concepts, _kinds(preferred)),
        types=types,
        definition=text_of(preferred, "ScopeNote") or text_of(element, "Note"),
        parents=[f"MESH:{text_of(heading).strip().lstrip('*')}" for heading in headings],
        xrefs=_registry_numbers(preferred),
        source=file.source,
    )


def _kinds(preferred: Element | None) -> dict[str, AliasKind]:
    """How the other concepts of a record relate to the preferred one, by their identifiers."""
    if preferred is None:
        return {}
    return {
        text_of(relation, "Concept2UI").strip(): _RELATIONS[relation.get("RelationName", "")]
        for relation in preferred.iterfind("ConceptRelationList/ConceptRelation")
        if relation.get("RelationName", "") in _RELATIONS
    }


def _aliases(concepts: list[Element], kinds: Mapping[str, AliasKind]) -> Iterator[Alias]:
    for concept in concepts:
        kind = kinds.get(text_of(concept, "ConceptUI").strip(), "exact")
        for term in concept.iterfind("TermList/Term/String"):
            yield Alias(text_of(term), kind)


def _registry_numbers(preferred: Element | None) -> Iterator[str]:
    if preferred is None:
        return
    # A list of them since 2022, a single one before.
    for place in ("RegistryNumberList/RegistryNumber", "RegistryNumber"):
        for number in map(text_of, preferred.iterfind(place)):
            for form, prefix in _REGISTRIES:
                if match := form.fullmatch(number.strip()):
                    yield f"{prefix}:{match[match.lastindex or 0]}"


def _parents(trees: Mapping[str, str], source: str) -> Iterator[Concept]:
    parents: dict[str, list[str]] = {}
    for number, identifier in trees.items():
        above = trees.get(number.rpartition(".")[0])
        if above is not None:
            parents.setdefault(identifier, []).append(f"MESH:{above}")
    for identifier, found in parents.items():
        yield make_concept(f"MESH:{identifier}", "", parents=found, source=source)


def _recognises(beginning: str) -> bool:
    return "<DescriptorRecordSet" in beginning or "<SupplementalRecordSet" in beginning


MESH_XML = Reader(
    description="MeSH descriptors or supplementary concepts (XML)",
    recognises=_recognises,
    read=read_mesh_xml,
)
