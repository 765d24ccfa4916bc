"""One table of identifier prefixes, used by knowledge bases and corpora alike.

An identifier is a CURIE, ``PREFIX:local``, in one spelling per vocabulary, so that an id from
an ontology file, a corpus or a user compares equal as a string and opens at
``https://bioregistry.io/PREFIX:local``.
"""

from __future__ import annotations

import re

LINK_TEMPLATE = "https://bioregistry.io/{}"
"""Where a CURIE of any vocabulary resolves to a page."""

# Canonical prefix -> (other spellings in use, default semantic type of its concepts).
_VOCABULARIES: dict[str, tuple[tuple[str, ...], str]] = {
    "MESH": (("MSH", "MeSH", "MESHD", "MESHC"), ""),
    "OMIM": (("MIM", "OMIMPS", "PS"), "Disease"),
    "ORPHA": (("Orphanet", "ORDO", "ORPHANET"), "Disease"),
    "DOID": (("DO",), "Disease"),
    "MONDO": ((), "Disease"),
    "HP": (("HPO",), "Phenotype"),
    "SYMP": ((), "Phenotype"),
    "UMLS": (("UMLS_CUI", "CUI"), ""),
    "SNOMEDCT": (("SCTID", "SNOMED", "SNOMEDCT_US", "SCT"), ""),
    "NCIT": (("NCI", "NCI_THESAURUS"), ""),
    "ICD10CM": ((), "Disease"),
    "ICD10": (("ICD-10",), "Disease"),
    "GARD": ((), "Disease"),
    "MEDDRA": (("MedDRA",), ""),
    "EFO": ((), ""),
    "CHEBI": (("ChEBI",), "Chemical"),
    "DRUGBANK": (("DrugBank", "DB"), "Chemical"),
    "RXNORM": (("RxNorm", "RXCUI"), "Chemical"),
    "DRUGCENTRAL": (("drugcentral",), "Chemical"),
    "PUBCHEM.COMPOUND": (("PubChem",), "Chemical"),
    "PHARMGKB.DRUG": ((), "Chemical"),
    "PHARMGKB.DISEASE": ((), "Disease"),
    "NCBIGene": (("EntrezGene", "Entrez", "GeneID", "NCBI_Gene", "Gene"), "Gene"),
    "HGNC": ((), "Gene"),
    "NCBITaxon": (("NCBI_TaxID", "taxid", "Taxonomy", "NCBITaxonomy"), "Species"),
    "DBSNP": (("dbSNP",), "SequenceVariant"),
    "CELLOSAURUS": (("CVCL",), "CellLine"),
    "CL": ((), "Cell"),
    "UBERON": ((), "Anatomy"),
    "GO": ((), "BiologicalProcess"),
}

_CANONICAL: dict[str, str] = {
    spelling.casefold(): prefix
    for prefix, (others, _) in _VOCABULARIES.items()
    for spelling in (prefix, *others)
}

_SERIES = ("omimps", "ps")

# Identifiers that corpora write bare, by shape; digits alone need the mention's type.
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[DC]\d{6}(\d{3})?$"), "MESH"),
    (re.compile(r"C\d{7}$"), "UMLS"),
    (re.compile(r"CVCL_\w+$"), "CELLOSAURUS"),
    (re.compile(r"rs\d+$"), "DBSNP"),
)

_NUMBERS: tuple[tuple[str, str], ...] = (
    ("gene", "NCBIGene"),
    ("family", "NCBIGene"),
    ("domain", "NCBIGene"),
    ("species", "NCBITaxon"),
    ("organism", "NCBITaxon"),
    ("taxon", "NCBITaxon"),
    ("strain", "NCBITaxon"),
    ("genus", "NCBITaxon"),
    ("disease", "OMIM"),
    ("modifier", "OMIM"),
    ("compositemention", "OMIM"),
)


def canonical_prefix(prefix: str) -> str:
    """The one spelling of a vocabulary's prefix.

    Args:
        prefix: Any spelling, such as ``Orphanet`` or ``SNOMEDCT_US_2020_03_01``.

    Returns:
        The canonical spelling, or the prefix as given where the vocabulary is unknown.
    """
    undated = re.sub(r"(_\d+)+$", "", prefix)
    return _CANONICAL.get(prefix.casefold()) or _CANONICAL.get(undated.casefold()) or prefix


def known_prefix(prefix: str) -> bool:
    """Whether a prefix, in any spelling, belongs to a vocabulary of the table.

    Args:
        prefix: Any spelling, such as ``Orphanet``.

    Returns:
        True for a known vocabulary.
    """
    return canonical_prefix(prefix) in _VOCABULARIES


def normalise_curie(text: str) -> str:
    """A CURIE in its canonical spelling.

    Args:
        text: ``prefix:local`` in any spelling; a prefix that is repeated in the local part
            (``CHEBI:CHEBI:10``) is kept once.

    Returns:
        The canonical CURIE; the text itself, stripped, where it has no prefix.
    """
    prefix, colon, local = text.strip().partition(":")
    if not colon or not local.strip():
        return text.strip()
    inner, inner_colon, rest = local.partition(":")
    if inner_colon and canonical_prefix(inner) in _VOCABULARIES:
        prefix, local = inner, rest
    prefix, local = prefix.strip(), local.strip()
    if prefix.casefold() in _SERIES and local.isdigit():
        local = f"PS{local}"  # phenotypic series 168600 is not OMIM's entry 168600
    return f"{canonical_prefix(prefix)}:{local}"


def to_curie(identifier: str, *, prefix: str = "", label: str = "") -> str:
    """A CURIE for an identifier as a file writes it.

    Args:
        identifier: A CURIE, or a bare local id such as ``D003920``, ``613097`` or ``9606``.
        prefix: The vocabulary of bare ids, where the file has only one.
        label: The type of the mention or concept; it tells OMIM numbers from gene numbers.

    Returns:
        A canonical CURIE, or the identifier stripped where its vocabulary cannot be told.
    """
    text = identifier.strip()
    if ":" in text:
        return normalise_curie(text)
    if prefix:
        return f"{canonical_prefix(prefix)}:{text}"
    for shape, vocabulary in _SHAPES:
        if shape.match(text):
            return f"{vocabulary}:{text}"
    if text.isdigit():
        lowered = label.casefold()
        for word, vocabulary in _NUMBERS:
            if word in lowered:
                return f"{vocabulary}:{text}"
    return text


def default_type(curie: str) -> str:
    """The semantic type that all concepts of a vocabulary share.

    Args:
        curie: A canonical CURIE.

    Returns:
        A type such as ``Disease``; empty where the vocabulary holds many types.
    """
    return _VOCABULARIES.get(curie.partition(":")[0], ((), ""))[1]


def link(curie: str) -> str:
    """The address of a page about a concept; empty for NIL and for no id.

    Args:
        curie: A canonical CURIE; of a composite (``A|B``) the first id counts.

    Returns:
        A URL.
    """
    first = curie.replace("+", "|").partition("|")[0]
    return LINK_TEMPLATE.format(first) if ":" in first else ""
