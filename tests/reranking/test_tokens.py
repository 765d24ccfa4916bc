from __future__ import annotations

from pathlib import Path
from string import ascii_uppercase
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.reranking.prompt import PairBuilder, PromptBuilder
from spacy_bel.reranking.tokens import PromptEncoder, training_prompts
from tests.reranking.conftest import (
    BLANK_BEFORE_ANSWERS,
    CANDIDATES,
    MENTIONS,
    QUESTIONS,
    MakeLM,
    texts,
)


def sentencepiece(transformers: Any, *, cover: bool = True) -> Any:
    """A tokenizer of the sentencepiece kind: blanks belong to the word behind them."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    trained = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<unk>", "<s>", "</s>"],
        initial_alphabet=list(ascii_uppercase) if cover else [],
        show_progress=False,
    )
    trained.train_from_iterator(texts() if cover else ["abc"], trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=trained, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )


def decode(encoder: PromptEncoder, tokens: tuple[int, ...]) -> list[str]:
    return [encoder.tokenizer.decode([token]).strip(" ▁") for token in tokens]


def test_options_are_the_letters_in_order(any_model: Path, make_lm: MakeLM) -> None:
    encoder = make_lm(any_model).encoder
    for mention, candidates in QUESTIONS:
        found = encoder.encode(PromptBuilder().build(mention, candidates))
        assert decode(encoder, found.options) == list(ascii_uppercase[: len(candidates) + 1])


def test_a_chat_template_is_used(qwen: Path, make_lm: MakeLM) -> None:
    encoder = make_lm(qwen).encoder
    prompt = PromptBuilder().build(*QUESTIONS[0])
    text = encoder.tokenizer.decode(encoder.encode(prompt).ids)
    content = prompt.messages[0]["content"]
    assert text == f"<|im_start|>user\n{content}<|im_end|>\n<|im_start|>assistant\n"


def test_without_a_chat_template_the_prompt_is_text(llama: Path, make_lm: MakeLM) -> None:
    encoder = make_lm(llama).encoder
    prompt = PromptBuilder().build(*QUESTIONS[0])
    assert encoder.tokenizer.decode(encoder.encode(prompt).ids).startswith(prompt.plain)


def test_letters_are_written_as_the_template_writes_answers(make_tokenizer: Any) -> None:
    encoder = PromptEncoder(make_tokenizer(BLANK_BEFORE_ANSWERS), "m")
    tokenizer = encoder.tokenizer
    tokenizer.add_tokens([f" {letter}" for letter in ascii_uppercase])
    found = encoder.encode(PromptBuilder().build(*QUESTIONS[0]))
    assert list(found.options) == tokenizer.convert_tokens_to_ids([" A", " B", " C"])


def test_a_lone_blank_before_letters_goes_to_the_prompt(transformers: Any) -> None:
    encoder = PromptEncoder(sentencepiece(transformers), "m")
    tokenizer = encoder.tokenizer
    prompt = PromptBuilder().build(*QUESTIONS[0])
    found = encoder.encode(prompt)
    for letter, option in zip("ABC", found.options, strict=True):
        whole = tokenizer(f"{prompt.plain} {letter}")["input_ids"]
        without = tokenizer(f"{prompt.plain}{letter}")["input_ids"]
        assert [*found.ids, option] in (whole, without)


def test_letters_that_the_tokenizer_does_not_know_are_refused(transformers: Any) -> None:
    encoder = PromptEncoder(sentencepiece(transformers, cover=False), "poor-model")
    with pytest.raises(BelError, match=r"B710.*poor-model"):
        encoder.encode(PromptBuilder().build(*QUESTIONS[0]))
    with pytest.raises(BelError, match=r"B710.*poor-model"):
        encoder.encode_pairs(PairBuilder(), *QUESTIONS[0])


def test_tokens_of_an_answer_follow_those_of_the_prompt(any_model: Path, make_lm: MakeLM) -> None:
    """What training writes behind a prompt is what inference reads there."""
    encoder = make_lm(any_model).encoder
    items = [
        (MENTIONS[0], CANDIDATES[:4], 2, (3, 2, 1, 0)),
        (MENTIONS[1], CANDIDATES[:2], None, None),
        (MENTIONS[2], CANDIDATES[:3], 0, (1, 2, 0)),
    ]
    found = list(training_prompts(encoder, PromptBuilder(), items))
    assert [target for _, target in found] == [1, 2, 2]
    for (mention, candidates, gold, order), (tokens, target) in zip(items, found, strict=True):
        prompt = PromptBuilder().build(mention, candidates, order)
        letter = prompt.letter_of(gold)
        answered = encoder.tokenizer.decode([*tokens.ids, tokens.options[target]])
        assert answered.endswith(letter)
        assert tokens == encoder.encode(prompt)


@settings(max_examples=30)
@given(st.lists(st.sampled_from(["<|im_end|>", "<|im_start|>", "<s>", "<", "|", "im_end", " a"])))
def test_cleaned_text_has_no_control_tokens(make_tokenizer: Any, pieces: list[str]) -> None:
    encoder = PromptEncoder(make_tokenizer(), "m")
    text = "".join(pieces)
    ids = encoder.tokenizer(encoder.clean(text), add_special_tokens=False)["input_ids"]
    assert not set(ids) & set(encoder.tokenizer.all_special_ids)
    assert encoder.clean(text).replace(" ", "") == text.replace(" ", "")


def test_pairs_share_what_comes_before_the_mention(any_model: Path, make_lm: MakeLM) -> None:
    encoder = make_lm(any_model).encoder
    found = [
        p for mention, own in QUESTIONS for p in encoder.encode_pairs(PairBuilder(), mention, own)
    ]
    assert len({prompt.ids[: prompt.shared] for prompt in found}) == 1
    assert encoder.tokenizer.decode(found[0].ids[: found[0].shared]).endswith("<Query>:")
    assert decode(encoder, found[0].options) in (["yes", "no"], ["y", "n"])
