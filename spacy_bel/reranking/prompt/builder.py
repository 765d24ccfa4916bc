"""Set-wise prompts: one mention, all options, one letter as answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from string import ascii_uppercase

from spacy_bel.errors import Errors
from spacy_bel.reranking.prompt.options import Describe, Details, one_line
from spacy_bel.reranking.prompt.templates import digest, layout, version_of, words
from spacy_bel.reranking.prompt.values import MAX_OPTIONS, Message, Prompt, Shot, shared_length
from spacy_bel.types import Candidate, Mention


@dataclass(frozen=True)
class PromptBuilder:
    """Makes set-wise prompts, after BeLink (Shlyk et al. 2026).

    The same builder serves the teacher, training and inference, so that they never differ. All is
    in turns of user and assistant: some chat templates know no system role.

    Args:
        template: Name and version of the template.
        lang: ISO 639-1 code of the language of the instruction; None for that of each mention.
            English stands in for languages that the template does not have.
        types: Whether options name semantic types.
        definition: Whether options give a definition.
        parents: Whether options name broader concepts.
        detail_tokens: The most tokens for definition and broader concepts of one option.
        shots: Worked examples, shown before the question.
        describe: Tells definitions and parents, such as ``KnowledgeBase.describe``.

    Raises:
        BelError: There is no such template, or definitions or parents are asked for and nothing
            tells them.
    """

    template: str = "setwise.v1"
    lang: str | None = "en"
    types: bool = False
    definition: bool = False
    parents: bool = False
    detail_tokens: int = 64
    shots: tuple[Shot, ...] = ()
    describe: Describe | None = None

    def __post_init__(self) -> None:
        digest(self.template)
        _ = self.details

    @cached_property
    def details(self) -> Details:
        """What options say beside names."""
        return Details(self.types, self.definition, self.parents, self.detail_tokens, self.describe)

    @cached_property
    def version(self) -> str:
        """The template's name and a digest of all that decides on the text of prompts."""
        settings = asdict(replace(self, describe=None, definition=False, parents=False))
        settings |= {"definition": self.definition, "parents": self.parents}
        settings["shots"] = [_plain_values(shot) for shot in self.shots]
        return version_of(self.template, settings)

    def build(
        self,
        mention: Mention,
        candidates: Sequence[Candidate],
        order: Sequence[int] | None = None,
    ) -> Prompt:
        """The prompt for one mention.

        Args:
            mention: What is asked about.
            candidates: What is offered, at most ``MAX_OPTIONS``.
            order: Which candidate each option is, so that options can be shuffled; the
                candidates' own order where None.

        Returns:
            The prompt, which maps answers back to candidates.

        Raises:
            BelError: There are no candidates or too many, or the order does not name each once.
        """
        count = len(candidates)
        order = tuple(range(count)) if order is None else tuple(order)
        if sorted(order) != list(range(count)):
            raise Errors.B702(order=list(order), count=count)
        lang = mention.lang if self.lang is None else self.lang
        *shots, question = self._contents(mention, [candidates[n] for n in order], lang)
        messages = []
        for content, shot in zip(shots, self.shots, strict=True):
            messages.append(Message(role="user", content=content))
            messages.append(Message(role="assistant", content=_letter(shot)))
        messages.append(Message(role="user", content=question))
        return Prompt(
            messages=tuple(messages),
            letters=tuple(ascii_uppercase[:count]),
            order=order,
            nil_letter=ascii_uppercase[count],
            version=self.version,
            head=self._head(lang),
        )

    def brief(self) -> PromptBuilder:
        """A builder whose options say nothing beside names, for prompts that are too long."""
        return replace(self, types=False, definition=False, parents=False)

    def _head(self, lang: str) -> str:
        if lang not in self._heads:
            first, second = (
                self.brief()._contents(
                    Mention(text, context=f"{text} {text}", start=2, end=3),
                    [Candidate(text, text, text, (), 0.0)],
                    lang,
                )[-1]
                for text in ("a", "Z")
            )
            self._heads[lang] = first[: shared_length(first, second)]
        return self._heads[lang]

    @cached_property
    def _heads(self) -> dict[str, str]:
        return {}

    def _contents(self, mention: Mention, candidates: Sequence[Candidate], lang: str) -> list[str]:
        """The questions of the worked examples and that about the mention."""
        contents = [self._question(shot.mention, shot.candidates, lang) for shot in self.shots]
        contents.append(self._question(mention, candidates, lang))
        contents[0] = f"{words(self.template, lang).instruction}\n\n{contents[0]}"
        return contents

    def _question(self, mention: Mention, candidates: Sequence[Candidate], lang: str) -> str:
        if not 1 <= len(candidates) <= MAX_OPTIONS:
            raise Errors.B701(found=len(candidates), limit=MAX_OPTIONS)
        letters = ascii_uppercase[: len(candidates) + 1]
        before, text, after = marked_parts(mention)
        query = one_line(mention.query)
        return layout(self.template).render(
            words=words(self.template, lang),
            before=before,
            mention=text,
            after=after,
            query="" if query.casefold() == text.casefold() else query,
            options=list(zip(letters, self.details.options(candidates), strict=False)),
            nil_letter=letters[-1],
        )


def marked_parts(mention: Mention) -> tuple[str, str, str]:
    """What stands before the mention, the mention, and what stands behind it, as one line."""
    if mention.context[mention.start : mention.end].strip():
        text = mention.context[mention.start : mention.end]
        before, after = mention.context[: mention.start], mention.context[mention.end :]
    else:  # no context was kept
        before, text, after = "", mention.text, ""
    begin = one_line(before) + (" " if before[-1:].isspace() and before.strip() else "")
    end = (" " if after[:1].isspace() and after.strip() else "") + one_line(after)
    return begin, one_line(text), end


def _letter(shot: Shot) -> str:
    if shot.answer is None:
        return ascii_uppercase[len(shot.candidates)]
    if not 0 <= shot.answer < len(shot.candidates):
        raise Errors.B705(number=shot.answer, count=len(shot.candidates))
    return ascii_uppercase[shot.answer]


def _plain_values(shot: Shot) -> list[object]:
    mention = shot.mention
    return [
        [mention.context, mention.start, mention.end, mention.text, mention.query, mention.lang],
        [[c.id, c.alias, c.name, list(c.types)] for c in shot.candidates],
        shot.answer,
    ]
