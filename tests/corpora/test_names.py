"""A corpus as a dictionary: which names it gives to which concepts."""

import spacy
from spacy.tokens import Span

from spacy_bel.corpora.names import annotated_names


def test_a_mention_with_several_ids_is_a_name_of_each() -> None:
    doc = spacy.blank("en")("Breast or ovarian cancer, gout and rest")
    spans = ((0, 4, "MESH:D001943|MESH:D010051"), (5, 6, "MESH:D006073"), (7, 8, "NIL"))
    doc.spans["bel_gold"] = [
        Span(doc, start, end, "Disease", kb_id=ids) for start, end, ids in spans
    ]
    assert list(annotated_names([doc])) == [
        ("MESH:D001943", "Breast or ovarian cancer", "en"),
        ("MESH:D010051", "Breast or ovarian cancer", "en"),
        ("MESH:D006073", "gout", "en"),
    ]
