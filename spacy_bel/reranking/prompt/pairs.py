"""Point-wise prompts: one mention, one candidate, yes or no as answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Literal

from spacy_bel.errors import Errors
from spacy_bel.reranking.prompt.builder import marked_parts
from spacy_bel.reranking.prompt.options import Describe, Details, Option, one_line
from spacy_bel.reranking.prompt.templates import digest, layout, version_of, words
from spacy_bel.types import Candidate, Mention

CONTEXTS = ("marked", "unmarked", "none")
"""What a point-wise prompt may show of the text."""

YES, NO = "yes", "no"
"""The two answers."""


def _same(text: str) -> str:
    return text


@dataclass(frozen=True)
class PairBuilder:
    """Makes point-wise prompts in the format of Qwen3-Reranker, after BioELX (Wang et al. 2026).

    The format is text and not messages: a reranker was trained on this one alone.

    Args:
        template: Name and version of the template.
        context: Whether to show the text with the mention marked, without marks, or not at all.
        types: Whether to name semantic types.
        definition: Whether to give a definition.
        parents: Whether to name broader concepts.
        detail_tokens: The most tokens for definition and broader concepts.
        describe: Tells definitions and parents, such as ``KnowledgeBase.describe``.

    Raises:
        BelError: There is no such template or kind of context, or nothing tells definitions and
            parents that are asked for.
    """

    template: str = "pointwise.v1"
    context: Literal["marked", "unmarked", "none"] = "marked"
    types: bool = False
    definition: bool = False
    parents: bool = False
    detail_tokens: int = 64
    describe: Describe | None = None

    def __post_init__(self) -> None:
        if self.context not in CONTEXTS:
            raise Errors.B706(setting="context", value=self.context, allowed=", ".join(CONTEXTS))
        digest(self.template)
        _ = self._details

    @cached_property
    def _details(self) -> Details:
        return Details(self.types, self.definition, self.parents, self.detail_tokens, self.describe)

    @cached_property
    def version(self) -> str:
        """The template's name and a digest of all that decides on the text of prompts."""
        settings = asdict(replace(self, describe=None, definition=False, parents=False))
        settings |= {"definition": self.definition, "parents": self.parents}
        return version_of(self.template, settings)

    def build(
        self,
        mention: Mention,
        candidates: Sequence[Candidate],
        clean: Callable[[str], str] = _same,
    ) -> list[str]:
        """One prompt for each candidate.

        Args:
            mention: What is asked about.
            candidates: What may be meant.
            clean: What to do to every text that comes from outside, so that it holds nothing
                that a tokenizer reads as control.

        Returns:
            The prompts, which begin alike for all candidates of a mention.
        """
        before, text, after = marked_parts(mention)
        query = one_line(mention.query)
        shown = {
            "marked": f"{before}<mention>{text}</mention>{after}",
            "unmarked": f"{before}{text}{after}",
            "none": "",
        }
        return [
            layout(self.template).render(
                words=words(self.template, "en"),
                mention=clean(text),
                query="" if query.casefold() == text.casefold() else clean(query),
                text=clean(shown[self.context]),
                option=_clean(option, clean),
            )
            for option in self._details.options(candidates)
        ]


def _clean(option: Option, clean: Callable[[str], str]) -> Option:
    return Option(
        alias=clean(option.alias),
        name=clean(option.name),
        types=tuple(map(clean, option.types)),
        parents=tuple(map(clean, option.parents)),
        definition=clean(option.definition),
    )
