from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from spacy_bel.kb.store import Store
from spacy_bel.retrieval.cause import CAUSE
from spacy_bel.retrieval.lexical import NameRetriever
from spacy_bel.retrieval.registry import lexical_retriever
from spacy_bel.types import Alias, Candidate, Concept, Mention

CONCEPTS = [
    Concept("A:1", "Hepatitis", (Alias("Liver Inflammation"),), types=("Disease",)),
    Concept(
        "A:2",
        "Drug-Induced Liver Injury",
        (Alias("Drug-Induced Hepatitis"), Alias("Disease, Drug-Induced Liver")),
        ("Disease",),
    ),
    Concept("A:3", "Liver Diseases", types=("Disease",)),
    Concept("A:4", "Epilepsy", types=("Disease",)),
    Concept("A:5", "Drug Resistant Epilepsy", types=("Disease",)),
    Concept("A:6", "Drug Toxicity", types=("Disease",)),
    Concept("A:7", "Dopamine", types=("Chemical",)),
    Concept("A:8", "Dopamine Agents", (Alias("Dopamine Drugs"),), types=("Chemical",)),
    Concept("A:9", "Allergy", types=("Disease",)),
    Concept("A:10", "Drug Hypersensitivity", (Alias("Allergies, Drug"),), types=("Disease",)),
]

BLAMING = "seen in liver failure induced by troglitazone"
"""What a text has to say, around any mention of it."""


@pytest.fixture(scope="module")
def retriever(make_kb: Callable[..., Store]) -> NameRetriever:
    made = lexical_retriever()(make_kb(CONCEPTS))
    assert isinstance(made, NameRetriever)
    return made


def _find(
    retriever: NameRetriever, texts: Sequence[str], context: str = BLAMING
) -> list[list[Candidate]]:
    """What is found for the mentions of one document, the first of which has a context."""
    mentions = [Mention(text) for text in texts]
    mentions[0] = replace(mentions[0], context=context)
    return retriever.retrieve_documents(mentions, 5, [0] * len(mentions))


@pytest.mark.parametrize("text", ["hepatitis", "Liver disease", "hepatotoxicity"])
def test_what_drugs_cause_comes_first_where_the_text_blames_them(
    retriever: NameRetriever, text: str
) -> None:
    (plain,), (found,) = (
        _find(retriever, [text], "seen in viral infection"),
        _find(retriever, [text]),
    )
    assert plain[0].id != "A:2"
    assert found[0].id == "A:2"
    assert found[0].score == plain[0].score
    (before,) = (candidate for candidate in plain if candidate.id == "A:2")
    assert found[0].scores == {**before.scores, CAUSE: before.score}
    assert found[1:] == [candidate for candidate in plain if candidate.id != "A:2"]


def test_the_text_around_any_mention_of_the_document_counts(retriever: NameRetriever) -> None:
    assert _find(retriever, ["epilepsy", "hepatitis"])[1][0].id == "A:2"
    both = [Mention("epilepsy", context=BLAMING), Mention("hepatitis")]
    assert retriever.retrieve_documents(both, 5, [0, 1])[1][0].id == "A:1"


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ("Lamotrigine induces", "A:2"),
        ("drug-INDUCED", "A:2"),
        ("treated with drugs", "A:1"),
        ("Induction of sleep", "A:1"),
    ],
)
def test_words_that_blame(retriever: NameRetriever, context: str, expected: str) -> None:
    assert _find(retriever, ["hepatitis"], context)[0][0].id == expected


@pytest.mark.parametrize(
    "mention",
    [
        Mention("epilepsy"),
        Mention("toxicity"),
        Mention("hepatitis related"),
        Mention("hepatitis and epilepsy", parts=("hepatitis", "epilepsy")),
    ],
    ids=lambda mention: mention.text,
)
def test_other_mentions_keep_their_order(retriever: NameRetriever, mention: Mention) -> None:
    blaming = replace(mention, context=BLAMING)
    assert retriever.retrieve_documents([blaming], 5, [0]) == retriever.retrieve([mention], 5)


def test_drugs_are_not_what_drugs_cause(retriever: NameRetriever) -> None:
    assert _find(retriever, ["dopamine"])[0][0].id == "A:7"
    assert _find(retriever, ["allergy"])[0][0].id == "A:10"


def test_types_are_respected(retriever: NameRetriever) -> None:
    mention = Mention("hepatitis", context=BLAMING, types=frozenset({"Gene"}))
    assert retriever.retrieve_documents([mention], 5, [0]) == [[]]


def test_it_can_be_turned_off(retriever: NameRetriever) -> None:
    plain = lexical_retriever(drug_induced=False)(retriever.store)
    mention = Mention("hepatitis", context=BLAMING)
    assert isinstance(plain, NameRetriever)
    assert plain.retrieve_documents([mention], 5, [0])[0][0].id == "A:1"
