from collections.abc import Callable
from typing import Any

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_bel.corpora import GOLD_KEY, GoldDocument, GoldMention
from spacy_bel.corpora.docs import blank_pipeline, doc_id, doc_lang, gold_spans, to_doc

FromDoc = Callable[[Doc], GoldDocument]


def make(text: str, *places: tuple[int, int, str], lang: str = "en") -> GoldDocument:
    mentions = tuple(
        GoldMention(
            start, end, text[start:end], "Disease", tuple(kb_id.split("|")) if kb_id else ()
        )
        for start, end, kb_id in places
    )
    return GoldDocument("doc 1", text, lang, mentions)


@st.composite
def documents(draw: st.DrawFn) -> GoldDocument:
    # White space and marks are where tokenizers differ; plain text() rarely has them.
    letters = st.characters(codec="utf-8") | st.sampled_from(" \n\r\t-a\u0301\u200d🤒\u00a0(")
    text = draw(st.text(letters, max_size=30))
    mentions = []
    if text:
        for _ in range(draw(st.integers(0, 5))):
            start = draw(st.integers(0, len(text) - 1))
            end = draw(st.integers(start + 1, len(text)))
            ids = tuple(draw(st.lists(st.text(min_size=1), max_size=2, unique=True)))
            mode: Any = draw(st.sampled_from(["any", "all"])) if len(ids) > 1 else "any"
            label = draw(st.text(min_size=1))
            mentions.append(GoldMention(start, end, text[start:end], label, ids, mode))
    lang = draw(st.sampled_from(["en", "zh", "de", "xx", "no such language"]))
    return GoldDocument(draw(st.text()), text, lang, tuple(mentions))


def through_docbin(doc: Doc, **options: Any) -> Doc:
    content = DocBin(docs=[doc], **options).to_bytes()
    (copy,) = DocBin().from_bytes(content).get_docs(Vocab())
    return copy


@given(documents())
def test_every_document_survives(from_doc: FromDoc, document: GoldDocument) -> None:
    doc = to_doc(document)
    assert doc.text == document.text
    assert from_doc(doc) == document
    assert from_doc(through_docbin(doc)) == document
    assert from_doc(Doc(Vocab()).from_bytes(doc.to_bytes())) == document
    assert len(doc.ents) > 0 or not document.mentions


def test_overlapping_mentions_are_all_kept_and_the_longest_are_entities() -> None:
    places = (0, 13, "A|B"), (0, 6, "A"), (7, 13, "NIL"), (15, 20, ""), (0, 13, "C")
    doc = to_doc(make("breast cancer, fever", *places))
    for copy in (doc, through_docbin(doc), through_docbin(doc, store_user_data=True)):
        gold = [(span.start_char, span.end_char, span.kb_id_) for span in copy.spans[GOLD_KEY]]
        assert gold == list(places)
        assert {span.label_ for span in copy.spans[GOLD_KEY]} == {"Disease"}
        assert [(ent.text, ent.label_, ent.kb_id_) for ent in copy.ents] == [
            ("breast cancer", "Disease", "A|B"),
            ("fever", "Disease", ""),
        ]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("antihypertensives", 4, 12),
        ("a 🤒\u200d🤒 day", 2, 4),
        ("cafe\u0301 au lait", 0, 4),
        ("line\r\nbreak", 3, 7),
        (" fever ", 0, 7),
        ("high fever", 4, 10),
        ("high fever ", 0, 5),
        ("two  spaces   here", 4, 5),
        ("pain" * 1250, 0, 5000),
        ("糖尿病患者", 0, 3),
        ("can't", 1, 4),
    ],
)
def test_no_mention_is_misaligned(text: str, start: int, end: int) -> None:
    for lang in ("en", "zh", "xx"):
        doc = to_doc(make(text, (start, end, "A"), lang=lang))
        assert doc.text == text
        (entity,) = doc.ents
        assert (entity.start_char, entity.end_char, entity.text) == (start, end, text[start:end])


def test_tokens_are_those_of_the_language_apart_from_mentions() -> None:
    text = "He doesn't have type-2 diabetes  (T2D)."
    assert [token.text for token in to_doc(make(text))] == [
        token.text for token in spacy.blank("en")(text)
    ]
    assert [token.text for token in to_doc(make("糖尿病", lang="zh"))] == ["糖", "尿", "病"]


@pytest.mark.parametrize("text", ["", " ", "No mention."])
def test_documents_without_mentions(text: str) -> None:
    doc = through_docbin(to_doc(make(text)))
    assert (doc.text, len(doc.ents), len(doc.spans[GOLD_KEY])) == (text, 0, 0)
    assert (doc_id(doc), doc_lang(doc)) == ("doc 1", "en")


def test_id_and_language_of_a_doc_that_is_not_annotated() -> None:
    doc = spacy.blank("de")("Fieber")
    assert (doc_id(doc), doc_lang(doc)) == ("", "de")


def test_a_given_pipeline_or_vocabulary_is_used() -> None:
    document = make("Doesn't hurt", lang="de")
    nlp = spacy.blank("en")
    assert [token.text for token in to_doc(document, nlp)] == ["Does", "n't", "hurt"]
    assert to_doc(document, nlp.vocab)[0].text == "Doesn't"
    assert to_doc(document, nlp).vocab is to_doc(document, nlp.vocab).vocab is nlp.vocab


def test_a_tokenizer_that_alters_the_text_is_not_trusted(from_doc: FromDoc) -> None:
    nlp = spacy.blank("en")
    tokenizer = nlp.tokenizer

    def lower(text: str) -> Doc:
        doc: Doc = tokenizer(text.lower())
        return doc

    nlp.tokenizer = lower
    document = make("High FEVER", (5, 10, "A"))
    assert from_doc(to_doc(document, nlp)) == document


def test_gold_mentions_are_those_of_the_group_or_else_the_entities() -> None:
    doc = to_doc(make("breast cancer", (0, 13, "A"), (7, 13, "B")))
    assert [span.text for span in gold_spans(doc)] == ["breast cancer", "cancer"]
    del doc.spans[GOLD_KEY]
    assert [(span.text, span.kb_id_) for span in gold_spans(doc)] == [("breast cancer", "A")]
    doc.spans[GOLD_KEY] = []
    assert gold_spans(doc) == []


def test_unknown_languages_fall_back() -> None:
    assert blank_pipeline("no such language").lang == "xx"
    assert blank_pipeline("zh").lang == "zh"
