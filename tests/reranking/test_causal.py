from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spacy_bel.errors import BelError
from spacy_bel.reranking.causal import CausalLM
from spacy_bel.reranking.forward import collate, option_logits
from spacy_bel.reranking.loading import load_causal
from spacy_bel.reranking.prompt import PromptBuilder
from spacy_bel.reranking.setwise import SetwiseLLM
from spacy_bel.reranking.tokens import TokenPrompt, training_prompts
from spacy_bel.reranking.weights import checksum, write_adapter_info
from spacy_bel.types import Ranking
from tests.reranking.conftest import CANDIDATES, MENTIONS, QUESTIONS, MakeLM


def prompts(lm: CausalLM) -> list[TokenPrompt]:
    return [lm.encoder.encode(PromptBuilder().build(*question)) for question in QUESTIONS]


def rerank(lm: CausalLM) -> list[Ranking]:
    return SetwiseLLM(lm, PromptBuilder()).rerank(*zip(*QUESTIONS, strict=True))


def test_nothing_is_loaded_or_fetched_at_construction() -> None:
    lm = CausalLM("nobody/no-such-model")
    with pytest.raises(BelError, match=r"B413.*no-such-model.*hf download"):
        _ = lm.model
    with pytest.raises(BelError, match="B413"):
        _ = lm.base


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BelError, match="B711"):
        load_causal(str(tmp_path))


@pytest.mark.parametrize(("setting", "value"), [("batch_size", 0), ("max_tokens", -1)])
def test_settings_out_of_range_are_refused(setting: str, value: int) -> None:
    with pytest.raises(BelError, match=rf"B706.*{setting}"):
        CausalLM("m", **{setting: value})  # type: ignore[arg-type]


def test_the_window_is_that_of_the_model(qwen: Path, make_lm: MakeLM) -> None:
    assert make_lm(qwen).max_tokens == 2048
    assert make_lm(qwen, max_tokens=100).max_tokens == 100
    assert make_lm(qwen, max_tokens=10_000).max_tokens == 2048


def test_filling_has_no_influence(qwen: Path, make_lm: MakeLM) -> None:
    import torch

    lm = make_lm(qwen)
    found = prompts(lm)
    with torch.no_grad():
        one, other = (option_logits(lm.model, collate(found, pad)).numpy() for pad in (0, 77))
        alone = [option_logits(lm.model, collate([prompt], 0)).numpy()[0] for prompt in found]
    np.testing.assert_allclose(one, other, atol=1e-6)
    for row, own, prompt in zip(one, alone, found, strict=True):
        np.testing.assert_allclose(row[: len(prompt.options)], own, atol=5e-6)
        assert np.isneginf(row[len(prompt.options) :]).all()


def test_models_with_a_sliding_window_go_without_prefix(
    make_model: Any, make_tokenizer: Any, make_lm: MakeLM, tmp_path: Path
) -> None:
    window = {"use_sliding_window": True, "sliding_window": 24, "max_window_layers": 0}
    folder = make_model(tmp_path / "sliding", make_tokenizer(), "Qwen3", **window)
    lm = make_lm(folder, batch_size=4)
    together = lm.logits(prompts(lm))
    assert list(lm._prefixes.values()) == [None]
    for prompt, values in zip(prompts(lm), together, strict=True):
        np.testing.assert_allclose(make_lm(folder).logits([prompt])[0], values, atol=5e-6)


def test_numbers_that_are_not_finite_are_refused(
    make_model: Any, make_tokenizer: Any, make_lm: MakeLM, tmp_path: Path
) -> None:
    folder = make_model(tmp_path / "huge", make_tokenizer(), initializer_range=1e4)
    with pytest.raises(BelError, match=r"B718.*float32"):
        rerank(make_lm(folder, dtype="float16"))


def test_an_adapter_changes_answers(qwen: Path, adapter: Path, make_lm: MakeLM) -> None:
    plain, adapted = rerank(make_lm(qwen)), rerank(make_lm(qwen, adapter=adapter))
    changes = [abs(a.nil - b.nil) for a, b in zip(plain, adapted, strict=True)]
    assert max(changes) > 0.01


def test_an_adapter_of_a_model_of_another_name_is_refused(
    llama: Path, adapter: Path, make_lm: MakeLM
) -> None:
    with pytest.raises(BelError, match=r"B712.*tiny-qwen.*tiny-llama"):
        rerank(make_lm(llama, adapter=adapter))


@pytest.fixture
def twin(make_model: Any, make_tokenizer: Any, tmp_path: Path) -> Path:
    """A model of the same name and shape as another one, with other weights."""
    folder: Path = make_model(tmp_path / "tiny-qwen", make_tokenizer(), seed=5)
    return folder


