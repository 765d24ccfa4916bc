"""What calls cost, and a budget that is not passed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from spacy_bel.errors import Errors
from spacy_bel.llm.database import Database
from spacy_bel.llm.prices import Prices
from spacy_bel.llm.requests import Request, Usage

Outcome = Literal["answered", "refused", "lost"]
"""What became of a call: the server answered, it refused to compute, or nobody knows."""

_COLUMNS = {"run": "run", "document": "document", "mention": "mention"}

_SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY, run TEXT NOT NULL, document TEXT NOT NULL, mention TEXT NOT NULL,
    model TEXT NOT NULL, outcome TEXT NOT NULL, bytes INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL, cost REAL NOT NULL, at REAL NOT NULL, seconds REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS calls_by_run ON calls (run);
CREATE TABLE IF NOT EXISTS runs (run TEXT PRIMARY KEY, cost REAL NOT NULL) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class Costs:
    """Sums over calls.

    Args:
        calls: Calls of a server, repeated attempts among them.
        cached: Requests whose answer was there already.
        input_tokens: Tokens of requests.
        output_tokens: Tokens of answers.
        cached_tokens: Tokens of requests that the server had in its prompt cache.
        cost: In the currency of the prices; a call that nobody knows the end of counts with the
            most that it can cost.
    """

    calls: int
    cached: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost: float


class Ledger:
    """The book of all calls.

    The most that a call can cost is booked before it is sent and corrected when it is answered,
    so that a budget holds for several threads and processes, and over a kill at any moment.

    Args:
        path: An SQLite file, which may be the cache's too; None for one in memory.
        prices: What ``Prices`` reads: a table of prices, its path, one price, or ``"free"``.
        run: The name under which costs are added up and compared with the budget; a run that is
            resumed keeps its name.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        prices: str | Path | Mapping[str, Any] | None = None,
        run: str = "",
    ) -> None:
        self.prices = Prices(prices)
        self.run = run
        self._database = Database(path, "ledger", 1, _SCHEMA)

    @property
    def spent(self) -> float:
        """The cost of the run, with the most that calls under way can cost."""
        rows = self._database.rows("SELECT cost FROM runs WHERE run=?", self.run)
        return float(rows[0][0]) if rows else 0.0

    def reserve(self, request: Request, budget: float | None = None) -> int:
        """Book the most that a call can cost, before it is sent.

        Args:
            request: What will be sent.
            budget: What the run may cost; None for any sum.

        Returns:
            The call's number, to settle it with.

        Raises:
            BelError: The budget might be passed, or the model's price is not known.
        """
        worst = self.prices.of(request.model).worst(request.worst)
        with self._database.transaction() as connection:
            found = connection.execute("SELECT cost FROM runs WHERE run=?", (self.run,)).fetchone()
            spent = found[0] if found else 0.0
            if budget is not None and spent + worst > budget:
                sums = {"budget": budget, "spent": spent, "worst": worst}
                raise Errors.B733(run=self.run, **{n: f"{sum_:g}" for n, sum_ in sums.items()})
            self._add(connection, worst)
            return self._insert(connection, request, "sent", worst)

    def settle(
        self,
        call: int,
        request: Request,
        outcome: Outcome,
        usage: Usage | None = None,
        seconds: float = 0.0,
    ) -> float:
        """Book what a call did cost.

        Args:
            call: The number that ``reserve`` gave.
            request: What was sent.
            outcome: What became of it.
            usage: Its tokens; None where the server did not say.
            seconds: How long it took.

        Returns:
            The cost: nothing where the server refused, and the most that the call can cost where
            its tokens are not known.
        """
        price = self.prices.of(request.model)
        worst = price.worst(request.worst)
        if outcome == "refused":
            cost, usage = 0.0, Usage()
        elif usage is None:
            cost, usage = worst, request.worst
        else:
            cost = price.cost(usage)
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE calls SET outcome=?, input_tokens=?, output_tokens=?, cached_tokens=?, "
                "cost=?, seconds=? WHERE id=?",
                (
                    outcome,
                    usage.input_tokens,
                    usage.output_tokens,
                    usage.cached_tokens,
                    cost,
                    seconds,
                    call,
                ),
            )
            self._add(connection, cost - worst)
        return cost

    def book_cached(self, request: Request) -> None:
        """Book a request whose answer was there already."""
        with self._database.transaction() as connection:
            self._insert(connection, request, "cached", 0.0)

    def costs(self, by: Literal["run", "document", "mention"] = "run") -> dict[str, Costs]:
        """Costs of each run, or of each document or mention of this run.

        Args:
            by: What to add up.

        Returns:
            The name of the run, document or mention -> sums.
        """
        column = _COLUMNS[by]
        where = "" if by == "run" else "WHERE run=?"
        rows = self._database.rows(
            f"SELECT {column}, sum(outcome<>'cached'), sum(outcome='cached'), sum(input_tokens), "
            f"sum(output_tokens), sum(cached_tokens), sum(cost) FROM calls {where} "
            f"GROUP BY {column} ORDER BY {column}",
            *([self.run] if where else []),
        )
        return {name: Costs(*sums) for name, *sums in rows}

    def ratios(self, model: str) -> tuple[float, float] | None:
        """What calls of a model have used so far, in all runs.

        Args:
            model: The model.

        Returns:
            Tokens per byte of a request, and tokens of an answer; None before the first call.
        """
        ((calls, size, read, written),) = self._database.rows(
            "SELECT count(*), sum(bytes), sum(input_tokens), sum(output_tokens) FROM calls "
            "WHERE model=? AND outcome='answered'",
            model,
        )
        return (read / size, written / calls) if calls else None

    def _insert(self, connection: Any, request: Request, outcome: str, cost: float) -> int:
        labels = (self.run, request.document, request.mention or request.key, request.model)
        cursor = connection.execute(
            "INSERT INTO calls VALUES (NULL, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?, ?, 0)",
            (*labels, outcome, request.size, cost, time.time()),
        )
        return int(cursor.lastrowid)

    def _add(self, connection: Any, cost: float) -> None:
        connection.execute(
            "INSERT INTO runs VALUES (?, ?) ON CONFLICT (run) DO UPDATE SET cost = cost + ?",
            (self.run, cost, cost),
        )
