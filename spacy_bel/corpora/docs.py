"""Annotated documents as spaCy ``Doc`` objects.

All mentions are in ``doc.spans["bel_gold"]``, those that do not overlap (longest first) also in
``doc.ents``. The document's id and language, and the name of its file, are attributes of the span
group, because these are kept by ``Doc.to_bytes`` and by every ``DocBin``; ``doc.user_data`` a
``DocBin`` leaves out unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.util import filter_spans
from spacy.vocab import Vocab

from spacy_bel.corpora.document import GoldDocument, GoldMention
from spacy_bel.corpora.gold import GOLD_KEY


def to_doc(document: GoldDocument, nlp: Language | Vocab | None = None, *, source: str = "") -> Doc:
    """An annotated document as a ``Doc``.

    Tokens are split where mentions begin and end, so that none is misaligned; the text stays
    exactly as it is.

    Args:
        document: The document.
        nlp: A pipeline, whose tokenizer and vocabulary are used, or only a vocabulary; in that
            case, and without any, the blank tokenizer of the document's language splits the text
            (of "xx" where spaCy does not have that language or lacks a package for it).
        source: The name of the file that the document comes from; empty where it is not known.

    Returns:
        A ``Doc`` with ``doc.spans["bel_gold"]`` and ``doc.ents``.
    """
    tokenizer = nlp if isinstance(nlp, Language) else blank_pipeline(document.lang)
    tokens = tokenizer.tokenizer(document.text)
    if tokens.text != document.text:  # some tokenizers normalise
        tokens = blank_pipeline("xx").tokenizer(document.text)
    vocab = nlp if isinstance(nlp, Vocab) else tokenizer.vocab
    words, spaces, first, behind = _split(document.text, tokens, document.mentions)
    doc = Doc(vocab, words=words, spaces=spaces)
    spans = [
        Span(doc, first[mention.start], behind[mention.end], mention.label, kb_id=mention.kb_id)
        for mention in document.mentions
    ]
    attrs = {"doc_id": document.id, "lang": document.lang, **({"source": source} if source else {})}
    doc.spans[GOLD_KEY] = SpanGroup(doc, name=GOLD_KEY, attrs=attrs, spans=spans)
    doc.ents = tuple(filter_spans(spans))
    return doc


def gold_spans(doc: Doc) -> list[Span]:
    """The gold mentions of an annotated document.

    Args:
        doc: A document of a corpus.

    Returns:
        ``doc.spans["bel_gold"]``, or ``doc.ents`` where there is no such span group.
    """
    return list(doc.spans.get(GOLD_KEY, doc.ents))


def doc_id(doc: Doc) -> str:
    """The corpus's identifier of a document; empty where it is not known."""
    return _attribute(doc, "doc_id")


def doc_source(doc: Doc) -> str:
    """The name of the file that a document comes from; empty where it is not known."""
    return _attribute(doc, "source")


def doc_lang(doc: Doc) -> str:
    """The language of an annotated document, else that of the vocabulary."""
    return _attribute(doc, "lang") or doc.lang_


@lru_cache(maxsize=32)
def blank_pipeline(lang: str) -> Language:
    """A blank pipeline for a language.

    Args:
        lang: ISO 639-1 code.

    Returns:
        spaCy's blank pipeline, or the one of "xx" (many languages) where spaCy does not have
        that language or its tokenizer needs a package that is not installed.
    """
    try:
        return spacy.blank(lang)
    except ImportError:
        return spacy.blank("xx")


def _attribute(doc: Doc, name: str) -> str:
    return str(doc.spans[GOLD_KEY].attrs.get(name, "")) if GOLD_KEY in doc.spans else ""


def _split(
    text: str, tokens: Doc, mentions: Iterable[GoldMention]
) -> tuple[list[str], list[bool], dict[int, int], dict[int, int]]:
    """Words, whether a space follows each, and the tokens at and behind each offset."""
    starts = {mention.start for mention in mentions}
    ends = {mention.end for mention in mentions}
    bounds = {0, len(text)} | starts | ends
    for token in tokens:
        bounds.update((token.idx, token.idx + len(token)))
    words: list[str] = []
    spaces: list[bool] = []
    first: dict[int, int] = {}
    behind: dict[int, int] = {}
    for start, end in pairwise(sorted(bounds)):
        word = text[start:end]
        in_mention_edge = start in starts or end in ends
        if word == " " and words and not spaces[-1] and not in_mention_edge:
            spaces[-1] = True
            continue
        first[start] = len(words)
        words.append(word)
        spaces.append(False)
        behind[end] = len(words)
    return words, spaces, first, behind
