"""Standard names by a language model."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from typing import Any

import pytest
from spacy.util import registry

from spacy_bel.errors import BelError
from spacy_bel.llm.model import LanguageModel
from spacy_bel.reranking.reformulation import MAX_NAME, Reformulator
from spacy_bel.types import Mention
from tests.servers import Call, Reply, chat, error, serving

pytest.importorskip("openai")

MS = Mention("MS", "multiple sclerosis", context="Women with MS\nwere treated.", start=11, end=13)


def _reformulator(address: str, **settings: Any) -> Reformulator:
    llm = LanguageModel("m", base_url=address, **{"prices": "free", "attempts": 1, **settings})
    return Reformulator(llm, "MeSH")


def test_the_name_of_each_mention() -> None:
    def script(call: Call) -> Reply:
        name = "Multiple Sclerosis" if "Women" in call.text else "Common  Cold\n"
        return chat(json.dumps({"name": name}), delay=0.05 * (name[0] == "M"))

    cold = Mention("cold", context="He has a cold", start=9, end=13)
    with serving(script) as server:
        names = _reformulator(server.address)([MS, cold, MS])
    assert names == ["Multiple Sclerosis", "Common Cold", "Multiple Sclerosis"]
    assert len(server.calls) == 2


def test_what_is_asked() -> None:
    with serving(lambda call: chat('{"name": "x"}')) as server:
        _reformulator(server.address)([MS, Mention("{{ cold }}", "{{ COLD }}")])
    with_context, without = sorted((call.text for call in server.calls), key=len, reverse=True)
    assert "Text: Women with <mention>MS</mention> were treated." in with_context
    assert "Long form of the mention: multiple sclerosis" in with_context
    assert "MeSH" in with_context
    assert "<mention>{{ cold }}</mention>" in without
    assert "Long form" not in without
    assert server.calls[0].body["max_tokens"] == 150


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ('{"name": "Multiple Sclerosis", "id": "MESH:D009103"}', "Multiple Sclerosis"),
        ('```json\n{"name": "Multiple Sclerosis"}\n```', "Multiple Sclerosis"),
        ('<think>{"name": "no"}</think>{"name": "多发性硬化"}', "多发性硬化"),
    ],
)
def test_a_name_is_read(content: str, name: str) -> None:
    with serving(lambda call: chat(content)) as server:
        assert _reformulator(server.address)([MS]) == [name]


BAD = [
    (chat('{"name": "Multiple'), "malformed"),
    (chat('{"name": "Multiple', finish_reason="length"), "cut off"),
    (chat("Multiple Sclerosis"), "malformed"),
    (chat('{"name": null}'), "malformed"),
    (chat('{"name": ["a", "b"]}'), "malformed"),
    (chat('["Multiple Sclerosis"]'), "malformed"),
    (chat('{"name": " "}'), "empty"),
    (chat(json.dumps({"name": "a" * (MAX_NAME + 1)})), "malformed"),
    (chat(""), "empty"),
    (chat(None, refusal="no"), "refused"),
    (error(500), "no answer"),
    (Reply(then="reset"), "no answer"),
]


def test_without_a_name_the_text_is_empty_and_counted() -> None:
    mentions = [Mention(f"m{number:02}") for number in range(len(BAD) + 1)]

    def script(call: Call) -> Reply:
        number = int(call.text.partition("<mention>m")[2].partition("</mention>")[0][:2] or -1)
        return BAD[number][0] if number < len(BAD) else chat('{"name": "good"}')

    with serving(script) as server:
        reformulator = _reformulator(server.address)
        # The instruction itself names the marks, so the last ones count.
        server.script = lambda call: script(_marked(call))
        names = reformulator(mentions)
    assert names == [""] * len(BAD) + ["good"]
    assert reformulator.failures == Counter(kind for _, kind in BAD)


def _marked(call: Call) -> Call:
    text = call.text.partition("Text: ")[2]
    return Call(call.number, call.path, {"messages": [{"content": text}]}, call.headers, call.at)


def test_no_mentions() -> None:
    assert _reformulator("http://127.0.0.1:1/v1")([]) == []


def test_as_a_registered_function(kb: Any) -> None:
    with serving(lambda call: chat('{"name": "Multiple Sclerosis"}')) as server:
        make_llm = registry.misc.get("spacy-bel.LLM.v1")
        llm = make_llm("m", base_url=server.address, prices="free")
        make = registry.misc.get("spacy-bel.LLMReformulation.v1")(llm)
        assert pickle.loads(pickle.dumps(make))(kb)([MS]) == ["Multiple Sclerosis"]
    assert kb.name in server.calls[0].text


def test_the_budget_stops_it() -> None:
    with serving(lambda call: chat('{"name": "x"}')) as server:
        prices = {"input": 1, "output": 1}
        with pytest.raises(BelError, match="B733"):
            _reformulator(server.address, prices=prices, budget=0.0)([MS])
    assert not server.calls
