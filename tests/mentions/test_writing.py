import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import displacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span, SpanGroup

from spacy_bel.errors import BelError
from spacy_bel.mentions.writing import (
    displacy_ents,
    load,
    register_extensions,
    set_kb_ids,
    store,
)
from spacy_bel.types import Candidate

TEXT = "Aspirin treats <b>gout</b>. Lupus and gout are diseases, xyz is none."
CANDIDATES = (
    Candidate("MESH:D006073", "Gout", "gout", ("Disease",), 1.0, {"exact": 1.0}, "medic"),
    Candidate("MESH:D015210", "Arthritis, Gouty", "gouty", (), 0.25, {}, "medic"),
)
LINK: dict[str, Any] = {
    "ids": ("MESH:D006073",),
    "score": 0.75,
    "nil": 0.125,
    "candidates": CANDIDATES,
    "error": None,
}
NEVER = {"ids": (), "score": None, "nil": None, "candidates": (), "error": None}
PREFIX = "test_writing"


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")


@pytest.fixture
def doc(nlp: Language) -> Doc:
    return annotated(nlp.make_doc(TEXT))


@pytest.fixture
def prefix() -> Iterator[str]:
    register_extensions(PREFIX)
    yield PREFIX
    for field in NEVER:
        Span.remove_extension(f"{PREFIX}_{field}")


def annotated(doc: Doc) -> Doc:
    """A document with entities, and the same spans and an overlapping one in a group."""
    places = [match.span() for match in re.finditer("Aspirin|gout|Lupus|xyz", doc.text)]
    found = [
        doc.char_span(*place, label="Disease", span_id=f"T{number}", alignment_mode="expand")
        for number, place in enumerate(places)
    ]
    spans = [span for span in found if span is not None]
    assert len(spans) == 5
    doc.set_ents(spans, missing=[doc[-1:]])
    overlapping = Span(doc, spans[2].start, spans[3].end, label="Composite", span_id="T9")
    group = [spans[3], overlapping, *spans[:3]]
    doc.spans["sc"] = SpanGroup(doc, name="a name", attrs={"source": "gold"}, spans=group)
    return doc


def spans(doc: Doc, key: str | None) -> Any:
    return doc.spans["sc"] if key == "sc" else doc.ents


def described(group: Any) -> list[tuple[Any, ...]]:
    return [(span.start, span.end, span.label_, span.id_) for span in group]


@pytest.mark.parametrize("key", [None, "ents", "sc"])
def test_ids_are_written_and_all_else_stays(doc: Doc, key: str | None) -> None:
    before, tokens = described(spans(doc, key)), [token.ent_iob for token in doc]
    user_data: dict[Any, Any] = doc.user_data
    user_data["._.", "note", 0, 7] = "mine"
    ids = ["MESH:D001241", "NIL", "", "MESH:D006073|MESH:D008180", "MESH:D006073"]
    set_kb_ids(doc, key, ids)
    assert [span.kb_id_ for span in spans(doc, key)] == ids
    assert described(spans(doc, key)) == before
    assert [token.ent_iob for token in doc] == tokens
    assert user_data == {("._.", "note", 0, 7): "mine"}
    assert doc.spans["sc"].name == "a name"
    assert doc.spans["sc"].attrs == {"source": "gold"}


def test_only_the_named_spans_change(doc: Doc) -> None:
    set_kb_ids(doc, "sc", ["A:1"] * 5)
    assert {ent.kb_id_ for ent in doc.ents} == {""}
    set_kb_ids(doc, None, ["B:1"] * 5)
    assert {span.kb_id_ for span in doc.spans["sc"]} == {"A:1"}


def test_ids_can_be_replaced_and_removed(doc: Doc) -> None:
    set_kb_ids(doc, None, ["A:1"] * 5)
    set_kb_ids(doc, None, ["", "A:2", "", "", ""])
    assert [ent.kb_id_ for ent in doc.ents] == ["", "A:2", "", "", ""]


def test_a_document_without_spans_takes_no_ids(nlp: Language) -> None:
    doc = nlp.make_doc("")
    set_kb_ids(doc, None, [])
    assert doc.ents == ()


def test_an_unknown_key_is_an_error(doc: Doc) -> None:
    with pytest.raises(BelError, match=r"B303.*'absent'.*sc"):
        set_kb_ids(doc, "absent", [])


@pytest.mark.parametrize("key", [None, "sc"])
def test_too_few_ids_are_an_error(doc: Doc, key: str | None) -> None:
    with pytest.raises(BelError, match="B304"):
        set_kb_ids(doc, key, ["A:1"])
    assert {ent.kb_id_ for ent in doc.ents} == {""}


