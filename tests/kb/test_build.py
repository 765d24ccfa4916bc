"""Building: what comes in comes out, in a stream, the same every time."""

from __future__ import annotations

import gzip
import os
import struct
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.kb.build import build, build_from_records
from spacy_bel.kb.files import read_meta, verify
from spacy_bel.kb.problems import ProblemLog
from spacy_bel.kb.readers.base import Record
from spacy_bel.kb.readers.textfile import ReadProblem
from spacy_bel.kb.schema import storable
from spacy_bel.kb.store import Store
from spacy_bel.types import Alias, Concept

MakeKB = Callable[..., Store]


def test_what_meta_tells(kb_dir: Path, records: Sequence[Record]) -> None:
    meta = read_meta(kb_dir)
    assert {part: meta[part] for part in ("name", "version", "licence", "sources")} == {
        "name": "dozen",
        "version": "1",
        "licence": "CC0-1.0",
        "sources": ["dozen.tsv"],
    }
    concepts = [record for record in records if isinstance(record, Concept)]
    assert meta["counts"] == {
        "concepts": len(concepts),
        "aliases": sum(1 + len(concept.aliases) for concept in concepts),
        "parents": 3,
        "xrefs": 3,
        "retired": 7,
        "homonyms": 4,  # MS, DM, cold, illness
        "names_only": 0,
    }
    assert meta["languages"] == ["en", "es", "zh"]


def test_what_is_not_told_has_a_default(tmp_path: Path) -> None:
    meta = build_from_records([Concept("A:1", "gout")], tmp_path / "mine", {})
    assert (meta["name"], meta["version"], meta["licence"]) == ("mine", "", "")
    assert meta["sources"] == []
    assert Store(tmp_path / "mine").name == "mine"


def test_the_same_input_gives_the_same_bytes(
    make_kb: MakeKB, records: Sequence[Record], kb: Store
) -> None:
    again = make_kb(iter(records))
    assert again.checksum == kb.checksum
    before, after = kb.to_dict(), again.to_dict()
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == ["meta.json"]  # the name


def test_other_content_gives_another_checksum(make_kb: MakeKB) -> None:
    concept = Concept("A:1", "gout", types=("Disease",))
    others = [
        Concept("A:2", "gout", types=("Disease",)),
        Concept("A:1", "Gout", types=("Disease",)),
        Concept("A:1", "gout", types=("Finding",)),
        Concept("A:1", "gout", types=("Disease",), definition="Hurts."),
        Concept("A:1", "gout", types=("Disease",), parents=("A:0",)),
        Concept("A:1", "gout", (Alias("podagra"),), types=("Disease",)),
        Concept("A:1", "gout", types=("Disease",), retired=("A:9",)),
    ]
    assert len({make_kb([each]).checksum for each in [concept, *others]}) == len(others) + 1


def test_records_are_taken_one_at_a_time(tmp_path: Path) -> None:
    class Tracked(Concept):
        """A concept that a weak reference can follow."""

    alive: weakref.WeakSet[Tracked] = weakref.WeakSet()
    most = 0

    def records() -> Iterator[Record]:
        nonlocal most
        for number in range(500):
            record = Tracked(f"A:{number}", f"name {number}")
            alive.add(record)
            yield record
            most = max(most, len(alive))

    meta = build_from_records(records(), tmp_path / "kb", {})
    assert meta["counts"]["concepts"] == 500
    assert most <= 2


def test_a_name_of_500_concepts(make_kb: MakeKB) -> None:
    kb = make_kb(Concept(f"A:{n}", f"disease {n}", (Alias("illness"),)) for n in range(500))
    assert len(kb.ids_of_name("Illness")) == 500
    assert kb.meta["counts"]["homonyms"] == 1


def test_a_concept_of_5000_names(make_kb: MakeKB) -> None:
    kb = make_kb([Concept("A:1", "name", tuple(Alias(f"name {n}") for n in range(5000)))])
    assert kb.ids_of_name("name 4999") == ["A:1"]
    assert len(kb.describe(["A:1"])[0].aliases) == 5001


def test_a_name_of_5000_characters(make_kb: MakeKB) -> None:
    name = "very " * 999 + "long "
    kb = make_kb([Concept("A:1", name), Concept("A:2", "x" * 5000)])
    assert kb.concept_names[0] == name.strip()
    assert kb.ids_of_name(name) == ["A:1"]
    assert kb.ids_of_name("x" * 5000) == ["A:2"]


