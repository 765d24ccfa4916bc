from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.kb import InMemoryLookupKB
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Corpus, Example
from spacy.vocab import Vocab

from spacy_bel.corpora import GOLD_KEY, GoldDocument, GoldMention
from spacy_bel.corpora.docs import doc_id, to_doc
from spacy_bel.corpora.reader import gold_corpus, read_docs
from spacy_bel.errors import BelError


def document(number: int) -> GoldDocument:
    text = "breast cancer and fever"
    mentions = (
        GoldMention(0, 13, "breast cancer", "Disease", ("MESH:D001943",)),
        GoldMention(7, 13, "cancer", "Disease", ("MESH:D009369",)),
        GoldMention(18, 23, "fever", "Finding", ("NIL",)),
    )
    return GoldDocument(str(number), text, "en", mentions)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    DocBin(docs=[to_doc(document(number)) for number in range(3)]).to_disk(tmp_path / "a.spacy")
    return tmp_path / "a.spacy"


def test_predictions_hold_gold_mentions_without_ids(
    path: Path, from_doc: Callable[[Doc], GoldDocument]
) -> None:
    nlp = spacy.blank("en")
    examples = list(gold_corpus(path)(nlp))
    assert len(examples) == 3
    for number, example in enumerate(examples):
        assert from_doc(example.reference) == document(number)
        predicted = example.predicted
        assert predicted.text == example.reference.text
        assert doc_id(predicted) == str(number)
        gold = [(span.text, span.label_, span.kb_id_) for span in predicted.spans[GOLD_KEY]]
        assert gold == [
            ("breast cancer", "Disease", ""),
            ("cancer", "Disease", ""),
            ("fever", "Finding", ""),
        ]
        assert [(ent.text, ent.kb_id_) for ent in predicted.ents] == [
            ("breast cancer", ""),
            ("fever", ""),
        ]


def test_limit_and_entities_alone(path: Path) -> None:
    (example,) = gold_corpus(str(path), spans="ents", limit=1)(spacy.blank("en"))
    assert len(example.predicted.ents) == 2
    assert GOLD_KEY not in example.predicted.spans


def test_a_missing_span_group_is_an_error(path: Path) -> None:
    with pytest.raises(BelError, match=r"B208.*'sc'.*bel_gold"):
        list(gold_corpus(path, spans="sc")(spacy.blank("en")))


def test_evaluate_scores_linking_on_gold_mentions(path: Path) -> None:
    """spaCy's own entity linker, by prior alone, finds the one concept and links a NIL."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    linker = nlp.add_pipe("entity_linker", config={"incl_context": False, "n_sents": 0})

    def load(vocab: Vocab) -> InMemoryLookupKB:
        kb = InMemoryLookupKB(vocab, entity_vector_length=1)
        for concept in ("MESH:D001943", "MESH:D005334"):
            kb.add_entity(concept, 1, [0.0])
        kb.add_alias("breast cancer", ["MESH:D001943"], [1.0])
        kb.add_alias("fever", ["MESH:D005334"], [1.0])
        return kb

    linker.set_kb(load)  # type: ignore[attr-defined]
    # Only the prior is used, so the network need not know anything.
    reference = nlp.make_doc("breast cancer")
    reference.ents = (Span(reference, 0, 2, "Disease", kb_id="MESH:D001943"),)
    nlp.initialize(lambda: [Example(nlp.make_doc("breast cancer"), reference)])
    scores = nlp.evaluate(gold_corpus(path)(nlp))
    assert (scores["nel_micro_p"], scores["nel_micro_r"]) == (0.5, 1.0)  # fever is NIL


def test_spacys_own_corpus_reads_the_file(path: Path) -> None:
    nlp: Language = spacy.blank("en")
    for example in Corpus(path)(nlp):
        assert [ent.kb_id_ for ent in example.reference.ents] == ["MESH:D001943", "NIL"]
        assert doc_id(example.reference) != ""


def test_folders_are_read_in_order(path: Path) -> None:
    (path.parent / "b").mkdir()
    DocBin(docs=[to_doc(document(9))]).to_disk(path.parent / "b" / "c.spacy")
    assert [doc_id(doc) for doc in read_docs(path.parent, Vocab())] == ["0", "1", "2", "9"]


def test_files_that_are_no_corpus(path: Path, tmp_path: Path) -> None:
    content = path.read_bytes()
    # Among the foreign ones is what zlib can unpack.
    foreign = (b"", b"text", b"PK\x03\x04", b"x\x9c\x03\x00\x00\x00\x00\x01")
    for broken in (*foreign, content[: len(content) // 2], content[:-20]):
        path.write_bytes(broken)
        with pytest.raises(BelError, match=r"B207.*a\.spacy.*convert"):
            list(read_docs(path, Vocab()))
    with pytest.raises(BelError, match=r"B201.*absent\.spacy cannot be read: No such file"):
        list(read_docs(tmp_path / "absent.spacy", Vocab()))
    (tmp_path / "empty").mkdir()
    with pytest.raises(BelError, match=r"B201.*no \.spacy file"):
        list(read_docs(tmp_path / "empty", Vocab()))
