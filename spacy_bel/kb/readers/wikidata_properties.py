"""What both Wikidata formats share: identifier properties, languages, pages that are no things.

Wikidata (Vrandečić and Krötzsch, 2014, doi:10.1145/2629489) gives an item labels and aliases in
hundreds of languages, and statements that tell its identifier in other databases. Those join
its names to the concepts of a vocabulary, as BioELX does for UMLS (arXiv:2605.27380).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from spacy_bel.curies import canonical_prefix
from spacy_bel.errors import Errors
from spacy_bel.kb.readers.base import identifier, make_concept
from spacy_bel.types import Alias, AliasKind, Concept

PROPERTIES: Mapping[str, str] = {
    "P2892": "UMLS",
    "P486": "MESH",
    "P699": "DOID",
    "P3841": "HP",
    "P5270": "MONDO",
    "P492": "OMIM",
    "P1550": "ORPHA",
    "P683": "CHEBI",
    "P685": "NCBITaxon",
    "P351": "NCBIGene",
}
"""Property of an external identifier -> canonical prefix of the vocabulary."""

WIKIMEDIA_PAGES = frozenset(
    {
        "Q4167410",  # disambiguation page
        "Q22808320",  # disambiguation page of human names
        "Q4167836",  # category
        "Q13406463",  # list article
        "Q11266439",  # template
        "Q15184295",  # module
        "Q14204246",  # project page
        "Q4663903",  # portal
        "Q17633526",  # Wikinews article
        "Q17362920",  # duplicated page
        "Q21286738",  # permanent duplicate item
    }
)
"""Classes (P31) of items that stand for a page of a Wikimedia project and not for a thing."""

LABEL: AliasKind = "exact"
"""A label, in whatever language, is the name of the item itself."""

ALIAS: AliasKind = "related"
"""An alias is what someone may search the item by: mostly a synonym, at times a narrower or a
broader term, and nobody says which. The kind ranks it behind every name that is vouched for."""

WIKIDATA_OPTIONS = {
    "languages": "ISO 639 codes of the names' languages, separated by commas (all)",
    "properties": f"identifier properties that join, of {', '.join(PROPERTIES)} (all)",
}

_LOCAL_IDS: Mapping[str, re.Pattern[str]] = {
    "UMLS": re.compile(r"C\d{7}"),
    "MESH": re.compile(r"[A-Z]\d{6}(\d{3})?"),
    "HP": re.compile(r"\d{7}"),
    "MONDO": re.compile(r"\d{7}"),
    "OMIM": re.compile(r"(PS)?\d{6}"),
}
_NUMBER = re.compile(r"\d+")
_RUN_TOGETHER = re.compile(r"([A-Za-z]+)_?(\d+)")  # MONDO_0005068, ORPHA155

# Codes whose part before the hyphen is not the language that the names are in.
_LANGUAGES = {
    "simple": "en",
    "zh-classical": "lzh",
    "zh-min-nan": "nan",
    "zh-yue": "yue",
    "bat-smg": "sgs",
    "fiu-vro": "vro",
    "roa-rup": "rup",
}


@dataclass(frozen=True, slots=True)
class Selection:
    """What is wanted of Wikidata.

    Args:
        properties: Identifier properties that join.
        languages: Codes of languages; empty for all.
    """

    properties: tuple[str, ...]
    languages: frozenset[str]

    @classmethod
    def of(cls, options: Mapping[str, str]) -> Selection:
        """The selection that a reader's options make.

        Args:
            options: ``WIKIDATA_OPTIONS``.

        Returns:
            The selection.

        Raises:
            BelError: A property is none of ``PROPERTIES``, or a language is no code.
        """
        properties = tuple(name.upper() for name in split(options.get("properties", "")))
        for name in properties:
            if name not in PROPERTIES:
                reason = f"{name} is none of {', '.join(PROPERTIES)}"
                raise Errors.B159(option="properties", value=options["properties"], reason=reason)
        return cls(properties or tuple(PROPERTIES), parse_languages(options.get("languages", "")))

    def wants(self, lang: str) -> bool:
        """Whether names in a language are wanted."""
        return not self.languages or lang in self.languages


def split(text: str) -> list[str]:
    """What stands between the commas of an option."""
    return [part.strip() for part in text.split(",") if part.strip()]


def parse_languages(text: str) -> frozenset[str]:
    """The languages that an option names.

    Args:
        text: Codes separated by commas, such as ``es,pt-br``.

    Returns:
        The codes as ``base_language`` gives them; empty for an empty text.

    Raises:
        BelError: One of them cannot be a code.
    """
    languages = frozenset(map(base_language, split(text)))
    if not all(re.fullmatch(r"[a-z]{2,3}", lang) for lang in languages):
        reason = "ISO 639 codes such as es,fr are expected"
        raise Errors.B159(option="languages", value=text, reason=reason)
    return languages


def base_language(code: str) -> str:
    """The language of a code that Wikidata uses.

    Args:
        code: Such as ``pt-br``, ``zh-hans``, ``simple``, or ``mul`` (names in many languages).

    Returns:
        Its ISO 639 code, without region and script.
    """
    code = code.casefold()
    return _LANGUAGES.get(code) or code.partition("-")[0]


def curie_of(property_: str, value: str) -> str:
    """The CURIE that a statement gives.

    Args:
        property_: One of ``PROPERTIES``.
        value: The identifier as Wikidata writes it: with its prefix (``DOID:5844``,
            ``HP:0001658``, ``MONDO_0005068``) or without (``D009203``, ``155``).

    Returns:
        A canonical CURIE; empty for a value that is no identifier of the vocabulary.
    """
    prefix = PROPERTIES[property_]
    text = value.strip()
    match = _RUN_TOGETHER.fullmatch(text)
    if match and canonical_prefix(match[1]) == prefix:
        text = f"{match[1]}:{match[2]}"
    found, _, local = (curie := identifier(text, prefix=prefix)).partition(":")
    known = found == prefix and _LOCAL_IDS.get(prefix, _NUMBER).fullmatch(local)
    return curie if known else ""


def names_of_item(
    concept_id: str, item: str, names: Iterable[tuple[str, AliasKind, str]], source: str
) -> Concept:
    """The record that adds an item's names to a concept.

    Args:
        concept_id: The concept's CURIE.
        item: The item, such as ``Q12152``, which becomes the source of every alias.
        names: Name, kind and language.
        source: The file.

    Returns:
        A concept that only adds, without aliases where no name is left.
    """
    aliases = [Alias(name, kind, lang, f"wikidata:{item}") for name, kind, lang in names]
    return make_concept(concept_id, "", aliases, source=source)