def test_an_adapter_that_knows_its_model_takes_no_other(
    qwen: Path, twin: Path, adapter: Path, make_lm: MakeLM, tmp_path: Path
) -> None:
    known = Path(shutil.copytree(adapter, tmp_path / "known"))
    write_adapter_info(known, make_lm(qwen).base, PromptBuilder().version)
    assert rerank(make_lm(qwen, adapter=known)) == rerank(make_lm(qwen, adapter=adapter))
    with pytest.raises(BelError, match="B712"):
        rerank(make_lm(twin, adapter=known))


def test_an_adapter_of_another_shape_is_refused(
    adapter: Path, make_lm: MakeLM, make_model: Any, make_tokenizer: Any, tmp_path: Path
) -> None:
    wide = make_model(tmp_path / "tiny-qwen", make_tokenizer(), hidden_size=48)
    with pytest.raises(BelError, match="B719"):
        rerank(make_lm(wide, adapter=adapter))
    with pytest.raises(BelError, match="B716"):
        rerank(make_lm(wide, adapter=tmp_path / "nowhere"))


def test_adapters_for_other_prompts_are_refused(
    qwen: Path, adapter: Path, make_lm: MakeLM, tmp_path: Path
) -> None:
    known = Path(shutil.copytree(adapter, tmp_path / "known"))
    write_adapter_info(known, make_lm(qwen).base, PromptBuilder(types=True).version)
    with pytest.raises(BelError, match=r"B713.*setwise\.v1"):
        rerank(make_lm(qwen, adapter=known))


def test_other_weights_have_another_checksum(
    qwen: Path, make_model: Any, make_tokenizer: Any, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(qwen, tmp_path / "copy"))
    assert checksum(copy) == checksum(qwen)
    (copy / "README.md").write_text("something")
    assert checksum(copy) == checksum(qwen)
    assert checksum(make_model(tmp_path / "other", make_tokenizer(), seed=9)) != checksum(qwen)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "rope_theta": 5}))
    assert checksum(copy) != checksum(qwen)


def test_pickling_drops_the_model(qwen: Path, adapter: Path, make_lm: MakeLM) -> None:
    lm = make_lm(qwen, adapter=adapter)
    found = rerank(lm)
    content = pickle.dumps(lm)
    assert len(content) < 2_000
    assert rerank(pickle.loads(content)) == found


_SCRIPT = """
import multiprocessing, pickle, sys

def ask(reranker):
    from tests.reranking.conftest import QUESTIONS
    return reranker.rerank(*zip(*QUESTIONS))

def ask_inherited(_):
    return ask(reranker)

if __name__ == "__main__":
    import torch
    torch.set_num_threads(2)
    from spacy_bel.reranking.causal import CausalLM
    from spacy_bel.reranking.prompt import PromptBuilder
    from spacy_bel.reranking.setwise import SetwiseLLM

    reranker = SetwiseLLM(CausalLM(sys.argv[1], dtype="float32", device="cpu"), PromptBuilder())
    here = ask(reranker)
    reranker.lm._answers.clear()
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.map(ask_inherited, range(2))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found += pool.map(ask, [reranker])
    assert len(found) == 3
    for rankings in found:
        for one, other in zip(here, rankings, strict=True):
            assert abs(one.nil - other.nil) < 1e-5, (one, other)
    print("same")
"""


def test_forked_and_spawned_processes_give_the_same(qwen: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(_SCRIPT)
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, str(script), str(qwen)],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "same"


def test_training_and_inference_share_prompts_and_logits(qwen: Path, make_lm: MakeLM) -> None:
    """A few steps of cross-entropy over options teach the model what it then answers."""
    import torch

    lm = make_lm(qwen)
    gold = [1, 2, 0, None, 5]
    items = [(*question, one, None) for question, one in zip(QUESTIONS, gold, strict=True)]
    tokens, targets = zip(*training_prompts(lm.encoder, PromptBuilder(), items), strict=True)
    batch = collate(tokens, 0)
    optimizer = torch.optim.Adam(lm.model.parameters(), lr=3e-3)
    for _ in range(30):
        loss = torch.nn.functional.cross_entropy(
            option_logits(lm.model, batch), torch.tensor(targets)
        )
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    answers = [
        None if ranking.nil > max(ranking.probs) else int(np.argmax(ranking.probs))
        for ranking in rerank(lm)
    ]
    assert loss.item() < 0.1
    assert answers == gold
    assert len(MENTIONS) == len(answers)
    assert len(CANDIDATES) == 6
