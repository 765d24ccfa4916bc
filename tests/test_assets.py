"""The sample in assets/ is what it says: real ids, right offsets, no sentence twice."""

from __future__ import annotations

import csv
import gzip
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from spacy_bel.curies import normalise_curie
from spacy_bel.types import ALIAS_KINDS

ASSETS = Path(__file__).parents[1] / "assets"
LANGUAGES = ("de", "es", "zh")
CURIE = re.compile(r"(MESH:[CD]\d+|HP:\d{7}|NCBIGene:\d+|NCBITaxon:\d+)$")
CORPORA = tuple(f"annotated_{part}.PubTator.txt" for part in ("train", "dev", "es"))
# MeSH put these below Infections only in 2020; the open copy of the tree is older.
NEWER_PARENTS = {("MESH:D014376", "MESH:D007239"), ("MESH:D008288", "MESH:D007239")}


class Entry(NamedTuple):
    name: str
    type: str
    definition: str
    names: list[str]
    parents: list[str]
    retired: list[str]


class Document(NamedTuple):
    text: str
    sentences: list[str]
    mentions: list[tuple[int, int, str, str, str]]


def lines(name: str) -> list[str]:
    return (ASSETS / name).read_text(encoding="utf8").removesuffix("\n").split("\n")


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(lines(name), delimiter="\t", quoting=csv.QUOTE_NONE, strict=True))


def stanzas(obo: str) -> Iterator[dict[str, list[str]]]:
    for stanza in obo.split("\n\n[Term]\n")[1:]:
        tags: dict[str, list[str]] = defaultdict(list)
        for line in stanza.strip().split("\n"):
            tag, _, value = line.partition(": ")
            tags[tag].append(value)
        yield tags


def obo_terms() -> list[dict[str, list[str]]]:
    return list(stanzas("\n".join(lines("concepts.obo"))))


def obo_names(term: dict[str, list[str]]) -> list[str]:
    return [*term["name"], *(synonym.split('"')[1] for synonym in term["synonym"])]


def obo_parents(term: dict[str, list[str]]) -> list[str]:
    return [parent.split(" ! ")[0] for parent in term["is_a"]]


@cache
def concepts() -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for term in obo_terms():
        if "is_obsolete" not in term:
            names, definition = obo_names(term), term["def"][0].split('"')[1]
            head = (term["name"][0], term["namespace"][0], definition)
            found[term["id"][0]] = Entry(*head, names, obo_parents(term), term["alt_id"])
    for row in rows("chemicals.tsv"):
        names = [row["name"], *filter(None, row["synonyms"].split("|"))]
        old = list(filter(None, row["retired"].split("|")))
        found[row["id"]] = Entry(row["name"], row["types"], row["definition"], names, [], old)
    return found


@cache
def retired() -> dict[str, str]:
    obsolete = [term for term in obo_terms() if "is_obsolete" in term]
    replaced = {term["id"][0]: term["replaced_by"][0] for term in obsolete}
    return replaced | {old: key for key, entry in concepts().items() for old in entry.retired}


@cache
def ambiguous_names() -> dict[str, set[str]]:
    bearers: dict[str, set[str]] = defaultdict(set)
    for key, entry in concepts().items():
        for name in entry.names:
            bearers[name.lower()].add(key)
    return {name: ids for name, ids in bearers.items() if len(ids) > 1}


@cache
def documents(name: str) -> dict[str, Document]:
    found: dict[str, Document] = {}
    for block in "\n".join(lines(name)).split("\n\n"):
        title, abstract, *mentions = block.split("\n")
        key, _, title = title.partition("|t|")
        assert abstract.startswith(f"{key}|a|") and key not in found
        text = f"{title} {abstract.partition('|a|')[2]}"
        document = Document(text, re.split(r"(?<=[.?!]) ", text), [])
        for line in mentions:
            doc_id, start, end, surface, label, ids = line.split("\t")
            assert doc_id == key
            document.mentions.append((int(start), int(end), surface, label, ids))
        found[key] = document
    return found


def all_documents() -> dict[str, Document]:
    return {key: doc for name in CORPORA for key, doc in documents(name).items()}


