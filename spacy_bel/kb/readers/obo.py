"""Ontologies in the OBO flat file format, versions 1.2 and 1.4.

The specification: https://owlcollab.github.io/oboformat/doc/GO.format.obo-1_4.html. DOID, HPO,
MONDO, ORDO, CL, NCIT, GARD, SYMP and GO are published in it. It has no tag for languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from spacy_bel.curies import canonical_prefix, default_type, known_prefix
from spacy_bel.kb.readers.base import Reader, Record, Retired, clean, identifier, make_concept
from spacy_bel.kb.readers.obo_syntax import first_word, quoted, split_clause, unquoted
from spacy_bel.kb.readers.textfile import TextFile
from spacy_bel.types import Alias, AliasKind

_SCOPES: Mapping[str, AliasKind] = {
    "EXACT": "exact",
    "NARROW": "narrow",
    "BROAD": "broad",
    "RELATED": "related",
}

# ORDO keeps its synonyms and definitions in annotations of its own.
_ORDO_SYNONYM = "alternative:term"
_ORDO_DEFINITION = "http://www.ebi.ac.uk/efo/definition"

# The naming convention of the OBO Foundry, which some releases follow without the tag.
_OBSOLETE_NAME = re.compile(r"(?:obsolete|OBSOLETE)[\s_.:]")

# What ORDO and MONDO write behind a reference to a concept that is not the same one, or is wrong.
_INEXACT = re.compile(
    r'\{.*"(?:NTBT|BTNT|ND|W)[ "(]|"MONDO:(?:relatedTo|mondoIs(?:Narrower|Broader)ThanSource)"'
)

_NAMESPACE_TYPES = {
    "biological_process": "BiologicalProcess",
    "molecular_function": "MolecularFunction",
    "cellular_component": "CellularComponent",
}


def read_obo(file: TextFile, options: Mapping[str, str]) -> Iterator[Record]:
    """The terms of an ontology.

    Many ontologies import terms of others. By default the terms of the vocabulary that the
    ``ontology:`` line of the header names are kept (``doid``: DOID) where that is a vocabulary
    known to ``spacy_bel.curies``, and all terms otherwise. Ids without a prefix belong to the
    ontology itself, as the specification says.

    A term's type is the type of its vocabulary or, in the Gene Ontology, its namespace. Synonyms
    without a scope are related ones, as the specification says. A term is obsolete if it says so
    (``is_obsolete``) or its name does ("obsolete fever"). ``alt_id`` and, on an obsolete term,
    ``replaced_by`` retire ids; ``consider``, relationships, logical definitions and
    cross-references that are addresses of pages are left out, and so are those that ORDO and
    MONDO mark as broader, narrower, related, undecided or wrong.

    Args:
        file: The file.
        options: ``prefixes`` to keep, separated by commas, or ``*`` for all of them; ``type`` of
            all terms.

    Yields:
        A concept for every term, a ``Retired`` for every obsolete one and its alternative ids.
    """
    header = _Header(options.get("prefixes", ""))
    term: _Term | None = None
    for line in file:
        if line.startswith("["):
            if term is not None:
                yield from _records(file, term, header, options.get("type", ""))
            term = _Term(file.line) if line.startswith("[Term]") else None
            header.over = True
        elif not header.over:
            header.read(line)
        elif term is not None and line.strip() and not line.startswith("!"):
            complaint = term.read(line, header.ontology)
            if complaint:
                file.problem(complaint)
    if term is not None:
        yield from _records(file, term, header, options.get("type", ""))


class _Header:
    """What the lines before the first stanza say about ids."""

    def __init__(self, prefixes: str) -> None:
        self.ontology = ""
        self.over = False
        self._all = prefixes.strip() == "*"
        self._kept = {canonical_prefix(name.strip()) for name in prefixes.split(",") if name}

    def read(self, line: str) -> None:
        tag, value = split_clause(line) or ("", "")
        if tag == "ontology":
            # "doid", "cl/cl-base" and "http://www.orpha.net/ontology/ORDO_en_3.1.owl"
            name = value.rpartition("/")[2] if "://" in value else value.partition("/")[0]
            match = re.match(r"[A-Za-z0-9]+", name)
            self.ontology = canonical_prefix(match[0]) if match else ""

    def keeps(self, curie: str) -> bool:
        if self._all:
            return True
        kept = self._kept or ({self.ontology} if known_prefix(self.ontology) else set())
        return not kept or curie.partition(":")[0] in kept


@dataclass(slots=True)
class _Term:
    """The clauses of one ``[Term]`` stanza that a knowledge base needs."""

    line: int
    id: str = ""
    name: str = ""
    namespace: str = ""
    definition: str = ""
    obsolete: bool = False
    broken: bool = False
    aliases: list[Alias] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    xrefs: list[str] = field(default_factory=list)
    inexact: list[str] = field(default_factory=list)
    alternatives: list[str] = field(default_factory=list)
    successors: list[str] = field(default_factory=list)

    def read(self, line: str, ontology: str) -> str:
        """Take one clause in; what is wrong with it, or empty."""
        clause = split_clause(line)
        if clause is None:
            return "not a clause of the form tag: value"
        tag, value = clause
        if tag in ("def", "synonym", "property_value"):
            return self._read_text(tag, value)
        if tag == "name":
            self.name = clean(unquoted(value))
        elif tag == "namespace":
            self.namespace = clean(unquoted(value))
        elif tag == "is_obsolete":
            self.obsolete = first_word(value) == "true"
        elif tag in ("id", "is_a", "alt_id", "replaced_by"):
            curie = identifier(first_word(value), prefix=ontology)
            if not curie:
                self.broken = self.broken or tag == "id"
                return f"{value!r} is not an id with a prefix"
            if tag == "id":
                self.id = curie
            elif tag == "is_a":
                self.parents.append(curie)
            else:
                (self.alternatives if tag == "alt_id" else self.successors).append(curie)
        elif tag == "xref":
            (self.inexact if _INEXACT.search(value) else self.xrefs).append(
                identifier(first_word(value))
            )
        return ""

    def _read_text(self, tag: str, value: str) -> str:
        if tag == "property_value":
            tag, _, value = value.partition(" ")
            if tag not in (_ORDO_SYNONYM, _ORDO_DEFINITION):
                return ""
        parsed = quoted(value)
        if parsed is None and tag == _ORDO_SYNONYM:  # a symbol such as IMAGE:4942737
            parsed = first_word(value), ""
        if parsed is None:
            return "a text in double quotes is expected"
        text, rest = parsed
        if tag in ("def", _ORDO_DEFINITION):
            self.definition = text
        elif tag == _ORDO_SYNONYM:
            self.aliases.append(Alias(text))
        else:
            scope = first_word(rest)
            self.aliases.append(Alias(text, _SCOPES.get(scope, "related")))
        return ""


def _records(file: TextFile, term: _Term, header: _Header, type_: str) -> Iterator[Record]:
    if term.broken:
        return  # its line has been reported
    if not term.id:
        file.problem("a term without an id", line=term.line)
    elif not header.keeps(term.id):
        return
    elif term.obsolete or _OBSOLETE_NAME.match(term.name):
        # Two successors split the concept; an id can resolve to one only, the first.
        successor = term.successors[0] if term.successors else ""
        for old in dict.fromkeys([term.id, *term.alternatives]):
            yield Retired(old, successor, file.source)
    elif not term.name:
        file.problem(f"the term {term.id} has no name", line=term.line)
    else:
        yield make_concept(
            term.id,
            term.name,
            term.aliases,
            types=[type_ or _type(term)],
            definition=term.definition,
            parents=term.parents,
            # ORDO repeats a reference for everything that it says of it.
            xrefs=[xref for xref in term.xrefs if xref not in term.inexact],
            retired=term.alternatives,
            source=file.source,
        )


def _type(term: _Term) -> str:
    return _NAMESPACE_TYPES.get(term.namespace) or default_type(term.id) or term.namespace


def _recognises(beginning: str) -> bool:
    lines = beginning.split("\n")
    return any(line.startswith("format-version:") for line in lines) or (
        any(line.startswith("[Term]") for line in lines)
        and any(line.startswith("id:") for line in lines)
    )


OBO = Reader(
    description="OBO 1.2/1.4 ontology (DOID, HPO, MONDO, ORDO, CL, ...)",
    recognises=_recognises,
    read=read_obo,
    options={
        "prefixes": "vocabularies to keep, separated by commas, or * (the ontology's own)",
        "type": "semantic type of every term (the vocabulary's own)",
    },
)
