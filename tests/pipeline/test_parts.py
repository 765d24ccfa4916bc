"""Retrievers and rerankers that a user registers."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry

from spacy_bel.errors import BelError
from spacy_bel.kb.store import Store
from spacy_bel.protocols import KnowledgeBase, Reranker, Retriever
from spacy_bel.retrieval.registry import lexical_retriever
from spacy_bel.types import Candidate, Mention, Ranking

MakeDoc = Callable[..., Doc]
MakeNLP = Callable[..., Language]


class ContextReranker:
    """Prefers candidates of which the context says more words, and knows what it cannot know."""

    def __init__(self, kb: KnowledgeBase, nil: float) -> None:
        self.kb = kb
        self.nil = nil

    def rerank(
        self, mentions: Sequence[Mention], candidates: Sequence[Sequence[Candidate]]
    ) -> list[Ranking]:
        return [self._rank(*pair) for pair in zip(mentions, candidates, strict=True)]

    def _rank(self, mention: Mention, candidates: Sequence[Candidate]) -> Ranking:
        if "unreadable" in mention.context:
            return Ranking((0.0,) * len(candidates), error="no answer: unreadable")
        context = set(re.findall(r"\w{4,}", mention.context.lower()))
        weights = []
        for candidate, concept in zip(
            candidates, self.kb.describe([c.id for c in candidates]), strict=True
        ):
            known = set(re.findall(r"\w{4,}", f"{concept.name} {concept.definition}".lower()))
            weights.append(candidate.score + len(known & context))
        total = sum(weights) + self.nil
        probs = tuple(weight / total for weight in weights)
        return Ranking(probs, nil=self.nil / total if total else 1.0)


class Fickle:
    """Gives one answer too few, or too many values for each answer."""

    def __init__(self, kb: KnowledgeBase, what: str) -> None:
        self.what = what

    def rerank(
        self, mentions: Sequence[Mention], candidates: Sequence[Sequence[Candidate]]
    ) -> list[Ranking]:
        if self.what == "values":
            return [
                Ranking((1.0,) * (len(own) + (mention.text == "cold")))
                for mention, own in zip(mentions, candidates, strict=True)
            ]
        return [Ranking((1.0,) * len(own)) for own in candidates][1:]


class Fragile:
    """A retriever that fails for one text, or that forgets a mention."""

    def __init__(self, kb: Any, forgets: bool) -> None:
        self.real = lexical_retriever()(kb)
        self.forgets = forgets

    def retrieve(self, mentions: Sequence[Mention], k: int) -> list[list[Candidate]]:
        if any(mention.text == "cough" for mention in mentions):
            if self.forgets:
                return self.real.retrieve(mentions, k)[1:]
            raise RuntimeError("the index of coughs is broken")
        return self.real.retrieve(mentions, k)


@registry.misc("test.ContextReranker.v1")  # type: ignore[untyped-decorator]
def context_reranker(nil: float = 0.0) -> partial[ContextReranker]:
    return partial(ContextReranker, nil=nil)


@registry.misc("test.FickleReranker.v1")  # type: ignore[untyped-decorator]
def fickle_reranker(what: str) -> partial[Fickle]:
    return partial(Fickle, what=what)


@registry.misc("test.FragileRetriever.v1")  # type: ignore[untyped-decorator]
def fragile_retriever(forgets: bool = False) -> partial[Fragile]:
    return partial(Fragile, forgets=forgets)


def _link(make_nlp: MakeNLP, doc: Doc, **settings: Any) -> Doc:
    return make_nlp(**settings).get_pipe("bel_linker")(doc)


RERANKER = {"@misc": "test.ContextReranker.v1"}
SENTENCES = {
    "MS came with fever and narrowing of the valve between left atrium and ventricle": "D008946",
    "MS destroyed the myelin in brain and spinal cord": "D009103",
}


def test_they_are_what_the_protocols_ask_for(make_nlp: MakeNLP, genes_dir: Path) -> None:
    linker: Any = make_nlp(reranker=RERANKER).get_pipe("bel_linker")
    assert isinstance(linker.reranker, Reranker)
    assert isinstance(linker.retriever, Retriever)
    assert isinstance(linker.kb, KnowledgeBase)


def test_the_reranker_decides(make_nlp: MakeNLP, make_doc: MakeDoc) -> None:
    plain = {_link(make_nlp, make_doc(text, "MS")).ents[0].kb_id_ for text in SENTENCES}
    assert len(plain) == 1
    for text, id_ in SENTENCES.items():
        (entity,) = _link(make_nlp, make_doc(text, "MS"), reranker=RERANKER, threshold=0.0).ents
        assert entity.kb_id_ == f"MESH:{id_}"
        first = entity._.bel_candidates[0]
        assert entity._.bel_score == first.score == first.scores["rerank"]
        assert {"exact", "rerank"} <= set(first.scores)
        scores = [candidate.score for candidate in entity._.bel_candidates]
        assert scores == sorted(scores, reverse=True)


def test_a_reranker_given_before_anything_was_linked_decides_too(
    make_nlp: MakeNLP, make_doc: MakeDoc, sample_dir: Path
) -> None:
    linker: Any = make_nlp(threshold=0.0).get_pipe("bel_linker")
    linker.use_reranker(ContextReranker(Store(sample_dir), 0.0))
    other: Any = pickle.loads(pickle.dumps(linker))
    linker.set_kb(Store(sample_dir))
    for each in (linker, other):
        for text, id_ in SENTENCES.items():
            assert each(make_doc(text, "MS")).ents[0].kb_id_ == f"MESH:{id_}"
    linker.use_reranker(None)
    assert len({linker(make_doc(text, "MS")).ents[0].kb_id_ for text in SENTENCES}) == 1


def test_the_rerankers_nil_counts(make_nlp: MakeNLP, make_doc: MakeDoc) -> None:
    doc = make_doc("an MS", "MS")
    (entity,) = _link(
        make_nlp, doc, reranker={**RERANKER, "nil": 1000.0}, threshold=0.0, keep_candidates=20
    ).ents
    assert (entity.kb_id_, entity._.bel_ids) == ("NIL", ())
    assert entity._.bel_nil > 0.9
    assert {c.id for c in entity._.bel_candidates} >= {"MESH:D008946", "MESH:D009103"}


def test_the_threshold_is_for_the_rerankers_score(make_nlp: MakeNLP, make_doc: MakeDoc) -> None:
    (text, id_), _ = SENTENCES.items()
    (entity,) = _link(make_nlp, make_doc(text, "MS"), reranker=RERANKER, threshold=0.0).ents
    score = entity._.bel_score
    assert 0 < score < 1
    for threshold, expected in ((score, f"MESH:{id_}"), (min(1, score + 0.01), "NIL")):
        doc = _link(make_nlp, make_doc(text, "MS"), reranker=RERANKER, threshold=threshold)
        assert doc.ents[0].kb_id_ == expected


def test_the_rerankers_error_is_no_nil(make_nlp: MakeNLP, make_doc: MakeDoc) -> None:
    linker: Any = make_nlp(reranker=RERANKER, threshold=0.0).get_pipe("bel_linker")
    docs = [make_doc("an unreadable MS", "MS"), make_doc("a heart attack", "heart attack")]
    bad, good = (doc.ents[0] for doc in linker.pipe(docs))
    assert bad.kb_id_ == ""
    assert bad._.bel_error == "no answer: unreadable"
    assert bad._.bel_ids == ()
    assert bad._.bel_candidates
    assert (good.kb_id_, good._.bel_error) == ("MESH:D009203", None)


def test_a_composite_is_reranked_part_by_part(make_nlp: MakeNLP, make_doc: MakeDoc) -> None:
    mention = "breast and ovarian cancer"
    doc = _link(
        make_nlp, make_doc(mention, mention), reranker=RERANKER, threshold=0.0, keep_candidates=99
    )
    by_id = {candidate.id: candidate for candidate in doc.ents[0]._.bel_candidates}
    chosen = [by_id[id_] for id_ in doc.ents[0].kb_id_.split("|")]
    assert [candidate.scores["part"] for candidate in chosen] == [1, 2]
    for answer in chosen:  # the reranker likes no other candidate of the part better
        same = [c for c in by_id.values() if c.scores.get("part") == answer.scores["part"]]
        assert answer.score == max(candidate.score for candidate in same)


def test_a_reranker_that_skips_a_mention(make_nlp: MakeNLP, make_doc: MakeDoc) -> None:
    reranker = {"@misc": "test.FickleReranker.v1", "what": "answers"}
    doc = make_doc("cold and cough", "cold", "cough")
    with pytest.raises(BelError, match=r"B651.*reranker.*1 answers for 2"):
        _link(make_nlp, doc, reranker=reranker)
    assert [entity.kb_id_ for entity in doc.ents] == ["", ""]


def test_a_reranker_that_gives_too_many_values(make_nlp: MakeNLP, make_doc: MakeDoc) -> None:
    reranker = {"@misc": "test.FickleReranker.v1", "what": "values"}
    doc = _link(make_nlp, make_doc("cold and cough", "cold", "cough"), reranker=reranker)
    cold, cough = doc.ents
    assert cold.kb_id_ == ""
    assert "B652" in cold._.bel_error
    assert cough.kb_id_.startswith(("MESH:", "HP:"))


TEXTS = ["a cold", "asthma", "a cough", "heart attack", "stroke"] * 2


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_a_bad_document_reaches_the_error_handler_alone(make_nlp: MakeNLP, batch_size: int) -> None:
    nlp = make_nlp(retriever={"@misc": "test.FragileRetriever.v1"})
    failed = []

    def handler(name: str, proc: Any, docs: list[Doc], error: Exception) -> None:
        failed.append((name, [doc.text for doc in docs], str(error)))

    nlp.set_error_handler(handler)  # type: ignore[arg-type]
    docs = list(nlp.pipe(TEXTS, batch_size=batch_size))
    assert failed == [("bel_linker", ["a cough"], "the index of coughs is broken")] * 2
    assert [doc.text for doc in docs] == [text for text in TEXTS if text != "a cough"]
    ids = [entity.kb_id_ for doc in docs for entity in doc.ents]
    good = make_nlp().pipe(text for text in TEXTS if text != "a cough")
    assert ids == [entity.kb_id_ for doc in good for entity in doc.ents]
    assert len(ids) == 8


def test_without_a_handler_the_error_is_raised(make_nlp: MakeNLP) -> None:
    nlp = make_nlp(retriever={"@misc": "test.FragileRetriever.v1"})
    with pytest.raises(RuntimeError, match="coughs"):
        nlp("a cough")
    docs = nlp.pipe(["a cold", "a cough", "asthma"])
    assert next(docs).text == "a cold"
    with pytest.raises(RuntimeError, match="coughs"):
        next(docs)


def test_a_retriever_that_forgets_a_mention(make_nlp: MakeNLP) -> None:
    nlp = make_nlp(retriever={"@misc": "test.FragileRetriever.v1", "forgets": True})
    with pytest.raises(BelError, match=r"B651.*retriever.*0 answers for 1"):
        nlp("a cough")


def test_parts_are_built_late_and_for_each_knowledge_base(
    make_nlp: MakeNLP, genes_dir: Path
) -> None:
    nlp = spacy.blank("en")
    linker: Any = nlp.add_pipe("bel_linker", config={"reranker": RERANKER})
    linker.initialize(kb=str(genes_dir))
    first = linker.reranker, linker.retriever
    assert first == (linker.reranker, linker.retriever)
    assert linker.reranker.kb is linker.kb
    linker.initialize(kb=str(make_nlp().get_pipe("bel_linker").kb.path))  # type: ignore[attr-defined]
    assert linker.reranker.kb is linker.kb
    assert linker.retriever.store is linker.kb
    assert linker.kb.name == "sample"


@pytest.mark.parametrize(
    ("retriever", "text"),
    [
        ({"@misc": "spacy-bel.ExactRetriever.v1"}, "heart attack"),
        ({"@misc": "spacy-bel.NgramRetriever.v1", "prune": 0.0}, "heart attak"),
        ({"@misc": "spacy-bel.LexicalRetriever.v1", "languages": ["de"]}, "Herzinfarkte"),
    ],
)
def test_another_retriever(
    make_nlp: MakeNLP, make_doc: MakeDoc, retriever: dict[str, Any], text: str
) -> None:
    doc = _link(make_nlp, make_doc(text, text), retriever=retriever, threshold=0.0)
    assert doc.ents[0].kb_id_ == "MESH:D009203"
