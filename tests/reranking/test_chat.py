"""Choosing by a language model behind an address, on a server that does not behave."""

from __future__ import annotations

import json
import math
import os
import pickle
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.llm.ledger import Ledger
from spacy_bel.llm.model import LanguageModel
from spacy_bel.llm.requests import Usage
from spacy_bel.llm.retries import RetryPolicy
from spacy_bel.reranking.chat import ChatReranker
from spacy_bel.reranking.chat_modes import MODES
from spacy_bel.reranking.chat_questions import Question
from spacy_bel.reranking.letters import Unusable, read_letter
from spacy_bel.reranking.prompt import PromptBuilder
from spacy_bel.types import Candidate, Mention, Ranking
from tests.servers import Call, Reply, Script, ScriptedServer, chat, error, serving

pytest.importorskip("openai")

NAMES = ("Multiple Sclerosis", "Mitral Valve Stenosis", "Myotonic Dystrophy")
CANDIDATES = [
    Candidate(f"MESH:D{number}", name, name, ("Disease",), 0.9) for number, name in enumerate(NAMES)
]
NIL = "D"

LETTER_FIELDS = {"model", "messages", "temperature", "max_tokens"}

KEYS = st.sampled_from(
    "choices message content refusal finish_reason logprobs token logprob top_logprobs answer "
    "answers link probabilities probability value type usage prompt_tokens".split()
) | st.text(max_size=3)


def _mention(number: int = 0) -> Mention:
    return Mention("MS", context=f"Patient {number} has MS.", start=-7, end=-5)


def _number(text: str) -> int:
    """The number of the patient that a prompt is about."""
    (found,) = re.findall(r"Patient (\d+)", text)
    return int(found)


def _letter_of(text: str, name: str) -> str:
    """The letter that an option has in a prompt."""
    (found,) = re.findall(rf"^([A-Z]): {name}", text, re.MULTILINE)
    return str(found)


def make_reranker(address: str, **settings: Any) -> ChatReranker:
    llm = {name: settings.pop(name) for name in list(settings) if name not in ("mode", "votes")}
    model = LanguageModel("m", base_url=address, **{"prices": "free", "timeout": 5.0, **llm})
    model.client.retries = RetryPolicy(attempts=model.client.retries.attempts, first_wait=0.01)
    return ChatReranker(model, PromptBuilder(), **{"mode": "letter", **settings})


def _rank(script: Script, count: int = 1, **settings: Any) -> list[Ranking]:
    with serving(script) as server:
        reranker = make_reranker(server.address, **settings)
        return reranker.rerank([_mention(n) for n in range(count)], [CANDIDATES] * count)


def _logprobs(token: str, others: Mapping[str, float]) -> dict[str, Any]:
    top = [{"token": name, "logprob": math.log(value)} for name, value in others.items()]
    return {"content": [{"token": token, "logprob": math.log(others[token]), "top_logprobs": top}]}


@pytest.mark.parametrize(
    ("answer", "chosen"),
    [
        ("A", 0),
        ("b", 1),
        (" C.\n", 2),
        ("(B)", 1),
        ("**B**", 1),
        ("Answer: B", 1),
        ("The answer is B.", 1),
        ("Option C", 2),
        ("B: Mitral Valve Stenosis", 1),
        ("B. mitral valve stenosis.", 1),
        ("<think>A? No.\nB.</think>\n\nC", 2),
        ("The patient has a stiff valve.\nThe answer is B.", 1),
        ("A is wrong here.\n\n**Answer: B**", 1),
        ("D", None),
    ],
)
def test_a_letter_is_read(answer: str, chosen: int | None) -> None:
    (ranking,) = _rank(lambda call: chat(answer))
    assert ranking.error is None
    assert (ranking.kind, ranking.nil) == ("choice", float(chosen is None))
    assert ranking.probs == tuple(float(number == chosen) for number in range(3))


BAD = {
    "Z": "invented",
    "Answer: K": "invented",
    "MESH:D999999": "invented",
    "A or B": "several",
    "A, C": "several",
    "Answer: A\nAnswer: B": "several",
    "": "empty",
    " \n": "empty",
    "<think>hm</think>": "empty",
    "I'm sorry, I can't help with that.": "malformed",
    "A good question": "malformed",
    "B: Multiple Sclerosis": "malformed",
    "Multiple Sclerosis": "malformed",
    "42": "malformed",
    "多发性硬化": "malformed",
}


