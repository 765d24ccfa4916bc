"""Examples: rows survive the file, and no document is looked up among its own mentions."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from typer.testing import CliRunner

from spacy_bel.cli.app import app
from spacy_bel.errors import BelError
from spacy_bel.examples import (
    Example,
    KBReference,
    Label,
    Offer,
    from_line,
    read_examples,
    to_line,
    write_examples,
)
from spacy_bel.kb.build import add_annotated_aliases
from spacy_bel.kb.store import Store
from spacy_bel.kb.vectors import embed
from spacy_bel.training.make_examples import find_retriever, make_examples
from spacy_bel.types import NIL, Alias, Candidate, Mention
from spacy_bel.vectors.encoder import Encoder, EncoderSettings

TEXT = st.text(min_size=1, max_size=12)


@st.composite
def _examples(draw: st.DrawFn) -> Example:
    left, text, right = draw(TEXT), draw(TEXT), draw(TEXT)
    ids = draw(st.lists(TEXT, max_size=4, unique=True))
    offers = tuple(
        Offer(
            Candidate(id_, draw(TEXT), draw(TEXT), (), draw(st.floats(0, 1)), {"exact": 0.5}, "kb"),
            (Alias(draw(TEXT), "annotated", count=draw(st.integers(0, 9))),),
            draw(st.integers(0, 99)),
        )
        for id_ in ids
    )
    label = Label("teacher", draw(TEXT), probs={NIL: draw(st.floats(0, 1))}, cost=0.1)
    return Example(
        Mention(text, context=left + text + right, start=len(left), end=len(left) + len(text)),
        offers,
        draw(st.none() | st.lists(TEXT, min_size=1, max_size=2).map(tuple)),
        doc_id=draw(TEXT),
        offset=draw(st.integers(0, 9)),
        kb=KBReference(draw(TEXT), "1", "abc"),
        labels=(label,),
        provenance="teacher",
    )


@given(_examples())
def test_a_row_survives_its_line(example: Example) -> None:
    line = to_line(example)
    assert "\n" not in line
    assert from_line(line) == example
    assert from_line(line).key() == json.loads(line)["key"]


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_rows_survive_their_file(rows: list[Example], tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    assert write_examples(rows, path) == len(rows)
    assert list(read_examples(path)) == rows


def test_keys_differ_by_place_knowledge_base_and_prompt(rows: list[Example]) -> None:
    row = rows[0]
    others = (
        replace(row, doc_id="other").key(),
        replace(row, offset=row.offset + 1).key(),
        replace(row, kb=KBReference(checksum="other")).key(),
        row.key("a prompt"),
    )
    assert len({row.key(), *others}) == 5
    assert replace(row, gold=None, labels=(Label("x", "y"),)).key() == row.key()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 2}, "B903"),
        ({"start": 1}, "not at its place"),
        ({"gold": []}, "gold is empty"),
        ({"provenance": "hearsay"}, "provenance"),
        ({"candidates": 1}, "B904"),
        ({"labels": [{"source": "x", "id": "y", "probs": {"y": 2}}]}, "outside 0 to 1"),
        ({"labels": [{"who": "x"}]}, "B904"),
    ],
)
def test_what_is_no_row_is_refused_with_its_place(
    rows: list[Example], tmp_path: Path, change: dict[str, object], message: str
) -> None:
    path = tmp_path / "rows.jsonl"
    line = json.dumps({**json.loads(to_line(rows[0])), **change})
    path.write_text(f"{to_line(rows[1])}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(BelError, match=rf"B901.*line 3.*{message}"):
        list(read_examples(path))
    path.write_text("{")
    with pytest.raises(BelError, match=r"B901.*line 1.*B904"):
        list(read_examples(path))
    with pytest.raises(BelError, match="B900"):
        list(read_examples(tmp_path / "none.jsonl"))


@pytest.fixture
def nlp(kb_dir: Path) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("bel_linker", config={"kb": str(kb_dir)})
    return nlp


MakeDocs = Callable[[], list[Doc]]


@pytest.fixture
def docs(nlp: Language) -> list[Doc]:
    """Four documents that call diabetes by a name that only two of them share."""
    found = []
    for word in ("sugar sickness", "sugar sickness", "sweet urine", "cold"):
        doc = nlp.make_doc(f"A woman with {word}.")
        id_ = "MESH:D003139" if word == "cold" else "MESH:D003920"
        doc.ents = (Span(doc, 3, len(doc) - 1, "Disease", kb_id=id_),)
        found.append(doc)
    return found


def test_a_document_is_looked_up_among_the_mentions_of_others(
    nlp: Language, docs: list[Doc]
) -> None:
    component = find_retriever(nlp)
    before = component.kb.checksum
    rows = list(make_examples(component, docs, folds=4))
    best = {row.mention.text: row.offers[0].candidate for row in rows if row.offers}
    assert len(rows) == 4
    assert best["sugar sickness"].id == "MESH:D003920"
    assert best["sugar sickness"].score == 1.0
    assert "sweet urine" not in best or best["sweet urine"].score < 0.9
    named = {name.name for row in rows for offer in row.offers for name in offer.names}
    assert "sugar sickness" in named
    assert "sweet urine" not in {
        name.name
        for row in rows
        if row.mention.text == "sweet urine"
        for offer in row.offers
        for name in offer.names
    }
    assert component.kb.checksum == before


def test_further_documents_are_names_in_every_fold(nlp: Language, docs: list[Doc]) -> None:
    rows = list(make_examples(find_retriever(nlp), docs[:2], folds=2, further=docs[2:3]))
    assert all(
        "sweet urine" in {name.name for offer in row.offers for name in offer.names} for row in rows
    )


def test_the_names_of_a_fold_have_vectors(
    docs: list[Doc], kb: Store, tiny_encoder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("sentence_transformers")
    kb.save(tmp_path / "kb")
    embed(tmp_path / "kb", Encoder(EncoderSettings(str(tiny_encoder))))
    nlp = spacy.blank("en", vocab=docs[0].vocab)
    retriever = {"@misc": "spacy-bel.DenseRetriever.v1"}
    nlp.add_pipe("bel_linker", config={"kb": str(tmp_path / "kb"), "retriever": retriever})
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the retriever warns of names without a vector
        rows = list(make_examples(find_retriever(nlp), docs, folds=2))
    assert any(name.count for row in rows for offer in row.offers for name in offer.names)


def test_without_folds_the_knowledge_base_is_taken_as_it_is(
    nlp: Language, docs: list[Doc], kb: Store
) -> None:
    rows = list(make_examples(find_retriever(nlp), docs))
    assert [row.gold for row in rows] == [("MESH:D003920",)] * 3 + [("MESH:D003139",)]
    assert {row.kb.checksum for row in rows} == {kb.checksum}
    (cold,) = (row for row in rows if row.mention.text == "cold")
    assert {offer.candidate.id for offer in cold.offers[:2]} == {"MESH:D003139", "MESH:D003080"}


def test_what_cannot_work_is_refused(
    nlp: Language, docs: list[Doc], kb_dir: Path, tmp_path: Path
) -> None:
    component = find_retriever(nlp)
    with pytest.raises(BelError, match="B921"):
        list(make_examples(component, docs, folds=5))
    with pytest.raises(BelError, match="B920"):
        list(make_examples(component, [nlp.make_doc("nothing")]))
    with pytest.raises(BelError, match="B923"):
        find_retriever(spacy.blank("en"))
    add_annotated_aliases(
        kb_dir, [("MESH:D003920", "sugar", "en")], source="train", output=tmp_path / "kb"
    )
    component.set_kb(Store(tmp_path / "kb"))
    with pytest.raises(BelError, match="B922"):
        list(make_examples(component, docs, folds=2))


def test_the_commands_make_examples_and_train_on_them(
    nlp: Language, docs: list[Doc], kb_dir: Path, tmp_path: Path
) -> None:
    pytest.importorskip("transformers")
    nlp.to_disk(tmp_path / "pipeline")
    DocBin(docs=docs).to_disk(tmp_path / "train.spacy")
    runner, rows = CliRunner(), tmp_path / "train.jsonl"
    arguments = [str(tmp_path / "pipeline"), str(tmp_path / "train.spacy"), str(rows)]
    done = runner.invoke(app, ["examples", *arguments, "--folds", "2"])
    assert done.exit_code == 0, done.output
    assert len(list(read_examples(rows))) == 4
    config = Path(__file__).parents[2] / "configs" / "cross_encoder.cfg"
    settings = {
        "corpora.train": rows,
        "corpora.dev": rows,
        "corpora.kb": kb_dir,
        "reranker.model": "null",
        "reranker.compare": "null",
        "training.epochs": 1,
    }
    flat = [text for name, value in settings.items() for text in (f"--{name}", str(value))]
    output = tmp_path / "out"
    done = runner.invoke(app, ["train", "reranker", str(config), str(output), *flat])
    assert done.exit_code == 0, done.output
    assert "dev Acc@1" in done.output
    assert (output / "best" / "cross_encoder.json").exists()
    done = runner.invoke(app, ["train", "reranker", str(config), str(output)])
    assert "B915" in str(done.exception)
