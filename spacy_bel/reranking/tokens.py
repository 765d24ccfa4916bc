"""From prompts to tokens: what a causal model reads, and where it writes its answer."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from hashlib import blake2b
from string import ascii_uppercase
from typing import Any

from spacy_bel.errors import BelError, Errors
from spacy_bel.reranking.prompt import Message, Prompt, PromptBuilder
from spacy_bel.reranking.prompt.pairs import NO, YES, PairBuilder
from spacy_bel.reranking.prompt.values import shared_length
from spacy_bel.types import Candidate, Mention

_MARKS = frozenset({"<mention>", "</mention>"})


@dataclass(frozen=True, slots=True)
class TokenPrompt:
    """A prompt as a model reads it.

    Args:
        ids: Tokens, up to where the answer begins.
        options: The token that each answer begins with, in the order in which answers are shown;
            "none of the above" is the last one of a set-wise prompt.
        shared: How many of the first tokens are the same in all prompts of one kind.
    """

    ids: tuple[int, ...]
    options: tuple[int, ...]
    shared: int = 0

    @property
    def key(self) -> bytes:
        """A digest of tokens and options: equal keys, equal answers."""
        numbers = (len(self.ids), *self.ids, *self.options)
        return blake2b(array("q", numbers).tobytes(), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class _Answers:
    """How a tokenizer writes the answers to a prompt.

    Args:
        first: The first answer, with the blank that stands before it.
        behind: Tokens of a prompt with its first answer that are not the prompt's.
        options: The first token of each answer.
    """

    first: str
    behind: int
    options: tuple[int, ...]


class PromptEncoder:
    """Turns prompts into tokens, with the chat template of a tokenizer where it has one.

    Training and inference both use this class.

    Args:
        tokenizer: A tokenizer of the ``transformers`` library.
        name: What messages call the model.
    """

    def __init__(self, tokenizer: Any, name: str) -> None:
        self.tokenizer = tokenizer
        self.name = name
        self._shared: dict[tuple[str, ...], tuple[int, ...]] = {}

    def encode(self, prompt: Prompt) -> TokenPrompt:
        """A set-wise prompt as tokens.

        Args:
            prompt: What a ``PromptBuilder`` made.

        Returns:
            Its tokens; ``options`` are those of its letters in their order, NIL last.

        Raises:
            BelError: The letters cannot be told apart by the first token of the answer.
        """
        letters = self._letters
        ids = self._tokens(self.text(prompt) + letters.first)[: -letters.behind]
        shared = self._shared_tokens(prompt)
        return TokenPrompt(
            ids=ids,
            options=letters.options[: len(prompt.letters) + 1],
            shared=len(shared) if ids[: len(shared)] == shared else 0,
        )

    def encode_pairs(
        self, builder: PairBuilder, mention: Mention, candidates: Sequence[Candidate]
    ) -> list[TokenPrompt]:
        """Point-wise prompts as tokens.

        Args:
            builder: Makes the prompts.
            mention: What is asked about.
            candidates: What may be meant.

        Returns:
            A prompt per candidate; ``options`` are the tokens of "yes" and "no".

        Raises:
            BelError: The two answers cannot be told apart by their first token.
        """
        answers = self._yes_no
        texts = builder.build(mention, candidates, self.clean)
        key = ("pairs", builder.template)
        if key not in self._shared:
            probes = [builder.build(Mention(text), _probe(text))[0] for text in ("a", "Z")]
            self._shared[key] = _start(*map(self._raw_tokens, probes))
        shared = self._shared[key]
        found = [self._raw_tokens(text + answers.first)[: -answers.behind] for text in texts]
        return [
            TokenPrompt(ids, answers.options, len(shared) if ids[: len(shared)] == shared else 0)
            for ids in found
        ]

    def text(self, prompt: Prompt) -> str:
        """A set-wise prompt as the text that is split into tokens."""
        messages = [
            {"role": message["role"], "content": self.clean(message["content"])}
            for message in prompt.messages
        ]
        if self.tokenizer.chat_template is None:
            return self.clean(prompt.plain)
        return self._render(messages, add_generation_prompt=True)

    def clean(self, text: str) -> str:
        """A text in which nothing is read as control, such as the end of a turn."""
        if self._control is None:
            return text
        return self._control.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)

    @cached_property
    def _control(self) -> re.Pattern[str] | None:
        added = self.tokenizer.added_tokens_decoder.values()
        control = {token.content for token in added if token.special or token.content[:1] == "<"}
        control = {text for text in control | set(self.tokenizer.all_special_tokens) if text[1:]}
        longest_first = sorted(control - _MARKS, key=lambda text: (-len(text), text))
        return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    @cached_property
    def _letters(self) -> _Answers:
        question = {"role": "user", "content": "A"}
        if self.tokenizer.chat_template is None:
            text, blank = question["content"], " "
        else:
            text = self._render([question], add_generation_prompt=True)
            answered = self._render([question, {"role": "assistant", "content": "A"}])
            # As the template writes answers: some put a blank between a turn's start and its text.
            behind = answered[len(text) :] if answered.startswith(text) else "A"
            blank = behind[: len(behind) - len(behind.lstrip())]
        try:
            return self._answers(text, blank, ascii_uppercase, self._tokens)
        except BelError:  # small vocabularies have some letters with a blank and not all of them
            return self._answers(text, "" if blank else " ", ascii_uppercase, self._tokens)

    @cached_property
    def _yes_no(self) -> _Answers:
        text = PairBuilder().build(Mention("a"), _probe("a"))[0]
        return self._answers(text, "", (YES, NO), self._raw_tokens)

    def _answers(
        self,
        text: str,
        blank: str,
        answers: Sequence[str],
        split: Callable[[str], tuple[int, ...]],
    ) -> _Answers:
        """What prompt and answer are split into, together.

        Together, for the last token of a prompt may be another one where nothing follows, and a
        letter may be several tokens: what all answers begin with belongs to the prompt.
        """
        whole = [split(f"{text}{blank}{answer}") for answer in answers]
        prompt = reduce(_start, whole)
        options = tuple(tokens[len(prompt)] for tokens in whole if len(tokens) > len(prompt))
        if len(set(options)) < len(answers) or self.tokenizer.unk_token_id in options:
            raise Errors.B710(name=self.name, answers=", ".join(answers))
        return _Answers(f"{blank}{answers[0]}", len(whole[0]) - len(prompt), options)

    def _shared_tokens(self, prompt: Prompt) -> tuple[int, ...]:
        before = [message["content"] for message in prompt.messages[:-1]]
        key = (*before, prompt.head)
        if key not in self._shared:
            probes = []
            for text in ("a", "Z"):
                last = Message(role="user", content=prompt.head + text)
                probe = replace(prompt, messages=(*prompt.messages[:-1], last))
                probes.append(self._tokens(self.text(probe)))
            self._shared[key] = _start(*probes)
        return self._shared[key]

    def _render(self, messages: list[dict[str, str]], **settings: bool) -> str:
        """A conversation as text; models that can think first are told not to."""
        text: str = self.tokenizer.apply_chat_template(
            messages, tokenize=False, enable_thinking=False, **settings
        )
        return text

    def _tokens(self, text: str) -> tuple[int, ...]:
        """Tokens of a prompt; a chat template writes the special ones itself."""
        if self.tokenizer.chat_template is not None:
            return self._raw_tokens(text)
        ids = tuple(self.tokenizer(text)["input_ids"])
        return ids[:-1] if ids[-1:] == (self.tokenizer.eos_token_id,) else ids

    def _raw_tokens(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer(text, add_special_tokens=False)["input_ids"])


def training_prompts(
    encoder: PromptEncoder,
    builder: PromptBuilder,
    items: Iterable[tuple[Mention, Sequence[Candidate], int | None, Sequence[int] | None]],
) -> Iterable[tuple[TokenPrompt, int]]:
    """What a set-wise model is trained on.

    Args:
        encoder: Makes tokens.
        builder: Makes prompts.
        items: Mention, candidates, the number of the right one (None for "none of the above"),
            and the order in which they are shown (None for their own).

    Yields:
        A prompt, and which of its ``options`` is right.

    Raises:
        BelError: A prompt cannot be made (see ``PromptBuilder.build``).
    """
    for mention, candidates, gold, order in items:
        prompt = builder.build(mention, candidates, order)
        letters = (*prompt.letters, prompt.nil_letter)
        yield encoder.encode(prompt), letters.index(prompt.letter_of(gold))


def _start(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    return first[: shared_length(first, second)]


def _probe(text: str) -> list[Candidate]:
    return [Candidate(text, text, text, (), 0.0)]
