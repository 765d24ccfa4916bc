"""Training: it learns, it can be interrupted, and it keeps the best."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("transformers")

from spacy_bel.errors import BelError
from spacy_bel.examples import Example
from spacy_bel.kb.store import Store
from spacy_bel.reranking.cross_encoder import CrossEncoder
from spacy_bel.training.loop import Settings, train
from spacy_bel.training.optimiser import Rates
from spacy_bel.training.rows import Sampling
from spacy_bel.training.scores import dev_scores

Make = Callable[[], CrossEncoder]

FAST = Settings(
    epochs=30,
    batch_size=4,
    sampling=Sampling(nil_rate=0.0),
    rates=Rates(encoder=3e-3, head=3e-2, weight_decay=0.0),
)


@pytest.fixture
def make(kb: Store, tiny_encoder: Path) -> Make:
    return lambda: CrossEncoder(kb, str(tiny_encoder), sure_gap=2, dtype="float32")


def test_it_learns_what_only_the_context_tells(
    rows: list[Example], make: Make, kb: Store, tmp_path: Path
) -> None:
    curves = train(make(), rows, rows, tmp_path, replace(FAST, epochs=60))
    assert curves[0]["dev"]["acc@1"] == 0.5  # the retriever gives both contexts the same answer
    assert max(entry["dev"]["acc@1"] for entry in curves) == 1.0
    assert curves[-1]["loss"] < curves[1]["loss"]
    assert json.loads((tmp_path / "curves.json").read_text()) == curves
    assert "polyline" in (tmp_path / "curves.html").read_text()
    best = CrossEncoder(kb, None, trained=tmp_path / "best", dtype="float32")
    assert dev_scores(best, rows)[0] == 1.0


def test_dev_is_ranked_as_it_will_be(
    rows: list[Example], kb: Store, tiny_encoder: Path, tmp_path: Path
) -> None:
    of_one = CrossEncoder(kb, str(tiny_encoder), sure_gap=2, candidates=1, dtype="float32")
    curves = train(of_one, rows, rows, tmp_path, FAST)
    # It learns to prefer the second candidate, which it will not be asked about.
    assert {entry["dev"]["acc@1"] for entry in curves} == {0.5}


def _with_parts(row: Example) -> Example:
    return replace(row, mention=replace(row.mention, parts=("a", "b")), doc_id="w")


def _with_cause(row: Example) -> Example:
    first = row.offers[0].candidate
    moved = replace(first, scores={**first.scores, "cause": first.score})
    return replace(
        row, offers=(replace(row.offers[0], candidate=moved), *row.offers[1:]), doc_id="w"
    )


@pytest.mark.parametrize("is_trained", [False, True])
@pytest.mark.parametrize("shown", [_with_parts, _with_cause])
def test_what_training_never_showed_is_left_in_order(
    rows: list[Example],
    kb: Store,
    tmp_path: Path,
    is_trained: bool,
    shown: Callable[[Example], Example],
) -> None:
    second = [row for row in rows if row.gold and row.gold[0] == row.candidates[1].id][:1]
    other = list(map(shown, second))
    reranker = CrossEncoder(kb, None, sure_gap=2)
    train(reranker, [*second, *other] if is_trained else second, second, tmp_path, FAST)
    for row, is_left in ((second[0], False), (other[0], not is_trained)):
        (ranking,) = reranker.rerank([row.mention], [row.candidates])
        assert (ranking.probs[0] > ranking.probs[1]) is is_left


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_an_interrupted_run_ends_where_an_undisturbed_one_does(
    rows: list[Example], kb: Store, tiny_encoder: Path, tmp_path: Path, dtype: str
) -> None:
    import torch

    settings = Settings(
        epochs=4, batch_size=3, eval_every=2, sampling=Sampling(nil_rate=0.2), rates=FAST.rates
    )

    def make() -> CrossEncoder:
        return CrossEncoder(kb, str(tiny_encoder), sure_gap=2, dtype=dtype)

    whole = make()
    curves = train(whole, rows, rows, tmp_path / "whole", settings)

    def interrupt(step: int) -> None:
        if step == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(make(), rows, rows, tmp_path / "parts", settings, on_step=interrupt)
    resumed = make()
    steps: list[int] = []
    again = train(resumed, rows, rows, tmp_path / "parts", settings, on_step=steps.append)
    assert steps[0] == 7  # what was learned since the last evaluation is learned again
    assert again == curves
    for name, tensor in whole.modules().state_dict().items():
        assert torch.equal(tensor, resumed.modules().state_dict()[name]), name


def test_a_folder_with_another_run_is_refused(
    rows: list[Example], kb: Store, tmp_path: Path
) -> None:
    settings = Settings(epochs=1, rates=FAST.rates)
    train(CrossEncoder(kb, None), rows, rows, tmp_path, settings)
    with pytest.raises(BelError, match="B913"):
        train(CrossEncoder(kb, None), rows[1:], rows, tmp_path, settings)
    other = Settings(epochs=2)
    with pytest.raises(BelError, match="B913"):
        train(CrossEncoder(kb, None), rows, rows, tmp_path, other)
    replaced = train(CrossEncoder(kb, None), rows, rows, tmp_path, other, overwrite=True)
    assert len(replaced) == 3
    # The same again has nothing to do.
    assert train(CrossEncoder(kb, None), rows, rows, tmp_path, other, overwrite=True) == replaced


def test_patience_ends_training(rows: list[Example], kb: Store, tmp_path: Path) -> None:
    settings = Settings(epochs=9, patience=2, rates=Rates(encoder=1e-9, head=1e-9))
    curves = train(CrossEncoder(kb, None), rows, rows, tmp_path, settings)
    assert len(curves) == 3


def test_passes_in_parts_give_the_same_gradient(
    rows: list[Example], kb: Store, tmp_path: Path
) -> None:
    found = []
    for micro in (0, 2):
        settings = Settings(epochs=2, batch_size=6, micro_batch=micro, rates=FAST.rates)
        found.append(train(CrossEncoder(kb, None), rows, rows, tmp_path / str(micro), settings))
    assert found[0][-1]["dev"]["loss"] == pytest.approx(found[1][-1]["dev"]["loss"], rel=1e-4)


def test_nothing_to_learn_from_is_an_error(rows: list[Example], kb: Store, tmp_path: Path) -> None:
    with pytest.raises(BelError, match=r"B912.*training"):
        train(CrossEncoder(kb, None), [], rows, tmp_path, FAST)
    with pytest.raises(BelError, match=r"B912.*dev"):
        train(CrossEncoder(kb, None), rows, rows[-1:], tmp_path, FAST)
