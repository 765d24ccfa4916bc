"""The values that travel through the pipeline: small, frozen, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

AliasKind = Literal["preferred", "exact", "narrow", "broad", "related", "annotated"]
"""How a name relates to its concept: the preferred name, an OBO synonym scope, or a mention
that annotators gave the concept in a corpus."""

ALIAS_KINDS: tuple[AliasKind, ...] = (
    "preferred",
    "exact",
    "annotated",
    "narrow",
    "broad",
    "related",
)
"""Every kind, best evidence first: ties between exact matches break in this order."""

NIL = "NIL"
"""The id of a mention whose concept is not in the knowledge base."""


@dataclass(frozen=True, slots=True)
class Alias:
    """One name of a concept.

    Args:
        name: The name as its source writes it.
        kind: How the name relates to the concept.
        lang: ISO 639-1 language code.
        source: Where the name comes from; empty for the concept's own source.
        count: How many annotated mentions bear this name for this concept.
    """

    name: str
    kind: AliasKind = "exact"
    lang: str = "en"
    source: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class Concept:
    """One entry of a knowledge base.

    Args:
        id: A CURIE, such as ``MESH:D003920``.
        name: The preferred name.
        aliases: Other names; the preferred name need not be repeated.
        types: Semantic types, such as ``("Disease",)``.
        definition: A sentence or more; empty where the source has none.
        parents: CURIEs of broader concepts.
        xrefs: CURIEs of the same concept in other vocabularies.
        retired: CURIEs that used to name this concept (merged, alternative, replaced).
        source: The file or vocabulary that the concept was read from.
    """

    id: str
    name: str
    aliases: tuple[Alias, ...] = ()
    types: tuple[str, ...] = ()
    definition: str = ""
    parents: tuple[str, ...] = ()
    xrefs: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """What a Retriever or Reranker is told about a span of text.

    Args:
        text: The surface text.
        query: The text to look up: the long form where the document defines the mention as
            an abbreviation. Empty means ``text``.
        parts: The texts to look up one by one where the mention is a composite, such as
            ``("breast cancer", "ovarian cancer")``; empty otherwise.
        context: A window of the document around the mention.
        start: Offset of the mention in ``context``, in characters.
        end: Offset behind the mention in ``context``, in characters.
        label: The entity label that the mention was found with.
        lang: ISO 639-1 language code of the document.
        types: Semantic types to which candidates are restricted; empty means any.
        organisms: CURIEs of the taxa that a gene may be of (``NCBITaxon:9606``), the likeliest
            first; they are preferred, and nothing is left out. Empty means any.
    """

    text: str
    query: str = ""
    parts: tuple[str, ...] = ()
    context: str = ""
    start: int = 0
    end: int = 0
    label: str = ""
    lang: str = "en"
    types: frozenset[str] = frozenset()
    organisms: tuple[str, ...] = ()

    def marked(self, opening: str = "[E1] ", closing: str = " [/E1]") -> str:
        """The context with the mention marked, as encoders of mentions in context read it.

        Args:
            opening: What stands before the mention.
            closing: What stands behind it.

        Returns:
            The text; the marked mention alone where there is no context.
        """
        if not self.context:
            return f"{opening}{self.text}{closing}"
        before, behind = self.context[: self.start], self.context[self.end :]
        return f"{before}{opening}{self.context[self.start : self.end]}{closing}{behind}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A concept that a Retriever offers for a mention.

    Args:
        id: The concept's CURIE.
        name: The concept's preferred name.
        alias: The name that matched.
        types: The concept's semantic types.
        score: The Retriever's score, in [0, 1], higher is better.
        scores: What each stage gave, by stage name.
        kb: The name of the knowledge base.
    """

    id: str
    name: str
    alias: str
    types: tuple[str, ...]
    score: float
    scores: Mapping[str, float] = field(default_factory=dict)
    kb: str = ""


@dataclass(frozen=True, slots=True)
class Ranking:
    """A Reranker's opinion on one mention's candidates.

    Args:
        probs: One value per candidate, in the order in which they were offered.
        nil: The value of "none of them".
        kind: What the values are: probabilities, shares of votes, or a bare choice.
        calibrated: Whether the values were calibrated on annotated data.
        error: Why there is no answer, or None.
        step: Which step of a cascade answered.
    """

    probs: tuple[float, ...]
    nil: float = 0.0
    kind: Literal["probability", "votes", "choice"] = "probability"
    calibrated: bool = False
    error: str | None = None
    step: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A linker's answer for one mention.

    Args:
        mention: What was asked.
        ids: The chosen CURIEs: one, several for a composite, none for NIL or a failure.
        score: Confidence in the choice, in [0, 1].
        nil: Value of "not in the knowledge base", in [0, 1].
        candidates: All candidates, best first.
        error: Why the mention could not be linked, or None.
    """

    mention: Mention
    ids: tuple[str, ...] = ()
    score: float = 0.0
    nil: float = 0.0
    candidates: tuple[Candidate, ...] = ()
    error: str | None = None

    @property
    def kb_id(self) -> str:
        """What goes into ``ent.kb_id_``: ``A``, ``A|B``, ``NIL``, or empty on failure."""
        if self.error is not None:
            return ""
        return "|".join(self.ids) if self.ids else NIL
