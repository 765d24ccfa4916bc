from __future__ import annotations

import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_bel.errors import BelError
from spacy_bel.mentions.extract import Context, make_mentions, spans_of
from spacy_bel.types import Mention

TEXT = "Familial adenomatous polyposis (FAP) is rare. FAP and breast and ovarian cancer were seen."


@pytest.fixture
def doc() -> Doc:
    return spacy.blank("en").make_doc(TEXT)


def _spans(doc: Doc, *texts: str, label: str = "Disease") -> list[Span]:
    spans = []
    for text in texts:
        start = doc.text.rindex(text)
        span = doc.char_span(start, start + len(text), label=label)
        assert span is not None
        spans.append(span)
    return spans


def _mentions(doc: Doc, *texts: str, **settings: object) -> list[Mention]:
    return make_mentions(doc, _spans(doc, *texts), Context(**settings), {})  # type: ignore[arg-type]


def test_what_a_mention_says(doc: Doc) -> None:
    (span,) = _spans(doc, "rare", label="X")
    (mention,) = make_mentions(doc, [span], Context(size=10), {"X": ["Disease", "Gene"], "Y": []})
    assert mention == Mention(
        text="rare",
        query="rare",
        context="(FAP) is rare. FAP and",
        start=9,
        end=13,
        label="X",
        lang="en",
        types=frozenset({"Disease", "Gene"}),
    )


def test_a_label_without_types_is_free(doc: Doc) -> None:
    spans = _spans(doc, "rare", label="X")
    every: list[dict[str, list[str]]] = [{}, {"X": []}, {"Y": ["Gene"]}]
    for label_types in every:
        assert make_mentions(doc, spans, Context(), label_types)[0].types == frozenset()


def test_the_context_holds_the_mention(doc: Doc) -> None:
    for size in (0, 5, 500):
        for mention in _mentions(doc, "FAP", "rare", "breast and ovarian cancer", size=size):
            assert mention.context[mention.start : mention.end] == mention.text


def test_abbreviations_are_written_out(doc: Doc) -> None:
    (mention,) = _mentions(doc, "FAP")
    assert (mention.text, mention.query) == ("FAP", "Familial adenomatous polyposis")
    (mention,) = _mentions(doc, "FAP", abbreviations=False)
    assert mention.query == "FAP"


def test_composites_are_split(doc: Doc) -> None:
    (mention,) = _mentions(doc, "breast and ovarian cancer")
    assert mention.parts == ("breast cancer", "ovarian cancer")
    (mention,) = _mentions(doc, "breast and ovarian cancer", composites=False)
    assert mention.parts == ()


def test_mentions_come_in_the_order_of_the_spans(doc: Doc) -> None:
    texts = ["ovarian cancer", "FAP", "breast", "ovarian cancer"]
    assert [mention.text for mention in _mentions(doc, *texts)] == texts
    assert _mentions(doc) == []


def test_the_language_is_the_documents() -> None:
    doc = spacy.blank("es").make_doc("gota")
    assert make_mentions(doc, [doc[0:1]], Context(), {})[0].lang == "es"


def test_spans_of(doc: Doc) -> None:
    first, second = _spans(doc, "breast and ovarian cancer", "ovarian cancer")
    doc.ents = (second,)
    doc.spans["overlapping"] = [first, second]
    assert spans_of(doc, "ents") == [second]
    assert spans_of(doc, "overlapping") == [first, second]
    assert spans_of(doc, "no such group") == []


def test_a_negative_size_is_refused(doc: Doc) -> None:
    with pytest.raises(BelError, match="B302"):
        _mentions(doc, "rare", size=-1)