def test_an_answer_that_cannot_be_used_fails_alone() -> None:
    answers = ["A", *BAD, "B"]
    with serving(lambda call: chat(answers[_number(call.text)])) as server:
        reranker = make_reranker(server.address)
        mentions = [_mention(number) for number in range(len(answers))]
        rankings = reranker.rerank(mentions, [CANDIDATES] * len(answers))
    first, *bad, last = rankings
    assert (first.probs, last.probs) == ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    assert reranker.failures == Counter(BAD.values())
    for answer, ranking in zip(BAD, bad, strict=True):
        assert ranking.error is not None, answer
        assert ranking.error.startswith("[B739]")
        assert set(ranking.probs) == {0.0}
        assert ranking.nil == 0.0


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (chat(None, refusal="I cannot answer that."), "refused"),
        (chat("", finish_reason="content_filter"), "refused"),
        (chat("The mention of", finish_reason="length"), "cut off"),
        (chat("<think>Let me", finish_reason="length"), "cut off"),
        (chat(None), "empty"),
        (Reply({"choices": []}), "malformed"),
        (Reply({"choices": [{"message": None}]}), "malformed"),
        (Reply({"object": "list"}), "malformed"),
        (error(400, "context too long"), "no answer"),
        (error(500), "no answer"),
    ],
)
def test_a_response_that_cannot_be_used_fails_alone(reply: Reply, kind: str) -> None:
    with serving(lambda call: reply if _number(call.text) == 1 else chat("A")) as server:
        reranker = make_reranker(server.address, attempts=2)
        good, bad, last = reranker.rerank([_mention(n) for n in range(3)], [CANDIDATES] * 3)
    assert good == last == Ranking((1.0, 0.0, 0.0), 0.0, "choice")
    assert bad.error is not None
    assert reranker.failures == {kind: 1}


def test_answers_out_of_order_under_load_belong_to_their_mentions() -> None:
    def script(call: Call) -> Reply:
        number = _number(call.text)
        return chat("ABCD"[number % 4], delay=(number * 7 % 32) / 500)

    rankings = _rank(script, 200, concurrency=32)
    expected = [
        Ranking(tuple(float(n % 4 == place) for place in range(3)), float(n % 4 == 3), "choice")
        for n in range(200)
    ]
    assert rankings == expected


def test_nothing_to_choose_from_is_not_asked() -> None:
    with serving(lambda call: chat("A")) as server:
        reranker = make_reranker(server.address)
        rankings = reranker.rerank([_mention(0), _mention(1)], [[], CANDIDATES])
        assert reranker.rerank([], []) == []
        assert reranker.rerank([_mention()], [[]]) == [Ranking((), 1.0, "choice")]
    assert [ranking.nil for ranking in rankings] == [1.0, 0.0]
    assert len(server.calls) == 1


def test_what_is_not_offered_has_no_value() -> None:
    many = [replace(CANDIDATES[0], id=str(n), name=f"n{n}", alias=f"n{n}") for n in range(40)]
    with serving(lambda call: chat("E")) as server:
        reranker = make_reranker(server.address)
        (ranking,) = reranker.rerank([_mention()], [many])
    assert ranking.probs == tuple(float(number == 4) for number in range(40))
    assert "\nK: None of the above" in server.calls[0].text


def test_the_request_is_the_prompt_and_the_parameters() -> None:
    with serving(lambda call: chat("A")) as server:
        parameters = {"temperature": 0.3, "seed": 7}
        reranker = make_reranker(server.address, parameters=parameters, max_tokens=5)
        reranker.rerank([_mention()], [CANDIDATES])
    prompt = PromptBuilder().build(_mention(), CANDIDATES)
    assert server.calls[0].body == {
        "model": "m",
        "messages": list(prompt.messages),
        "max_tokens": 5,
        **parameters,
    }


def _schema(call: Call, answer: object) -> Reply:
    form = call.body["response_format"]["json_schema"]
    assert form["strict"] is True
    assert form["schema"]["properties"]["answer"]["enum"] == ["A", "B", "C", "D"]
    return chat(answer if isinstance(answer, str) else json.dumps(answer))


def test_schema() -> None:
    (ranking,) = _rank(lambda call: _schema(call, {"answer": "B"}), mode="schema")
    assert ranking == Ranking((0.0, 1.0, 0.0), 0.0, "choice")


