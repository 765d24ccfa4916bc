"""What an annotated corpus holds, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from spacy_bel.corpora.document import GoldDocument
from spacy_bel.types import NIL


@dataclass(slots=True)
class CorpusCounts:
    """Counts over the documents that were added.

    Args:
        documents: Number of documents.
        mentions: Number of mentions; those with an id, ``nil`` and ``without_id`` add up to it.
        with_id: Mentions with at least one concept.
        nil: Mentions for which the annotators found no concept.
        without_id: Mentions for which the corpus gives no identifier.
        composite: Mentions with several identifiers.
        overlapping: Mentions that are not in ``doc.ents`` because they overlap a longer one.
        types: Number of mentions per label.
        ids: Number of mentions per concept.
    """

    documents: int = 0
    mentions: int = 0
    with_id: int = 0
    nil: int = 0
    without_id: int = 0
    composite: int = 0
    overlapping: int = 0
    types: Counter[str] = field(default_factory=Counter)
    ids: Counter[str] = field(default_factory=Counter)

    def add(self, document: GoldDocument, *, entities: int) -> None:
        """Count a document.

        Args:
            document: The document.
            entities: How many of its mentions are in ``doc.ents``.
        """
        self.documents += 1
        self.overlapping += len(document.mentions) - entities
        for mention in document.mentions:
            self.mentions += 1
            self.with_id += bool(mention.concepts)
            self.nil += mention.ids != () and set(mention.ids) == {NIL}
            self.without_id += not mention.ids
            self.composite += len(mention.ids) > 1
            self.types[mention.label] += 1
            self.ids.update(mention.concepts)
