"""What tokens cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import srsly

from spacy_bel.errors import Errors
from spacy_bel.llm.requests import Usage

FREE = "free"
"""The price of a model that runs on one's own machines."""

_MILLION = 1_000_000
_FIELDS = ("input", "output", "cached_input")


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens of a model cost, in any currency.

    Args:
        input: A million tokens of a request.
        output: A million tokens of an answer.
        cached_input: A million tokens that the server has in its prompt cache; as ``input``
            where None.
    """

    input: float
    output: float
    cached_input: float | None = None

    def cost(self, usage: Usage) -> float:
        """What a call costs.

        Args:
            usage: Its tokens.

        Returns:
            The cost, in the price's currency.
        """
        cached = self.input if self.cached_input is None else self.cached_input
        new = usage.input_tokens - usage.cached_tokens
        total = new * self.input + usage.cached_tokens * cached + usage.output_tokens * self.output
        return total / _MILLION

    def worst(self, usage: Usage) -> float:
        """What a call costs at most, wherever the server finds its tokens."""
        dearest = max(self.input, self.cached_input or 0.0)
        return (usage.input_tokens * dearest + usage.output_tokens * self.output) / _MILLION


class Prices:
    """The prices of models.

    Args:
        source: A table of model -> ``{"input": 0.4, "output": 1.6, "cached_input": 0.1}``, each
            for a million tokens, or ``"free"``; the path of such a table as JSON or YAML; the
            one price of every model; or ``"free"`` for all. None where no price is known.
    """

    def __init__(self, source: str | Path | Mapping[str, Any] | None = None) -> None:
        self._source = source
        self._table: dict[str, Price] | Price | None = None

    def of(self, model: str) -> Price:
        """The price of a model.

        Args:
            model: The model's name as requests give it.

        Returns:
            The price.

        Raises:
            BelError: No price is known, for none is taken to be zero; or the table is damaged.
        """
        if self._table is None:
            self._table = self._read()
        price = self._table if isinstance(self._table, Price) else self._table.get(model)
        if price is None:
            raise Errors.B731(model=model)
        return price

    def _read(self) -> dict[str, Price] | Price:
        source = self._source
        if source == FREE or _is_price(source):
            return _price(source, source)
        table = _load(Path(source)) if isinstance(source, str | Path) else source or {}
        if _is_price(table):
            return _price(table, source)
        if not isinstance(table, Mapping):
            raise Errors.B732(source=source, reason="it is no table of models")
        return {str(model): _price(value, source) for model, value in table.items()}


def _is_price(value: object) -> bool:
    return isinstance(value, Mapping) and bool(value) and set(value) <= set(_FIELDS)


def _price(value: object, source: object) -> Price:
    if value == FREE:
        return Price(0.0, 0.0)
    if not isinstance(value, Mapping) or not {"input", "output"} <= set(value) <= set(_FIELDS):
        raise Errors.B732(source=source, reason=f"{value!r} is no price")
    numbers = {name: number for name, number in value.items() if number is not None}
    for name, number in numbers.items():
        is_number = isinstance(number, int | float) and not isinstance(number, bool)
        if not is_number or not math.isfinite(number) or number < 0:
            raise Errors.B732(source=source, reason=f"{name} is {number!r}")
    return Price(**{name: float(number) for name, number in numbers.items()})


def _load(path: Path) -> Any:
    try:
        is_yaml = path.suffix.lower() in (".yaml", ".yml")
        return srsly.read_yaml(path) if is_yaml else srsly.read_json(path)
    except (OSError, ValueError) as error:  # srsly's own errors are ValueErrors
        raise Errors.B732(source=path, reason=error) from error
