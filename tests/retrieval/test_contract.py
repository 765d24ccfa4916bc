"""What every registered retriever must do, over knowledge bases of 1, 12 and 160 concepts."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.util import registry

from spacy_bel.errors import BelError
from spacy_bel.kb.store import Store
from spacy_bel.protocols import Retriever
from spacy_bel.retrieval.lexical import NameRetriever
from spacy_bel.types import Alias, Candidate, Concept, Mention

MakeRetriever = Callable[..., Retriever]

NAMES = sorted(e.name for e in entry_points(group="spacy_misc") if e.name.endswith("Retriever.v1"))
SETTINGS: list[tuple[str, dict[str, float]]] = [
    *((name, {}) for name in NAMES),
    ("spacy-bel.NgramRetriever.v1", {"prune": 0.0}),
]
KBS = ("one", "dozen", "sample")
QUERIES = (
    "breast cancer",
    "cancer of the breast",
    "cold",
    "the common cold",
    "COUGH",
    "hepatitis A",
    "acute myocardial infarction",
    "human",
    "BRCA",
    "asma",
    "心肌梗死",
    "renal failure",
    "type II diabetes",
    "no such thing",
)


@pytest.fixture(scope="session", params=KBS)
def kb(request: pytest.FixtureRequest) -> Store:
    if request.param == "one":
        make_kb = request.getfixturevalue("make_kb")
        store: Store = make_kb([Concept("MESH:D001943", "Breast Neoplasms", types=("Disease",))])
    else:
        store = request.getfixturevalue(request.param)
    return store


DENSE = ("spacy-bel.DenseRetriever.v1", "spacy-bel.HybridRetriever.v1")


@pytest.fixture(scope="session", params=SETTINGS, ids=str)
def make(request: pytest.FixtureRequest, with_vectors: Callable[[Store], Store]) -> MakeRetriever:
    """A retriever over a knowledge base, with the settings given on top of the tested ones."""
    name, own = request.param

    def make(kb: Store, **more: object) -> Retriever:
        store = with_vectors(kb) if name in DENSE else kb
        retriever: Retriever = registry.misc.get(name)(**own, **more)(store)
        return retriever

    return make


@pytest.fixture(scope="session")
def retriever(make: MakeRetriever, kb: Store) -> Retriever:
    return make(kb)


@pytest.fixture(scope="session")
def many(make_kb: Callable[..., Store]) -> Store:
    """A name of 500 concepts, and a concept of 500 names that look alike."""
    cysts = [
        Concept(f"MESH:{n:06}", f"Something {n}", (Alias("cyst"),)) for n in range(500) if n != 450
    ]
    lesion = Concept("HP:1", "Lesion", tuple(Alias(f"lesion lesion{n}") for n in range(500)))
    others = [Concept(f"HP:{n}", f"unspecified lesionlike number {n}") for n in range(2, 10)]
    return make_kb([*cysts, Concept("MESH:000450", "Cyst"), lesion, *others])


def _one(retriever: Retriever, text: str, k: int = 5, **fields: object) -> list[Candidate]:
    (found,) = retriever.retrieve([Mention(text, **fields)], k)  # type: ignore[arg-type]
    return found


def _check(candidates: list[Candidate], k: int, kb: Store) -> None:
    ids = [candidate.id for candidate in candidates]
    assert len(set(ids)) == len(ids) <= k
    scores = [candidate.score for candidate in candidates]
    assert scores == sorted(scores, reverse=True)
    for candidate, concept in zip(candidates, kb.describe(ids), strict=True):
        assert 0 < candidate.score <= 1
        assert candidate.scores
        assert all(0 < score <= 1 + 1e-6 for score in candidate.scores.values())
        assert (candidate.name, candidate.types) == (concept.name, concept.types)
        assert candidate.alias in {alias.name for alias in concept.aliases}
        assert candidate.kb == kb.name


def test_the_registered_retrievers_are_tested() -> None:
    assert {"spacy-bel.ExactRetriever.v1", "spacy-bel.LexicalRetriever.v1"} < set(NAMES)


def test_it_is_a_retriever(retriever: Retriever) -> None:
    assert isinstance(retriever, Retriever)


@pytest.mark.parametrize("text", QUERIES)
def test_candidates_are_distinct_complete_and_best_first(
    retriever: Retriever, kb: Store, text: str
) -> None:
    for k in (1, 3, 1000):
        _check(_one(retriever, text, k), k, kb)


@pytest.mark.parametrize("text", QUERIES)
def test_there_are_as_many_candidates_as_are_wanted(retriever: Retriever, text: str) -> None:
    every = _one(retriever, text, 1000)
    for k in (1, 2, 5):
        candidates = _one(retriever, text, k)
        assert len(candidates) == min(k, len(every))
        assert [c.id for c in candidates[:1]] == [c.id for c in every[:1]]


def test_nothing_is_better_than_a_concept_by_its_own_name(retriever: Retriever, kb: Store) -> None:
    names = [alias.name for concept in kb.concepts() for alias in concept.aliases]
    if isinstance(retriever, NameRetriever) and list(retriever.stages) == ["dense"]:
        # To this encoder one Chinese name is like another.
        names = [name for name in names if name.isascii()]
    found = retriever.retrieve([Mention(name) for name in names], 3)
    for name, candidates in zip(names, found, strict=True):
        best = {c.id for c in candidates if c.score == candidates[0].score}
        assert best.intersection(kb.ids_of_name(name))


def test_a_batch_gives_what_single_mentions_give(retriever: Retriever) -> None:
    mentions = [Mention(text) for text in QUERIES]
    batch = retriever.retrieve(mentions, 5)
    assert batch == [retriever.retrieve([mention], 5)[0] for mention in mentions]
    assert batch == retriever.retrieve(mentions, 5)
    assert batch[::-1] == retriever.retrieve(mentions[::-1], 5)
    assert batch[:3] * 2 == retriever.retrieve(mentions[:3] * 2, 5)


def test_a_new_retriever_gives_the_same(make: MakeRetriever, kb: Store) -> None:
    mentions = [Mention(text) for text in QUERIES]
    assert make(kb).retrieve(mentions, 5) == make(Store(kb.path)).retrieve(mentions, 5)


def test_no_mentions(retriever: Retriever) -> None:
    assert retriever.retrieve([], 5) == []


@pytest.mark.parametrize("text", ["", " ", "\n\t", "-", "(+/-)", "…", "\0", "🫀"])
def test_nothing_to_look_up(retriever: Retriever, text: str) -> None:
    assert _one(retriever, text) == []


def test_a_mention_of_5000_characters(retriever: Retriever, kb: Store) -> None:
    for text in ("breast cancer " * 357, "x" * 5000, "心" * 5000, "βα" * 2500):
        _check(_one(retriever, text), 5, kb)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.text(), max_size=4))
def test_any_unicode(retriever: Retriever, kb: Store, texts: list[str]) -> None:
    found = retriever.retrieve([Mention(text) for text in texts], 3)
    assert len(found) == len(texts)
    for candidates in found:
        _check(candidates, 3, kb)


@settings(max_examples=40, deadline=None)
@given(text=st.text(st.characters(categories=["Cs"]), min_size=1))
def test_lone_surrogates(retriever: Retriever, text: str) -> None:
    assert _one(retriever, text) == []


def test_the_query_is_looked_up_in_place_of_the_text(retriever: Retriever, kb: Store) -> None:
    name = kb.concept_names[0]
    assert _one(retriever, "XYZ", query=name) == _one(retriever, name)


def _broader(candidates: list[Candidate]) -> set[str]:
    """What was offered because of other candidates."""
    return {c.id for c in candidates if not {"broader", "ancestor"}.isdisjoint(c.scores)}


@pytest.mark.parametrize("text", QUERIES)
@pytest.mark.parametrize("types", [{"Disease"}, {"Gene"}, {"Phenomenon", "Species"}])
def test_types_are_filtered_before_the_cut(
    retriever: Retriever, kb: Store, text: str, types: set[str]
) -> None:
    admitted = [c for c in _one(retriever, text, len(kb)) if types.intersection(c.types)]
    filtered = _one(retriever, text, len(kb), types=frozenset(types))
    assert all(types.intersection(candidate.types) for candidate in filtered)
    # The broader concepts are those of the best candidates, which the filter changes.
    broader = _broader(filtered) | _broader(admitted)
    for every in (filtered, admitted):
        every[:] = [candidate for candidate in every if candidate.id not in broader]
    assert [candidate.id for candidate in filtered] == [candidate.id for candidate in admitted]
    filtered = _one(retriever, text, len(kb), types=frozenset(types))
    admitted = filtered
    found = _one(retriever, text, 2, types=frozenset(types))
    assert len(found) == min(2, len(admitted))
    assert {c.id for c in found} <= {c.id for c in admitted}


def test_prefixes_are_filtered_before_the_cut(make: MakeRetriever, kb: Store) -> None:
    if kb.count_prefixes().keys().isdisjoint({"NCBIGene", "HP"}):
        with pytest.raises(BelError, match=r"prefixes=HP, NCBIGene; allowed: MESH"):
            make(kb, prefixes=["NCBIGene", "HP"])
        return
    every, genes = make(kb), make(kb, prefixes=["NCBIGene", "HP"])
    for text in QUERIES:
        admitted = [c for c in _one(every, text, len(kb)) if c.id.startswith(("NCBIGene:", "HP:"))]
        filtered = _one(genes, text, len(kb))
        assert {c.id for c in admitted} <= {c.id for c in filtered}
        broader = _broader(filtered) | _broader(admitted)
        assert [c for c in filtered if c.id not in broader] == [
            c for c in admitted if c.id not in broader
        ]
        assert len(_one(genes, text, 1)) == min(1, len(admitted))


def test_a_prefix_may_be_written_in_any_spelling(make: MakeRetriever, kb: Store) -> None:
    mentions = [Mention(text) for text in QUERIES]
    found = make(kb, prefixes=["mesh"]).retrieve(mentions, 3)
    assert found == make(kb, prefixes=["MESH"]).retrieve(mentions, 3)
    assert found[0][0].id == "MESH:D001943"


def test_languages_are_filtered_before_the_cut(make: MakeRetriever, kb: Store) -> None:
    if "es" not in kb.meta["languages"]:
        with pytest.raises(BelError, match="languages=es; allowed: en"):
            make(kb, languages=["es"])
        return
    spanish = make(kb, languages=["es"])
    for text in ("asma", "hepatitis", "infarto", "breast cancer"):
        every = _one(spanish, text, len(kb))
        for concept, candidate in zip(kb.describe([c.id for c in every]), every, strict=True):
            assert candidate.alias in {a.name for a in concept.aliases if a.lang == "es"}
        assert len(_one(spanish, text, 1)) == min(1, len(every))
        _check(every, len(kb), kb)


def test_a_filter_that_nothing_passes(retriever: Retriever) -> None:
    assert _one(retriever, "breast cancer", types=frozenset({"No such type"})) == []


def test_filters_do_not_change_scores(make: MakeRetriever, sample: Store) -> None:
    (diabetes,) = make(sample).retrieve([Mention("diabetes")], len(sample))
    (only,) = make(sample, prefixes=["MESH"]).retrieve([Mention("diabetes")], 3)
    scores = {c.id: c.score for c in diabetes}
    assert only
    # The order in which floating point numbers are summed shows in the last digit.
    assert all(c.score == pytest.approx(scores[c.id], abs=2e-6) for c in only)


def test_a_name_of_500_concepts(make: MakeRetriever, many: Store) -> None:
    candidates = _one(make(many), "cyst", 20)
    assert len(candidates) == 20
    assert {candidate.score for candidate in candidates} == {candidates[0].score}
    assert candidates[0].id == "MESH:000450"  # the only one with this as its preferred name
    assert [c.id for c in candidates[1:]] == [f"MESH:{n:06}" for n in range(19)]


def test_a_concept_of_500_similar_names(make: MakeRetriever, many: Store) -> None:
    retriever = make(many)
    candidates = _one(retriever, "lesion", 3)
    assert candidates[0].id == "HP:1"
    assert len(candidates) == min(3, len(_one(retriever, "lesion", len(many))))
