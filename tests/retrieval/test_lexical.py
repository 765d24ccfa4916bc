from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.kb.store import Store
from spacy_bel.protocols import Retriever
from spacy_bel.retrieval import fusion, lexical
from spacy_bel.retrieval.exact import SAME_SURFACE, SAME_WORDS
from spacy_bel.retrieval.hits import Hits, Query, Stage
from spacy_bel.retrieval.lexical import BROADER_WEIGHT, PART_WEIGHT, NameRetriever
from spacy_bel.retrieval.registry import NGRAM_WEIGHT, lexical_retriever
from spacy_bel.types import ALIAS_KINDS, Alias, AliasKind, Candidate, Concept, Mention

MakeKB = Callable[..., Store]


def _find(retriever: Retriever, mention: Mention | str, k: int = 10) -> list[Candidate]:
    (found,) = retriever.retrieve([Mention(mention) if isinstance(mention, str) else mention], k)
    return found


def _ids(make_kb: MakeKB, concepts: list[Concept], text: str) -> list[str]:
    return [candidate.id for candidate in _find(lexical_retriever()(make_kb(concepts)), text)]


def _bearer(number: int, kind: AliasKind, count: int = 0) -> Concept:
    alias = Alias("cold", kind, count=count)
    return Concept(f"A:{number}", f"Other {number}", (alias,))


def test_exact_hits_come_first(sample: Store) -> None:
    retriever = lexical_retriever()(sample)
    for text in ("heart attack", "type 2 diabetes", "MS", "cold", "depression", "心力衰竭"):
        candidates = _find(retriever, text, 20)
        named = sample.ids_of_name(text)
        assert {c.id for c in candidates[: len(named)]} == set(named)
        assert candidates[0].score == SAME_SURFACE
        assert all(c.scores["exact"] == c.score for c in candidates[: len(named)])
        assert all(c.score < SAME_WORDS for c in candidates[len(named) :])


def test_scores_say_what_each_stage_gave(dozen: Store) -> None:
    candidates = _find(lexical_retriever()(dozen), "hepatitis")
    by_id = {candidate.id: candidate for candidate in candidates}
    assert set(by_id["MESH:D006505"].scores) == {"exact", "ngram"}
    for candidate in _find(lexical_retriever()(dozen), "coughing"):
        assert candidate.score == pytest.approx(NGRAM_WEIGHT * candidate.scores["ngram"], abs=1e-6)


