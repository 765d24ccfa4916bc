"""What a prompt says of a candidate."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from spacy_bel.errors import BelError, Errors
from spacy_bel.types import Candidate, Concept

Describe = Callable[[Sequence[str]], list[Concept]]
"""Tells all that is known of concepts, such as ``KnowledgeBase.describe``."""

_SPACES = re.compile(r"\s+")

_BYTES_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Option:
    """One line of a prompt, as its template gets it.

    Args:
        alias: The name that matched.
        name: The preferred name where it is another one, else empty.
        types: Semantic types.
        parents: Preferred names of broader concepts.
        definition: A definition, perhaps cut.
    """

    alias: str
    name: str = ""
    types: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    definition: str = ""


@dataclass(frozen=True, slots=True)
class Details:
    """What to say of candidates beside their names.

    Args:
        types: Whether to name semantic types.
        definition: Whether to give the definition.
        parents: Whether to name broader concepts.
        tokens: The most tokens for definition and parents of one candidate together, counted by
            ``estimate_tokens``; what does not fit is cut at a word.
        describe: Tells definitions and parents.

    Raises:
        BelError: Definitions or parents are asked for and nothing tells them, or the budget is
            negative.
    """

    types: bool = False
    definition: bool = False
    parents: bool = False
    tokens: int = 64
    describe: Describe | None = None

    def __post_init__(self) -> None:
        if self.tokens < 0:
            raise Errors.B706(setting="detail_tokens", value=self.tokens, allowed="0 or more")
        if (self.definition or self.parents) and self.describe is None:
            raise Errors.B704()

    def options(self, candidates: Sequence[Candidate]) -> list[Option]:
        """The options of a prompt, in the candidates' order."""
        described: list[Concept | None] = [None] * len(candidates)
        if self.describe and (self.definition or self.parents):
            described = list(self.describe([candidate.id for candidate in candidates]))
        return [self._option(*pair) for pair in zip(candidates, described, strict=True)]

    def _option(self, candidate: Candidate, concept: Concept | None) -> Option:
        alias, name = one_line(candidate.alias or candidate.name), one_line(candidate.name)
        left = self.tokens
        parents: list[str] = []
        if concept and self.parents:
            for parent in self._names(concept.parents):
                left -= estimate_tokens(parent)
                if left < 0:
                    break
                parents.append(parent)
        with_definition = concept and self.definition and left > 0
        return Option(
            alias=alias,
            name="" if alias.casefold() == name.casefold() else name,
            types=tuple(map(one_line, candidate.types)) if self.types else (),
            parents=tuple(parents),
            definition=cut(one_line(concept.definition), left) if with_definition else "",  # type: ignore[union-attr]
        )

    def _names(self, ids: Sequence[str]) -> list[str]:
        """Names of broader concepts; parents may lie outside the knowledge base."""
        names = []
        for concept_id in ids:
            try:
                names += [one_line(concept.name) for concept in self.describe([concept_id])]  # type: ignore[misc]
            except BelError:
                continue
        return names


def one_line(text: str) -> str:
    """A text without line breaks, so that no name or sentence looks like further options."""
    return _SPACES.sub(" ", text).strip()


def estimate_tokens(text: str) -> int:
    """Number of tokens of a text, to a good approximation for any tokenizer and script.

    A prompt must not depend on the model that reads it, or a student would see other text than
    its teacher: the estimate is four bytes of UTF-8 per token.
    """
    return -(-len(text.encode()) // _BYTES_PER_TOKEN)


def cut(text: str, tokens: int) -> str:
    """The beginning of a text, to a number of tokens, with an ellipsis where something is left out.

    Cut at a word, or inside one where the script has no spaces.
    """
    if estimate_tokens(text) <= tokens:
        return text
    room = max(tokens * _BYTES_PER_TOKEN - len("…".encode()), 0)
    start = text.encode()[:room].decode(errors="ignore")
    if not text[len(start)].isspace():
        start = start.rpartition(" ")[0] or start
    return f"{start.rstrip()}…" if start.strip() else ""