@pytest.mark.parametrize(
    "answer",
    [
        '{"answer": "B',
        '{"answer": "B"}{"answer": "C"}',
        {"answer": ["B", "C"]},
        {"answer": "Z"},
        {"answer": "MESH:D0"},
        {"id": "B"},
        {},
        ["B"],
        "B",
        "",
    ],
)
def test_schema_not_kept(answer: object) -> None:
    (ranking,) = _rank(lambda call: _schema(call, answer), mode="schema")
    assert ranking.error is not None
    assert "B739" in ranking.error


def test_logprobs() -> None:
    found = _logprobs("B", {"B": 0.5, " B": 0.1, "A": 0.2, "D": 0.1, "The": 0.05, "Z": 0.05})
    (ranking,) = _rank(lambda call: chat("B", logprobs=found), mode="logprobs")
    assert ranking.kind == "probability"
    assert ranking.probs == pytest.approx((0.2 / 0.9, 0.6 / 0.9, 0.0))
    assert ranking.nil == pytest.approx(0.1 / 0.9)


def test_logprobs_are_those_of_the_letter_and_not_of_the_first_token() -> None:
    head = {"token": "Answer", "logprob": 0.0, "top_logprobs": [{"token": "A", "logprob": 0.0}]}
    found = _logprobs(" C", {" C": 0.75, " A": 0.25})
    found = {"content": [head, {**head, "token": ":"}, *found["content"]]}
    (ranking,) = _rank(lambda call: chat("Answer: C", logprobs=found), mode="logprobs")
    assert ranking.probs == pytest.approx((0.25, 0.0, 0.75))


@pytest.mark.parametrize("found", [None, {"content": None}, _logprobs("B.)", {"B.)": 0.5})])
def test_without_logprobs_there_is_a_bare_choice(found: object) -> None:
    reply = chat("C", logprobs=found)
    (ranking,) = _rank(lambda call: reply, mode="logprobs")
    assert ranking == Ranking((0.0, 0.0, 1.0), 0.0, "choice")


def _decision(call: Call, answer: Mapping[str, Any]) -> Reply:
    assert call.path == "/v1/decisions"
    (asked,) = call.body["questions"]
    assert [choice["value"] for choice in asked["choices"]] == ["A", "B", "C", "D"]
    usage = {"input_tokens": 10, "output_tokens": 4}
    return Reply({"answers": [{"type": "choice", "name": "link", **answer}], "usage": usage})


def _pairs(**values: object) -> dict[str, Any]:
    pairs = [{"value": letter, "probability": value} for letter, value in values.items()]
    return {"probabilities": pairs}


def test_decisions() -> None:
    answer = _pairs(A=0.1, B=0.6, C=0.1, D=0.2)
    (ranking,) = _rank(lambda call: _decision(call, answer), mode="decisions")
    assert ranking.kind == "probability"
    assert ranking.probs == pytest.approx((0.1, 0.6, 0.1))
    assert ranking.nil == pytest.approx(0.2)


@pytest.mark.parametrize(
    "answer",
    [
        {"type": "refusal"},
        _pairs(A=0.5, Z=0.5),
        _pairs(A=-1, B=2),
        _pairs(A="much"),
        _pairs(A=0.0),
        {"probabilities": ["A"]},
        {},
    ],
)
def test_decisions_that_cannot_be_used(answer: Mapping[str, Any]) -> None:
    (ranking,) = _rank(lambda call: _decision(call, answer), mode="decisions")
    assert ranking.error is not None


def _offering(*offered: str) -> Callable[[Call], Reply]:
    """A server that knows some of the modes, and answers B."""

    def script(call: Call) -> Reply:
        if call.path == "/v1/decisions":
            return _decision(call, _pairs(A=0.1, B=0.9)) if "decisions" in offered else error(404)
        if call.path == "/v1/systemone":
            found = {"link": {"probabilities": {"A": 0.1, "B": 0.9}}}
            return Reply({"answers": found}) if "systemone" in offered else error(404)
        if "logprobs" in call.body:
            if "strict" in offered:
                return error(400, "unknown field logprobs")
            known = _logprobs("B", {"B": 0.9, "A": 0.1})
            return chat("B", logprobs=known if "logprobs" in offered else None)
        if "response_format" in call.body and "schema" in offered:
            return _schema(call, {"answer": "B"})
        return chat("B")

    return script