def test_what_was_stored_is_loaded(doc: Doc, prefix: str) -> None:
    gout = doc.ents[1]
    store(doc, gout, prefix, gout.label_, LINK)
    assert load(doc, gout, prefix, "Disease") == LINK
    assert gout._.test_writing_candidates == CANDIDATES
    assert gout._.test_writing_ids == ("MESH:D006073",)
    assert gout._.test_writing_score == 0.75
    assert gout._.test_writing_nil == 0.125
    assert gout._.test_writing_error is None


def test_a_span_that_was_never_linked_has_nothing(doc: Doc, prefix: str) -> None:
    store(doc, doc.ents[1], prefix, "Disease", LINK)
    for span in (doc.ents[0], doc[0:3]):
        assert load(doc, span, prefix, span.label_) == NEVER
        assert {field: getattr(span._, f"{prefix}_{field}") for field in NEVER} == NEVER


def test_labels_and_linkers_do_not_disturb_each_other(doc: Doc) -> None:
    gout = doc.ents[1]
    store(doc, gout, "bel", "Disease", {"score": 0.5})
    store(doc, gout, "bel", "Chemical", {"error": "no answer"})
    store(doc, gout, "other", "Disease", {"score": 0.25})
    assert load(doc, gout, "bel", "Disease") == {**NEVER, "score": 0.5}
    assert load(doc, gout, "bel", "Chemical") == {**NEVER, "error": "no answer"}
    assert load(doc, gout, "other", "Disease") == {**NEVER, "score": 0.25}


def test_linking_again_replaces_the_whole_link(doc: Doc) -> None:
    store(doc, doc.ents[1], "bel", "Disease", LINK)
    store(doc, doc.ents[1], "bel", "Disease", {"error": "no answer"})
    assert load(doc, doc.ents[1], "bel", "Disease") == {**NEVER, "error": "no answer"}


def test_only_plain_data_is_kept(doc: Doc) -> None:
    score: Any = np.float32(0.5)
    candidate = Candidate("A:1", "a", "a", ("T",), score, {"x": score}, "kb")
    value = {"ids": np.array(["A:1"]), "score": score, "candidates": [candidate]}
    store(doc, doc.ents[1], "bel", "Disease", value)
    (kept,) = doc.user_data.values()
    assert kept == {
        "Disease": {
            "ids": ["A:1"],
            "score": 0.5,
            "nil": None,
            "candidates": [["A:1", "a", "a", ["T"], 0.5, {"x": 0.5}, "kb"]],
            "error": None,
        }
    }
    assert {type(each) for each in kept["Disease"]["ids"]} == {str}
    assert type(kept["Disease"]["score"]) is float
    (plain,) = kept["Disease"]["candidates"]
    assert (type(plain[4]), type(plain[5]["x"])) == (float, float)
    store(doc, doc.ents[1], "bel", "Again", kept["Disease"])
    assert load(doc, doc.ents[1], "bel", "Again") == load(doc, doc.ents[1], "bel", "Disease")


def test_an_unknown_field_is_an_error(doc: Doc) -> None:
    with pytest.raises(BelError, match=r"B305.*scores"):
        store(doc, doc.ents[0], "bel", "Disease", {"scores": 0.5})


def linked(doc: Doc) -> Doc:
    """A document with ids in its entities and a link for each but the first."""
    set_kb_ids(doc, None, ["", "MESH:D006073", "MESH:D008180", "MESH:D006073", "NIL"])
    for number, ent in enumerate(doc.ents[1:]):
        store(doc, ent, PREFIX, ent.label_, {**LINK, "score": number / 4})
    composite = doc.spans["sc"][1]
    store(doc, composite, PREFIX, composite.label_, {"ids": ("A:1", "A:2")})
    return doc


def links(doc: Doc) -> list[Any]:
    """All that a reader sees of a document's links, by place."""
    both = [*doc.ents, *doc.spans.get("sc", [])]
    return [
        (
            span.text,
            span.label_,
            span.kb_id_,
            *(getattr(span._, f"{PREFIX}_{field}") for field in NEVER),
        )
        for span in both
    ]


def test_bytes(nlp: Language, doc: Doc, prefix: str) -> None:
    before = links(linked(doc))
    assert links(Doc(nlp.vocab).from_bytes(doc.to_bytes())) == before
    assert before[1][3:] == (("MESH:D006073",), 0.0, 0.125, CANDIDATES, None)


