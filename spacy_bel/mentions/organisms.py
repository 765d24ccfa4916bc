"""The organisms that a document names: genes of many organisms bear the same symbol.

That the organism of a gene is mostly one that the text names nearby, or else its most frequent
one, is the assumption of assigning species to genes in SR4GN (Wei et al. 2012, "SR4GN: A Species
Recognition Software Tool for Gene Normalization").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

HUMAN = "NCBITaxon:9606"

NAMES: Mapping[str, str] = {
    HUMAN: "Homo sapiens, H. sapiens, human, humans, man, men, woman, women, child, "
    "children, infant, infants, boy, boys, girl, girls, adolescent, adolescents, "
    "people, person, persons, patient, patients, participant, participants, volunteer, "
    "volunteers, proband, probands, sibling, siblings",
    "NCBITaxon:10090": "Mus musculus, M. musculus, mouse, mice, murine",
    "NCBITaxon:10116": "Rattus norvegicus, R. norvegicus, rat, rats",
    "NCBITaxon:10029": "Cricetulus griseus, C. griseus, Chinese hamster, CHO",
    "NCBITaxon:10036": "Mesocricetus auratus, golden hamster, Syrian hamster",
    "NCBITaxon:10141": "Cavia porcellus, guinea pig, guinea pigs",
    "NCBITaxon:9986": "Oryctolagus cuniculus, rabbit, rabbits",
    "NCBITaxon:9615": "Canis lupus familiaris, dog, dogs, canine",
    "NCBITaxon:9685": "Felis catus, cat, cats, feline",
    "NCBITaxon:9796": "Equus caballus, horse, horses, equine",
    "NCBITaxon:9823": "Sus scrofa, pig, pigs, piglet, piglets, porcine, swine",
    "NCBITaxon:9913": "Bos taurus, cow, cows, cattle, bovine, calf",
    "NCBITaxon:9940": "Ovis aries, sheep, ovine, lamb, lambs",
    "NCBITaxon:9544": "Macaca mulatta, rhesus, macaque, macaques",
    "NCBITaxon:9598": "Pan troglodytes, chimpanzee, chimpanzees",
    "NCBITaxon:9031": "Gallus gallus, G. gallus, chicken, chickens, chick, chicks",
    "NCBITaxon:8355": "Xenopus laevis, X. laevis, Xenopus",
    "NCBITaxon:8364": "Xenopus tropicalis, X. tropicalis, Xenopus",
    "NCBITaxon:7955": "Danio rerio, D. rerio, zebrafish, zebra fish",
    "NCBITaxon:7227": "Drosophila melanogaster, D. melanogaster, Drosophila, fruit fly, "
    "fruit flies, fly, flies",
    "NCBITaxon:6239": "Caenorhabditis elegans, C. elegans, nematode, nematodes, worm, worms",
    "NCBITaxon:4932": "Saccharomyces cerevisiae, S. cerevisiae, budding yeast, baker's yeast, "
    "yeast, yeasts",
    "NCBITaxon:559292": "Saccharomyces cerevisiae, S. cerevisiae, budding yeast, baker's yeast, "
    "yeast, yeasts",
    "NCBITaxon:4896": "Schizosaccharomyces pombe, S. pombe, fission yeast",
    "NCBITaxon:284812": "Schizosaccharomyces pombe, S. pombe, fission yeast",
    "NCBITaxon:3702": "Arabidopsis thaliana, A. thaliana, Arabidopsis",
    "NCBITaxon:4530": "Oryza sativa, O. sativa, rice",
    "NCBITaxon:39947": "Oryza sativa, O. sativa, rice",
    "NCBITaxon:4577": "Zea mays, Z. mays, maize",
    "NCBITaxon:44689": "Dictyostelium discoideum, D. discoideum, Dictyostelium",
    "NCBITaxon:5833": "Plasmodium falciparum, P. falciparum",
    "NCBITaxon:36329": "Plasmodium falciparum, P. falciparum",
    "NCBITaxon:562": "Escherichia coli, E. coli",
    "NCBITaxon:511145": "Escherichia coli, E. coli",
    "NCBITaxon:1773": "Mycobacterium tuberculosis, M. tuberculosis",
    "NCBITaxon:83332": "Mycobacterium tuberculosis, M. tuberculosis",
}
"""Names of organisms whose genes are often written about, by the CURIE of the taxon."""

NEAR = 128
"""Characters at which what an occurrence counts for a mention has halved."""


class Occurrence(NamedTuple):
    """A place where a text names an organism.

    Args:
        start: Where the name starts, in characters.
        end: Behind its end.
        taxa: CURIEs of the taxa that it may stand for.
    """

    start: int
    end: int
    taxa: tuple[str, ...]


def find_organisms(text: str, taxa: frozenset[str]) -> list[Occurrence]:
    """Where a text names organisms.

    Args:
        text: A document.
        taxa: CURIEs of the taxa to look for; those without a name in ``NAMES`` are not found.

    Returns:
        Occurrences in the order of the text.
    """
    pattern, of_name = _names(taxa)
    return [
        Occurrence(match.start(), match.end(), of_name[match.group().casefold()])
        for match in pattern.finditer(text)
    ]


def rank_organisms(found: list[Occurrence], start: int, end: int) -> tuple[str, ...]:
    """The organisms that a mention may be of, the likeliest first.

    Each occurrence counts, and more the nearer it is to the mention.

    Args:
        found: Where the document names organisms.
        start: Where the mention starts, in characters.
        end: Behind its end.

    Returns:
        CURIEs.
    """
    votes: dict[str, float] = {}
    for occurrence in found:
        distance = max(occurrence.start - end, start - occurrence.end, 0)
        for taxon in occurrence.taxa:
            votes[taxon] = votes.get(taxon, 0.0) + NEAR / (NEAR + distance)
    return tuple(sorted(votes, key=lambda taxon: (-votes[taxon], taxon)))


@lru_cache(maxsize=64)
def _names(taxa: frozenset[str]) -> tuple[re.Pattern[str], dict[str, tuple[str, ...]]]:
    """A pattern for the names of taxa, and the taxa of each."""
    of_name: dict[str, tuple[str, ...]] = {}
    for taxon in sorted(taxa.intersection(NAMES)):
        for name in NAMES[taxon].casefold().split(", "):
            of_name[name] = (*of_name.get(name, ()), taxon)
    longest_first = sorted(of_name, key=lambda name: (-len(name), name))
    every = "|".join(map(re.escape, longest_first)) or r"(?!)"
    return re.compile(rf"\b(?:{every})\b", re.IGNORECASE), of_name