@pytest.mark.parametrize(
    ("offered", "mode", "kind"),
    [
        (["decisions", "logprobs"], "decisions", "probability"),
        (["systemone", "schema"], "systemone", "probability"),
        (["logprobs", "schema"], "logprobs", "probability"),
        (["schema"], "schema", "choice"),
        (["schema", "strict"], "schema", "choice"),
        ([], "letter", "choice"),
        (["strict"], "letter", "choice"),
    ],
)
def test_what_the_server_offers_is_found_out_once(offered: list[str], mode: str, kind: str) -> None:
    with serving(_offering(*offered)) as server:
        reranker = make_reranker(server.address, mode="auto")
        (ranking,) = reranker.rerank([_mention(0)], [CANDIDATES])
        probes = len(server.calls)
        rankings = reranker.rerank([_mention(n) for n in range(1, 6)], [CANDIDATES] * 5)
    assert (reranker.mode, ranking.kind) == (mode, kind)
    assert ranking.probs[1] >= 0.9
    assert {other.probs for other in rankings} == {ranking.probs}
    assert len(server.calls) == probes + 5


def test_what_the_server_offers_does_not_depend_on_one_mention() -> None:
    offering = _offering("schema")

    def script(call: Call) -> Reply:
        is_first = "Patient 0" in json.dumps(call.body)
        return error(400, "context too long") if is_first else offering(call)

    with serving(script) as server:
        reranker = make_reranker(server.address, mode="auto")
        first, *others = reranker.rerank([_mention(n) for n in range(3)], [CANDIDATES] * 3)
        assert reranker.mode == "schema"
    assert "context too long" in str(first.error)
    assert {other.probs for other in others} == {(0.0, 1.0, 0.0)}


def test_a_model_that_is_not_there_stops_the_run() -> None:
    with serving(lambda call: error(404, "no such model")) as server:
        reranker = make_reranker(server.address, mode="auto")
        with pytest.raises(BelError, match=r"B736.*no such model"):
            reranker.rerank([_mention(n) for n in range(200)], [CANDIDATES] * 200)
        assert len(server.calls) <= 3 * len(MODES) + reranker.llm.concurrency


@pytest.mark.parametrize("reply", [error(401), Reply(then="reset")])
def test_a_server_that_cannot_be_asked_is_not_taken_for_a_poor_one(reply: Reply) -> None:
    with serving(lambda call: reply) as server:
        reranker = make_reranker(server.address, mode="auto", attempts=2)
        with pytest.raises(BelError, match="B743"):
            reranker.rerank([_mention()], [CANDIDATES])
    assert reranker.mode == "auto"


def test_votes_are_shares_of_answers_to_shuffled_options() -> None:
    def script(call: Call) -> Reply:
        is_first = _letter_of(call.text, NAMES[0]) == "A"
        return chat("A" if is_first else _letter_of(call.text, NAMES[1]))

    with serving(script) as server:
        (ranking,) = make_reranker(server.address, votes=8).rerank([_mention()], [CANDIDATES])
    firsts = sum(_letter_of(call.text, NAMES[0]) == "A" for call in server.calls)
    assert 1 <= firsts < len(server.calls)
    assert ranking.kind == "votes"
    assert ranking.error is None
    assert sum(ranking.probs) == pytest.approx(1.0)
    assert 0 < ranking.probs[0] < 1
    assert 0 < ranking.probs[1] < 1


def test_a_random_model_is_asked_as_often_as_there_are_votes() -> None:
    one = [CANDIDATES[0]]
    with serving(lambda call: chat("AB"[call.number % 2], delay=0.02)) as server:
        settings = {"votes": 4, "parameters": {"temperature": 1}}
        (ranking,) = make_reranker(server.address, **settings).rerank([_mention()], [one])
        (certain,) = make_reranker(server.address, votes=4).rerank([_mention(1)], [one])
    assert (ranking.probs, ranking.nil) == ((0.5,), 0.5)
    assert certain.probs in ((1.0,), (0.0,))
    assert len(server.calls) == 4 + 1


@pytest.mark.parametrize(("usable", "fails"), [(4, False), (2, False), (1, True), (0, True)])
def test_votes_that_cannot_be_used(usable: int, fails: bool) -> None:
    def script(call: Call) -> Reply:
        return chat("D" if call.number < usable else "?")

    (ranking,) = _rank(script, votes=4, concurrency=1, parameters={"temperature": 1})
    assert (ranking.error is not None) == fails
    assert ranking.nil == float(not fails)
    if fails:
        assert f"B741] Only {usable} of 4" in str(ranking.error)


