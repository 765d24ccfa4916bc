"""Which column of a table holds what: options, published layouts, and usual column names.

A column is named by an option (``id=Code``), else by the published layout that the header shows,
else by its own name. A layout is nothing but the options that its files need.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

COLUMN_OPTIONS = {
    "id": "column of the concept's id",
    "name": "column of the preferred name",
    "names": "columns of names of which the first is the preferred one",
    "synonyms": "columns of other names",
    "annotated": "columns of annotated mentions, name::count",
    "types": "columns of semantic types",
    "definition": "column of the definition",
    "parents": "columns of the ids of broader concepts",
    "xrefs": "columns of ids in other vocabularies",
    "retired": "columns of ids that now mean this concept",
    "lang_column": "column of the names' language",
    "kind_column": "column of the names' kind, or of a predicate such as rdfs:label",
}
"""Options that name columns; several are separated by commas, none is an empty value."""

COLUMN_PREFIXES = {
    "mesh_id": "MESH",
    "current_descriptor": "MESH",
    "retired_or_missing_mesh_id": "MESH",
    "cui": "UMLS",
    "taxid": "NCBITaxon",
    "tax_id": "NCBITaxon",
    "gene_id": "NCBIGene",
    "geneid": "NCBIGene",
    "rxcui": "RXNORM",
    "orphacode": "ORPHA",
    "hgnc_id": "HGNC",
    "drugbank_id": "DRUGBANK",
    "doid": "DOID",
    "hpo_id": "HP",
    "mondo_id": "MONDO",
    "omim_id": "OMIM",
}
"""Columns whose name says which vocabulary their bare ids belong to."""

_USUAL_NAMES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "curie", "identifier", "concept_id", "subject_id", *COLUMN_PREFIXES),
    "name": ("name", "label", "preferred_name", "canonical_name", "subject_label"),
    "names": ("names",),
    "synonyms": ("synonyms", "aliases", "synonym", "alias"),
    "annotated": (),
    "types": ("types", "type", "semantic_types", "semtypes", "tree_numbers"),
    "definition": ("definition",),
    "parents": ("parents", "parent_ids"),
    "xrefs": ("xrefs", "xref"),
    "retired": ("retired", "alts", "alt_ids"),
    "lang_column": ("lang", "language"),
    "kind_column": ("kind",),
    "status": ("translation_status",),
    "original": (),
    "original_lang": (),
}

_LAYOUTS: tuple[tuple[frozenset[str], Mapping[str, str]], ...] = (
    # Babelon translations (https://monarch-initiative.github.io/babelon/).
    (
        frozenset({"subject_id", "translation_value", "predicate_id", "translation_language"}),
        {
            "synonyms": "translation_value",
            "lang_column": "translation_language",
            "kind_column": "predicate_id",
            "original": "source_value",
            "original_lang": "source_language",
        },
    ),
    # Synonyms as a ROBOT template, whose second row gives kind and language.
    (
        frozenset({"subject_id", "translation_value"}),
        {"synonyms": "translation_value", "status": "comment,status"},
    ),
    # The Disease Ontology's translations, exported by a spreadsheet.
    (
        frozenset({"source_id", "predicate", "translation_text", "translation_lang"}),
        {
            "id": "source_id",
            "synonyms": "translation_text",
            "lang_column": "translation_lang",
            "kind_column": "predicate",
            "original": "source_text",
            "original_lang": "source_lang",
            "quoted": "yes",
        },
    ),
    # SSSOM mappings (https://mapping-commons.github.io/sssom/).
    (
        frozenset({"subject_id", "predicate_id", "object_id"}),
        {"xrefs": "object_id", "kind_column": "predicate_id"},
    ),
    # One name on each line, with the predicate that relates it (PyOBO exports).
    (frozenset({"text", "curie", "predicate"}), {"synonyms": "text", "kind_column": "predicate"}),
    # Names in other languages under the ids of a vocabulary that has its own names.
    (frozenset({"cui", "lang", "name", "via"}), {"name": "", "synonyms": "name"}),
    (frozenset({"cui", "names_with_counts"}), {"annotated": "names_with_counts"}),
    (
        frozenset({"retired_or_missing_mesh_id", "current_descriptor"}),
        {
            "id": "current_descriptor",
            "name": "current_name",
            "retired": "retired_or_missing_mesh_id",
        },
    ),
    # Code lists such as ICD-10-CM.
    (frozenset({"code", "description"}), {"id": "code", "name": "description"}),
)


def column_key(name: str) -> str:
    """A column's name for comparison: ``#Tax ID`` and ``tax_id`` are equal."""
    return "_".join(name.strip().lstrip("#").casefold().split())


def layout_of(keys: Iterable[str]) -> Mapping[str, str]:
    """The options of the published layout that a header shows; empty for none."""
    present = set(keys)
    return next((options for needed, options in _LAYOUTS if needed <= present), {})


def find_columns(keys: Iterable[str], options: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The columns that play each part.

    Args:
        keys: The columns of the table, as ``column_key`` gives them.
        options: What the user named; columns that the table lacks are passed over.

    Returns:
        Part (an option of ``COLUMN_OPTIONS``; the ``status`` of a translation; the ``original``
        of which it is one, and ``original_lang``) to columns; every part is there.
    """
    present = list(keys)
    layout = layout_of(present)
    found: dict[str, tuple[str, ...]] = {}
    for part, usual in _USUAL_NAMES.items():
        named = options.get(part, layout.get(part))
        if named is None:
            found[part] = tuple(key for key in usual if key in present)[:1]
        else:
            found[part] = tuple(key for key in named_columns(named) if key in present)
    return found


def named_columns(option: str) -> list[str]:
    """The columns that an option names, as ``column_key`` gives them."""
    return [column_key(name) for name in option.split(",") if name.strip()]
