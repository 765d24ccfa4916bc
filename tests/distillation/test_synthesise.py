"""Rows from names: gold is what the knowledge base says, and its name is not given away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from spacy.language import Language

from spacy_bel.distillation.drafts import as_written, from_text
from spacy_bel.distillation.hold_out import without_names
from spacy_bel.distillation.synthesise import Synthesis, synthesise
from spacy_bel.errors import BelError
from spacy_bel.examples import Example, read_examples
from spacy_bel.kb.build import build_from_records
from spacy_bel.kb.store import Store
from spacy_bel.text import key, surface
from spacy_bel.training.make_examples import find_retriever
from spacy_bel.types import Concept


def made(
    nlp: Language, path: Path, mined: Sequence[Path] = (), **settings: object
) -> list[Example]:
    component = find_retriever(nlp)
    before = component.kb
    settings = {"folds": 1, **settings}
    synthesise(component, path, Synthesis(**settings), mined=mined)  # type: ignore[arg-type]
    assert component.kb is before
    return list(read_examples(path))


def test_the_name_of_a_mention_is_held_out(nlp: Language, sample: Store, tmp_path: Path) -> None:
    rows = made(nlp, tmp_path / "rows.jsonl", kept=0.0, folds=2)
    assert len(rows) > 100
    held = 0
    forms: dict[str, list[str]] = {}
    for concept in sample.concepts():
        for alias in concept.aliases:
            forms.setdefault(as_written(alias.name), []).append(alias.name)
    for row in rows:
        (gold,) = row.gold or ("",)
        names = {key(alias.name) for alias in sample.describe([gold])[0].aliases}
        assert key(row.mention.text) in names
        assert row.provenance == "synthetic"
        assert row.kb.checksum == sample.checksum
        for offer in row.offers:
            if offer.candidate.id == gold and len(sample.ids_of_name(row.mention.text)) == 1:
                held += 1
                shown = {surface(name.name) for name in offer.names}
                assert not shown.intersection(surface(n) for n in forms[row.mention.text])
                assert offer.candidate.scores.get("exact", 0.0) < 1
    assert held > 50


def test_contexts_come_from_definitions_or_other_names(
    nlp: Language, sample: Store, tmp_path: Path
) -> None:
    kinds: Counter[str] = Counter()
    for row in made(nlp, tmp_path / "rows.jsonl"):
        (concept,) = sample.describe([(row.gold or ("",))[0]])
        rest = row.mention.context.removeprefix(row.mention.text)
        if rest.startswith(": "):
            assert concept.definition.startswith(rest[2:].rstrip("."))
        elif rest:
            others = {as_written(alias.name) for alias in concept.aliases}
            assert rest[2:-1] in others - {row.mention.text}
        kinds[rest[:2]] += 1
    assert set(kinds) == {"", ": ", " ("}


def test_mined_text_gives_names_that_are_unambiguous(
    nlp: Language, mined: Path, rows: list[Example], sample: Store, tmp_path: Path
) -> None:
    drafts = list(from_text(sample, rows))
    assert 0 < len(drafts) < len(rows)
    for draft in drafts:
        assert sample.ids_of_name(draft.mention.query or draft.mention.text) == [draft.concept]
    settings = {"limit": 40, "per_concept": 2, "homonyms": True}
    found = made(nlp, tmp_path / "rows.jsonl", [mined], **settings)
    assert 35 <= len(found) <= 40  # those without candidates are left out
    texts = [row for row in found if not row.doc_id.startswith("kb:")]
    contexts = {row.mention.context for row in rows}
    assert 0 < len(texts) <= 20
    assert all(row.mention.context in contexts for row in texts)
    assert max(Counter((row.doc_id[:3] == "kb:", row.gold) for row in found).values()) <= 2


def test_names_of_several_concepts_are_left_out_unless_asked_for(
    nlp: Language, tmp_path: Path
) -> None:
    def shared(row: Example) -> bool:
        exact = {each.id: each.scores.get("exact", 0.0) for each in row.candidates}
        own = exact.pop((row.gold or ("",))[0], 0.0)
        return 0 < max(exact.values(), default=0.0) >= own

    every = made(nlp, tmp_path / "every.jsonl", homonyms=True)
    few = made(nlp, tmp_path / "few.jsonl")
    assert any(map(shared, every))
    assert [row for row in every if not shared(row)] == few


def test_the_same_seed_makes_the_same_rows(nlp: Language, tmp_path: Path) -> None:
    made(nlp, tmp_path / "a.jsonl", limit=30, seed=1)
    made(nlp, tmp_path / "b.jsonl", limit=30, seed=1)
    made(nlp, tmp_path / "c.jsonl", limit=30, seed=2)
    a, b, c = ((tmp_path / f"{name}.jsonl").read_bytes() for name in "abc")
    assert a == b != c


def test_a_knowledge_base_without_names(sample: Store) -> None:
    id_ = next(id_ for id_ in sample if len(sample.describe([id_])[0].aliases) > 2)
    (concept,) = sample.describe([id_])
    gone = next(alias.name for alias in concept.aliases if alias.kind != "preferred")
    with without_names(sample, [(id_, gone), (id_, concept.name)]) as other:
        left = [alias.name for alias in other.describe([id_])[0].aliases]
        assert len(other) == len(sample)
        path = other.path
    assert left == [alias.name for alias in concept.aliases if alias.name != gone]
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Neoplasms, Breast", "breast neoplasms"),
        ("Diabetes Mellitus, Type II", "type II diabetes mellitus"),
        ("HIV Infections", "HIV infections"),
        ("Deficiency, A, B", "deficiency, A, B"),
        ("cold", "cold"),
    ],
)
def test_names_are_written_as_in_text(name: str, written: str) -> None:
    assert as_written(name) == written


def test_a_knowledge_base_without_second_names_is_refused(tmp_path: Path) -> None:
    import spacy

    build_from_records([Concept("MESH:D1", "One Name")], tmp_path / "kb", {"name": "one"})
    nlp = spacy.blank("en")
    nlp.add_pipe("bel_linker", config={"kb": str(tmp_path / "kb")})
    with pytest.raises(BelError, match="B820"):
        made(nlp, tmp_path / "rows.jsonl")


@pytest.mark.parametrize("setting", [{"kept": 2.0}, {"folds": 0}, {"limit": 0}])
def test_settings_out_of_range_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(BelError, match="B801"):
        Synthesis(**setting)  # type: ignore[arg-type]


def test_vectors_are_taken_over(sample: Store, tiny_encoder: Path, tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    from spacy_bel.kb.vectors import Vectors, embed
    from spacy_bel.vectors.encoder import Encoder, EncoderSettings

    sample.save(tmp_path / "kb")
    embed(tmp_path / "kb", Encoder(EncoderSettings(str(tiny_encoder))))
    store = Store(tmp_path / "kb")
    id_ = next(id_ for id_ in store if len(store.describe([id_])[0].aliases) > 2)
    gone = store.describe([id_])[0].aliases[-1].name
    with without_names(store, [(id_, gone)]) as other:
        rows = Vectors.of(other).rows
        assert len(rows) == len(store.alias_names) - 1
        assert np.all(rows >= 0)
