"""Training a retriever's encoder: a tiny one learns the synonyms of a knowledge base."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spacy_bel.errors import BelError
from spacy_bel.kb.store import Store
from spacy_bel.training.mining import mine
from spacy_bel.training.pairs import Annotated, Names
from spacy_bel.training.retriever import BEST, RetrieverTraining
from spacy_bel.training.retriever_settings import RetrieverSettings, settings_of
from spacy_bel.types import Mention
from spacy_bel.vectors.encoder import Encoder, EncoderSettings

pytest.importorskip("sentence_transformers")
pytest.importorskip("datasets")

# Hugging Face's trainer warns of what is no concern of ours.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*pin_memory.*:UserWarning"),
]

Run = Callable[..., RetrieverTraining]


@pytest.fixture
def dev(kb: Store) -> list[Annotated]:
    """Every name, with words around it, as a mention of its concept."""
    named: dict[str, set[int]] = {}
    for name, concept in zip(kb.alias_names, kb.alias_concepts.tolist(), strict=True):
        named.setdefault(name, set()).add(concept)
    return [
        Annotated(Mention(f"her {name}", context=f"Is her {name} mild?", start=3, end=7), (*own,))
        for name, own in named.items()
        if len(own) == 1
    ]


@pytest.fixture
def run(kb: Store, tiny_encoder: Path, tmp_path: Path, dev: list[Annotated]) -> Run:
    def make(output: str = "out", choose: bool = True, **settings: Any) -> RetrieverTraining:
        encoder = Encoder(EncoderSettings(str(tiny_encoder)), dtype="float32")
        chosen = RetrieverSettings(**{"batch_size": 8, "learning_rate": 5e-3, **settings})
        return RetrieverTraining(
            kb, encoder, chosen, tmp_path / output, annotated=dev, dev=dev if choose else []
        )

    return make


def test_self_alignment_draws_synonyms_together(
    run: Run, tmp_path: Path, tiny_encoder: Path
) -> None:
    run(rounds=4, choose=False).run()
    texts = ["aspirin", "acetylsalicylic acid", "mitral stenosis"]
    gains = []
    for folder in (tiny_encoder, tmp_path / "out" / BEST):
        same, synonym, other = Encoder(EncoderSettings(str(folder)), dtype="float32").encode(texts)
        gains.append(same @ synonym - same @ other)
    assert gains[1] > gains[0] + 0.3


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "multi_similarity"},
        {"hard_negatives": 1},
        {"objective": "mentions"},
        {"objective": "contexts", "hard_negatives": 1, "max_length": 48},
    ],
    ids=str,
)
def test_every_way_of_training_runs(run: Run, tmp_path: Path, settings: dict[str, Any]) -> None:
    if settings.get("loss"):
        pytest.importorskip("pytorch_metric_learning")
    curves = run(steps=2, evaluations=1, **settings).run()
    assert len(curves) == 2
    assert (tmp_path / "out" / BEST / "model.safetensors").exists()


def test_the_best_state_is_never_worse_than_the_start(run: Run, tmp_path: Path) -> None:
    curves = run(steps=1, learning_rate=1.0, evaluations=1).run()
    best = Encoder(EncoderSettings(str(tmp_path / "out" / BEST)))
    assert curves[1]["recall@1"] < curves[0]["recall@1"]
    assert best.checksum == run("again").encoder.checksum


def test_an_interrupted_run_goes_on_to_the_same_result(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: dict[str, Any] = {"rounds": 2, "evaluations": 2}
    whole = run("whole", **settings).run()
    from transformers import TrainerCallback

    class Killed(TrainerCallback):
        """Stops the second round after its first checkpoint."""

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if "round-2" in args.output_dir:
                raise KeyboardInterrupt

    broken = run("resumed", **settings)
    with monkeypatch.context() as patch:
        from sentence_transformers import SentenceTransformerTrainer

        init = SentenceTransformerTrainer.__init__

        def with_callback(self: Any, *args: Any, **kwargs: Any) -> None:
            init(self, *args, **{**kwargs, "callbacks": [Killed()]})

        patch.setattr(SentenceTransformerTrainer, "__init__", with_callback)
        with pytest.raises(KeyboardInterrupt):
            broken.run()
    assert list((tmp_path / "resumed" / "round-2").glob("checkpoint-*"))
    assert run("resumed", **settings).run() == whole
    weights = [
        (tmp_path / name / BEST / "model.safetensors").read_bytes() for name in ("whole", "resumed")
    ]
    assert weights[0] == weights[1]


def test_another_run_in_the_same_folder_is_refused(run: Run) -> None:
    run(steps=1)
    with pytest.raises(BelError, match="B952"):
        run(steps=2)


def test_pairs_are_of_one_concept_and_cross_languages(kb: Store) -> None:
    names = Names(kb)
    random = np.random.default_rng(0)
    pairs = [pair for _ in range(20) for pair in names.synonym_pairs(random)]
    for pair in pairs:
        own = names.of(pair.concept)
        assert pair.anchor in own
        assert pair.positive in own
        assert pair.anchor.lower() != pair.positive.lower()
    crossing = {("Multiple Sclerosis", "多发性硬化"), ("MS", "esclerosis múltiple")}
    assert crossing <= {(pair.anchor, pair.positive) for pair in pairs}
    only = Names(kb, languages=["es"])
    assert not list(only.synonym_pairs(random))


def test_hard_negatives_are_names_of_other_concepts(kb: Store, tiny_encoder: Path) -> None:
    random = np.random.default_rng(0)
    names = Names(kb)
    pairs = list(names.synonym_pairs(random))
    mined = mine(kb, Encoder(EncoderSettings(str(tiny_encoder))), pairs, 3, random)
    assert len(mined) == len(pairs)
    for pair in mined:
        assert len(set(pair.negatives)) == 3
        own = {name.lower() for name in names.of(pair.concept)}
        assert own.isdisjoint(name.lower() for name in pair.negatives)


def test_the_mention_is_marked_in_its_context() -> None:
    mention = Mention("MS", context="Her MS is mild.", start=4, end=6)
    assert mention.marked() == "Her [E1] MS [/E1] is mild."
    assert Mention("MS").marked("<", ">") == "<MS>"


@pytest.mark.parametrize(
    "block",
    [
        {"objective": "names"},
        {"loss": "triplet"},
        {"rounds": 0},
        {"learning": 1},
        {"loss": "multi_similarity", "hard_negatives": 2},
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused(block: dict[str, Any]) -> None:
    with pytest.raises(BelError, match="B950"):
        settings_of(block)


def test_mentions_are_needed_to_learn_from_mentions(
    kb: Store, tiny_encoder: Path, tmp_path: Path
) -> None:
    encoder = Encoder(EncoderSettings(str(tiny_encoder)))
    with pytest.raises(BelError, match="B951"):
        RetrieverTraining(kb, encoder, RetrieverSettings(objective="mentions"), tmp_path)


def test_the_curves_are_written(run: Run, tmp_path: Path) -> None:
    curves = run(steps=1).run()
    assert json.loads((tmp_path / "out" / "curves.json").read_text()) == curves
