"""Listwise losses over options: what all local rerankers learn by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spacy_bel.extras import load
from spacy_bel.training.rows import Target


def listwise(logits: Any, targets: Sequence[Target]) -> Any:
    """Mean negative log-likelihood of the answers.

    Of several right options, any will do: their probabilities are summed. A teacher's soft
    answer costs its cross-entropy (Hinton et al. 2015).

    Args:
        logits: (questions, options), NIL last, minus infinity where there is no option.
        targets: The answers, in the order of the rows.

    Returns:
        A scalar tensor.
    """
    torch = load("torch", "train")
    weights = torch.zeros(logits.shape)
    for row, target in enumerate(targets):
        *own, nil = target.weights
        weights[row, : len(own)] = torch.tensor(own)
        weights[row, -1] = nil
    weights = weights.to(logits.device)
    soft = torch.tensor([target.soft for target in targets], device=logits.device)
    logs = torch.log_softmax(logits, dim=1)
    likelihood = torch.logsumexp(logs.masked_fill(weights <= 0, -torch.inf), dim=1)
    cross_entropy = (weights * logs.masked_fill(weights <= 0, 0.0)).sum(1)
    return -torch.where(soft, cross_entropy, likelihood).mean()
