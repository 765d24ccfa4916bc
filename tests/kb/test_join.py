"""Names from Wikidata and from translations, joined to a knowledge base by identifiers."""

from __future__ import annotations

import bz2
import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from spacy_bel.cli.app import app
from spacy_bel.errors import BelError
from spacy_bel.kb.build import add_annotated_aliases, build
from spacy_bel.kb.files import verify
from spacy_bel.kb.join import add_names, names_to_add
from spacy_bel.kb.names import NameReport, NameRules
from spacy_bel.kb.sources import Sources
from spacy_bel.kb.store import Store
from spacy_bel.retrieval.registry import exact_retriever
from spacy_bel.types import Alias, Mention

ITEMS = {
    # Item: MeSH, labels, aliases.
    "Q8277": (
        "D009103",
        {"de": "Multiple Sklerose", "ko": "다발성 경화증", "he": "טרשת נפוצה", "en": "Q8277"},
        {"de": ["Encephalomyelitis disseminata"], "ru": ["Multiple sclerosis"]},
    ),
    "Q12206": ("D003920", {"es": "diabetes mellitus", "ar": "السكري"}, {"es": ["diabetes"]}),
    "Q3025883": ("D003924", {"es": "diabetes mellitus tipo 2", "ja": "2型糖尿病"}, {}),
    "Q12152": ("D009203", {"de": "Myokardinfarkt", "ko": "심근경색"}, {}),
    "Q18216": ("C000001", {"fr": "sclérose en plaques"}, {}),
}
BABELON = (
    "subject_id\tpredicate_id\ttranslation_language\ttranslation_value\n"
    "MESH:D009103\trdfs:label\tcs\troztroušená skleróza\n"
    "MESH:D009223\trdfs:label\tcs\t7-1\n"
    "MESH:D008946\trdfs:label\tcs\thttps://example.org\n"
    "MESH:D000001\trdfs:label\tcs\tneznámý\n"
)


@pytest.fixture
def directory(kb_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kb_dir, tmp_path / "kb"))


@pytest.fixture
def wikidata(tmp_path: Path) -> Path:
    """A packed part of an entity dump."""
    lines = [
        json.dumps(
            {
                "type": "item",
                "id": item,
                "labels": {k: {"language": k, "value": v} for k, v in labels.items()},
                "aliases": {
                    k: [{"language": k, "value": v} for v in vs] for k, vs in aliases.items()
                },
                "claims": {
                    "P486": [
                        {
                            "mainsnak": {"snaktype": "value", "datavalue": {"value": mesh}},
                            "rank": "normal",
                        }
                    ]
                },
            }
        )
        for item, (mesh, labels, aliases) in ITEMS.items()
    ]
    path = tmp_path / "names.json.bz2"
    path.write_bytes(bz2.compress("[\n{}\n]\n".format(",\n".join(lines)).encode()))
    return path


@pytest.fixture
def translations(tmp_path: Path) -> Path:
    path = tmp_path / "mesh-cs.babelon.tsv"
    path.write_text(BABELON, encoding="utf-8")
    return path


def _names_of(directory: Path, concept_id: str) -> dict[tuple[str, str], Alias]:
    aliases = Store(directory).describe([concept_id])[0].aliases
    return {(alias.name, alias.lang): alias for alias in aliases}


def test_a_mention_in_another_language_finds_its_concept(directory: Path, wikidata: Path) -> None:
    report = NameReport()
    meta = add_names(directory, Sources([wikidata]), NameRules(), report)
    verify(directory)
    kb = Store(directory)
    mentions = {
        "다발성 경화증": ("ko", "MESH:D009103"),
        "multiple sklerose": ("de", "MESH:D009103"),
        "טרשת נפוצה": ("he", "MESH:D009103"),
        "السكري": ("ar", "MESH:D003920"),
        "2型糖尿病": ("ja", "MESH:D003924"),
        "diabetes mellitus tipo 2": ("es", "MESH:D003924"),
        "Sclérose en plaques": ("fr", "MESH:D009103"),  # by a retired id
    }
    asked = [Mention(text, lang=lang) for text, (lang, _) in mentions.items()]
    found = exact_retriever()(kb).retrieve(asked, 1)
    assert [candidates[0].id for candidates in found] == [id_ for _, id_ in mentions.values()]
    assert kb.ids_of_name("Myokardinfarkt") == []
    assert "names.json.bz2" in kb.meta["sources"]
    assert meta["added"] == report.kept.total() == 10


