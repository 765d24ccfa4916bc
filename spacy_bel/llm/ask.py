"""Many requests at once: from the cache where possible, within the budget, by key."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sized
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from queue import SimpleQueue
from threading import Event

from tqdm import tqdm

from spacy_bel.errors import BelError, Errors
from spacy_bel.llm.cache import RequestCache
from spacy_bel.llm.client import ChatClient
from spacy_bel.llm.ledger import Ledger, Outcome
from spacy_bel.llm.requests import Answer, Request, Usage
from spacy_bel.llm.retries import CallFailed

_AHEAD = 2
"""Requests per thread that are under way or ready to be sent."""


def ask(
    requests: Iterable[Request],
    client: ChatClient,
    cache: RequestCache,
    ledger: Ledger,
    *,
    budget: float | None = None,
    concurrency: int = 16,
    progress: bool = False,
) -> Iterator[Answer]:
    """Answer requests, in the order in which the answers arrive.

    Every answer is in the cache before it is given: a run that was stopped in any way goes on
    where it was, with the same call. Equal requests are sent once. Requests are taken from their
    iterable as needed, so there may be any number of them.

    Args:
        requests: What to ask; their keys differ.
        client: The server.
        cache: Answers that are there already; new ones are added.
        ledger: Where every call is booked.
        budget: What the ledger's run may cost, in the currency of its prices; None for any sum.
        concurrency: Most calls at a time.
        progress: Whether to show a progress bar.

    Yields:
        One answer per request, with the request's key. An answer without response says why.

    Raises:
        BelError: The next call might pass the budget, the price or the key is missing, the server
            refuses every request, or too many requests in a row failed. What was under way has
            been answered before.
    """
    if concurrency < 1:
        raise Errors.B737(setting="concurrency", value=concurrency, allowed="1 or more")
    total = len(requests) if isinstance(requests, Sized) else None
    run = _Run(client, cache, ledger, budget)
    with tqdm(total=total, unit=" requests", disable=not progress) as bar:
        for answer in run.answers(requests, concurrency):
            bar.update()
            yield answer


def ask_one(
    request: Request,
    client: ChatClient,
    cache: RequestCache,
    ledger: Ledger,
    budget: float | None = None,
) -> Answer:
    """Answer one request, also where the server says that it has no such path or model.

    Args:
        request: What to ask.
        client: The server.
        cache: As for ``ask``.
        ledger: As for ``ask``.
        budget: As for ``ask``.

    Returns:
        The answer; one without response says why.

    Raises:
        BelError: As for ``ask``, but for a server that refuses the request.
    """
    run = _Run(client, cache, ledger, budget)
    answer = run.cached(request)
    return answer if answer is not None else run.answer(request)


class _Run:
    """What the threads of one run share."""

    def __init__(
        self, client: ChatClient, cache: RequestCache, ledger: Ledger, budget: float | None
    ) -> None:
        self._client = client
        self._cache = cache
        self._ledger = ledger
        self._budget = budget
        self._stopped = Event()
        self._not_before = 0.0
        self._arrived: SimpleQueue[tuple[str, Answer | BaseException | None]] = SimpleQueue()
        self._waiting: dict[str, list[Request]] = {}
        self._failed_in_a_row = 0
        self._problem: BaseException | None = None

    def answers(self, requests: Iterable[Request], concurrency: int) -> Iterator[Answer]:
        """One answer per request, as they arrive."""
        keys: set[str] = set()
        pool = ThreadPoolExecutor(concurrency, thread_name_prefix="ask")
        try:
            for request in requests:
                if request.key in keys:
                    raise Errors.B742(key=request.key)
                keys.add(request.key)
                known = self._submit(request, pool)
                if known is not None:
                    yield known
                while len(self._waiting) >= _AHEAD * concurrency or not self._arrived.empty():
                    yield from self._take()
                if self._problem is not None:
                    break
            while self._waiting:
                yield from self._take()
            if self._problem is not None:
                raise self._problem
        finally:
            # What is under way is paid for, so it is waited for and kept.
            self._stopped.set()
            pool.shutdown(wait=True, cancel_futures=True)

    def _submit(self, request: Request, pool: ThreadPoolExecutor) -> Answer | None:
        digest = request.digest
        if digest in self._waiting:
            self._waiting[digest].append(request)
            return None
        known = self.cached(request)
        if known is None:
            self._waiting[digest] = [request]
            pool.submit(self._work, digest, request)
        return known

    def _work(self, digest: str, request: Request) -> None:
        """In a thread: answer a request and hand the answer over."""
        found: Answer | BaseException | None = None
        try:
            if not self._stopped.is_set():
                found = self.answer(request)
        except BaseException as error:  # raised where the answers are read
            found = error
        if isinstance(found, BaseException) or (found is not None and found.is_fatal):
            self._stopped.set()
        self._arrived.put((digest, found))

    def _take(self) -> Iterator[Answer]:
        """The answers to the next request that has come back, and to those equal to it."""
        digest, found = self._arrived.get()
        others = self._waiting.pop(digest)[1:]
        if isinstance(found, BaseException):
            self._stop(found)
        elif found is not None:
            self._note(found)
            yield found
            is_answered = found.response is not None
            for request in others:
                if is_answered:
                    self._ledger.book_cached(request)
                yield replace(found, key=request.key, cost=0.0, cached=is_answered)

    def _stop(self, problem: BaseException) -> None:
        self._problem = self._problem or problem
        self._stopped.set()

    def _note(self, answer: Answer) -> None:
        """Stop the run where it makes no sense to go on."""
        self._failed_in_a_row = 0 if answer.error is None else self._failed_in_a_row + 1
        if answer.is_fatal:
            self._stop(Errors.B736(address=self._client.address, reason=answer.error))
        if self._failed_in_a_row >= self._client.retries.give_up_after:
            self._stop(Errors.B740(count=self._failed_in_a_row, reason=answer.error))

    def cached(self, request: Request) -> Answer | None:
        """The answer to a request that is there already."""
        response = self._cache.get(request.digest)
        if response is None:
            return None
        self._ledger.book_cached(request)
        return Answer(request.key, response, cached=True)

    def answer(self, request: Request) -> Answer:
        """Ask the server, as often as it takes."""
        policy, cost, attempt = self._client.retries, 0.0, 0
        while True:
            self._pause(self._not_before - time.monotonic())
            attempt += 1
            call = self._ledger.reserve(request, self._budget)
            begin = time.monotonic()
            try:
                response = self._client.send(request)
            except BelError:  # nothing was sent
                self._ledger.settle(call, request, "refused")
                raise
            except CallFailed as failure:
                outcome: Outcome = "lost" if failure.may_cost else "refused"
                cost += self._ledger.settle(
                    call, request, outcome, seconds=time.monotonic() - begin
                )
                wait = policy.wait(attempt, failure)
                if wait is None or self._stopped.is_set():
                    return self._failed(request, failure, attempt, cost)
                if failure.retry_after is not None:  # others would be told to wait as well
                    self._not_before = max(self._not_before, time.monotonic() + wait)
                self._pause(wait)
            else:
                self._cache.put(request.digest, request.model, response)
                usage, seconds = Usage.of(response), time.monotonic() - begin
                cost += self._ledger.settle(call, request, "answered", usage, seconds)
                return Answer(request.key, response, status=200, cost=cost)

    def _failed(self, request: Request, failure: CallFailed, attempts: int, cost: float) -> Answer:
        message = Errors.B738(address=self._client.address, reason=failure, attempts=attempts)
        return Answer(
            request.key,
            error=str(message),
            status=failure.status,
            cost=cost,
            is_fatal=failure.is_fatal,
        )

    def _pause(self, seconds: float) -> None:
        """Wait, but not when the run has been stopped."""
        if seconds > 0:
            self._stopped.wait(seconds)
