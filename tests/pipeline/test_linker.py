"""What ``bel_linker`` writes into a document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy import displacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from spacy_bel.mentions.writing import displacy_ents
from spacy_bel.pipeline.linker import BelLinker
from spacy_bel.types import Candidate

MakeDoc = Callable[..., Doc]
MakeLinker = Callable[..., BelLinker]


@pytest.fixture(scope="session")
def make_linker(sample_dir: Path) -> MakeLinker:
    def make(**settings: Any) -> BelLinker:
        settings = {"kb": str(sample_dir), **settings}
        linker = spacy.blank("en").add_pipe("bel_linker", config=settings)
        assert isinstance(linker, BelLinker)
        return linker

    return make


@pytest.fixture(scope="session")
def linker(make_linker: MakeLinker) -> BelLinker:
    return make_linker()


def _ids(doc: Doc, key: str = "ents") -> list[str]:
    spans = doc.ents if key == "ents" else doc.spans[key]
    return [span.kb_id_ for span in spans]


def test_ten_lines_link_a_text(nlp: Language) -> None:
    doc = nlp("Heart attack in a woman with type 2 diabetes; she took aspirin.")
    assert [(entity.text, entity.label_, entity.kb_id_) for entity in doc.ents] == [
        ("Heart attack", "DISEASE", "MESH:D009203"),
        ("type 2 diabetes", "DISEASE", "MESH:D003924"),
        ("aspirin", "CHEMICAL", "MESH:D001241"),
    ]


def test_ids_are_in_the_tokens(linker: BelLinker, make_doc: MakeDoc) -> None:
    doc = linker(make_doc("a heart attack", "heart attack"))
    assert [token.ent_kb_id_ for token in doc] == ["", "MESH:D009203", "MESH:D009203"]


def test_what_a_span_tells(linker: BelLinker, make_doc: MakeDoc) -> None:
    (entity,) = linker(make_doc("a heart attack", "heart attack")).ents
    assert entity._.bel_ids == ("MESH:D009203",)
    assert entity._.bel_score == 1
    assert entity._.bel_nil == 0
    assert entity._.bel_error is None
    first = entity._.bel_candidates[0]
    assert isinstance(first, Candidate)
    assert (first.id, first.name, first.kb) == ("MESH:D009203", "Myocardial Infarction", "sample")
    assert set(first.scores) == {"exact", "ngram"}


def test_only_so_many_candidates_stay(make_linker: MakeLinker, make_doc: MakeDoc) -> None:
    every = make_linker(keep_candidates=20)(make_doc("diabetes", "diabetes")).ents[0]
    assert len(every._.bel_candidates) == 20
    for number in (0, 1, 7):
        some = make_linker(keep_candidates=number)(make_doc("diabetes", "diabetes")).ents[0]
        assert some._.bel_candidates == every._.bel_candidates[:number]
        assert some.kb_id_ == "MESH:D003920"


def test_no_more_candidates_than_asked_for(make_linker: MakeLinker, make_doc: MakeDoc) -> None:
    linker = make_linker(keep_candidates=20, top_k=3)
    assert len(linker(make_doc("diabetes", "diabetes")).ents[0]._.bel_candidates) == 3


def test_below_the_threshold_there_is_no_link(make_linker: MakeLinker, make_doc: MakeDoc) -> None:
    texts = "heart attack and muscle weaknesses"
    free = make_linker(threshold=0.0)(make_doc(texts, "heart attack", "muscle weaknesses"))
    strict = make_linker(threshold=1.0)(make_doc(texts, "heart attack", "muscle weaknesses"))
    assert "NIL" not in _ids(free)
    assert _ids(strict) == ["MESH:D009203", "NIL"]
    weak = strict.ents[1]
    assert weak._.bel_ids == ()
    assert weak._.bel_score == free.ents[1]._.bel_score < 1
    assert weak._.bel_nil == pytest.approx(1 - weak._.bel_score)
    assert weak._.bel_candidates == free.ents[1]._.bel_candidates


def test_a_mention_without_candidates_is_nil(linker: BelLinker, make_doc: MakeDoc) -> None:
    (entity,) = linker(make_doc("it is ☃ outside", "☃")).ents
    assert (entity.kb_id_, entity._.bel_score, entity._.bel_nil) == ("NIL", 0, 1)
    assert entity._.bel_candidates == ()


def test_a_label_that_is_not_mapped_is_not_looked_at(
    make_linker: MakeLinker, make_doc: MakeDoc
) -> None:
    linker = make_linker(label_types={"Drug": ["Chemical"], "Any": []})
    doc = make_doc("Insulin, cold, aspirin", ("Insulin", "Drug"), "cold", ("aspirin", "Any"))
    assert _ids(linker(doc)) == ["MESH:D007328", "", "MESH:D001241"]
    assert doc.ents[1]._.bel_score is None
    assert doc.ents[1]._.bel_candidates == ()


def test_labels_restrict_the_types(make_linker: MakeLinker, make_doc: MakeDoc) -> None:
    linker = make_linker(label_types={"Weather": ["Phenomenon"], "Disease": ["Disease"]})
    doc = linker(make_doc("the cold brought a Cold", ("cold", "Weather"), ("Cold", "Disease")))
    assert _ids(doc) == ["MESH:D003080", "MESH:D003139"]
    for entity in doc.ents:
        types = {candidate.types for candidate in entity._.bel_candidates}
        assert types == {("Phenomenon" if entity.label_ == "Weather" else "Disease",)}


def test_what_is_linked_already_may_stay(make_linker: MakeLinker, make_doc: MakeDoc) -> None:
    def doc() -> Doc:
        doc = make_doc("aspirin for cold and cough", "aspirin", "cold", "cough")
        for token, kb_id in ((0, "MY:1"), (2, "NIL")):
            doc[token].ent_kb_id_ = kb_id
        return doc

    kept = make_linker(overwrite=False)(doc())
    assert _ids(kept)[:2] == ["MY:1", "NIL"]
    assert _ids(kept)[2].startswith(("MESH:", "HP:"))
    assert kept.ents[0]._.bel_candidates == ()
    assert "MY:1" not in _ids(make_linker()(doc()))
    assert "NIL" not in _ids(make_linker()(doc()))


def test_ids_need_not_be_written(make_linker: MakeLinker, make_doc: MakeDoc) -> None:
    doc = make_linker(write_kb_id=False)(make_doc("a heart attack", "heart attack"))
    assert _ids(doc) == [""]
    assert doc.ents[0]._.bel_ids == ("MESH:D009203",)


def test_an_abbreviation_is_linked_all_over_the_document(
    make_linker: MakeLinker, make_doc: MakeDoc
) -> None:
    text = "Known {} (MS). {} {}"
    for long, id_ in (("multiple sclerosis", "MESH:D009103"), ("mitral stenosis", "MESH:D008946")):
        doc = make_doc(text.format(long, "Her pulse was fast. " * 20, "Severe MS was found."))
        places = [token.i for token in doc if token.text == "MS"]
        doc.ents = tuple(Span(doc, at, at + 1, "Disease") for at in places)
        assert _ids(make_linker()(doc)) == [id_, id_]
    plain = make_linker(context={"abbreviations": False})(doc)
    assert len(set(_ids(plain)) & {"MESH:D009103", "MESH:D008946"}) == 1


@pytest.mark.filterwarnings("ignore:.*W036")  # scispaCy's matchers are empty at first
def test_the_abbreviations_of_scispacy_are_read(sample_dir: Path) -> None:
    pytest.importorskip("scispacy")
    from scispacy.abbreviation import AbbreviationDetector  # noqa: F401 - registers itself

    nlp = spacy.blank("en")
    nlp.add_pipe("abbreviation_detector")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "Disease", "pattern": "MS"}])  # type: ignore[attr-defined]
    nlp.add_pipe("bel_linker", config={"kb": str(sample_dir)})
    doc = nlp("She has had mitral stenosis (MS) for years. The MS is severe.")
    assert [str(short._.long_form) for short in doc._.abbreviations] == ["mitral stenosis"] * 2
    assert _ids(doc) == ["MESH:D008946"] * 2


def test_a_composite_has_the_ids_of_its_parts(linker: BelLinker, make_doc: MakeDoc) -> None:
    mention = "breast and ovarian cancer"
    (entity,) = linker(make_doc(f"A {mention} was seen", mention)).ents
    assert entity.kb_id_ == "MESH:D001943|MESH:D010051"
    assert entity._.bel_ids == ("MESH:D001943", "MESH:D010051")
    assert 0 < entity._.bel_score <= 1


def test_a_part_that_means_the_same_is_not_answered_otherwise(
    linker: BelLinker, make_doc: MakeDoc
) -> None:
    mention = "heart attack and myocardial infarction"
    (entity,) = linker(make_doc(mention, mention)).ents
    assert entity.kb_id_ == "MESH:D009203"


def test_composites_can_be_left_whole(make_linker: MakeLinker, make_doc: MakeDoc) -> None:
    mention = "breast and ovarian cancer"
    (entity,) = make_linker(context={"composites": False})(make_doc(mention, mention)).ents
    assert "|" not in entity.kb_id_


def test_a_span_group_with_overlaps(make_linker: MakeLinker, make_doc: MakeDoc) -> None:
    linker = make_linker(spans="mine", threshold=0.9)
    doc = make_doc("acute heart attack and cold", ("cold", "Other"))
    spans = [(1, 3, "A"), (0, 3, "A"), (1, 3, "B"), (0, 1, "A")]
    doc.spans["mine"] = [Span(doc, *span) for span in spans]
    linker(doc)
    assert _ids(doc, "mine") == ["MESH:D009203", "MESH:D009203", "MESH:D009203", "NIL"]
    assert [(s.start, s.end, s.label_) for s in doc.spans["mine"]] == spans
    assert doc.spans["mine"][1]._.bel_score < doc.spans["mine"][0]._.bel_score == 1
    assert _ids(doc) == [""]


def test_a_span_group_that_is_not_there(make_linker: MakeLinker, make_doc: MakeDoc) -> None:
    linker = make_linker(spans="mine")
    docs = [make_doc("Nothing to see."), *(make_doc("a cold", "cold") for _ in range(2))]
    docs[2].spans["other"] = []
    with pytest.warns(UserWarning, match=r"\[B606\] .* 'mine', .* there are: ents\.") as caught:
        docs = [linker(doc) for doc in docs]
    assert len(caught) == 1
    assert not any("mine" in doc.spans for doc in docs)
    assert _ids(docs[1]) == [""]


def test_a_span_group_that_only_some_documents_have(
    make_linker: MakeLinker, make_doc: MakeDoc
) -> None:
    docs = [make_doc("a cold", "cold") for _ in range(2)]
    docs[1].spans["mine"] = [docs[1][1:2]]
    first, second = make_linker(spans="mine").pipe(docs)
    assert "mine" not in first.spans
    assert len(_ids(second, "mine")) == 1


@pytest.mark.parametrize(
    "text", ["(aspirin)", "aspirin-", '"aspirin".', "aspirin's", "anti-aspirin"]
)
def test_spans_that_are_not_aligned_to_the_mention(
    linker: BelLinker, make_doc: MakeDoc, text: str
) -> None:
    doc = make_doc(f"take {text} now")
    doc.ents = (Span(doc, 1, len(doc) - 1, "Chemical"),)
    assert _ids(linker(doc)) == ["MESH:D001241"]


def test_kb_ents_are_what_scispacy_gives(make_linker: MakeLinker, make_doc: MakeDoc) -> None:
    linker = make_linker(kb_ents=True, keep_candidates=3, threshold=0.3)
    first, second = linker(make_doc("a heart attack, ☃", "heart attack", "☃")).ents
    assert first._.kb_ents == [
        (candidate.id, candidate.score)
        for candidate in first._.bel_candidates
        if candidate.score >= 0.3
    ]
    assert first._.kb_ents[0] == ("MESH:D009203", 1.0)
    assert second._.kb_ents == []


def test_an_entity_that_is_nil_has_no_link_in_displacy(
    make_linker: MakeLinker, make_doc: MakeDoc
) -> None:
    text = "heart attack, breast and ovarian cancer, ☃"
    doc = make_linker()(make_doc(text, "heart attack", "breast and ovarian cancer", "☃"))
    assert _ids(doc)[2] == "NIL"
    html = displacy.render(displacy_ents(doc), style="ent", manual=True, jupyter=False)
    assert "https://bioregistry.io/MESH:D009203" in html
    assert "https://bioregistry.io/MESH:D001943" in html
    assert html.count("<a ") == 2
    assert "NIL" not in html


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("es", "infarto de miocardio y asma bronquial", "MESH:D009203"),
        ("de", "Herzinfarkt", "MESH:D009203"),
        ("zh", "心肌梗死", "MESH:D009203"),
        ("xx", "心肌梗塞", "MESH:D009203"),
        ("xx", "Herzschwäche", "MESH:D006333"),
    ],
)
def test_other_languages(
    linker: BelLinker, make_doc: MakeDoc, lang: str, text: str, expected: str
) -> None:
    mention = text.split(" y ", maxsplit=1)[0]
    doc = linker(make_doc(text, mention, lang=lang))
    assert _ids(doc) == [expected]


@pytest.mark.parametrize("text", ["", " ", "\n\n"])
def test_texts_without_a_word(nlp: Language, text: str) -> None:
    assert nlp(text).ents == ()
    assert [doc.text for doc in nlp.pipe([text, text])] == [text, text]


def test_a_mention_of_5000_characters(linker: BelLinker, make_doc: MakeDoc) -> None:
    text = "heart attack " * 400
    doc = make_doc(text)
    doc.ents = (Span(doc, 0, len(doc), "Disease"),)
    assert _ids(linker(doc)) == ["MESH:D009203"]


def test_linking_again_changes_nothing(nlp: Language, describe: Callable[[Doc], Any]) -> None:
    doc = nlp("Heart attack with cold and cough")
    before = describe(doc)
    assert describe(nlp.get_pipe("bel_linker")(doc)) == before


def test_link_answers_any_spans_and_writes_nothing(linker: BelLinker, make_doc: MakeDoc) -> None:
    docs = [make_doc("a heart attack"), make_doc("nothing"), make_doc("cold or cough")]
    spans = [[docs[0][1:3]], [], [docs[2][0:1], docs[2][2:3], docs[2][0:3]]]
    links = linker.link(docs, spans)
    assert [[link.mention.text for link in own] for own in links] == [
        ["heart attack"],
        [],
        ["cold", "cough", "cold or cough"],
    ]
    assert links[0][0].kb_id == "MESH:D009203"
    assert len(links[0][0].candidates) == 20
    assert all(not doc.ents and not doc.user_data for doc in docs)