def test_every_alias_tells_where_it_comes_from(
    directory: Path, wikidata: Path, translations: Path
) -> None:
    before = Store(directory).describe(["MESH:D009103"])[0].aliases
    add_names(directory, Sources([wikidata, translations]), NameRules(), NameReport())
    after = Store(directory).describe(["MESH:D009103"])[0].aliases
    added = set(after) - set(before)
    assert set(before) <= set(after)
    assert added == {
        Alias("Multiple Sklerose", "exact", "de", "wikidata:Q8277"),
        Alias("다발성 경화증", "exact", "ko", "wikidata:Q8277"),
        Alias("טרשת נפוצה", "exact", "he", "wikidata:Q8277"),
        Alias("Encephalomyelitis disseminata", "related", "de", "wikidata:Q8277"),
        Alias("sclérose en plaques", "exact", "fr", "wikidata:Q18216"),
        Alias("roztroušená skleróza", "preferred", "cs", "mesh-cs.babelon.tsv"),
    }


def test_all_sources_pass_the_same_rules(
    directory: Path, wikidata: Path, translations: Path
) -> None:
    report = NameReport()
    rules = NameRules(max_concepts=1)
    pairs = list(names_to_add(Store(directory), Sources([wikidata, translations]), rules, report))
    assert len(pairs) == report.kept.total()
    assert report.rejected == {
        "en": {"identifier": 1},
        "ru": {"script": 1},
        "de": {"unknown id": 1},
        "ko": {"unknown id": 1},
        "cs": {"no letter": 1, "address": 1, "unknown id": 1},
    }


def test_annotated_names_and_their_counts_stay(directory: Path, wikidata: Path) -> None:
    mentions = [("MESH:D009103", text, "de") for text in ("multiple sklerose", "ED", "MS", "MS")]
    mentions.append(("MESH:D009103", "encephalomyelitis Disseminata", "de"))
    add_annotated_aliases(directory, mentions, source="train")
    before = _names_of(directory, "MESH:D009103")
    add_names(directory, Sources([wikidata]), NameRules(), NameReport())
    after = _names_of(directory, "MESH:D009103")
    # A label vouches for a name, and gives it its spelling; an alias does not.
    label = Alias("Multiple Sklerose", "exact", "de", "wikidata:Q8277", count=1)
    assert after[label.name, "de"] == label
    old = before.pop(("multiple sklerose", "de"))
    assert (old.kind, old.count) == ("annotated", 1)
    assert {name: after[name] for name in before} == before
    assert before["MS", "de"].count == 2
    again = _names_of(directory, "MESH:D009103")
    add_names(directory, Sources([wikidata]), NameRules(), NameReport())
    assert _names_of(directory, "MESH:D009103") == again


def test_names_that_a_concept_has_are_told_from_new_ones(directory: Path, wikidata: Path) -> None:
    first, second = NameReport(), NameReport()
    sources = Sources([wikidata])
    add_names(directory, sources, NameRules(), first)
    add_names(directory, sources, NameRules(), second)
    assert first.known == Counter(es=2)  # "diabetes" and "diabetes mellitus" are English, too
    assert first.new == first.kept - first.known
    assert second.kept == second.known == first.kept
    assert not second.new


def test_concepts_that_bear_a_name_already_count(directory: Path, tmp_path: Path) -> None:
    kb = Store(directory)
    bearers = kb.ids_of_name("MS")
    assert len(bearers) == 2
    path = tmp_path / "names.tsv"
    path.write_text("mesh_id\tsynonyms\nD003920\tms\nD003920\tdiabète\n", encoding="utf-8")
    sources = Sources([f"{path}?lang=fr"])
    for limit, expected in ((3, ["ms", "diabète"]), (2, ["diabète"])):
        report = NameReport()
        pairs = names_to_add(kb, sources, NameRules(max_concepts=limit), report)
        assert [alias.name for _, alias in pairs] == expected
        assert report.reasons["ambiguous"] == 2 - len(expected)


