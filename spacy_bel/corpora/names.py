"""The names that annotators gave to concepts: a corpus as a dictionary (BioSyn's setting)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from spacy.tokens import Doc

from spacy_bel.corpora.docs import doc_lang, gold_spans
from spacy_bel.corpora.gold import parse_gold
from spacy_bel.mentions.extract import Context, make_mentions
from spacy_bel.types import NIL

_CONTEXT = Context(size=0, composites=False)


def annotated_names(docs: Iterable[Doc]) -> Iterator[tuple[str, str, str]]:
    """Concepts and their names from gold mentions, each with its language.

    Abbreviations that a document defines are written out, as they are when linking; the short
    form alone says nothing outside its document. Mentions with several ids are left out, since
    no part of the text belongs to one of them, as are NIL mentions.

    Args:
        docs: Documents with gold mentions in ``doc.spans["bel_gold"]``, or in ``doc.ents`` where
            there is no such span group.

    Yields:
        A CURIE, a name, and the ISO 639-1 code of the document's language (English where it says
        none), once for each mention and id.
    """
    for doc in docs:
        spans, lang = gold_spans(doc), doc_lang(doc) or "en"
        for span, mention in zip(spans, make_mentions(doc, spans, _CONTEXT, {}), strict=True):
            names = dict.fromkeys((mention.query, mention.text))
            for id_ in dict.fromkeys(parse_gold(span.kb_id_)):
                if id_ != NIL:
                    yield from ((id_, name, lang) for name in names)
