"""``bel_matcher``: finds mentions by the names of the knowledge base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from spacy.tokens import Doc

from spacy_bel.errors import Errors
from spacy_bel.mentions.extract import ENTS, spans_of
from spacy_bel.mentions.matching import Guards, Match, find_matches, spans_of_matches
from spacy_bel.pipeline.component import KBComponent

NO_TYPE = "CONCEPT"
"""Label of a mention whose concept has no semantic type."""


class BelMatcher(KBComponent):
    """Finds mentions by the knowledge base's own names, for pipelines without NER.

    The label of a mention is the semantic type of the concept that bears its name, in capitals
    (``DISEASE``), or what ``labels`` says. Spans that the document already has stay, and none
    is added that overlaps them.

    Args:
        name: The component's name in the pipeline.
        kb: Directory of the knowledge base, or None.
        spans: ``ents``, or the key of the span group to write.
        labels: Semantic type -> label.
        types: Semantic types to look for; empty for all.
        max_tokens: Most tokens of a mention.
        min_chars: Names of fewer characters are left alone.
        case_chars: Names in capitals of at most so many characters match only as written.
        max_concepts: Names that more concepts bear are left alone.
    """

    def __init__(
        self,
        name: str,
        *,
        kb: str | Path | None = None,
        spans: str = ENTS,
        labels: Mapping[str, str] | None = None,
        types: Sequence[str] = (),
        max_tokens: int = 10,
        min_chars: int = 2,
        case_chars: int = 5,
        max_concepts: int = 10,
    ) -> None:
        super().__init__(name, kb=kb, types={"types": tuple(types), "labels": tuple(labels or ())})
        limits = {"max_tokens": max_tokens, "min_chars": min_chars, "max_concepts": max_concepts}
        for setting, value in limits.items():
            if value < 1:
                raise Errors.B602(name=name, setting=setting, value=value, allowed="1 or more")
        self.spans = spans
        self.type_labels = dict(labels or {})
        self.guards = Guards(max_tokens, min_chars, case_chars, max_concepts, frozenset(types))

    def annotate(self, docs: list[Doc]) -> None:
        """Add the mentions that are found to the entities or to the span group."""
        for doc in docs:
            matches = find_matches(doc, self.kb, self.guards)
            found = spans_of_matches(doc, matches, [self._label(match) for match in matches])
            present = spans_of(doc, self.spans)
            taken = {token.i for span in present for token in span}
            free = [span for span in found if taken.isdisjoint(range(span.start, span.end))]
            if self.spans == ENTS:
                doc.set_ents([*present, *free])
            else:
                doc.spans[self.spans] = sorted([*present, *free])

    def _label(self, match: Match) -> str:
        concept = int(self.kb.alias_concepts[match.alias])
        types = self.kb.type_sets[int(self.kb.concept_types[concept])]
        if not types:
            return NO_TYPE
        return self.type_labels.get(types[0], types[0].replace(" ", "_").upper())
