from __future__ import annotations

import pickle
from itertools import product
from pathlib import Path
from string import ascii_uppercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.reranking.prompt import (
    MAX_OPTIONS,
    PairBuilder,
    Prompt,
    PromptBuilder,
    Shot,
    balanced_orders,
    shuffled_order,
)
from spacy_bel.reranking.prompt.options import cut, estimate_tokens
from spacy_bel.reranking.prompt.templates import languages
from spacy_bel.types import Candidate, Concept, Mention

GOLDEN = Path(__file__).parents[1] / "golden"

MENTION = Mention(
    "MS", "multiple sclerosis", context="Two women\nwith MS, aged 30.", start=15, end=17
)
CANDIDATES = (
    Candidate("MESH:D009103", "Multiple Sclerosis", "MS", ("Disease",), 1.0),
    Candidate("MESH:D008946", "Mitral Valve Stenosis", "MS", ("Disease",), 0.9),
    Candidate("MESH:D003371", "Cough", "cough", (), 0.2),
)
CONCEPTS = {
    "MESH:D009103": Concept(
        "MESH:D009103",
        "Multiple Sclerosis",
        definition="Demyelination of the central nervous system, with relapses and remissions.",
        parents=("MESH:D009422", "MESH:NONE"),
    ),
    "MESH:D008946": Concept("MESH:D008946", "Mitral Valve Stenosis"),
    "MESH:D003371": Concept("MESH:D003371", "Cough", definition="A sudden\nexpulsion of air."),
    "MESH:D009422": Concept("MESH:D009422", "Nervous System Diseases"),
}
SHOT = Shot(Mention("flu", context="flu season", start=0, end=3), CANDIDATES[2:], None)


def describe(ids: object) -> list[Concept]:
    try:
        return [CONCEPTS[id_] for id_ in ids]  # type: ignore[attr-defined]
    except KeyError as error:
        raise BelError(str(error)) from error


def shown(prompt: Prompt) -> str:
    turns = [f"--- {message['role']}\n{message['content']}" for message in prompt.messages]
    return "\n".join([prompt.version, *turns, ""])


def compare(name: str, text: str) -> None:
    assert text == (GOLDEN / name).read_text(encoding="utf-8")


def test_every_version_has_the_six_languages() -> None:
    assert set(languages("setwise.v1")) >= {"de", "en", "es", "fr", "ja", "zh"}


@pytest.mark.parametrize("lang", languages("setwise.v1"))
def test_the_text_is_that_of_the_golden_file(lang: str) -> None:
    compare(
        f"prompt.setwise.v1.{lang}.txt", shown(PromptBuilder(lang=lang).build(MENTION, CANDIDATES))
    )


@pytest.mark.parametrize("lang", languages("setwise.v1"))
def test_details_and_shots_are_those_of_the_golden_file(lang: str) -> None:
    builder = PromptBuilder(
        lang=lang,
        types=True,
        definition=True,
        parents=True,
        detail_tokens=16,
        shots=(SHOT,),
        describe=describe,
    )
    prompt = builder.build(MENTION, CANDIDATES, [2, 0, 1])
    compare(f"prompt.setwise.v1.{lang}.full.txt", shown(prompt))


@pytest.mark.parametrize("context", ["marked", "unmarked", "none"])
def test_pairs_are_those_of_the_golden_file(context: str) -> None:
    builder = PairBuilder(context=context, types=True)  # type: ignore[arg-type]
    text = "\n=====\n".join([builder.version, *builder.build(MENTION, CANDIDATES)])
    compare(f"prompt.pointwise.v1.{context}.txt", text)


def test_languages_fall_back_to_english() -> None:
    english = PromptBuilder().build(MENTION, CANDIDATES).messages
    assert PromptBuilder(lang="ko").build(MENTION, CANDIDATES).messages == english
    assert PromptBuilder(lang="EN-us").build(MENTION, CANDIDATES).messages == english
    of_mention = PromptBuilder(lang=None)
    assert of_mention.build(MENTION, CANDIDATES).messages == english
    german = of_mention.build(Mention("MS", lang="de"), CANDIDATES)
    assert german.messages == PromptBuilder(lang="de").build(Mention("MS"), CANDIDATES).messages


