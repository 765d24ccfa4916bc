"""Adding, updating and removing without reading the other sources again."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.kb.build import add_annotated_aliases, build
from spacy_bel.kb.files import META, SQLITE, dump_meta, read_meta, verify
from spacy_bel.kb.increments import Outcome, Target, add_sources, remove_concepts, update_source
from spacy_bel.kb.sources import Sources
from spacy_bel.kb.store import Store
from spacy_bel.types import Alias, Concept

OLD = """format-version: 1.2
ontology: doid

[Term]
id: DOID:1
name: gout
def: "Old." []
synonym: "podagra" EXACT []
synonym: "gouty foot" EXACT []
xref: MESH:D006073
is_a: DOID:9

[Term]
id: DOID:2
name: pain

[Term]
id: DOID:3
name: ache

[Term]
id: DOID:4
name: fever
alt_id: DOID:40

[Term]
id: DOID:9
name: disease
"""

NEW = """format-version: 1.2
ontology: doid

[Term]
id: DOID:1
name: gout
def: "New." []
synonym: "podagra" EXACT []
synonym: "gouty arthropathy" EXACT []
xref: OMIM:138900
is_a: DOID:10

[Term]
id: DOID:2
name: pain
alt_id: DOID:3

[Term]
id: DOID:9
name: illness