def test_concepts_are_well_formed() -> None:
    assert 140 <= len(concepts()) <= 175
    types = Counter(entry.type for entry in concepts().values())
    assert min(types[kind] for kind in ("Disease", "Phenotype", "Chemical", "Gene", "Species")) > 8
    for key, entry in concepts().items():
        assert CURIE.match(key)
        assert normalise_curie(key) == key
        assert len({name.lower() for name in entry.names}) == len(entry.names), key
        assert entry.definition.endswith("."), key


def test_obo_uses_every_scope_and_unique_ids() -> None:
    terms = obo_terms()
    scopes = {synonym.split('" ')[1] for term in terms for synonym in term["synonym"]}
    assert scopes == {"EXACT []", "RELATED []", "NARROW []", "BROAD []"}
    ids = [term["id"][0] for term in terms] + [row["id"] for row in rows("chemicals.tsv")]
    assert len(set(ids)) == len(ids)
    assert all(normalise_curie(xref) == xref for term in terms for xref in term["xref"])


def test_retired_ids_lead_to_current_ones() -> None:
    assert sum("is_obsolete" in term for term in obo_terms()) < len(retired())
    for old, new in retired().items():
        assert CURIE.match(old)
        assert old not in concepts()
        assert new in concepts()


def test_hierarchy_has_no_cycle_and_several_levels() -> None:
    def depth(key: str, below: tuple[str, ...] = ()) -> int:
        assert key not in below, f"cycle through {key}"
        return 1 + max((depth(up, (*below, key)) for up in concepts()[key].parents), default=0)

    levels = Counter(depth(key) for key in concepts())
    assert levels[2] + levels[3] > 50
    assert levels[4]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_names_in_other_languages(lang: str) -> None:
    table = rows(f"names_{lang}.tsv")
    assert len(table) >= (150 if lang == "es" else 20)
    assert {row["lang"] for row in table} == {lang}
    assert {row["id"] for row in table} <= set(concepts())
    assert {row["kind"] for row in table} <= set(ALIAS_KINDS)
    assert all(row["synonym"] == row["synonym"].strip() != "" for row in table)
    assert len({(row["id"], row["synonym"].lower()) for row in table}) == len(table)


def test_ambiguous_names_occur_in_the_texts() -> None:
    text = "\n".join(lines("unannotated.txt")).lower()
    used = [name for name in ambiguous_names() if re.search(rf"\b{re.escape(name)}\b", text)]
    assert len(used) >= 20
    senses: dict[str, set[str]] = defaultdict(set)
    for document in all_documents().values():
        for _, _, surface, _, ids in document.mentions:
            senses[surface.lower()].add(ids)
    assert sum(len(senses[name]) > 1 for name in ambiguous_names()) >= 6


@pytest.mark.parametrize("name", CORPORA)
def test_offsets_and_ids_of_mentions(name: str) -> None:
    for key, document in documents(name).items():
        assert document.mentions
        end_before = 0
        for start, end, surface, label, ids in document.mentions:
            assert document.text[start:end] == surface == surface.strip()
            assert start >= end_before, f"{key}: mentions overlap or are out of order"
            end_before = end
            for one in ids.split("|") if ids != "-1" else ():
                current = retired().get(one, one)
                assert concepts()[current].type == label, f"{key}: {surface}"


def test_corpora_hold_what_a_linker_must_handle() -> None:
    everything = all_documents()
    assert len(everything) == sum(len(documents(name)) for name in CORPORA)
    sentences = [sentence for doc in everything.values() for sentence in doc.sentences]
    assert 55 <= len(sentences) <= 90
    assert len(set(sentences)) == len(sentences)
    all_ids = [ids for doc in everything.values() for *_, ids in doc.mentions]
    labels = {label for doc in everything.values() for *_, label, _ in doc.mentions}
    assert sum("|" in ids for ids in all_ids) >= 3
    assert sum(ids == "-1" for ids in all_ids) >= 6
    assert sum(one in retired() for ids in all_ids for one in ids.split("|")) >= 2
    assert {"Disease", "Chemical", "Gene", "Phenotype", "Species"} <= labels


