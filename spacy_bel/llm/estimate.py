"""What a run will cost, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from spacy_bel.llm.cache import RequestCache
from spacy_bel.llm.ledger import Ledger
from spacy_bel.llm.requests import Request, Usage


@dataclass(frozen=True, slots=True)
class Estimate:
    """The price of requests.

    Args:
        requests: Number of requests.
        cached: How many of them have an answer already, or are equal to another one.
        input_tokens: Tokens of the requests that would be sent.
        output_tokens: Tokens of their answers.
        cost: What they will cost by these tokens.
        worst: What they can cost at most, if each is answered at the first attempt.
        is_measured: Whether the tokens follow from a tokenizer or from earlier calls of the
            ledger; where not, they are the most that they can be.
    """

    requests: int
    cached: int
    input_tokens: int
    output_tokens: int
    cost: float
    worst: float
    is_measured: bool


def estimate(
    requests: Iterable[Request],
    cache: RequestCache,
    ledger: Ledger,
    count_tokens: Callable[[Request], int] | None = None,
) -> Estimate:
    """The price of requests that ``ask`` would be given; nothing is sent or booked.

    Args:
        requests: What would be asked.
        cache: Answers that are there already.
        ledger: Where calls would be booked: its prices count, and the tokens that earlier calls
            of the same model have used for a byte of their requests and for an answer.
        count_tokens: Tokens of a request by the model's tokenizer, where it is at hand.

    Returns:
        The estimate.

    Raises:
        BelError: A model's price is not known.
    """
    sent: set[str] = set()
    total, cost, worst, is_measured = 0, 0.0, 0.0, True
    tokens = [0, 0]
    ratios: dict[str, tuple[float, float] | None] = {}
    for request in requests:
        total += 1
        digest = request.digest
        if digest in sent or cache.get(digest) is not None:
            continue
        sent.add(digest)
        if request.model not in ratios:
            ratios[request.model] = ledger.ratios(request.model)
        usage = _expected(request, ratios[request.model], count_tokens)
        is_measured &= ratios[request.model] is not None or count_tokens is not None
        price = ledger.prices.of(request.model)
        cost += price.cost(usage)
        worst += price.worst(request.worst)
        tokens = [tokens[0] + usage.input_tokens, tokens[1] + usage.output_tokens]
    return Estimate(total, total - len(sent), tokens[0], tokens[1], cost, worst, is_measured)


def _expected(
    request: Request,
    ratios: tuple[float, float] | None,
    count_tokens: Callable[[Request], int] | None,
) -> Usage:
    worst = request.worst
    read, written = worst.input_tokens, worst.output_tokens
    if ratios is not None:
        read, written = round(ratios[0] * request.size), round(ratios[1])
    if count_tokens is not None:
        read = count_tokens(request)
    return Usage(read, written)