@given(st.integers(1, MAX_OPTIONS), st.integers() | st.text())
def test_answers_map_back_whatever_the_order(count: int, seed: int | str) -> None:
    candidates = [Candidate(f"X:{n}", f"n{n}", f"alias {n} of", (), 0.5) for n in range(count)]
    order = shuffled_order(count, seed)
    assert order == shuffled_order(count, seed)
    prompt = PromptBuilder().build(MENTION, candidates, order)
    lines = dict(
        line.split(": ", 1)
        for line in prompt.messages[-1]["content"].splitlines()
        if line[1:3] == ": "
    )
    assert list(lines) == list(ascii_uppercase[: count + 1])
    for letter, line in lines.items():
        number = prompt.candidate_of(letter)
        assert prompt.letter_of(number) == letter
        wanted = "None of the above" if number is None else candidates[number].alias
        assert line.startswith(wanted)


@given(st.integers(1, MAX_OPTIONS), st.integers(1, MAX_OPTIONS))
def test_balanced_orders_give_every_candidate_several_places(count: int, orders: int) -> None:
    found = balanced_orders(count, orders)
    assert len(set(found)) == len(found) == min(count, orders)
    assert found[0] == tuple(range(count))
    for place, candidate in product(range(count), range(count)):
        assert sum(order[place] == candidate for order in found) <= 1
    assert all(sorted(order) == list(range(count)) for order in found)


@given(st.text(), st.text(min_size=1), st.text(), st.text(), st.text())
def test_no_text_looks_like_an_option(
    before: str, text: str, after: str, query: str, name: str
) -> None:
    context = before + text + after
    mention = Mention(text, query, context=context, start=len(before), end=len(before) + len(text))
    plain = PromptBuilder().build(MENTION, CANDIDATES[:1]).plain
    prompt = PromptBuilder().build(mention, [Candidate("X:1", name, text, (), 0.5)])
    assert len(prompt.plain.split("\n")) == len(plain.split("\n"))
    assert len(prompt.plain.splitlines()) == len(plain.splitlines())
    assert prompt.messages[-1]["content"].startswith(prompt.head)


@given(st.text(), st.integers(0, 40))
def test_cut_text_fits_the_budget(text: str, tokens: int) -> None:
    found = cut(text, tokens)
    assert estimate_tokens(found) <= tokens or found == ""
    assert found == text if estimate_tokens(text) <= tokens else text.startswith(found.rstrip("…"))


def test_cut_at_words() -> None:
    assert cut("one two three four", 3) == "one two…"
    assert cut("多发性硬化症是一种疾病", 4) == "多发性硬…"


def test_versions_tell_builders_apart() -> None:
    builders = [
        PromptBuilder(),
        PromptBuilder(lang="de"),
        PromptBuilder(types=True),
        PromptBuilder(definition=True, describe=describe),
        PromptBuilder(parents=True, describe=describe),
        PromptBuilder(detail_tokens=3),
        PromptBuilder(shots=(SHOT,)),
    ]
    assert len({builder.version for builder in builders}) == len(builders)
    assert PromptBuilder(describe=describe).version == PromptBuilder().version
    assert PairBuilder().version != PairBuilder(context="none").version
    copy = pickle.loads(pickle.dumps(PromptBuilder(shots=(SHOT,))))
    assert copy.build(MENTION, CANDIDATES) == PromptBuilder(shots=(SHOT,)).build(
        MENTION, CANDIDATES
    )


def test_bad_input_is_refused() -> None:
    builder = PromptBuilder()
    prompt = builder.build(MENTION, CANDIDATES)
    for letter in ("E", "a", "", "AB", "None"):
        with pytest.raises(BelError, match=r"B703.*A, B, C, D"):
            prompt.candidate_of(letter)
    with pytest.raises(BelError, match="B705"):
        prompt.letter_of(3)
    with pytest.raises(BelError, match=r"B701.*25"):
        builder.build(MENTION, CANDIDATES[:1] * 26)
    with pytest.raises(BelError, match="B701"):
        builder.build(MENTION, [])
    for order in ([0, 1], [0, 1, 1], [1, 2, 3], [0, 1, 2, 3]):
        with pytest.raises(BelError, match="B702"):
            builder.build(MENTION, CANDIDATES, order)
    with pytest.raises(BelError, match=r"B700.*setwise.v1"):
        PromptBuilder("setwise.v0")
    with pytest.raises(BelError, match="B704"):
        PromptBuilder(definition=True)
    with pytest.raises(BelError, match=r"B706.*detail_tokens"):
        PromptBuilder(detail_tokens=-1)
    with pytest.raises(BelError, match=r"B706.*marked, unmarked, none"):
        PairBuilder(context="half")  # type: ignore[arg-type]
    wrong = Shot(MENTION, CANDIDATES, 7)
    with pytest.raises(BelError, match="B705"):
        PromptBuilder(shots=(wrong,)).build(MENTION, CANDIDATES)