def test_probabilities_of_several_votes_are_averaged() -> None:
    def script(call: Call) -> Reply:
        first = _letter_of(call.text, NAMES[0])
        letters = dict.fromkeys("ABCD", 0.1)
        return _decision_of({**letters, first: 0.7})

    def _decision_of(values: Mapping[str, float]) -> Reply:
        return Reply({"answers": [{"type": "choice", **_pairs(**values)}]})

    def with_text(call: Call) -> Reply:
        return script(replace(call, body={"messages": call.body["input"]}))

    (ranking,) = _rank(with_text, mode="decisions", votes=3)
    assert ranking.kind == "probability"
    assert ranking.probs == pytest.approx((0.7, 0.1, 0.1))


def test_a_second_run_asks_nothing(tmp_path: Any) -> None:
    path = str(tmp_path / "llm.sqlite")
    settings = {"cache": path, "ledger": path, "prices": {"input": 1, "output": 1}}
    with serving(lambda call: chat("ABCD"[_number(call.text) % 4])) as server:
        mentions, every = [_mention(n) for n in range(10)], [CANDIDATES] * 10
        first = make_reranker(server.address, **settings).rerank(mentions, every)
        assert make_reranker(server.address, **settings).rerank(mentions, every) == first
        assert len(server.calls) == 10
        other = make_reranker(server.address, **settings)
        other.builder = replace(other.builder, types=True)  # another version of the prompt
        other.rerank(mentions, every)
        assert len(server.calls) == 20
    costs = other.llm.ledger.costs("mention")
    assert {(cost.calls, cost.cached) for cost in costs.values()} == {(2, 1)}
    assert len(costs) == 10
    assert other.llm.ledger.spent == pytest.approx(20 * 101e-6)


def test_the_budget_stops_a_reranking() -> None:
    with serving(lambda call: chat("A")) as server:
        prices = {"input": 0, "output": 1_000_000}
        reranker = make_reranker(server.address, prices=prices, max_tokens=1, budget=5)
        with pytest.raises(BelError, match="B733"):
            reranker.rerank([_mention(n) for n in range(20)], [CANDIDATES] * 20)
    assert len(server.calls) == 5


def test_a_reranker_can_be_pickled() -> None:
    with serving(lambda call: chat("B")) as server:
        reranker = make_reranker(server.address)
        before = reranker.rerank([_mention()], [CANDIDATES])
        copied = pickle.loads(pickle.dumps(reranker))
        assert copied.rerank([_mention()], [CANDIDATES]) == before


@pytest.mark.parametrize(
    "settings", [{"mode": "guess"}, {"options": 0}, {"options": 26}, {"votes": 0}]
)
def test_impossible_settings(settings: dict[str, Any]) -> None:
    with pytest.raises(BelError, match="B737"):
        ChatReranker(LanguageModel("m"), PromptBuilder(), **settings)


@pytest.mark.parametrize(
    "settings",
    [{"concurrency": 0}, {"attempts": 0}, {"budget": -1.0}, {"timeout": -1.0}, {"max_tokens": 0}],
)
def test_impossible_settings_of_the_model(settings: dict[str, Any]) -> None:
    with pytest.raises(BelError, match="B737"):
        LanguageModel("m", **settings)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(9**999),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


TOKEN = st.fixed_dictionaries(
    {"token": st.sampled_from("ABCDE") | JSON, "logprob": st.floats() | JSON, "top_logprobs": JSON}
)
MESSAGE = st.fixed_dictionaries({"content": st.sampled_from(["A", '{"answer": "B"}']) | JSON})
CHOICE = st.fixed_dictionaries(
    {"message": MESSAGE | JSON, "logprobs": st.fixed_dictionaries({"content": st.lists(TOKEN)})}
)
PAIR = st.fixed_dictionaries({"value": st.sampled_from("ABE") | JSON, "probability": JSON})
DECISION = st.fixed_dictionaries({"probabilities": st.lists(PAIR | JSON) | JSON})
RESPONSE = st.fixed_dictionaries(
    {
        "choices": st.lists(CHOICE | JSON, max_size=2) | JSON,
        "answers": st.lists(DECISION, max_size=2) | JSON,
        "usage": JSON,
    }
)


