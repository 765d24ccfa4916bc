"""Learning while ``spacy train`` runs: steps of a linker's reranker on gold mentions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_bel.corpora.docs import gold_spans
from spacy_bel.corpora.gold import parse_gold
from spacy_bel.evaluation.records import resolve_ids
from spacy_bel.protocols import KnowledgeBase
from spacy_bel.types import NIL, Candidate, Mention

if TYPE_CHECKING:
    from spacy_bel.training.rows import Target

FIRST_EXAMPLES = 500
"""Documents by which the scale of the numbers is fitted."""

_ENDLESS = 1_000_000_000
"""Steps of a schedule that never ends: how long training lasts is spaCy's to decide."""


class Asking(Protocol):
    """A component that finds candidates."""

    @property
    def kb(self) -> KnowledgeBase:
        """Its knowledge base."""
        ...

    def candidates(
        self, docs: Sequence[Doc], spans: Sequence[Sequence[Span]]
    ) -> list[list[tuple[Mention, list[Candidate]]]]:
        """For each document, a mention and its candidates for each span."""
        ...

    def is_known(self, span: Span) -> bool:
        """Whether candidates can be had for a span."""
        ...


class Learner:
    """Trains a reranker on the gold mentions of spaCy's examples.

    Args:
        reranker: What is trained: a ``CrossEncoder``.
    """

    def __init__(self, reranker: Any) -> None:
        self.reranker = reranker
        self._optimiser: Any = None
        self._step = 0

    def fit_scale(self, component: Asking, examples: Iterable[Example]) -> None:
        """Take the scale of the numbers from the first examples.

        Args:
            component: What finds candidates.
            examples: spaCy's examples; the references hold the gold mentions.
        """
        found = self._targets(component, islice(examples, FIRST_EXAMPLES))
        if found and not self.reranker.is_fitted:
            self.reranker.fit_scale([target.question for target in found])

    def update(self, component: Asking, examples: Iterable[Example]) -> float:
        """Learn from a batch.

        Args:
            component: What finds candidates.
            examples: spaCy's examples.

        Returns:
            The mean loss; 0 where there is nothing to learn from.
        """
        from spacy_bel.training.loss import listwise
        from spacy_bel.training.optimiser import Optimiser, Rates

        targets = self._targets(component, examples)
        if not targets:
            return 0.0
        if self._optimiser is None:
            modules, rates = self.reranker.modules(), Rates(warmup=0.0)
            self._optimiser = Optimiser(modules, rates, _ENDLESS)
        loss = listwise(self.reranker.logits([target.question for target in targets]), targets)
        loss.backward()
        self._optimiser.step(self._step)
        self._step += 1
        return float(loss.detach())

    def _targets(self, component: Asking, examples: Iterable[Example]) -> list[Target]:
        """The questions about gold mentions with an id or NIL, and their answers."""
        from spacy_bel.training.rows import Sampling, targets_of_asked

        pairs = [(example.predicted, _gold_in_predicted(example)) for example in examples]
        docs = [doc for doc, _ in pairs]
        spans = [[span for span in own if component.is_known(span)] for _, own in pairs]
        targets: list[Target] = []
        found = component.candidates(docs, spans)
        for own, answers in zip(spans, found, strict=True):
            for span, (mention, candidates) in zip(own, answers, strict=True):
                gold = parse_gold(span.kb_id_)
                right = set(resolve_ids(gold, component.kb)) | ({NIL} & set(gold))
                if candidates:
                    asked = self.reranker.ask(mention, candidates)
                    targets += targets_of_asked(asked, right, Sampling())
        return targets


def _gold_in_predicted(example: Example) -> list[Span]:
    """The gold mentions with an id or NIL, as spans of the document that is predicted."""
    found = []
    for span in gold_spans(example.reference):
        if parse_gold(span.kb_id_):
            own = example.predicted.char_span(
                span.start_char, span.end_char, span.label_, kb_id=span.kb_id_
            )
            if own is not None:
                found.append(own)
    return found
