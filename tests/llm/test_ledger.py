"""What calls cost, and the budget."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import srsly
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.llm.cache import RequestCache
from spacy_bel.llm.estimate import estimate
from spacy_bel.llm.ledger import Costs, Ledger
from spacy_bel.llm.prices import Price, Prices
from spacy_bel.llm.requests import Request, Usage

TABLE = {"dear": {"input": 2, "output": 8, "cached_input": 0.5}, "own": "free"}
PER_CALL = {"input": 0, "output": 1_000_000}
"""A price of 1 for each token of an answer."""


def _request(key: str = "1", model: str = "m", text: str = "?", **labels: Any) -> Request:
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    return Request(key, body, labels.pop("max_output", 1), **labels)


def test_a_price_is_for_a_million_tokens() -> None:
    price = Prices(TABLE).of("dear")
    assert price.cost(Usage(1_000_000, 0)) == 2
    assert price.cost(Usage(1_000_000, 500_000, 400_000)) == pytest.approx(1.2 + 0.2 + 4)
    assert Prices(TABLE).of("own") == Price(0, 0)


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".yml"])
def test_a_table_in_a_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"prices{suffix}"
    (srsly.write_json if suffix == ".json" else srsly.write_yaml)(path, TABLE)
    assert Prices(str(path)).of("dear") == Price(2, 8, 0.5)


def test_one_price_for_every_model() -> None:
    assert Prices({"input": 1, "output": 2}).of("any") == Price(1, 2)
    assert Prices("free").of("any") == Price(0, 0)


@pytest.mark.parametrize("source", [None, {}, TABLE])
def test_an_unknown_price_is_asked_for(source: Any) -> None:
    with pytest.raises(BelError, match=r"B731.*'unheard'"):
        Ledger(prices=source).reserve(_request(model="unheard"))


@pytest.mark.parametrize(
    "source",
    [
        {"m": {"input": 1}},
        {"m": {"input": 1, "output": "2"}},
        {"m": {"input": -1, "output": 2}},
        {"m": {"input": float("nan"), "output": 2}},
        {"m": {"input": True, "output": 2}},
        {"m": {"input": 1, "output": 2, "per": "token"}},
        {"m": 0},
        {"m": None},
    ],
)
def test_a_price_that_is_none(source: Any) -> None:
    with pytest.raises(BelError, match="B732"):
        Prices(source).of("m")


@pytest.mark.parametrize("content", ["{", "[1]", "{'m': "])
def test_a_damaged_table(tmp_path: Path, content: str) -> None:
    path = tmp_path / "prices.json"
    path.write_text(content)
    with pytest.raises(BelError, match=r"B732.*prices\.json"):
        Prices(path).of("m")


def test_a_missing_table(tmp_path: Path) -> None:
    with pytest.raises(BelError, match="B732"):
        Prices(tmp_path / "none.yaml").of("m")


@pytest.mark.parametrize(
    ("response", "usage"),
    [
        ({"usage": {"prompt_tokens": 7, "completion_tokens": 2}}, Usage(7, 2)),
        (
            {
                "usage": {
                    "prompt_tokens": 7,
                    "completion_tokens": 2,
                    "prompt_tokens_details": {"cached_tokens": 5},
                }
            },
            Usage(7, 2, 5),
        ),
        (
            {
                "usage": {
                    "input_tokens": 7,
                    "output_tokens": 0,
                    "input_tokens_details": {"cached_tokens": 9},
                }
            },
            Usage(7, 0, 7),
        ),
        ({"usage": {"input_tokens": 7}}, None),
        ({"usage": None}, None),
        ({}, None),
    ],
)
def test_the_tokens_that_a_response_names(response: Any, usage: Usage | None) -> None:
    assert Usage.of(response) == usage


@given(st.text(max_size=200))
def test_no_text_has_more_tokens_than_are_reserved(text: str) -> None:
    assert _request(text=text).worst.input_tokens >= len(text.encode("utf-8", "surrogatepass"))


def test_the_most_that_a_call_can_cost_is_booked_before_it() -> None:
    ledger = Ledger(prices={"input": 1_000_000, "output": 1_000_000})
    request = _request(max_output=10)
    call = ledger.reserve(request)
    assert ledger.spent == request.worst.input_tokens + 10
    assert ledger.settle(call, request, "answered", Usage(20, 3)) == 23
    assert ledger.spent == 23


@pytest.mark.parametrize(
    ("outcome", "usage", "cost"),
    [("refused", None, 0), ("lost", None, 4), ("answered", None, 4), ("answered", Usage(9, 1), 1)],
)
def test_what_is_not_known_is_never_taken_to_be_free(
    outcome: Any, usage: Usage | None, cost: float
) -> None:
    ledger = Ledger(prices=PER_CALL)
    request = _request(max_output=4)
    assert ledger.settle(ledger.reserve(request), request, outcome, usage) == cost
    assert ledger.spent == cost


def test_the_budget_is_never_passed_by_many_threads(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledgers = [Ledger(path, prices=PER_CALL) for _ in range(4)]

    def reserve(number: int) -> bool:
        try:
            ledgers[number % 4].reserve(_request(str(number)), 10.0)
        except BelError as error:
            assert "B733" in str(error)
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(reserve, range(60))) == 10
    assert Ledger(path).spent == 10


def test_a_run_that_was_killed_has_spent_what_was_under_way(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    Ledger(path, prices=PER_CALL, run="a").reserve(_request())
    with pytest.raises(BelError, match=r"B733.*'a' has cost 1"):
        Ledger(path, prices=PER_CALL, run="a").reserve(_request(), 1.5)
    Ledger(path, prices=PER_CALL, run="b").reserve(_request(), 1.5)


def test_costs_of_mentions_documents_and_runs() -> None:
    ledger = Ledger(prices={"input": 1_000_000, "output": 0}, run="first")
    for key, document, mention in (("1", "d1", "cold"), ("2", "d1", "MS"), ("3", "d2", "cold")):
        request = _request(key, document=document, mention=mention)
        ledger.settle(ledger.reserve(request), request, "answered", Usage(5, 1, 2))
    ledger.book_cached(_request("4", document="d2", mention="cold"))
    one = Costs(1, 0, 5, 1, 2, 5.0)
    assert ledger.costs("mention") == {"MS": one, "cold": Costs(2, 1, 10, 2, 4, 10.0)}
    assert ledger.costs("document") == {
        "d1": Costs(2, 0, 10, 2, 4, 10.0),
        "d2": Costs(1, 1, 5, 1, 2, 5.0),
    }
    assert ledger.costs() == {"first": Costs(3, 1, 15, 3, 6, 15.0)}


def test_an_estimate_before_and_after_the_first_call() -> None:
    cache, ledger = RequestCache(), Ledger(prices={"input": 1_000_000, "output": 1_000_000})
    requests = [_request(str(number), text=str(number // 2), max_output=10) for number in range(8)]
    size = requests[0].size
    first = estimate(requests, cache, ledger)
    assert (first.requests, first.cached, first.is_measured) == (8, 4, False)
    assert first.cost == first.worst == 4 * (requests[0].worst.input_tokens + 10)
    call = ledger.reserve(requests[0])
    ledger.settle(call, requests[0], "answered", Usage(size // 2, 3))
    cache.put(requests[0].digest, "m", {})
    second = estimate(iter(requests), cache, ledger)
    assert (second.requests, second.cached, second.is_measured) == (8, 5, True)
    assert (second.input_tokens, second.output_tokens) == (3 * (size // 2), 9)
    assert second.cost == 3 * (size // 2) + 9 < second.worst
    counted = estimate(requests, cache, ledger, lambda request: 7)
    assert counted.input_tokens == 21