@pytest.mark.parametrize("size", [1, 3])
def test_how_many_are_worked_on_together_changes_nothing(
    sample: Store, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    texts = ["heart muscle attacks", "cold", "aching kidneys", "bloodlessness", "tumour", "?"]
    mentions = [Mention(text) for text in texts]
    expected = lexical_retriever()(sample).retrieve(mentions, 20)
    for stage in ("ancestors", "broader", "fusion", "ngram"):
        monkeypatch.setattr(f"spacy_bel.retrieval.{stage}.BATCH", size)
    assert lexical_retriever()(sample).retrieve(mentions, 20) == expected
    assert any("broader" in found.scores for each in expected for found in each)


def test_the_alias_is_the_name_that_matched(dozen: Store) -> None:
    retriever = lexical_retriever()(dozen)
    first = _find(retriever, "breast cancer 2")[0]
    assert (first.id, first.name, first.alias) == ("NCBIGene:675", "BRCA2", "breast cancer 2")
    assert _find(retriever, "心肌梗死")[0].alias == "心肌梗死"


def test_a_tie_breaks_for_the_preferred_name(make_kb: MakeKB) -> None:
    concepts = [_bearer(1, "exact"), Concept("A:2", "Cold")]
    assert _ids(make_kb, concepts, "cold")[:2] == ["A:2", "A:1"]


def test_a_tie_breaks_for_the_better_kind_of_name(make_kb: MakeKB) -> None:
    worst_first = [_bearer(rank, kind) for rank, kind in enumerate(ALIAS_KINDS)][::-1]
    concepts = [c if c.id != "A:0" else Concept("A:0", "cold") for c in worst_first]
    ranked = _ids(make_kb, concepts, "cold")
    assert ranked[:6] == [f"A:{rank}" for rank in range(len(ALIAS_KINDS))]


def test_a_tie_breaks_for_what_annotators_said_more_often(make_kb: MakeKB) -> None:
    concepts = [_bearer(1, "annotated", 2), _bearer(2, "annotated", 7), _bearer(3, "annotated", 3)]
    assert _ids(make_kb, concepts, "cold")[:3] == ["A:2", "A:3", "A:1"]


def test_a_tie_breaks_for_the_concept_with_more_names_and_narrower_concepts(
    make_kb: MakeKB,
) -> None:
    rich = Concept("A:2", "Other", (Alias("cold"), Alias("coryza"), Alias("head chill")))
    broad = Concept("A:3", "Third", (Alias("cold"),))
    below = [Concept(f"B:{n}", f"Sort {n}", parents=("A:3",)) for n in range(5)]
    assert _ids(make_kb, [_bearer(1, "exact"), rich], "cold")[:2] == ["A:2", "A:1"]
    assert _ids(make_kb, [_bearer(1, "exact"), rich, broad, *below], "cold")[:2] == ["A:3", "A:2"]


def test_a_tie_breaks_for_the_place_in_the_knowledge_base(make_kb: MakeKB) -> None:
    concepts = [_bearer(number, "exact") for number in (3, 1, 2)]
    assert _ids(make_kb, concepts, "cold")[:3] == ["A:3", "A:1", "A:2"]


def test_a_mention_in_another_language(sample: Store) -> None:
    retriever = lexical_retriever()(sample)
    for text in ("infarto de miocardio", "Herzinfarkt", "心肌梗死"):
        assert _find(retriever, text)[0].id == "MESH:D009203"


def _composite(text: str, *parts: str, query: str = "") -> Mention:
    return Mention(text, query=query, parts=parts)


def test_every_part_of_a_composite_is_looked_up(dozen: Store) -> None:
    retriever = lexical_retriever()(dozen)
    mention = _composite("breast and ovarian cancer", "breast cancer", "ovarian cancer")
    candidates = _find(retriever, mention)
    first = {c.scores["part"]: c for c in candidates[1::-1]}
    assert {part: c.id for part, c in first.items()} == {1: "MESH:D001943", 2: "MESH:D010051"}
    assert all(c.score >= PART_WEIGHT for c in first.values())
    assert len({c.id for c in candidates}) == len(candidates)
    assert [c.score for c in candidates] == sorted((c.score for c in candidates), reverse=True)


def test_the_whole_of_a_composite_is_looked_up_too(make_kb: MakeKB) -> None:
    concepts = [
        Concept("A:1", "Head and Neck Cancer"),
        Concept("A:2", "Head Cancer"),
        Concept("A:3", "Neck Cancer"),
    ]
    retriever = lexical_retriever()(make_kb(concepts))
    mention = _composite("head and neck cancer", "head cancer", "neck cancer")
    candidates = _find(retriever, mention)
    assert [c.id for c in candidates] == ["A:1", "A:2", "A:3"]
    assert [c.scores.get("part") for c in candidates] == [None, 1, 2]


def test_concepts_that_bear_the_name_of_a_composite_answer_its_parts(make_kb: MakeKB) -> None:
    name = Alias("head or neck cancer", "annotated", count=3)
    concepts = [
        Concept("A:1", "Head Cancer", (name,)),
        Concept("A:2", "Neck Cancer", (name,)),
        Concept("A:3", "Cancer of the Head and Neck", (Alias("head and neck cancer"),)),
    ]
    retriever = lexical_retriever()(make_kb(concepts))
    for text, expected in {
        "head or neck cancer": [("A:1", 1), ("A:2", 2), ("A:3", None)],
        "head and neck cancer": [("A:3", None), ("A:1", 1), ("A:2", 2)],
    }.items():
        found = _find(retriever, _composite(text, "head cancer", "neck cancer"))
        assert [(c.id, c.scores.get("part")) for c in found] == expected


def test_parts_that_match_surely_come_before_a_whole_that_is_only_alike(make_kb: MakeKB) -> None:
    name = Alias("head and neck cancer")
    concepts = [
        Concept("A:1", "Head and Neck Cancer"),
        Concept("A:2", "Head Carcinoma", (name,)),
        Concept("A:3", "Cancer of the Neck", (name,)),
    ]
    retriever = lexical_retriever()(make_kb(concepts))
    found = _find(
        retriever, _composite("head and neck carcinoma", "head carcinoma", "neck carcinoma")
    )
    assert len({c.score for c in found}) == 1
    assert [c.id for c in found] == ["A:2", "A:1", "A:3"]


def test_parts_that_mean_the_same_are_one(dozen: Store) -> None:
    mention = _composite("x", "breast cancer", "breast neoplasm", "ovarian cancer")
    candidates = _find(lexical_retriever()(dozen), mention)
    parts = {c.id: c.scores.get("part") for c in candidates}
    assert parts["MESH:D001943"] == 1
    assert parts["MESH:D010051"] == 3
    assert 2 not in parts.values()


def test_the_best_of_a_part_is_left_to_it(dozen: Store) -> None:
    mention = _composite("x", "breast cancer 1", "breast cancer 2")
    candidates = _find(lexical_retriever()(dozen), mention)
    parts = {c.id: c.scores.get("part") for c in candidates}
    assert (parts["NCBIGene:672"], parts["NCBIGene:675"]) == (1, 2)


def test_the_best_of_a_part_is_left_to_it_though_another_likes_it_better(make_kb: MakeKB) -> None:
    concepts = [
        Concept("A:1", "Arthritis urica", (Alias("gout attack"), Alias("gout"))),
        Concept("A:2", "Gout"),
        Concept("A:3", "Attack"),
    ]
    retriever = lexical_retriever()(make_kb(concepts))
    parts = [_find(retriever, text) for text in ("gout attacks", "gout")]
    assert [candidates[0].id for candidates in parts] == ["A:1", "A:2"]
    assert parts[1][1].id == "A:1"
    assert parts[1][1].score > parts[0][0].score
    candidates = _find(retriever, _composite("x", "gout attacks", "gout"))
    answers = {c.id: c.scores.get("part") for c in candidates}
    assert (answers["A:1"], answers["A:2"]) == (1, 2)


def test_a_part_without_candidates_keeps_its_number(dozen: Store) -> None:
    candidates = _find(lexical_retriever()(dozen), _composite("x", "???", "asthma"))
    assert candidates[0].id == "MESH:D001249"
    assert candidates[0].scores["part"] == 2


def test_filters_hold_for_the_parts(dozen: Store) -> None:
    mention = Mention(
        "cold and asthma", parts=("cold", "asthma"), types=frozenset({"Phenomenon", "Gene"})
    )
    candidates = _find(lexical_retriever()(dozen), mention)
    assert candidates[0].id == "MESH:D003080"
    assert {c.types for c in candidates} <= {("Phenomenon",), ("Gene",)}


@settings(max_examples=50, deadline=None)
@given(
    parts=st.lists(
        st.sampled_from(["breast cancer", "cold", "hepatitis A", "hepatitis", "", "qq"]), max_size=4
    ),
    k=st.integers(1, 12),
)
def test_any_parts(dozen: Store, parts: list[str], k: int) -> None:
    candidates = _find(lexical_retriever()(dozen), _composite("breast and cold", *parts), k)
    ids = [candidate.id for candidate in candidates]
    assert len(ids) == len(set(ids)) <= k
    assert [c.score for c in candidates] == sorted((c.score for c in candidates), reverse=True)
    numbers = {c.scores["part"] for c in candidates if "part" in c.scores}
    assert numbers <= set(range(1, len(parts) + 1))
    # What a part answers is what it would answer alone.
    for number in numbers:
        best = next(c for c in candidates if c.scores.get("part") == number)
        assert best.id == _find(lexical_retriever()(dozen), parts[int(number) - 1])[0].id


def _hierarchy(make_kb: MakeKB) -> Store:
    return make_kb(
        [
            Concept("A:1", "Cardiovascular Diseases"),
            Concept("A:2", "Arrhythmia", parents=("A:1",)),
            Concept("A:3", "Cardiac Conduction Defect", parents=("A:2", "B:unknown")),
            Concept("A:4", "Asthma", types=("Disease",), parents=("A:5",)),
            Concept("A:5", "Lung Diseases", types=("Group",)),
        ]
    )


def test_parents_are_offered_where_no_name_has_the_same_words(make_kb: MakeKB) -> None:
    retriever = lexical_retriever()(_hierarchy(make_kb))
    found = {c.id: c for c in _find(retriever, "cardiac conduction delay")}
    assert next(iter(found)) == "A:3"
    child = found["A:3"].score
    assert found["A:2"].scores == {"broader": pytest.approx(child, abs=1e-5)}
    assert found["A:2"].score == pytest.approx(BROADER_WEIGHT * child, abs=1e-5)
    assert found["A:2"].alias == "Arrhythmia"


def test_an_exact_match_needs_nothing_broader(make_kb: MakeKB) -> None:
    retriever = lexical_retriever()(_hierarchy(make_kb))
    assert "A:2" not in {c.id for c in _find(retriever, "cardiac conduction defects")}


def test_parents_can_be_left_out(make_kb: MakeKB) -> None:
    retriever = lexical_retriever(broader=0)(_hierarchy(make_kb))
    assert not any("broader" in c.scores for c in _find(retriever, "cardiac conduction delay"))


def test_parents_are_filtered(make_kb: MakeKB) -> None:
    retriever = lexical_retriever()(_hierarchy(make_kb))
    offered = {c.id for c in _find(retriever, "asthmas attack")}
    assert "A:5" in offered
    mention = Mention("asthmas attack", types=frozenset({"Disease"}))
    assert {c.id for c in _find(retriever, mention)} == {"A:4"}


def test_a_bad_match_says_nothing_of_parents(make_kb: MakeKB) -> None:
    retriever = lexical_retriever()(_hierarchy(make_kb))
    assert not any("broader" in c.scores for c in _find(retriever, "cartwheel"))


@pytest.mark.parametrize(
    "settings",
    [
        {"languages": ["english"]},
        {"prefixes": ["FOO"]},
        {"ngram_weight": 7.0},
        {"ngram_weight": 0.0},
        {"prune": 1.0},
        {"prune": -0.1},
    ],
)
def test_settings_that_cannot_work_are_refused(sample: Store, settings: dict[str, Any]) -> None:
    with pytest.raises(BelError, match="B401"):
        lexical_retriever(**settings)(sample)


def test_one_known_language_is_enough(sample: Store) -> None:
    retriever = lexical_retriever(languages=["xx", "es"], prefixes=["mesh"])(sample)
    assert _find(retriever, "infarto de miocardio")[0].id == "MESH:D009203"


class _Counting:
    """A stage that counts what it was asked for."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.texts: list[str] = []

    def search(self, queries: Sequence[Query], k: int) -> list[Hits]:
        self.texts += [query.text for query in queries]
        return self._stage.search(queries, k)


def _counted(retriever: Retriever) -> _Counting:
    assert isinstance(retriever, NameRetriever)
    retriever.stages["ngram"] = counting = _Counting(retriever.stages["ngram"])
    return counting


def test_latest_lookups_are_remembered(sample: Store) -> None:
    retriever = lexical_retriever()(sample)
    counting = _counted(retriever)
    mentions = [Mention("heart muscle attacks"), Mention("COLD"), Mention("heart muscle attacks")]
    found = retriever.retrieve(mentions, 10)
    again = retriever.retrieve([Mention("COLD"), Mention("cold"), *mentions], 10)
    assert again[2:] == found and again[0] == found[1]
    assert counting.texts == ["heart muscle attacks", "COLD", "cold"]
    typed = Mention("COLD", types=frozenset({"Disease"}))
    assert retriever.retrieve([typed], 10) == lexical_retriever()(sample).retrieve([typed], 10)
    assert [len(each) for each in retriever.retrieve(mentions[:2], 3)] == [3, 3]
    retriever.retrieve(mentions, 10)[0].clear()
    assert retriever.retrieve(mentions, 10) == found


@pytest.mark.parametrize("limit", ["RECENT", "_MOST_RECENT"])
def test_memory_is_limited(sample: Store, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    texts = ["heart muscle attacks", "cold", "aching kidneys", "bloodlessness", "tumour", "cold"]
    expected = [_find(lexical_retriever()(sample), text) for text in texts]
    monkeypatch.setattr(lexical if limit == "RECENT" else fusion, limit, 20)
    retriever = lexical_retriever()(sample)
    counting = _counted(retriever)
    assert [_find(retriever, text) for text in texts] == expected
    assert counting.texts == texts
    assert retriever.retrieve([Mention(text) for text in texts], 10) == expected
