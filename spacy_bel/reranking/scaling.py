"""From scores to probabilities: a temperature and a bias of NIL, fitted on annotated mentions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_bel.errors import Errors

_LARGEST = 50.0

_SPREAD = (5.0, 1.0)
"""Standard deviations of what is expected of the bias and of the temperature's logarithm. A few
mentions that are all right would make the bias as large as it can be; many outweigh this."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """How scores of candidates and NIL become probabilities.

    Args:
        temperature: What scores are divided by, above 0 (Guo et al. 2017).
        nil_bias: What is added to the score of NIL, then.
        fitted: Whether they were fitted on annotated mentions.
        curve: Points of an increasing curve that every probability is mapped by, at last; they
            need not sum to 1 then. Empty for none.

    Raises:
        BelError: The temperature is not above 0, or a value is not finite.
    """

    temperature: float = 1.0
    nil_bias: float = 0.0
    fitted: bool = False
    curve: Sequence[Sequence[float]] = ()

    def __post_init__(self) -> None:
        if not (self.temperature > 0 and np.isfinite(self.temperature)):
            raise Errors.B706(setting="temperature", value=self.temperature, allowed="above 0")
        if not np.isfinite(self.nil_bias):
            raise Errors.B706(setting="nil_bias", value=self.nil_bias, allowed="a finite number")

    def probabilities(self, scores: NDArray[Any]) -> NDArray[np.float64]:
        """Softmax over candidates and NIL.

        Args:
            scores: One value per candidate, and that of NIL as the last one.

        Returns:
            As many values, which sum to 1 where there is no curve.
        """
        values = np.asarray(scores, dtype=np.float64) / self.temperature
        values[-1] += self.nil_bias
        powers: NDArray[np.float64] = np.exp(values - values.max())
        powers /= powers.sum()
        if not self.curve:
            return powers
        found, rates = zip(*self.curve, strict=True)
        return np.asarray(np.interp(powers, found, rates), dtype=np.float64)


def fit_scaling(
    scores: Sequence[NDArray[Any]], gold: Sequence[int | None], *, temperature: bool = True
) -> Scaling:
    """The scaling under which the right answers are likeliest.

    With few mentions it stays near no scaling at all: bias and logarithm of the temperature are
    expected to be normally distributed about 0.

    Args:
        scores: For each mention the scores of its candidates and, last, of NIL.
        gold: For each mention the number of the right candidate; None for NIL.
        temperature: Whether to fit the temperature too, and not the bias of NIL alone.

    Returns:
        The scaling.

    Raises:
        BelError: There are no mentions, or not as many scores as answers.
    """
    from scipy.optimize import minimize
    from scipy.special import logsumexp

    if not scores or len(scores) != len(gold):
        raise Errors.B720(scores=len(scores), gold=len(gold))
    # Candidates in one table, filled up with what can never be chosen, and NIL as its last column.
    table = np.full((len(scores), max(map(len, scores))), -np.inf)
    for row, own in zip(table, scores, strict=True):
        row[: len(own) - 1], row[-1] = own[:-1], own[-1]
    right = np.array([-1 if one is None else one for one in gold])

    def loss(parameters: NDArray[np.float64]) -> float:
        scaling = _scaling(parameters)
        values = table / scaling.temperature
        values[:, -1] += scaling.nil_bias
        likelihood = (logsumexp(values, axis=1) - values[np.arange(len(right)), right]).mean()
        surprise = ((parameters / _SPREAD[: len(parameters)]) ** 2).sum() / 2
        return float(likelihood + surprise / len(right))

    def _scaling(parameters: NDArray[np.float64]) -> Scaling:
        bias, log_temperature = np.clip([*parameters, 0.0][:2], -_LARGEST, _LARGEST)
        return Scaling(float(np.exp(log_temperature)), float(bias), fitted=True)

    start = np.zeros(2 if temperature else 1)
    return _scaling(minimize(loss, start, method="Nelder-Mead").x)
