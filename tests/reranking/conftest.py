"""Tiny language models, made here: two layers, and tokenizers trained on a few sentences."""

from __future__ import annotations

import os
import warnings

os.environ["HF_HUB_OFFLINE"] = "1"

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spacy_bel.reranking.causal import CausalLM
from spacy_bel.reranking.prompt import PairBuilder, PromptBuilder
from spacy_bel.types import Candidate, Concept, Mention

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

BLANK_BEFORE_ANSWERS = (
    "{{ bos_token }}{% for message in messages %}{% if message.role == 'user' %}"
    "[INST] {{ message.content }}[/INST]{% else %} {{ message.content }}{{ eos_token }}{% endif %}"
    "{% endfor %}"
)

MENTIONS = (
    Mention("MS", "multiple sclerosis", context="Women with MS were treated.", start=11, end=13),
    Mention("MS", context="MS of the mitral valve, after rheumatic fever", start=0, end=2),
    Mention("糖尿病", context="患者有糖尿病史，血糖控制不佳。", start=3, end=6, lang="zh"),
    Mention("cold", context="He caught a cold", start=12, end=16),
    Mention("diabetes", context="", lang="es"),
)

_NAMES = (
    ("MESH:D009103", "Multiple Sclerosis", "MS"),
    ("MESH:D008946", "Mitral Valve Stenosis", "MS"),
    ("MESH:D003920", "Diabetes Mellitus", "糖尿病"),
    ("MESH:D003139", "Common Cold", "cold"),
    ("MESH:D003080", "Cold Temperature", "cold"),
    ("MESH:D009223", "Myotonic Dystrophy", "DM"),
)

CANDIDATES = tuple(
    Candidate(id_, name, alias, ("Disease",), 0.9 - number / 10)
    for number, (id_, name, alias) in enumerate(_NAMES)
)

QUESTIONS = [(mention, CANDIDATES[: 2 + number]) for number, mention in enumerate(MENTIONS)]

MakeLM = Callable[..., CausalLM]


def describe(ids: Any) -> list[Concept]:
    return [Concept(id_, id_, definition=f"What {id_} is. " * 30) for id_ in ids]


def texts() -> list[str]:
    prompts = [PromptBuilder(lang=None).build(*question).plain for question in QUESTIONS]
    pairs = [text for question in QUESTIONS for text in PairBuilder().build(*question)]
    return [*prompts, *pairs, "assistant user Answer: A B C D E F G yes no"]


@pytest.fixture(scope="session")
def transformers() -> Any:
    pytest.importorskip("torch")
    return pytest.importorskip("transformers")


@pytest.fixture(scope="session")
def make_tokenizer(transformers: Any) -> Callable[..., Any]:
    """A function from a chat template, or None, to a byte-level BPE tokenizer."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<s>"]
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=900, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    trained.train_from_iterator(texts(), trainer)

    def make(template: str | None = CHATML) -> Any:
        tokenizer = transformers.PreTrainedTokenizerFast(
            tokenizer_object=Tokenizer.from_str(trained.to_str()),
            eos_token="<|endoftext|>",
            pad_token="<|endoftext|>",
            bos_token="<s>",
            additional_special_tokens=["<|im_start|>", "<|im_end|>"],
        )
        tokenizer.chat_template = template
        return tokenizer

    return make


@pytest.fixture(scope="session")
def make_model(transformers: Any) -> Callable[..., Path]:
    """A function that writes a model of random weights and its tokenizer into a folder."""
    import torch

    def make(folder: Path, tokenizer: Any, kind: str = "Qwen3", seed: int = 0, **more: Any) -> Path:
        torch.manual_seed(seed)
        settings: dict[str, Any] = {
            "vocab_size": len(tokenizer),
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 8,
            "max_position_embeddings": 2048,
            "initializer_range": 0.3,
            "pad_token_id": tokenizer.pad_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "bos_token_id": None,
            **more,
        }
        config = getattr(transformers, f"{kind}Config")(**settings)
        model = getattr(transformers, f"{kind}ForCausalLM")(config)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def qwen(make_model: Any, make_tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Qwen3 with a chat template."""
    folder: Path = make_model(tmp_path_factory.mktemp("models") / "tiny-qwen", make_tokenizer())
    return folder


@pytest.fixture(scope="session")
def llama(make_model: Any, make_tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama without a chat template."""
    folder: Path = make_model(
        tmp_path_factory.mktemp("models") / "tiny-llama", make_tokenizer(None), "Llama"
    )
    return folder


@pytest.fixture(params=["qwen", "llama"])
def any_model(request: pytest.FixtureRequest) -> Path:
    """One of the two models."""
    path: Path = request.getfixturevalue(request.param)
    return path


@pytest.fixture
def make_lm() -> MakeLM:
    """A function from a folder to a language model in float32."""

    def make(folder: Path, **settings: Any) -> CausalLM:
        return CausalLM(str(folder), **{"dtype": "float32", "device": "cpu", **settings})

    return make


@pytest.fixture
def lm(make_lm: MakeLM, any_model: Path) -> CausalLM:
    """Each of the models in turn."""
    return make_lm(any_model)


@pytest.fixture(scope="session")
def adapter(qwen: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA adapter of the tiny Qwen3 that changes its answers."""
    peft = pytest.importorskip("peft")
    import torch

    from spacy_bel.reranking.loading import load_causal

    model, _ = load_causal(str(qwen), dtype="float32", device="cpu")
    torch.manual_seed(1)
    config = peft.LoraConfig(
        r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False, task_type="CAUSAL_LM"
    )
    folder = tmp_path_factory.mktemp("adapters") / "lora"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of peft about transformers
        peft.get_peft_model(model, config).save_pretrained(folder)
    return folder