def test_doc_bin(nlp: Language, doc: Doc, prefix: str) -> None:
    before = links(linked(doc))
    data = DocBin(docs=[doc], store_user_data=True).to_bytes()
    (read,) = DocBin().from_bytes(data).get_docs(nlp.vocab)
    assert links(read) == before


def test_from_docs(nlp: Language, doc: Doc, prefix: str) -> None:
    other = linked(annotated(nlp.make_doc(f"Once more: {TEXT}")))
    before = links(linked(doc)), links(other)
    merged = Doc.from_docs([doc, other])
    assert sorted(map(str, links(merged))) == sorted(map(str, [*before[0], *before[1]]))
    store(merged, merged.ents[1], PREFIX, "Disease", {"error": "no answer"})
    assert (links(doc), links(other)) == before


def test_as_doc(doc: Doc, prefix: str) -> None:
    before = linked(doc).ents
    part = doc[before[2].start : len(doc)].as_doc(copy_user_data=True)
    assert links(part) == links(doc)[2:5]
    store(part, part.ents[0], PREFIX, "Disease", {"error": "no answer"})
    assert before[2]._.test_writing_error is None


@Language.component("test_writing_linker")
def linker(doc: Doc) -> Doc:
    return linked(annotated(doc))


def test_several_processes(nlp: Language, prefix: str) -> None:
    nlp.add_pipe("test_writing_linker")
    texts = [TEXT, f"Once more: {TEXT}", TEXT]
    alone = [links(doc) for doc in nlp.pipe(texts)]
    assert [links(doc) for doc in nlp.pipe(texts, n_process=2, batch_size=1)] == alone
    assert alone[0][1][2] == "MESH:D006073"


def test_memory_zone(nlp: Language, prefix: str) -> None:
    outside = links(linked(annotated(nlp.make_doc(TEXT))))
    with nlp.memory_zone():
        assert links(linked(annotated(nlp.make_doc(TEXT)))) == outside


def test_registering_twice_is_fine(doc: Doc, prefix: str) -> None:
    store(doc, doc.ents[1], prefix, "Disease", LINK)
    register_extensions(prefix)
    assert doc.ents[1]._.test_writing_score == 0.75


@pytest.mark.parametrize("name", ["test_clash", "test_clash_nil"])
@pytest.mark.parametrize("options", [{"default": 1}, {"getter": partial(len)}])
def test_the_extension_of_another_package_is_not_replaced(
    name: str, options: dict[str, Any]
) -> None:
    Span.set_extension(name, **options)
    try:
        with pytest.raises(BelError, match=f"B306.*{name} "):
            register_extensions("test_clash")
        assert not Span.has_extension("test_clash_ids")
    finally:
        Span.remove_extension(name)


def test_displacy_links_what_has_an_id(doc: Doc) -> None:
    set_kb_ids(doc, None, ["", "MESH:D006073", "MESH:D008180|MESH:D006073", 'X:"<i>', "NIL"])
    parsed = displacy_ents(doc)
    assert [(ent["kb_id"], ent["kb_url"]) for ent in parsed["ents"]] == [
        ("", "#"),
        ("MESH:D006073", "https://bioregistry.io/MESH:D006073"),
        ("MESH:D008180|MESH:D006073", "https://bioregistry.io/MESH:D008180"),
        ("X:&quot;&lt;i&gt;", "https://bioregistry.io/X:&quot;&lt;i&gt;"),
        ("", "#"),
    ]
    html = displacy.render(parsed, style="ent", manual=True, jupyter=False)
    assert html.count("<a ") == 3
    assert 'href="https://bioregistry.io/MESH:D006073"' in html
    assert "NIL" not in html
    assert "<i>" not in html
    assert html.count("<mark") == 5


def test_displacy_takes_spans_and_of_overlapping_ones_the_longest(doc: Doc) -> None:
    set_kb_ids(doc, "sc", ["A:1", "A:2", "A:3", "NIL", ""])
    parsed = displacy_ents(doc, "sc")
    assert parsed["text"] == doc.text
    assert [(doc.text[each["start"] : each["end"]], each["kb_id"]) for each in parsed["ents"]] == [
        ("Aspirin", "A:3"),
        ("gout</b", ""),
        ("Lupus and gout", "A:2"),
    ]
    assert displacy_ents(doc, "absent")["ents"] == []


def test_labels_are_escaped_for_displacy(nlp: Language) -> None:
    doc = nlp.make_doc("gout")
    doc.ents = (Span(doc, 0, 1, label="<b>"),)
    html = displacy.render(displacy_ents(doc), style="ent", manual=True, jupyter=False)
    assert "<b>" not in html
