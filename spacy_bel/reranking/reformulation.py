"""The standard name of a mention, written by a language model, as a second text to look up."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from spacy_bel.llm.model import LanguageModel
from spacy_bel.llm.requests import Request
from spacy_bel.reranking.chat_questions import mention_label
from spacy_bel.reranking.letters import Problem, Unusable, is_cut, read_text
from spacy_bel.reranking.prompt.builder import marked_parts
from spacy_bel.reranking.prompt.options import one_line
from spacy_bel.types import Mention

MAX_TOKENS = 150
"""Most tokens of an answer, where the model was given no limit."""

MAX_NAME = 300
"""Longest name, in characters, that is taken for one."""

_TEMPLATE = Path(__file__).with_name("reformulation.jinja")
_FENCE = re.compile(r"^```(?:json)?\s*(.*?)\s*```$", re.DOTALL)


class Reformulator:
    """Writes standard names: generative relevance feedback, after BeLink (Shlyk et al. 2026).

    Equal mentions in equal contexts are asked about once. ``failures`` counts the mentions
    without a name.

    Args:
        llm: The model.
        vocabulary: The name of the vocabulary that names should come from.
    """

    def __init__(self, llm: LanguageModel, vocabulary: str) -> None:
        self.llm = llm
        self.vocabulary = vocabulary
        self.failures: Counter[Problem] = Counter()

    def __call__(self, mentions: Sequence[Mention]) -> list[str]:
        """Standard names of mentions.

        Args:
            mentions: The mentions.

        Returns:
            A name for each mention, in their order; empty where the model gave none.

        Raises:
            BelError: The key or the price of the model is missing, the budget might be passed,
                or the server refuses all requests.
        """
        places = {f"name:{place}": place for place in range(len(mentions))}
        names = [""] * len(mentions)
        requests = [self._request(key, mentions[place]) for key, place in places.items()]
        for answer in self.llm.ask(requests):
            try:
                names[places[answer.key]] = _read(answer.response)
            except Unusable as problem:
                self.failures[problem.kind] += 1
        return names

    def _request(self, key: str, mention: Mention) -> Request:
        before, text, after = marked_parts(mention)
        query = one_line(mention.query)
        template, version = _template()
        content = template.render(
            before=before,
            mention=text,
            after=after,
            query="" if query.casefold() == text.casefold() else query,
            vocabulary=self.vocabulary or "the knowledge base",
        )
        messages = [{"role": "user", "content": content}]
        label = mention_label(mention)
        return self.llm.chat(key, messages, MAX_TOKENS, version=version, mention=label)


def _read(response: Mapping[str, Any] | None) -> str:
    """The name in an answer."""
    if response is None:
        raise Unusable("no answer")
    text = read_text(response)
    fenced = _FENCE.fullmatch(text)
    try:
        content = json.loads(fenced[1] if fenced else text)
    except ValueError:
        raise Unusable("cut off" if is_cut(response) else "malformed", text) from None
    name = content.get("name") if isinstance(content, dict) else None
    if not isinstance(name, str) or len(name) > MAX_NAME:
        raise Unusable("malformed", text)
    if not one_line(name):
        raise Unusable("empty", text)
    return one_line(name)


@cache
def _template() -> tuple[Any, str]:
    """The template, and its name with a digest of its text."""
    source = _TEMPLATE.read_text(encoding="utf-8")
    # The result is text for a model and not HTML: escaping would change it.
    environment = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    version = f"reformulation.v1:{sha256(source.encode()).hexdigest()[:12]}"
    return environment.from_string(source), version
