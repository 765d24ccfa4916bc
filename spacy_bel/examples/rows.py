"""What a row holds, and what it cannot say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal, get_args

from spacy_bel.errors import Errors
from spacy_bel.types import NIL, Alias, Candidate, Mention

Provenance = Literal["human", "teacher", "synthetic"]
"""Who says what a mention means: annotators, a labelling model, or whoever wrote the text."""

LabelKind = Literal["probability", "votes", "choice"]
"""What a label's values are, as in ``Ranking.kind``."""


@dataclass(frozen=True, slots=True)
class KBReference:
    """The knowledge base that a row's candidates come from.

    Args:
        name: Its name.
        version: The vocabulary's own version.
        checksum: Digest of its content.
    """

    name: str = ""
    version: str = ""
    checksum: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """What a source says that a mention means.

    Args:
        source: Who: a model's name, say.
        id: The chosen CURIE, or ``NIL``.
        prompt: A digest of the prompt that was asked.
        probs: CURIE or ``NIL`` -> value; None where only a choice is known.
        kind: What the values are.
        agreement: Share of repeated questions that were answered so, in [0, 1].
        cost: What the answer cost, in US dollars.
    """

    source: str
    id: str
    prompt: str = ""
    probs: Mapping[str, float] | None = None
    kind: LabelKind = "choice"
    agreement: float | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A candidate with what the knowledge base says of it.

    Args:
        candidate: What the retriever offered.
        names: The names of the concept that a reranker may be shown, the preferred one first.
        mentions: How many annotated mentions the knowledge base counts for the concept.
    """

    candidate: Candidate
    names: tuple[Alias, ...] = ()
    mentions: int = 0


@dataclass(frozen=True, slots=True)
class Example:
    """One mention with what it may mean and what it means.

    Args:
        mention: The mention; its context is the row's text.
        offers: The candidates, best first.
        gold: CURIEs, of which any is right; ``("NIL",)``; None where it is not known.
        doc_id: The document's id.
        offset: Where the mention starts in its document, in characters.
        kb: Where the candidates come from.
        labels: What models say.
        provenance: Where the row comes from.
    """

    mention: Mention
    offers: tuple[Offer, ...]
    gold: tuple[str, ...] | None = None
    doc_id: str = ""
    offset: int = 0
    kb: KBReference = field(default_factory=KBReference)
    labels: tuple[Label, ...] = ()
    provenance: Provenance = "human"

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The candidates without what the knowledge base says of them."""
        return tuple(offer.candidate for offer in self.offers)

    def key(self, prompt: str = "") -> str:
        """A digest by which the row, or a request about it, is known.

        Args:
            prompt: The prompt or its digest, where the key is that of a request.

        Returns:
            32 hexadecimal digits; equal for the same document, place, knowledge base and prompt.
        """
        return make_key(self.doc_id, self.mention, self.offset, self.kb.checksum, prompt)


def make_key(doc_id: str, mention: Mention, offset: int, checksum: str, prompt: str = "") -> str:
    """The key of a mention of a document, for a knowledge base and a prompt.

    Args:
        doc_id: The document's id.
        mention: The mention with its context.
        offset: Where it starts in the document, in characters.
        checksum: Digest of the knowledge base.
        prompt: The prompt or its digest; empty where there is none.

    Returns:
        32 hexadecimal digits.
    """
    place = [doc_id, mention.context, offset, offset + len(mention.text), checksum, prompt]
    return sha256(json.dumps(place).encode()).hexdigest()[:32]


def validate(example: Example) -> None:
    """Refuse a row that contradicts itself.

    Args:
        example: The row.

    Raises:
        BelError: The mention is not where it is said to be, a candidate is offered twice, the
            gold is both NIL and a concept, or a label has values that are none.
    """
    mention = example.mention
    problems = []
    if mention.context[mention.start : mention.end] != mention.text:
        problems.append(f"the mention {mention.text!r} is not at its place in the text")
    ids = [candidate.id for candidate in example.candidates]
    if len(set(ids)) != len(ids):
        problems.append("a candidate is offered twice")
    if example.gold is not None and (not example.gold or example.gold.count(NIL) > 1):
        problems.append("the gold is empty; write null where it is not known")
    if example.provenance not in get_args(Provenance):
        problems.append(f"unknown provenance {example.provenance!r}")
    for label in example.labels:
        if label.kind not in get_args(LabelKind):
            problems.append(f"unknown kind of label {label.kind!r}")
        if label.probs is not None and not all(0 <= p <= 1 for p in label.probs.values()):
            problems.append(f"values of {label.source!r} outside 0 to 1")
    if problems:
        raise Errors.B904(reason="; ".join(problems))
