"""How good a reranker is on dev, while it is trained."""

from __future__ import annotations

from collections.abc import Sequence

from spacy_bel.examples import Example
from spacy_bel.extras import load
from spacy_bel.training.loss import listwise
from spacy_bel.training.rows import Sampling, targets_of
from spacy_bel.training.trainable import Trainable
from spacy_bel.types import NIL

_BATCH = 64


def accountable(example: Example) -> bool:
    """Whether Acc@1 counts a row: it has a gold concept."""
    return any(id_ != NIL for id_ in example.gold or ())


def dev_scores(reranker: Trainable, dev: Sequence[Example]) -> tuple[float, float]:
    """Lenient Acc@1 of the ranking, NIL aside, and the mean loss.

    Args:
        reranker: The model.
        dev: Rows; those without gold concept are not counted.

    Returns:
        The share of rows whose first candidate is right, and the loss over rows with candidates.
    """
    torch = load("torch", "train")
    counted = [example for example in dev if accountable(example)]
    asked = [target for example in counted for target in targets_of(example, Sampling())[:1]]
    hits, total = 0, 0.0
    for begin in range(0, len(asked), _BATCH):
        batch = asked[begin : begin + _BATCH]
        with torch.no_grad():  # a model loaded in inference mode could not be trained later
            logits = reranker.logits([target.question for target in batch])
            total += float(listwise(logits, batch)) * len(batch)
        for row, target in zip(logits[:, :-1].argmax(1).tolist(), batch, strict=True):
            hits += target.weights[row] > 0
    return hits / len(counted), total / max(1, len(asked))