@given(st.sampled_from(sorted(MODES)), RESPONSE | st.dictionaries(KEYS, JSON, max_size=4))
def test_no_response_is_too_strange(mode: str, response: dict[str, Any]) -> None:
    prompt = PromptBuilder().build(_mention(), CANDIDATES)
    question = Question("1", prompt, CANDIDATES, {})
    MODES[mode].is_offered(response)
    Usage.of(response)
    try:
        reading = MODES[mode].read(response, question)
    except Unusable as problem:
        assert "B739" in problem.message
    else:
        assert set(reading.values) <= set(question.letters)
        assert sum(reading.values.values()) == pytest.approx(1.0)


@given(st.text() | st.from_regex(r"(Answer: )?[A-Fa-f][.:)]? ?\w*", fullmatch=True))
def test_only_what_is_offered_is_chosen(text: str) -> None:
    prompt = PromptBuilder().build(_mention(), CANDIDATES)
    names = dict(zip("ABC", NAMES, strict=True))
    response = {"choices": [{"message": {"content": text}}]}
    try:
        letter = read_letter(response, prompt, names)
    except Unusable:
        return
    assert letter in "ABCD"
    assert letter in text.upper()


_PROCESSES = """
import sys
import spacy

nlp = spacy.load(sys.argv[1])
texts = [f"Case {number}: diabetes and MS." for number in range(8)]
list(nlp.pipe(texts[:1]))  # opens connection, cache and ledger, which the fork then inherits
docs = list(nlp.pipe(texts, n_process=2, batch_size=2))
print(sorted({entity._.bel_error for doc in docs for entity in doc.ents}, key=str))
print(sum(len(doc.ents) for doc in docs))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_two_processes_share_cache_and_ledger(
    server: ScriptedServer, kb_dir: Any, tmp_path: Any
) -> None:
    import spacy

    path = str(tmp_path / "llm.sqlite")
    settings = {"prices": {"input": 1, "output": 1}, "cache": path, "ledger": path}
    nlp = spacy.blank("en")
    nlp.add_pipe("bel_matcher", config={"kb": str(kb_dir)})
    config = {"kb": str(kb_dir), "reranker": _config(server.address, **settings)}
    nlp.add_pipe("bel_linker", config={**config, "threshold": 0.0})
    nlp.to_disk(tmp_path / "saved")
    done = subprocess.run(
        [sys.executable, "-c", _PROCESSES, str(tmp_path / "saved")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split("\n")[:2] == ["[None]", "16"], done.stderr
    chats = [call for call in server.calls if set(call.body) == LETTER_FIELDS]
    assert len(chats) == len({call.text for call in chats}) == 16
    assert Ledger(path).spent == pytest.approx(
        101e-6 * sum(call.path == "/v1/chat/completions" for call in server.calls)
    )


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with serving(_offering()) as running:
        yield running


def _config(address: str, **llm: Any) -> dict[str, Any]:
    model = {"@misc": "spacy-bel.LLM.v1", "model": "m", "base_url": address, **llm}
    return {"@misc": "spacy-bel.ChatReranker.v1", "llm": model, "options": 5}


def test_in_a_pipeline(server: ScriptedServer, kb_dir: Any, tmp_path: Any) -> None:
    import spacy

    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "Disease", "pattern": "MS"}])  # type: ignore[attr-defined]
    settings = {"prices": {"input": 0.5, "output": 2}, "parameters": {"temperature": 0}}
    config = {"kb": str(kb_dir), "reranker": _config(server.address, **settings)}
    nlp.add_pipe("bel_linker", config=config)
    nlp.to_disk(tmp_path / "saved")
    assert not server.calls
    loaded = spacy.load(tmp_path / "saved")
    texts = ["MS was ruled out.", "", "She has MS."]
    docs = list(loaded.pipe(texts))
    offered: Sequence[Candidate] = docs[0].ents[0]._.bel_candidates
    assert docs[0].ents[0].kb_id_ == docs[2].ents[0].kb_id_ == offered[0].id
    assert offered[0].scores["rerank"] == 1.0
    (second,) = re.findall(r"^B: (.*)$", server.calls[0].body["input"][-1]["content"], re.MULTILINE)
    assert offered[0].alias in second


def test_in_a_pipeline_without_price(server: ScriptedServer, kb_dir: Any) -> None:
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("bel_matcher", config={"kb": str(kb_dir)})
    nlp.add_pipe("bel_linker", config={"kb": str(kb_dir), "reranker": _config(server.address)})
    with pytest.raises(BelError, match="B731"):
        nlp("He has diabetes.")
