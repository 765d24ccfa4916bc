"""Concepts with as many names as one likes: all open vocabularies, and made-up ones beyond them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from tqdm import tqdm

from spacy_bel.kb.problems import ProblemLog
from spacy_bel.kb.readers.base import Record
from spacy_bel.kb.sources import Sources
from spacy_bel.types import Alias, Concept

FOLDERS = (
    *("open_medic", "mesh", "mondo", "hpo", "doid", "ordo", "ncit", "cl", "symp", "gard", "sty"),
    *("go", "chebi", "cellosaurus", "icd10cm", "ncbitaxon", "cui_free", "medquad_cui"),
    *("drugcentral", "pharmgkb", "ncbi_gene"),
)
"""Folders of vocabularies; the first one has the concepts of the mentions that are looked up."""

_OTHER = ("hp_2016", "medmentions", "-es-translated", "drugcentral.synonyms", ".sssom")
_OTHER_PHARMGKB = "pharmgkb.disease.synonyms", "pharmgkb.drug.synonyms"

QUALIFIERS = """
left right bilateral unilateral acute chronic recurrent severe moderate mild congenital acquired
familial sporadic juvenile adult late early primary secondary progressive transient idiopathic
drug-induced postoperative traumatic upper lower anterior posterior proximal distal medial lateral
unspecified refractory fulminant latent subclinical persistent
""".split()


def sources(data: Path) -> list[str]:
    """The vocabulary files of the data folder, those with the looked-up concepts first."""
    found = []
    for folder in FOLDERS:
        for path in sorted((data / "kb" / folder).glob("*.gz")):
            if not any(part in path.name for part in (*_OTHER, *_OTHER_PHARMGKB)):
                found.append(str(path))
    return found


def records(paths: Sequence[str], size: int) -> Iterator[Record]:
    """Concepts until there are so many names: those of the sources, then made-up ones."""
    kept: list[Concept] = []
    random = Random(0)
    names = 0
    for record in Sources(paths, max_errors=10**6).records(ProblemLog(10**6)):
        yield record
        if isinstance(record, Concept):
            names += len({name.casefold() for name in _names(record)})
            if len(kept) < 200_000:
                kept.append(record)
            elif (place := random.randrange(500_000)) < len(kept):
                kept[place] = record
        if names >= size:
            return
    for number in range(size):
        concept = _qualified(random.choice(kept), number, random)
        yield concept
        names += len(_names(concept))
        if names >= size:
            return


def counted(every: Iterator[Record], size: int) -> Iterator[Record]:
    """Records, with their names shown as they are read."""
    with tqdm(total=size, desc="reading", unit=" names", disable=None) as bar:
        for record in every:
            yield record
            if isinstance(record, Concept):
                bar.update(len(_names(record)))


def _names(concept: Concept) -> list[str]:
    return [concept.name, *(alias.name for alias in concept.aliases)]


def _qualified(concept: Concept, number: int, random: Random) -> Concept:
    """A concept with one or two qualifiers before or behind each of up to three names."""
    own = " ".join(random.sample(QUALIFIERS, random.choice((1, 2))))
    every = list(dict.fromkeys(_names(concept)))[:3]
    names = [f"{own} {name}" if random.random() < 0.5 else f"{name}, {own}" for name in every]
    aliases = tuple(Alias(name, "exact") for name in names[1:])
    return Concept(f"SYN:{number}", names[0], types=concept.types, aliases=aliases)
