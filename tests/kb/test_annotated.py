"""Annotated mentions as names: the dictionary setting of BioSyn."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.kb.build import add_annotated_aliases, build
from spacy_bel.kb.files import verify
from spacy_bel.kb.store import Store
from spacy_bel.types import Alias


@pytest.fixture
def directory(kb_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kb_dir, tmp_path / "kb"))


def _alias(kb: Store, concept_id: str, name: str) -> Alias:
    (found,) = (a for a in kb.describe([concept_id])[0].aliases if a.name == name)
    return found


def test_counts_add_up(directory: Path) -> None:
    mentions = [
        ("MESH:D009103", "MS", "en"),
        ("MESH:D009103", "ms", "en"),
        ("MESH:D009103", "relapsing MS", "en"),
        ("MESH:D008946", "MS", "en"),
        ("MESH:D001943", "mammary tumour", "en"),
    ]
    meta = add_annotated_aliases(directory, mentions, source="train")
    assert (meta["added"], meta["unknown"]) == (5, 0)
    kb = Store(directory)
    # A name that was there keeps its better kind, and its spelling.
    assert _alias(kb, "MESH:D009103", "MS") == Alias("MS", "exact", count=2)
    assert _alias(kb, "MESH:D008946", "MS").count == 1
    new = Alias("relapsing MS", "annotated", source="train", count=1)
    assert _alias(kb, "MESH:D009103", "relapsing MS") == new
    # Annotators are better evidence than a broader synonym.
    assert _alias(kb, "MESH:D001943", "mammary tumour").kind == "annotated"
    again = add_annotated_aliases(directory, mentions[:1], source="dev")
    assert again["sources"] == ["dozen.tsv", "train", "dev"]
    assert _alias(Store(directory), "MESH:D009103", "MS").count == 3


def test_counts_break_ties(directory: Path) -> None:
    add_annotated_aliases(directory, [("MESH:D008946", "MS", "en")], source="train")
    kb = Store(directory)
    aliases = sorted(kb.aliases_of_keys(["ms"])[0].tolist(), key=kb.preference)
    assert kb.concept_ids[kb.alias_concepts[aliases[0]]] == "MESH:D008946"


def test_what_cannot_be_added_is_counted(directory: Path) -> None:
    mentions = [
        ("MESH:D000000", "x", "en"),  # unknown
        ("NIL", "x", "en"),
        ("", "x", "en"),
        ("\ud800", "x", "en"),
        ("MESH:C000011", "x", "en"),  # a cycle of retired ids
        ("MESH:D009103", " ", "en"),  # blank
        ("MESH:C000004", "NIDDM", "en"),  # retired, with a successor
    ]
    meta = add_annotated_aliases(directory, mentions, source="train")
    assert (meta["added"], meta["unknown"]) == (1, 6)
    assert Store(directory).ids_of_name("niddm") == ["MESH:D003924"]


def test_what_is_told_of_the_knowledge_base_stays(directory: Path, kb: Store) -> None:
    meta = add_annotated_aliases(directory, [("MESH:D009103", "plaques", "en")], source="train")
    for part in ("name", "version", "licence"):
        assert meta[part] == kb.meta[part]
    counts = {**kb.meta["counts"], "aliases": kb.meta["counts"]["aliases"] + 1}
    assert meta["counts"] == counts
    new = Store(directory)
    assert new.checksum != kb.checksum
    assert "added" not in new.meta
    verify(directory)


def test_mentions_have_the_language_of_their_corpus(directory: Path) -> None:
    mentions = [("MESH:D009103", "placas", "es"), ("MESH:D009103", "plaques", "en")]
    add_annotated_aliases(directory, mentions, source="corpus")
    assert _alias(Store(directory), "MESH:D009103", "placas").lang == "es"
    assert _alias(Store(directory), "MESH:D009103", "plaques").lang == "en"


@pytest.mark.parametrize("mentions", [[], [("MESH:D000000", "x", "en")], [("NIL", "x", "en")]])
def test_nothing_to_add_is_an_error_that_changes_nothing(
    directory: Path, tmp_path: Path, mentions: list[tuple[str, str, str]]
) -> None:
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    for output in (None, tmp_path / "new"):
        with pytest.raises(BelError, match=rf"\[B113\].*corpus.*: {len(mentions)} have an id"):
            add_annotated_aliases(directory, mentions, source="corpus", output=output)
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before
    assert not (tmp_path / "new").exists()


def test_an_output_of_its_own_leaves_the_original(directory: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    mentions = [("MESH:D009103", "plaques", "en")]
    meta = add_annotated_aliases(directory, mentions, source="train", output=tmp_path / "new")
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before
    assert Store(tmp_path / "new").ids_of_name("plaques") == ["MESH:D009103"]
    assert meta["name"] == "dozen"
    verify(tmp_path / "new")
    in_place = add_annotated_aliases(directory, mentions, source="train")
    assert in_place["checksum"] == meta["checksum"]


def test_what_the_build_counted_stays_counted(tmp_path: Path) -> None:
    source = tmp_path / "names.tsv"
    source.write_text("mesh_id\tname\nD006073\tGout\n\tno id\n")
    spanish = tmp_path / "spanish.tsv"
    spanish.write_text("mesh_id\tsynonyms\nD006073\tgota\nD003920\tdiabetes\n")
    before = build([source, f"{spanish}?lang=es"], tmp_path / "kb")
    assert (before["skipped"], before["counts"]["names_only"]) == (1, 1)
    meta = add_annotated_aliases(tmp_path / "kb", [("MESH:D006073", "podagra", "en")], source="x")
    assert (meta["skipped"], meta["counts"]["names_only"]) == (1, 1)
    assert Store(tmp_path / "kb").meta["skipped"] == 1


@settings(max_examples=15)
@given(st.lists(st.text(min_size=1), max_size=5))
def test_any_unicode(
    kb_dir: Path, tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    directory = Path(shutil.copytree(kb_dir, tmp_path_factory.mktemp("unicode") / "kb"))
    mentions = [("NCBITaxon:9606", text, "en") for text in texts]
    if not any(text.strip() for text in texts):
        with pytest.raises(BelError, match="B113"):
            add_annotated_aliases(directory, mentions, source="train")
        return
    meta = add_annotated_aliases(directory, mentions, source="train")
    assert meta["added"] == sum(1 for text in texts if text.strip())
    kb = Store(directory)
    for text in texts:
        if text.replace("\0", "").strip():
            assert "NCBITaxon:9606" in kb.ids_of_name(text)


def test_a_corpus_that_breaks_leaves_the_old_state(directory: Path) -> None:
    before = {path.name: path.read_bytes() for path in directory.iterdir()}

    def mentions() -> Iterator[tuple[str, str, str]]:
        yield "MESH:D009103", "plaques", "en"
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        add_annotated_aliases(directory, mentions(), source="train")
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


def test_damage_is_not_built_upon(directory: Path) -> None:
    (database,) = directory.glob("concepts-*.sqlite")
    data = bytearray(database.read_bytes())
    data[-1] ^= 1
    database.write_bytes(data)
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    with pytest.raises(BelError, match=r"\[B105\].*concepts-"):
        add_annotated_aliases(directory, [("MESH:D009103", "plaques", "en")], source="train")
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


def test_without_a_knowledge_base_there_is_nothing_to_add_to(tmp_path: Path) -> None:
    with pytest.raises(BelError, match=r"\[B100\]"):
        add_annotated_aliases(tmp_path / "kb", [], source="train")
    assert not (tmp_path / "kb").exists()


def test_who_has_the_old_state_open_goes_on_reading_it(directory: Path) -> None:
    old = Store(directory)
    add_annotated_aliases(directory, [("MESH:D009103", "plaques", "en")], source="train")
    assert old.ids_of_name("plaques") == []
    assert old.ids_of_name("MS") == ["MESH:D009103", "MESH:D008946"]
    assert old.describe(["MESH:D009103"])[0].name == "Multiple Sclerosis"
    assert Store(directory).ids_of_name("plaques") == ["MESH:D009103"]