[Term]
id: DOID:10
name: joint disease
"""

SPANISH = "id\tsynonyms\nDOID:1\tgota\nDOID:3\tdolor leve\nDOID:4\tfiebre\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "old.obo").write_text(OLD)
    (folder / "new.obo").write_text(NEW)
    (folder / "es.tsv").write_text(SPANISH)
    (folder / "drugs.tsv").write_text("id\tname\txrefs\nMESH:D1\taspirin\tDOID:7\n")
    return folder


@pytest.fixture
def directory(files: Path, tmp_path: Path) -> Path:
    build([files / "old.obo", f"{files}/es.tsv?lang=es"], tmp_path / "kb", version="1")
    return tmp_path / "kb"


def update(directory: Path, source: object, replaces: str = "old.obo", **more: object) -> Outcome:
    target = Target(directory, **more)  # type: ignore[arg-type]
    return update_source(target, Sources([str(source)]), replaces)


def concept(directory: Path, concept_id: str) -> Concept:
    return Store(directory).describe([concept_id])[0]


def names(directory: Path, concept_id: str) -> set[str]:
    return {alias.name for alias in concept(directory, concept_id).aliases}


def content(directory: Path) -> dict[str, Concept]:
    return {concept.id: concept for concept in Store(directory).concepts()}


def changes(outcome: Outcome) -> set[tuple[str, str, str]]:
    examples = outcome.differences.examples
    return {(d.kind, d.id, d.detail) for found in examples.values() for d in found}


def test_adding_is_building_with_the_source_last(directory: Path, files: Path) -> None:
    outcome = add_sources(Target(directory), Sources([files / "drugs.tsv"]))
    assert changes(outcome) == {("added", "MESH:D1", "")}
    sources: list[str | Path] = [files / "old.obo", f"{files}/es.tsv?lang=es"]
    build([*sources, files / "drugs.tsv"], directory.with_name("at_once"), version="1")
    assert content(directory) == content(directory.with_name("at_once"))
    assert read_meta(directory)["counts"] == read_meta(directory.with_name("at_once"))["counts"]
    meta = read_meta(directory)
    assert (meta["sources"], meta["version"]) == (["old.obo", "es.tsv", "drugs.tsv"], "1")
    verify(directory)


def test_a_source_that_defines_what_had_names_only(files: Path, tmp_path: Path) -> None:
    build([f"{files}/es.tsv?lang=es"], tmp_path / "kb")
    assert concept(tmp_path / "kb", "DOID:1").name == "gota"
    assert read_meta(tmp_path / "kb")["counts"]["names_only"] == 3
    add_sources(Target(tmp_path / "kb"), Sources([files / "new.obo"]))
    build([f"{files}/es.tsv?lang=es", files / "new.obo"], tmp_path / "at_once")
    assert content(tmp_path / "kb") == content(tmp_path / "at_once")
    assert concept(tmp_path / "kb", "DOID:1").name == "gout"
    assert read_meta(tmp_path / "kb")["counts"]["names_only"] == 1  # fever


def test_update(directory: Path, files: Path) -> None:
    outcome = update(directory, files / "new.obo", version="2")
    assert changes(outcome) == {
        ("added", "DOID:10", ""),
        (
            "changed",
            "DOID:1",
            "definition, names +1, names -1, parents +1, parents -1, cross-references +1",
        ),
        ("changed", "DOID:2", "names +1"),
        ("changed", "DOID:9", "preferred name, names +1, names -1"),
        ("retired", "DOID:3", "DOID:2"),
        ("retired", "DOID:4", ""),
    }
    gout = concept(directory, "DOID:1")
    assert names(directory, "DOID:1") == {"gout", "podagra", "gouty arthropathy", "gota"}
    assert (gout.definition, gout.parents) == ("New.", ("DOID:10",))
    # Another source speaks of gout, so that nobody knows whose the old reference was.
    assert gout.xrefs == ("MESH:D006073", "OMIM:138900")
    assert names(directory, "DOID:2") == {"pain", "dolor leve"}
    kb = Store(directory)
    assert [kb.resolve(f"DOID:{n}") for n in (3, 4, 40)] == ["DOID:2", None, None]
    assert kb.ids_of_name("fiebre") == []
    assert kb.meta["sources"] == ["new.obo", "es.tsv"]
    assert kb.meta["version"] == "2"
    verify(directory)


def test_an_updated_vocabulary_is_as_if_built_anew(files: Path, tmp_path: Path) -> None:
    build([files / "old.obo"], tmp_path / "kb")
    update(tmp_path / "kb", files / "new.obo", replaces="")
    build([files / "new.obo"], tmp_path / "anew")
    assert content(tmp_path / "kb") == content(tmp_path / "anew")
    assert changes(update(tmp_path / "kb", files / "new.obo", replaces="")) == set()


def test_annotated_names_stay_and_move_to_successors(directory: Path, files: Path) -> None:
    mentions = [
        ("DOID:1", "gouty foot", "en"),  # a name that the newer release does not have
        ("DOID:1", "big toe", "en"),
        ("DOID:3", "aching", "en"),
        ("DOID:4", "hot", "en"),
    ]
    add_annotated_aliases(directory, mentions, source="train")
    update(directory, files / "new.obo")
    kept = {alias.name: alias for alias in concept(directory, "DOID:1").aliases}
    assert (kept["gouty foot"].kind, kept["gouty foot"].count) == ("annotated", 1)
    assert kept["big toe"] == Alias("big toe", "annotated", source="train", count=1)
    assert "aching" in names(directory, "DOID:2")
    assert Store(directory).ids_of_name("hot") == []


def test_what_another_source_defines_stays(files: Path, tmp_path: Path) -> None:
    (files / "more.tsv").write_text("id\tname\tdefinition\nDOID:4\tpyrexia\tHeat.\n")
    build([files / "old.obo", files / "more.tsv"], tmp_path / "kb")
    outcome = update(tmp_path / "kb", files / "new.obo")
    fever = concept(tmp_path / "kb", "DOID:4")
    assert (fever.name, fever.definition) == ("pyrexia", "Heat.")
    assert {alias.name for alias in fever.aliases} == {"pyrexia"}
    assert ("changed", "DOID:4", "preferred name, names -1") in changes(outcome)


def test_a_dry_run_shows_the_same_and_writes_nothing(
    directory: Path, files: Path, tmp_path: Path
) -> None:
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    dry = update(directory, files / "new.obo", dry_run=True, report=tmp_path / "dry.tsv")
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before
    real = update(directory, files / "new.obo", report=tmp_path / "real.tsv")
    assert changes(dry) == changes(real)
    rows = (tmp_path / "real.tsv").read_text().splitlines()
    assert rows[0].split("\t") == ["change", "id", "name", "detail"]
    assert "retired\tDOID:3\tache\tDOID:2" in rows
    assert (tmp_path / "dry.tsv").read_text().splitlines() == rows


def test_another_output_leaves_the_original(directory: Path, files: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    update(directory, files / "new.obo", output=tmp_path / "newer")
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before
    assert "DOID:10" in Store(tmp_path / "newer")
    verify(tmp_path / "newer")


def test_who_has_it_open_goes_on_with_the_old_state(directory: Path, files: Path) -> None:
    old = Store(directory)
    update(directory, files / "new.obo")
    assert old.ids_of_name("fiebre") == ["DOID:4"]
    assert old.describe(["DOID:3"])[0].name == "ache"
    assert "DOID:10" in Store(directory)


def test_remove(directory: Path) -> None:
    outcome = remove_concepts(Target(directory), ["DOID:4", "DOID:9"])
    assert changes(outcome) == {("retired", "DOID:4", ""), ("retired", "DOID:9", "")}
    kb = Store(directory)
    assert list(kb) == ["DOID:1", "DOID:2", "DOID:3"]
    assert kb.resolve("DOID:40") is None
    assert kb.ids_of_name("fiebre") == []
    verify(directory)


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        (["DOID:1", "DOID:5"], r"B192.*no concept DOID:5\."),
        (["DOID:40"], "B192.*DOID:40"),
        (["\ud800"], "B192"),
        ([f"DOID:{number}" for number in (1, 2, 3, 4, 9)], "B107"),
    ],
)
def test_a_removal_that_cannot_be(directory: Path, ids: list[str], code: str) -> None:
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    with pytest.raises(BelError, match=code):
        remove_concepts(Target(directory), ids)
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


def test_what_is_replaced_must_be_clear(directory: Path, files: Path) -> None:
    for replaces in ("", "hp.obo"):
        with pytest.raises(BelError, match=r"B191.*new\.obo.*: es\.tsv, old\.obo"):
            update(directory, files / "new.obo", replaces=replaces)
    (files / "new.obo").replace(files / "old.obo")
    update(directory, files / "old.obo", replaces="")
    assert "DOID:10" in Store(directory)


def test_sources_of_one_name_cannot_be_told_apart(directory: Path, files: Path) -> None:
    (files / "again").mkdir()
    other = files / "again" / "old.obo"
    other.write_text(NEW)
    (files / "es.tsv").write_text("id\tname\nDOID:1\tgota\n")
    with pytest.raises(BelError, match=r"B195.*named es\.tsv too"):
        update(directory, files / "es.tsv", replaces="old.obo")
    add_sources(Target(directory), Sources([other]))
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    with pytest.raises(BelError, match=r"B195.*named old\.obo too"):
        update(directory, other, replaces="")
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


def test_a_knowledge_base_without_a_record_of_its_sources(directory: Path, files: Path) -> None:
    meta = read_meta(directory)
    entry = meta["files"][Path(SQLITE).stem]
    path = directory / entry["file"]
    with closing(sqlite3.connect(path)) as db:
        db.executescript("DROP TABLE origins; DROP TABLE promoted;")
    entry |= {"bytes": path.stat().st_size, "sha256": sha256(path.read_bytes()).hexdigest()}
    (directory / META).write_bytes(dump_meta(meta))
    verify(directory)
    for change in (add_sources, update_source):
        with pytest.raises(BelError, match=r"B190.*Build it again"):
            change(Target(directory), Sources([files / "new.obo"]))
    remove_concepts(Target(directory), ["DOID:2"])
    assert "DOID:2" not in Store(directory)


def test_a_source_that_breaks_leaves_the_old_state(directory: Path, files: Path) -> None:
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    (files / "new.obo").write_text(NEW + "no clause\n" * 20)
    with pytest.raises(BelError, match="B106"):
        update(directory, files / "new.obo")
    with pytest.raises(BelError, match="B106"):
        add_sources(Target(directory), Sources([files / "new.obo"]))
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


def test_a_report_that_cannot_be_written(directory: Path, files: Path) -> None:
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    with pytest.raises(BelError, match=r"B193.*new\.obo"):
        update(directory, files / "new.obo", report=files / "new.obo" / "report.tsv")
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


ids = st.integers(1, 4).map(lambda number: f"A:{number}")
texts = st.sampled_from(["gout", "pain", "Gout", "ache", "fever", "cold"])
some_concepts = st.lists(
    st.builds(
        Concept,
        ids,
        texts,
        st.lists(texts.map(Alias), max_size=2).map(tuple),
        definition=st.sampled_from(["", "One.", "Two."]),
        parents=st.lists(ids, max_size=1).map(tuple),
        xrefs=st.lists(ids, max_size=1).map(tuple),
    ),
    min_size=1,
    max_size=4,
)


def _table(path: Path, concepts: Iterable[Concept]) -> Path:
    lines = ["id\tname\tsynonyms\tdefinition\tparents\txrefs"]
    for c in concepts:
        synonyms = "|".join(alias.name for alias in c.aliases)
        cells = c.id, c.name, synonyms, c.definition, "|".join(c.parents), "|".join(c.xrefs)
        lines.append("\t".join(cells))
    path.write_text("\n".join(lines))
    return path


@settings(max_examples=6)
@given(first=some_concepts, second=some_concepts, third=some_concepts)
def test_any_vocabularies_added_and_updated_are_as_if_built(
    tmp_path_factory: pytest.TempPathFactory,
    first: list[Concept],
    second: list[Concept],
    third: list[Concept],
) -> None:
    folder = tmp_path_factory.mktemp("any")
    one, two = _table(folder / "one.tsv", first), _table(folder / "two.tsv", second)
    build([one], folder / "added")
    add_sources(Target(folder / "added"), Sources([two]))
    build([one, two], folder / "at_once")
    assert content(folder / "added") == content(folder / "at_once")
    build([one], folder / "updated")
    _table(one, third)
    outcome = update_source(Target(folder / "updated"), Sources([one]))
    build([one], folder / "anew")
    assert content(folder / "updated") == content(folder / "anew")
    gone = {c.id for c in first} - {c.id for c in third}
    assert outcome.differences.counts["retired"] == len(gone)
    shutil.rmtree(folder)
