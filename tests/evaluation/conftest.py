"""A knowledge base of a dozen concepts, a linker by names, and records made by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_bel.corpora.docs import to_doc
from spacy_bel.corpora.document import GoldDocument, GoldMention
from spacy_bel.corpora.gold import gold_mode, parse_gold
from spacy_bel.evaluation.records import RankedCandidate, Record
from spacy_bel.evaluation.scorer import make_link_scorer
from spacy_bel.kb.build import build_from_records
from spacy_bel.kb.store import Store
from spacy_bel.types import Alias, Candidate, Concept, Link, Mention

CONCEPTS = [
    Concept(
        "MESH:D001943", "Breast Neoplasms", (Alias("breast cancer"),), retired=("MESH:C999999",)
    ),
    Concept("MESH:D010051", "Ovarian Neoplasms", (Alias("ovarian cancer"),)),
    Concept("MESH:D003139", "Common Cold", (Alias("cold"),)),
    Concept("MESH:D003080", "Cold Temperature", (Alias("cold"),)),
    Concept("MESH:D015210", "Gouty Arthritis"),
    Concept("MESH:D006073", "Gout"),
    Concept("MESH:D009369", "Neoplasms", (Alias("cancer"),)),
    Concept("MESH:D003550", "Cystic Fibrosis", (Alias("CF"), Alias("mucoviscidosis"))),
    Concept("OMIM:115470", "Cat Eye Syndrome", retired=("MESH:C535918",)),
    Concept("MESH:D006973", "Hypertension"),
    Concept("MESH:D003920", "Diabetes Mellitus", (Alias("diabetes"),)),
    Concept("MESH:D001249", "Asthma"),
]


class NameLinker:
    """Links a mention to the concepts that bear it as a name."""

    def __init__(self, nlp: Language, name: str, path: str, spans: str, write_kb_id: bool) -> None:
        self.name = name
        self.kb = Store(path)
        self.spans = spans
        self.write_kb_id = write_kb_id
        self.scorer = make_link_scorer()

    def link(self, docs: Sequence[Doc], spans: Sequence[Sequence[Span]]) -> list[list[Link]]:
        return [[self._link(span.text) for span in doc_spans] for doc_spans in spans]

    def _link(self, text: str) -> Link:
        if "�" in text:
            return Link(Mention(text), error="cannot be read")
        candidates = tuple(
            Candidate(concept.id, concept.name, text, concept.types, 1 / rank)
            for rank, concept in enumerate(self.kb.describe(self.kb.ids_of_name(text)), start=1)
        )
        ids = tuple(candidate.id for candidate in candidates[:1])
        return Link(Mention(text), ids, score=1 / max(1, len(candidates)), candidates=candidates)

    def __call__(self, doc: Doc) -> Doc:
        spans = doc.ents if self.spans == "ents" else doc.spans.get(self.spans, ())
        (links,) = self.link([doc], [list(spans)])
        linked = [
            Span(doc, span.start, span.end, span.label_, kb_id=link.kb_id)
            for span, link in zip(spans, links, strict=True)
        ]
        if self.spans == "ents":
            doc.ents = tuple(linked)
        else:
            doc.spans[self.spans] = linked
        return doc

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, float | None]:
        scores: dict[str, float | None] = self.scorer(
            examples, spans=self.spans, kb=self.kb, **kwargs
        )
        return scores


@Language.factory("test_name_linker", default_config={"spans": "ents", "write_kb_id": True})
def make_name_linker(
    nlp: Language, name: str, path: str, spans: str, write_kb_id: bool
) -> NameLinker:
    return NameLinker(nlp, name, path, spans, write_kb_id)


@pytest.fixture(scope="session")
def kb(tmp_path_factory: pytest.TempPathFactory) -> Store:
    directory = tmp_path_factory.mktemp("kb") / "toy"
    build_from_records(CONCEPTS, directory, {"name": "toy"})
    return Store(directory)


@pytest.fixture
def nlp(kb: Store) -> Language:
    """A pipeline that finds mentions by patterns and links them by name."""
    pipeline = spacy.blank("en")
    ruler = pipeline.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    patterns = ["breast cancer", "cold", "gout", "diabetes", "asthma", "CF", "measles"]
    ruler.add_patterns([{"label": "Disease", "pattern": each} for each in patterns])  # type: ignore[attr-defined]
    pipeline.add_pipe("test_name_linker", name="linker", config={"path": str(kb.path)})
    return pipeline


MakeDoc = Callable[..., Doc]


@pytest.fixture(scope="session")
def make_doc() -> MakeDoc:
    """An annotated document from its text and (mention, gold identifier) pairs."""

    def make(
        text: str, *mentions: tuple[str, str], doc_id: str = "", label: str = "Disease"
    ) -> Doc:
        gold = tuple(
            GoldMention(
                start=text.index(mention),
                end=text.index(mention) + len(mention),
                text=mention,
                label=label,
                ids=parse_gold(kb_id),
                mode=gold_mode(kb_id),
            )
            for mention, kb_id in mentions
        )
        return to_doc(GoldDocument(doc_id, text, "en", gold))

    return make


MakeRecord = Callable[..., Record]

_RECORD = Record(
    doc_id="1",
    start=0,
    end=7,
    text="mention",
    label="Disease",
    gold="",
    gold_ids=(),
    gold_names=(),
    unknown_ids=(),
    candidates=(),
    answer="NIL",
    answer_ids=(),
    score=0.0,
    error="",
    seen=None,
    abbreviation=False,
    composite=False,
    ambiguous=False,
    context="mention",
    context_start=0,
)


@pytest.fixture(scope="session")
def make_record() -> MakeRecord:
    """A record from its gold identifier and its ranked ids, the first of which is the answer."""

    def make(gold: str, ranked: str = "", answer: str | None = None, **others: Any) -> Record:
        gold_ids = tuple(id_ for id_ in parse_gold(gold) if id_ != "NIL")
        candidates = tuple(
            RankedCandidate(id_, f"Name of {id_}", f"name of {id_}", 0.5, (id_,))
            for id_ in ranked.split()
        )
        if answer is None:
            answer = candidates[0].id if candidates else "NIL"
        record = replace(
            _RECORD,
            gold=gold,
            gold_ids=gold_ids,
            gold_names=tuple(f"Name of {id_}" for id_ in gold_ids),
            candidates=candidates,
            answer=answer,
            answer_ids=tuple(id_ for id_ in parse_gold(answer) if id_ != "NIL"),
            composite=len(gold_ids) > 1,
        )
        return replace(record, **others)

    return make


@pytest.fixture
def corpus_path(tmp_path: Path, make_doc: MakeDoc) -> Path:
    """A corpus of three documents on disk."""
    from spacy.tokens import DocBin

    docs = [
        make_doc(
            "A cold is no breast cancer.",
            ("cold", "MESH:D003080"),
            ("breast cancer", "MESH:C999999"),
        ),
        make_doc("Measles is not here, gout is.", ("Measles", "NIL"), ("gout", "MESH:D006073")),
        make_doc("Nothing to see."),
    ]
    path = tmp_path / "corpus.spacy"
    DocBin(docs=docs, attrs=["ENT_IOB", "ENT_TYPE", "ENT_KB_ID"]).to_disk(path)
    return path