@settings(max_examples=25)
@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=10))
def test_any_unicode(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    directory = tmp_path_factory.mktemp("unicode")
    concepts = [
        Concept(f"Ü:{number}{name}", "x", (Alias(name, lang="und"),), (name,), name, (name,))
        for number, name in enumerate(names)
        if name.strip()
    ]
    build_from_records([*concepts, Concept("A:1", "x")], directory, {"name": names[0]})
    kb = Store(directory)
    assert len(kb) == len(concepts) + 1
    for concept in concepts:
        name = concept.aliases[0].name
        assert concept.id in kb
        (found,) = kb.describe([concept.id])
        assert found.definition == storable(name)
        assert found.id in kb.ids_of_name(name) or not name.replace("\0", "").strip()
    verify(directory)


def test_symbols_are_names_too(make_kb: MakeKB) -> None:
    kb = make_kb([Concept("A:1", "+++"), Concept("A:2", "---"), Concept("A:3", "+")])
    assert kb.ids_of_name("+++") == ["A:1"]
    assert kb.ids_of_name("---") == ["A:2"]
    assert kb.ids_of_name("*") == []


@pytest.mark.parametrize("records", [[], [Concept("A:1", " ")]])
def test_no_concept_is_an_error(tmp_path: Path, records: list[Record]) -> None:
    with pytest.raises(BelError, match=r"\[B107\].*names\.tsv"):
        build_from_records(records, tmp_path / "kb", {"sources": ["names.tsv"]})
    with pytest.raises(BelError, match=r"\[B107\]"):
        build_from_records(records, tmp_path / "kb", {})
    assert not (tmp_path / "kb").exists()


class _Interrupt(BaseException):
    """As ``KeyboardInterrupt``, which pytest takes for itself."""


@pytest.mark.parametrize(
    ("error", "raised", "text"),
    [
        (FileNotFoundError(2, "No such file", "names.tsv"), BelError, r"B150.*names\.tsv"),
        (OSError(5, "Input/output error"), BelError, "B150.*Input/output"),
        (RuntimeError("half way"), RuntimeError, "half way"),
        (_Interrupt("stop"), _Interrupt, "stop"),
    ],
)
def test_a_source_that_breaks_leaves_the_old_state(
    tmp_path: Path, error: BaseException, raised: type[BaseException], text: str
) -> None:
    build_from_records([Concept("A:1", "gout")], tmp_path / "kb", {})
    before = {path.name: path.read_bytes() for path in (tmp_path / "kb").iterdir()}

    def records() -> Iterator[Record]:
        yield Concept("A:2", "pain")
        raise error

    with pytest.raises(raised, match=text):
        build_from_records(records(), tmp_path / "kb", {})
    assert {path.name: path.read_bytes() for path in (tmp_path / "kb").iterdir()} == before


def test_a_new_state_removes_the_old_one(tmp_path: Path) -> None:
    build_from_records([Concept("A:1", "gout")], tmp_path, {})
    meta = build_from_records([Concept("A:2", "pain")], tmp_path, {})
    names = {entry["file"] for entry in meta["files"].values()}
    assert {path.name for path in tmp_path.iterdir()} == {*names, "meta.json"}
    assert list(Store(tmp_path)) == ["A:2"]


def test_several_files_with_options_of_their_own(tmp_path: Path) -> None:
    concepts, names = tmp_path / "concepts.tsv.gz", tmp_path / "names.tsv"
    with gzip.open(concepts, "wt", encoding="utf-8") as file:
        file.write("id\tname\nD006073\tGout\n")
    names.write_text("id\tname\nD006073\tgota\n", encoding="utf-8")
    sources = [f"{concepts}?prefix=MESH", f"{names}?prefix=MESH&lang=es"]
    meta = build(sources, tmp_path / "kb", version="2026", licence="public domain")
    assert meta["sources"] == ["concepts.tsv.gz", "names.tsv"]
    assert (meta["name"], meta["version"], meta["licence"]) == ("kb", "2026", "public domain")
    kb = Store(tmp_path / "kb")
    assert kb.ids_of_name("Gota") == kb.ids_of_name("gout") == ["MESH:D006073"]
    assert kb.describe(["MESH:D006073"])[0].name == "Gout"
    assert kb.count_languages() == {"en": 1, "es": 1}


def test_malformed_lines_are_told_counted_and_limited(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "concepts.jsonl"
    lines = ['{"id": "MESH:D006073", "name": "Gout"}', "{", "[", "{"]
    source.write_text("\n".join(lines), encoding="utf-8")
    meta = build([source], tmp_path / "kb", max_errors=3)
    assert meta["counts"]["concepts"] == 1
    assert read_meta(tmp_path / "kb")["skipped"] == 3
    told = capsys.readouterr().out
    assert told.count("Skipped: ") == 3
    assert "concepts.jsonl" in told
    with pytest.raises(BelError, match=r"\[B106\].*2 malformed.*concepts\.jsonl.*--max-errors"):
        build([source], tmp_path / "kb", max_errors=2)
    assert read_meta(tmp_path / "kb") == meta


def test_the_limit_counts_all_sources_together() -> None:
    log = ProblemLog(2)
    problem = ReadProblem("a.tsv", 3, "no name")
    log(problem)
    log(problem)
    with pytest.raises(BelError, match=r"\[B106\]"):
        log(problem)
    assert log.count == 3


def test_concepts_that_only_translations_name_are_counted(tmp_path: Path) -> None:
    (tmp_path / "hp.obo").write_text("ontology: hp\n\n[Term]\nid: HP:0001945\nname: Fever\n")
    header = "subject_id\tsource_value\tpredicate_id\ttranslation_language\ttranslation_value\n"
    rows = "HP:0001945\tPyrexia\trdfs:label\tes\tFiebre\nHP:0001\tCough\trdfs:label\tes\tTos\n"
    (tmp_path / "hp-es.tsv").write_text(header + rows)
    meta = build([tmp_path / "hp.obo", tmp_path / "hp-es.tsv"], tmp_path / "kb")
    assert (meta["counts"]["concepts"], meta["counts"]["names_only"]) == (2, 1)
    fever, cough = Store(tmp_path / "kb").describe(["HP:0001945", "HP:0001"])
    assert (fever.name, fever.aliases[2].name, cough.name) == ("Fever", "Pyrexia", "Cough")
    assert cough.aliases == (Alias("Cough", "preferred"), Alias("Tos", "preferred", "es"))


def test_a_missing_source_is_an_error_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(BelError, match=r"\[B150\].*missing\.tsv"):
        build([tmp_path / "missing.tsv"], tmp_path / "kb")
    assert not (tmp_path / "kb").exists()


def test_progress_is_silent_where_there_is_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.tsv").write_text("mesh_id\tname\nD006073\tGout\n")
    build([tmp_path / "a.tsv"], tmp_path / "kb", progress=True)
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudoterminal")
@pytest.mark.parametrize("progress", [True, False])
def test_progress_is_shown_on_a_terminal_where_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, progress: bool
) -> None:
    import fcntl
    import termios

    (tmp_path / "a.tsv").write_text("mesh_id\tname\nD006073\tGout\n")
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    with os.fdopen(theirs, "w") as terminal, os.fdopen(ours, "rb", buffering=0) as screen:
        monkeypatch.setattr(sys, "stderr", terminal)
        build([tmp_path / "a.tsv"], tmp_path / "kb", progress=progress)
        print("done", file=terminal, flush=True)
        shown = b""
        while b"done" not in shown:
            shown += screen.read(4096)
    assert (b"indexing" in shown) == progress
    assert (b"a.tsv" in shown) == progress


def test_homonyms_are_rewritten_on_request_only(
    make_kb: MakeKB, records: Sequence[Record], kb: Store
) -> None:
    assert kb.ids_of_name("MS") == ["MESH:D009103", "MESH:D008946"]
    rewritten = make_kb(records, homonyms=True)
    assert rewritten.ids_of_name("MS") == []
    assert rewritten.ids_of_name("MS (Multiple Sclerosis)") == ["MESH:D009103"]
    assert rewritten.meta["counts"]["homonyms"] == 0


def test_a_real_vocabulary(spacy_bel_data: Path, tmp_path: Path) -> None:
    source = spacy_bel_data / "research_only" / "medic" / "CTD_diseases_2017-06-06.tsv.gz"
    meta = build([source], tmp_path / "medic")
    assert meta["counts"]["concepts"] == 11_865
    kb = Store(tmp_path / "medic")
    assert kb.ids_of_name("breast cancer") == ["MESH:D001943"]
    verify(tmp_path / "medic")
