"""Mentions whose concept is known without annotators: made from names, or met in text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from spacy_bel.distillation.sampling import lot
from spacy_bel.examples import Example
from spacy_bel.kb.store import Store
from spacy_bel.mentions.context import context_window
from spacy_bel.retrieval.exact import SAME_SURFACE, SAME_WORDS
from spacy_bel.text import key, surface
from spacy_bel.types import Alias, Concept, Mention

CONTEXT = 128
"""Most characters of a made context on each side of the mention."""

_DEFINITION_SHARE = 0.5
"""Share of mentions that stand in the definition of their concept, where it has one."""

_SYNONYM_SHARE = 0.25
"""Share of mentions that stand beside another name of their concept; the rest stand alone."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A mention whose concept is known.

    Args:
        mention: The mention in its context.
        concept: The concept's CURIE.
        names: Names of the concept that are to be held out, for they are the mention's own.
        doc_id: Where the mention comes from.
        offset: Where it starts there, in characters.
    """

    mention: Mention
    concept: str
    names: tuple[str, ...]
    doc_id: str
    offset: int = 0

    @property
    def place(self) -> str:
        """What tells the draft from others."""
        return f"{self.doc_id}\0{self.offset}\0{self.mention.text}\0{self.mention.context}"


def from_names(store: Store, languages: frozenset[str], seed: int) -> Iterator[Draft]:
    """Mentions made from the names of all concepts.

    The context is the concept's definition, or another of its names in brackets, or nothing.

    Args:
        store: The knowledge base.
        languages: ISO 639-1 codes of the names to take; empty for all.
        seed: Of what is left to chance.

    Yields:
        One draft for each name but the preferred one, and only one for names of the same words.
    """
    for concept in store.concepts():
        keyed = _keyed(concept)
        for own_key, own in _held_out(keyed).items():
            alias = own[0]
            if languages and alias.lang not in languages:
                continue
            others = [each for each, other_key in keyed if other_key != own_key]
            mention = _mention(concept, alias, others, lot(f"{concept.id}/{alias.name}", seed))
            yield Draft(mention, concept.id, (alias.name,), f"kb:{concept.id}")


def from_text(store: Store, rows: Iterable[Example]) -> Iterator[Draft]:
    """Mentions of a text that are the name of one concept alone (distant supervision).

    After Mintz et al. (2009): who writes an unambiguous name means its concept.

    Args:
        store: The knowledge base.
        rows: Mined mentions.

    Yields:
        One draft for each mention that is written like a name of its first candidate, and like
        no name of another one.
    """
    for row in rows:
        if row.mention.parts or not row.offers:
            continue
        first, *others = row.candidates
        if first.scores.get("exact", 0.0) < SAME_SURFACE:
            continue
        if any(each.scores.get("exact", 0.0) >= SAME_WORDS for each in others):
            continue
        concept_id = store.resolve(first.id)
        if concept_id is not None:
            (concept,) = store.describe([concept_id])
            query = surface(row.mention.query or row.mention.text)
            every = (alias for alias in concept.aliases if alias.kind != "preferred")
            held = tuple(alias.name for alias in every if surface(alias.name) == query)
            yield Draft(row.mention, concept_id, held, row.doc_id, row.offset)


def as_written(name: str) -> str:
    """A vocabulary's name as a text would have it.

    Args:
        name: Such as ``Neoplasms, Breast``.

    Returns:
        Such as ``breast neoplasms``: the inversion undone, capitals kept where they are not
        those of a title.
    """
    head, comma, tail = name.partition(", ")
    if comma and "," not in tail and "(" not in name:
        name = f"{tail} {head}"
    words = name.split(" ")
    return " ".join(word.lower() if word[1:].islower() else word for word in words)


def _keyed(concept: Concept) -> list[tuple[Alias, str]]:
    """All names with what they say in whatever words, the preferred one first."""
    names = (Alias(concept.name, "preferred"), *concept.aliases)
    return [(alias, key(alias.name)) for alias in names]


def _held_out(keyed: Iterable[tuple[Alias, str]]) -> dict[str, list[Alias]]:
    """Names that can be held out, put together where they say the same in the same words."""
    keyed = list(keyed)
    preferred = {own for alias, own in keyed if alias.kind == "preferred"}
    found: dict[str, list[Alias]] = {}
    for alias, own in keyed:
        if own and own not in preferred:
            found.setdefault(own, []).append(alias)
    return found


def _mention(concept: Concept, alias: Alias, others: list[Alias], chance: float) -> Mention:
    text = as_written(alias.name)
    context = text
    if others and chance < _SYNONYM_SHARE:
        number = int(chance / _SYNONYM_SHARE * len(others))
        context = f"{text} ({as_written(others[number].name)})"
    elif concept.definition and chance < _SYNONYM_SHARE + _DEFINITION_SHARE:
        context = f"{text}: {concept.definition}"
    window, start, end = context_window(context, 0, len(text), size=CONTEXT)
    return Mention(text=text, query=text, context=window, start=start, end=end, lang=alias.lang)
