from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_bel.corpora.reader import read_docs
from spacy_bel.errors import BelError
from spacy_bel.evaluation.records import mention_texts
from spacy_bel.evaluation.run import SCHEMA, evaluate, find_linker
from spacy_bel.kb.store import Store

MakeDoc = Callable[..., Doc]


def test_gold_mentions_and_end_to_end(nlp: Language, corpus_path: Path, kb: Store) -> None:
    docs = read_docs(corpus_path, nlp.vocab)
    evaluation = evaluate(nlp, docs, resamples=20)
    metrics = evaluation.metrics
    assert metrics["schema"] == SCHEMA
    assert metrics["component"] == "linker"
    assert metrics["kb"] == {"name": "toy", "checksum": kb.checksum, "concepts": 12}
    assert list(metrics)[-10:-1] == [
        "lenient",
        "name",
        "strict",
        "unseen",
        "breakdowns",
        "nil",
        "ece",
        "risk_coverage",
        "counts",
    ]
    # "cold" is ambiguous, and the linker takes the first of its concepts.
    assert metrics["lenient"]["n"] == 3
    assert metrics["lenient"]["acc@1"]["value"] == pytest.approx(2 / 3)
    assert metrics["lenient"]["mrr"]["value"] == pytest.approx(5 / 6)
    assert metrics["lenient"]["recall@5"]["value"] == 1.0
    assert metrics["name"]["acc@1"]["value"] == 1.0
    assert metrics["nil"]["f1"]["value"] == 1.0
    assert metrics["breakdowns"]["ambiguous"]["true"]["n"] == 1
    assert metrics["counts"]["documents"] == 2
    assert [record.text for record in evaluation.records] == [
        "cold",
        "breast cancer",
        "Measles",
        "gout",
    ]
    assert metrics["end_to_end"]["n_gold"] == 3
    assert metrics["end_to_end"]["mentions"]["f1"]["value"] == 1.0


def test_batches_do_not_matter(nlp: Language, corpus_path: Path) -> None:
    docs = list(read_docs(corpus_path, nlp.vocab))
    one, all_ = (evaluate(nlp, docs, resamples=20, batch_size=size) for size in (1, 64))
    assert one == all_


def test_seen_data(nlp: Language, corpus_path: Path, make_doc: MakeDoc) -> None:
    seen = mention_texts([make_doc("Gout", ("Gout", "MESH:D006073"))])
    docs = read_docs(corpus_path, nlp.vocab)
    metrics = evaluate(nlp, docs, seen=seen, resamples=20, end_to_end=False).metrics
    assert metrics["unseen"]["n"] == 2
    assert metrics["breakdowns"]["seen"]["true"]["n"] == 1
    assert metrics["end_to_end"] is None


def test_the_pipelines_own_tokens_are_used_end_to_end(nlp: Language, make_doc: MakeDoc) -> None:
    # The corpus's tokens are split at the mention; the pipeline's are not, so it cannot find it.
    doc = make_doc("antigout drugs", ("gout", "MESH:D006073"))
    assert [token.text for token in doc] == ["anti", "gout", "drugs"]
    metrics = evaluate(nlp, [doc], resamples=10).metrics
    assert metrics["strict"]["acc@1"]["value"] == 1.0
    assert metrics["end_to_end"]["n_predicted"] == 0


def test_predictions_are_read_where_the_linker_writes_them(kb: Store, make_doc: MakeDoc) -> None:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("span_ruler", config={"spans_key": "found"})
    ruler.add_patterns([{"label": "X", "pattern": "gout"}])  # type: ignore[attr-defined]
    nlp.add_pipe("test_name_linker", config={"path": str(kb.path), "spans": "found"})
    metrics = evaluate(nlp, [make_doc("gout", ("gout", "MESH:D006073"))], resamples=10).metrics
    assert metrics["end_to_end"]["strict"]["f1"]["value"] == 1.0


def test_a_linker_that_writes_no_ids_has_no_end_to_end_figures(
    kb: Store, make_doc: MakeDoc
) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("test_name_linker", config={"path": str(kb.path), "write_kb_id": False})
    metrics = evaluate(nlp, [make_doc("gout", ("gout", "MESH:D006073"))], resamples=10).metrics
    assert metrics["end_to_end"] is None


def test_a_failed_mention_is_counted_alone(nlp: Language, make_doc: MakeDoc) -> None:
    doc = make_doc(
        "gout a�b asthma", ("gout", "MESH:D006073"), ("a�b", "A:1"), ("asthma", "MESH:D001249")
    )
    metrics = evaluate(nlp, [doc], resamples=10).metrics
    assert metrics["counts"]["unanswered"] == 1
    assert metrics["lenient"]["acc@1"]["value"] == pytest.approx(2 / 3)


