"""Reading an annotated document back from a Doc, to compare it with what was written."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from spacy.tokens import Doc

from spacy_bel.corpora import GOLD_KEY, GoldDocument, GoldMention, gold_mode, parse_gold
from spacy_bel.corpora.docs import doc_id, doc_lang


@pytest.fixture(scope="session")
def from_doc() -> Callable[[Doc], GoldDocument]:
    """The annotated document that ``to_doc`` wrote."""

    def read(doc: Doc) -> GoldDocument:
        mentions = tuple(
            GoldMention(
                start=span.start_char,
                end=span.end_char,
                text=span.text,
                label=span.label_,
                ids=parse_gold(span.kb_id_),
                mode=gold_mode(span.kb_id_),
            )
            for span in doc.spans[GOLD_KEY]
        )
        return GoldDocument(doc_id(doc), doc.text, doc_lang(doc), mentions)

    return read
