"""scispaCy's knowledge bases: one JSON object a line, the fields of ``scispacy.linking_utils``.

``concept_id``, ``canonical_name``, ``aliases``, ``types`` and ``definition``, as in the files of
Neumann et al. (2019, arXiv:1902.07669) and in knowledge bases that users made for scispaCy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeGuard

from spacy_bel.kb.readers.base import Reader, Record, clean, identifier, make_concept
from spacy_bel.kb.readers.textfile import TextFile
from spacy_bel.types import Alias


def read_scispacy(file: TextFile, options: Mapping[str, str]) -> Iterator[Record]:
    """The concepts of a scispaCy knowledge base.

    Args:
        file: The file.
        options: ``prefix`` of bare ids; by default UMLS and MeSH ids are known by their shape.

    Yields:
        A concept for every line.
    """
    prefix = options.get("prefix", "")
    for line in file:
        if not line.strip() or (entity := file.json_object(line)) is None:
            continue
        written_id, name = entity.get("concept_id"), entity.get("canonical_name")
        aliases, types = entity.get("aliases") or [], entity.get("types") or []
        definition = entity.get("definition") or ""
        if not isinstance(written_id, str) or not isinstance(name, str) or not clean(name):
            file.problem("concept_id and canonical_name must be texts that are not empty")
        elif not _all_text(aliases) or not _all_text(types) or not isinstance(definition, str):
            file.problem("aliases and types must be lists of texts, and definition a text")
        elif not (concept_id := identifier(written_id, prefix=prefix)):
            file.problem(f"the vocabulary of the id {written_id!r} is unknown: give a prefix")
        else:
            yield make_concept(
                concept_id,
                name,
                map(Alias, aliases),
                types=types,
                definition=definition,
                source=file.source,
            )


def _all_text(values: object) -> TypeGuard[Sequence[str]]:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _recognises(beginning: str) -> bool:
    first = beginning.lstrip().partition("\n")[0]
    try:
        entity = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(entity, dict) and {"concept_id", "canonical_name"} <= set(entity)


SCISPACY = Reader(
    description="scispaCy knowledge base (JSONL)",
    recognises=_recognises,
    read=read_scispacy,
    options={"prefix": "vocabulary of ids without prefix"},
)
