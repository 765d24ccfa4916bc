"""What a part must offer to be put into the pipeline, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from spacy_bel.types import Candidate, Concept, Mention, Ranking


@runtime_checkable
class KnowledgeBase(Protocol):
    """A read-only collection of concepts."""

    @property
    def name(self) -> str:
        """The knowledge base's name."""
        ...

    @property
    def checksum(self) -> str:
        """A digest of the whole content: equal checksums, equal answers."""
        ...

    def __len__(self) -> int:
        """Number of concepts."""
        ...

    def __contains__(self, concept_id: object) -> bool:
        """Whether a current (not retired) concept has this CURIE."""
        ...

    def resolve(self, concept_id: str) -> str | None:
        """Current CURIE for a current or retired one; None for an unknown one."""
        ...

    def describe(self, ids: Sequence[str]) -> list[Concept]:
        """The concepts with all that is known of them, in the order asked for."""
        ...

    def ids_of_name(self, name: str) -> list[str]:
        """CURIEs of the concepts that bear a name, compared by its surface form."""
        ...


@runtime_checkable
class Retriever(Protocol):
    """Finds the concepts that a mention may mean."""

    def retrieve(self, mentions: Sequence[Mention], k: int) -> list[list[Candidate]]:
        """For each mention, up to ``k`` candidates with distinct ids, best first."""
        ...


@runtime_checkable
class DocumentRetriever(Retriever, Protocol):
    """A Retriever that wants to know which mentions are of one document."""

    def retrieve_documents(
        self, mentions: Sequence[Mention], k: int, documents: Sequence[int]
    ) -> list[list[Candidate]]:
        """As ``retrieve``, with the number of each mention's document."""
        ...


@runtime_checkable
class Reranker(Protocol):
    """Chooses among candidates, or none of them."""

    def rerank(
        self, mentions: Sequence[Mention], candidates: Sequence[Sequence[Candidate]]
    ) -> list[Ranking]:
        """For each mention, a Ranking aligned with its candidates."""
        ...


@runtime_checkable
class DocumentReranker(Reranker, Protocol):
    """A Reranker that wants to know which mentions are of one document."""

    def rerank_documents(
        self,
        mentions: Sequence[Mention],
        candidates: Sequence[Sequence[Candidate]],
        documents: Sequence[int],
    ) -> list[Ranking]:
        """As ``rerank``, with the number of each mention's document."""
        ...


@runtime_checkable
class SamplingReranker(Reranker, Protocol):
    """A Reranker that may answer the same question differently when it is asked again."""

    def rerank_samples(
        self,
        mentions: Sequence[Mention],
        candidates: Sequence[Sequence[Candidate]],
        samples: Sequence[int],
    ) -> list[Ranking]:
        """As ``rerank``, with the number of each answer among those to the same question."""
        ...


@runtime_checkable
class Persistent(Protocol):
    """A Retriever or Reranker with weights or fitted values that are saved with the pipeline.

    A component saves its parts into ``<component>/retriever`` and ``<component>/reranker``, and
    calls ``from_disk`` on the part that the config describes when it makes it again. Parts
    without state need neither method. A part that needs optional libraries names their extras in
    an attribute ``extras``, so that a package of the pipeline asks for them.
    """

    def to_disk(self, path: Path) -> None:
        """Write what the config does not say into a folder, which exists and is empty."""
        ...

    def from_disk(self, path: Path) -> None:
        """Take over what ``to_disk`` wrote; nothing may be fetched from a network."""
        ...