def test_nothing_is_written_where_no_name_is_left(directory: Path, wikidata: Path) -> None:
    checksum = Store(directory).checksum
    rules = NameRules(languages=frozenset({"tr"}))
    with pytest.raises(BelError, match=r"B164.*language: 12, unknown id: 2"):
        add_names(directory, Sources([wikidata]), rules, NameReport())
    assert Store(directory).checksum == checksum
    verify(directory)


def test_malformed_lines_are_counted_once(
    directory: Path, wikidata: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = bz2.decompress(wikidata.read_bytes()).decode()
    wikidata.write_text(text.replace("\n]", ',\n{"half": "P486",\n]'))
    meta = add_names(directory, Sources([wikidata], max_errors=1), NameRules(), NameReport())
    assert meta["skipped"] == 1
    assert capsys.readouterr().out.count("Skipped:") == 1
    with pytest.raises(BelError, match="B106"):
        list(
            names_to_add(
                Store(directory), Sources([wikidata], max_errors=0), NameRules(), NameReport()
            )
        )


def run(*arguments: str | Path) -> str:
    from typer.testing import CliRunner

    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_dry_run(directory: Path, wikidata: Path) -> None:
    checksum = Store(directory).checksum
    output = run("kb", "names", directory, wikidata, "--languages", "de,ko", "--dry-run")
    rows = {line.split()[0]: line.split()[1:] for line in output.splitlines() if line.strip()}
    assert rows["de"] == ["3", "1", "2", "2"]
    assert "ko" in rows
    assert "es" not in rows
    assert "not asked for: 9" in output
    assert "3 names, 3 of them new to their concepts, would be added" in output
    assert Store(directory).checksum == checksum


def test_adding_to_a_copy(directory: Path, wikidata: Path, tmp_path: Path) -> None:
    checksum = Store(directory).checksum
    output = run("kb", "names", directory, wikidata, "--output", tmp_path / "new")
    assert "10 names, 8 of them new to their concepts, added" in output
    assert Store(directory).checksum == checksum
    assert Store(tmp_path / "new").ids_of_name("diabetes mellitus tipo 2") == ["MESH:D003924"]


def test_the_query_is_printed() -> None:
    output = run("kb", "wikidata", "--query", "p486", "--languages", "es,fr")
    assert "?item wdt:P486 ?P486 ." in output
    with pytest.raises(BelError, match="B159"):
        run("kb", "wikidata", "--query", "P31")


# Official translations of ontologies: names kept, names rejected by reason.
TRANSLATIONS = {
    ("hpo", "es"): ("translations/hp-es.babelon.tsv.gz", 19_677, {"unknown id": 255}),
    ("hpo", "fr"): (
        "translations/hp-fr.synonyms.tsv.gz",
        15_480,
        {"too short": 4, "ambiguous": 6, "unknown id": 1},
    ),
    ("hpo", "ja"): ("translations/hp-ja.babelon.tsv.gz", 17_439, {"unknown id": 205, "script": 5}),
    ("hpo", "cs"): ("translations/hp-cs.synonyms.tsv.gz", 18_811, {}),
    ("doid", "es"): ("doid-es-translated.tsv.gz", 3_795, {"unknown id": 139, "too long": 1}),
}


@pytest.fixture(scope="module")
def ontologies(spacy_bel_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Store]:
    folder = tmp_path_factory.mktemp("kb")
    for name, file in (("hpo", "hp_assembled_2019-2026"), ("doid", "doid_2020-12-22")):
        build([spacy_bel_data / f"kb/{name}/{file}.obo.gz"], folder / name)
    return {path.name: Store(path) for path in folder.iterdir()}


@pytest.mark.parametrize(("name", "lang"), TRANSLATIONS)
def test_official_translations(
    name: str, lang: str, ontologies: dict[str, Store], spacy_bel_data: Path
) -> None:
    file, kept, rejected = TRANSLATIONS[name, lang]
    sources = Sources([spacy_bel_data / "kb" / name / file])
    report = NameReport()
    names = list(names_to_add(ontologies[name], sources, NameRules(), report))
    assert len(names) == report.kept.total()
    assert {alias.source for _, alias in names} == set(sources.names)
    assert (report.kept[lang], report.rejected.get(lang, {})) == (kept, rejected)