def test_train_part_leaves_unseen_mentions_in_dev() -> None:
    train, dev = (documents(name) for name in CORPORA[:2])
    assert 0.25 <= len(train) / (len(train) + len(dev)) <= 0.4
    seen = {mention[2].lower() for doc in train.values() for mention in doc.mentions}
    surfaces = {mention[2].lower() for doc in dev.values() for mention in doc.mentions}
    assert len(surfaces) > len(surfaces - seen) > len(surfaces) / 2


def test_unannotated_sentences_are_many_and_distinct() -> None:
    sentences = lines("unannotated.txt")
    assert 280 <= len(sentences) <= 330
    assert all(sentence == sentence.strip() and len(sentence) > 5 for sentence in sentences)

    annotated = [sentence for doc in all_documents().values() for sentence in doc.sentences]
    bags = [set(re.findall(r"\w+", sentence.lower())) for sentence in sentences + annotated]
    for i, bag in enumerate(bags):
        for other in bags[:i]:
            assert len(bag & other) < 0.7 * len(bag | other), f"near-duplicate: {sorted(bag)}"


@dataclass
class Vocabularies:
    names: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    parents: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    retired: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def name(self, key: str, *cells: str | None) -> None:
        self.names[key] |= {name.lower() for cell in cells if cell for name in cell.split("|")}


@pytest.fixture(scope="module")
def real() -> Vocabularies:
    folder = os.environ.get("SPACY_BEL_DATA")
    if not folder:
        pytest.skip("SPACY_BEL_DATA names no folder with the real vocabularies")
    kb, found = Path(folder) / "kb", Vocabularies()
    for row in table(kb / "mesh" / "mesh_descriptors_2019.tsv.gz"):
        key = f"MESH:{row['mesh_id']}"
        found.name(key, row["name"], row["synonyms"])
        found.parents[key] = {f"MESH:{up}" for up in row["parents"].split("|")}
    for row in table(kb / "mesh" / "bc5cdr_retired_scr_alias_from_traindev.tsv.gz"):
        old = f"MESH:{row['retired_or_missing_mesh_id']}"
        found.retired[old].add(f"MESH:{row['current_descriptor']}")
    for path in (kb / "hpo").glob("*.obo.gz"):
        for term in stanzas(gzip.decompress(path.read_bytes()).decode("utf8")):
            key = term["id"][0]
            found.name(key, *obo_names(term))
            found.parents[key].update(obo_parents(term))
            found.retired[key].update(term["replaced_by"])
            for old in term["alt_id"]:
                found.retired[old].add(key)
    for row in table(kb / "ncbi_gene" / "Homo_sapiens.gene_info_min.tsv.gz"):
        found.name(f"NCBIGene:{row['gene_id']}", row["symbol"])
    for row in table(kb / "ncbitaxon" / "species_names_2016_reach.tsv.gz"):
        found.name(f"NCBITaxon:{row['taxid']}", row["names"])
    for row in table(kb / "ncbitaxon" / "ncbitaxon_obo_imports.tsv.gz"):
        found.name(row["id"], row["name"], row["synonyms"])
    return found


def table(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf8", newline="\n") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def ancestors(key: str, parents: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    new = {key}
    while new := {up for below in new for up in parents.get(below, ())} - found:
        found |= new
    return found


def test_every_id_means_the_same_in_the_real_vocabulary(real: Vocabularies) -> None:
    for key, entry in concepts().items():
        assert entry.name.lower() in real.names.get(key, ()), key


def test_every_parent_is_an_ancestor_in_the_real_vocabulary(real: Vocabularies) -> None:
    edges = {(key, parent) for key, entry in concepts().items() for parent in entry.parents}
    assert edges >= NEWER_PARENTS
    for key, parent in edges - NEWER_PARENTS:
        assert parent in ancestors(key, real.parents), f"{key} is not below {parent}"


def test_every_retired_id_is_retired_in_the_real_vocabulary(real: Vocabularies) -> None:
    for old, new in retired().items():
        assert new in ancestors(old, real.retired), f"{old} was not replaced by {new}"