def test_documents_with_one_id_are_one_document(nlp: Language, make_doc: MakeDoc) -> None:
    docs = [make_doc(text, (text, "MESH:D006073"), doc_id="same") for text in ("gout", "cold")]
    metrics = evaluate(nlp, docs, resamples=50).metrics
    assert metrics["lenient"]["acc@1"] == {"value": 0.5, "low": 0.5, "high": 0.5}
    assert metrics["end_to_end"]["n_gold"] == 2


def test_which_linker(kb: Store) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    with pytest.raises(BelError, match=r"\[B501\].*sentencizer.*bel_linker"):
        find_linker(nlp)
    nlp.add_pipe("test_name_linker", name="one", config={"path": str(kb.path)})
    assert find_linker(nlp) == "one"
    nlp.add_pipe("test_name_linker", name="two", config={"path": str(kb.path)})
    with pytest.raises(BelError, match=r"\[B503\].*one.*two"):
        find_linker(nlp)
    assert find_linker(nlp, "two") == "two"
    with pytest.raises(BelError, match=r"\[B502\] 'sentencizer'"):
        find_linker(nlp, "sentencizer")


def test_a_corpus_without_gold(nlp: Language, make_doc: MakeDoc) -> None:
    with pytest.raises(BelError, match=r"\[B506\].* 0 documents"):
        evaluate(nlp, [])
    with pytest.raises(BelError, match=r"\[B506\].* 1 documents"):
        evaluate(nlp, [make_doc("Nothing.")])
    with pytest.raises(BelError, match=r"\[B507\].* 1 gold mentions"):
        evaluate(nlp, [make_doc("gout", ("gout", ""))])


def _with_top_k(kb: Store, top_k: int) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("bel_linker", config={"kb": str(kb.path), "top_k": top_k})
    return nlp


def test_recall_is_measured_beyond_the_linkers_own_candidates(kb: Store, make_doc: MakeDoc) -> None:
    # Cat Eye Syndrome comes first.
    text = "diabetes mellitus of cats with an eye syndrome"
    nlp = _with_top_k(kb, 1)
    doc = make_doc(text, (text, "MESH:D003920"))
    evaluation = evaluate(nlp, [doc], resamples=10, end_to_end=False)
    assert evaluation.metrics["lenient"]["acc@1"]["value"] == 0.0
    assert evaluation.metrics["lenient"]["recall@50"]["value"] == 1.0
    linker: Any = nlp.get_pipe("bel_linker")
    assert linker.top_k == 1
    (record,) = evaluation.records
    ((link,),) = linker.link([doc], [[doc[:]]])
    assert len(link.candidates) == 1 < len(record.candidates)
    assert (record.answer, record.score) == (link.kb_id, link.score)


@pytest.mark.parametrize("top_k", [1, 2, 3, 50])
def test_answers_are_those_of_the_pipeline_as_it_is_set(
    kb: Store, make_doc: MakeDoc, top_k: int
) -> None:
    # With one candidate a composite has but one part, with more it has two.
    text = "breast and ovarian cancer"
    nlp = _with_top_k(kb, top_k)
    doc = make_doc(text, (text, "MESH:D001943|MESH:D010051"))
    (record,) = evaluate(nlp, [doc], resamples=10, end_to_end=False).records
    linker: Any = nlp.get_pipe("bel_linker")
    ((link,),) = linker.link([doc], [[doc[:]]])
    assert (record.answer, record.score) == (link.kb_id, link.score)
    ranked = [candidate.id for candidate in record.candidates]
    assert len(ranked) == len(set(ranked))
    assert set(ranked[: len(link.candidates)]) == {each.id for each in link.candidates}
    assert len(record.answer_ids) == min(top_k, 2)


def test_a_failure_leaves_the_linker_as_it_was(
    kb: Store, make_doc: MakeDoc, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = _with_top_k(kb, 7)
    linker: Any = nlp.get_pipe("bel_linker")
    retrieve = linker.retriever.retrieve_documents

    def only_few(mentions: list[Any], k: int, documents: list[int]) -> Any:
        if k > 7:
            raise MemoryError
        return retrieve(mentions, k, documents)

    monkeypatch.setattr(linker.retriever, "retrieve_documents", only_few)
    with pytest.raises(MemoryError):
        evaluate(nlp, [make_doc("gout", ("gout", "MESH:D006073"))], resamples=10)
    assert linker.top_k == 7
