"""An annotated document, whatever corpus it comes from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from spacy_bel.corpora.gold import GoldMode, format_gold
from spacy_bel.errors import Errors
from spacy_bel.types import NIL

UNTYPED = "ENTITY"
"""The label of mentions in a corpus that has no types, as in scispaCy's pipelines."""


@dataclass(frozen=True, slots=True)
class GoldMention:
    """A mention and what the annotators say it means.

    Args:
        start: Offset in the document, in characters.
        end: Offset behind the mention, in characters.
        text: The document's text between these offsets.
        label: The mention's type.
        ids: CURIEs; ``("NIL",)`` where the annotators found no concept; nothing where the corpus
            gives no identifier. One part of a composite may be ``NIL``.
        mode: How several identifiers belong together.
    """

    start: int
    end: int
    text: str
    label: str
    ids: tuple[str, ...] = ()
    mode: GoldMode = "any"

    @property
    def kb_id(self) -> str:
        """The canonical string for ``span.kb_id_``; see ``spacy_bel.corpora.gold``."""
        return format_gold(self.ids, self.mode)

    @property
    def concepts(self) -> tuple[str, ...]:
        """The identifiers without ``NIL``."""
        return tuple(id_ for id_ in self.ids if id_ != NIL)


@dataclass(frozen=True, slots=True)
class GoldDocument:
    """A text with its gold mentions, which may overlap.

    Args:
        id: The corpus's identifier of the document.
        text: The text to which the mentions' offsets refer.
        lang: ISO 639-1 language code.
        mentions: The mentions, in the corpus's order.

    Raises:
        BelError: A mention does not lie in the text, or the text is not valid Unicode.
    """

    id: str
    text: str
    lang: str = "en"
    mentions: tuple[GoldMention, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no reader of this document could handle."""
        if not self.text.isascii():
            try:
                self.text.encode()
            except UnicodeEncodeError as error:
                raise Errors.B204(document=self.id, reason=error.reason) from error
        for mention in self.mentions:
            inside = 0 <= mention.start < mention.end <= len(self.text)
            if not inside or self.text[mention.start : mention.end] != mention.text:
                place = f"{mention.start}-{mention.end}"
                reason = f"at {place} it does not hold the mention {mention.text[:80]!r}"
                raise Errors.B204(document=self.id, reason=reason)

    def with_labels(self, labels: Collection[str]) -> GoldDocument:
        """The same document with the mentions of some types only.

        Args:
            labels: The labels to keep.

        Returns:
            A new document.
        """
        kept = tuple(mention for mention in self.mentions if mention.label in labels)
        return replace(self, mentions=kept)
