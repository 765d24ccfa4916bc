"""Dev Recall@k of an encoder while it is trained, over names that are hard to tell apart.

Encoding a whole vocabulary for every evaluation would take longer than training. The names that
are encoded are those that lexical retrieval offers for the dev mentions, and all names of the
right concepts: the figure compares states of one run, and is higher than that of ``evaluate``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spacy_bel.extras import load
from spacy_bel.kb.store import Store
from spacy_bel.retrieval.registry import lexical_retriever
from spacy_bel.training.pairs import Annotated
from spacy_bel.vectors.encoder import Encoder, EncoderSettings

OFFERED = 50
"""Concepts that lexical retrieval offers for each mention."""


class DevRecall:
    """Measures Recall@1 and Recall@20 on annotated mentions.

    Args:
        store: The knowledge base.
        dev: The mentions.
        settings: How texts are read.
        context: Whether the mention is read in its context, marked.
    """

    def __init__(
        self, store: Store, dev: Sequence[Annotated], settings: EncoderSettings, *, context: bool
    ) -> None:
        mentions = [mention for mention, _ in dev]
        texts = [m.marked() if context else m.query or m.text for m in mentions]
        self._gold = [frozenset(concepts) for _, concepts in dev]
        self._queries = [settings.text(text) for text in texts]
        wanted = {concept for concepts in self._gold for concept in concepts}
        offered = lexical_retriever()(store).retrieve(mentions, OFFERED)
        ids = {candidate.id for candidates in offered for candidate in candidates}
        concepts = np.asarray(store.alias_concepts)
        of_id = {concept_id: place for place, concept_id in enumerate(store)}
        wanted |= {of_id[concept_id] for concept_id in ids}
        names = np.flatnonzero(np.isin(concepts, sorted(wanted)))
        self._names = [settings.text(store.alias_names[name]) for name in names.tolist()]
        self._concepts = concepts[names]

    def measure(self, encoder: Encoder) -> dict[str, float]:
        """Recall@1 and Recall@20 of an encoder."""
        return self.of_model(encoder.model)

    def of_model(self, model: Any) -> dict[str, float]:
        """Recall@1 and Recall@20 of a ``SentenceTransformer``."""
        distinct = list(dict.fromkeys(self._queries))
        settings: dict[str, Any] = {"batch_size": 128, "show_progress_bar": False}
        names = model.encode(self._names, normalize_embeddings=True, **settings)
        queries = model.encode(distinct, normalize_embeddings=True, **settings)
        ranked = {}
        for query, scores in zip(distinct, queries @ names.T, strict=True):
            order = self._concepts[np.argsort(-scores, kind="stable")]
            ranked[query] = list(dict.fromkeys(order.tolist()))[:20]
        found = {1: 0, 20: 0}
        for query, gold in zip(self._queries, self._gold, strict=True):
            for k in found:
                found[k] += not gold.isdisjoint(ranked[query][:k])
        return {f"recall@{k}": count / len(self._gold) for k, count in found.items()}

    def evaluator(self) -> Any:
        """What sentence-transformers' trainer calls to evaluate."""
        base = load("sentence_transformers.sentence_transformer.evaluation", "train")

        class Evaluator(base.SentenceEvaluator):  # type: ignore[misc, name-defined]
            """Calls ``of_model``."""

            def __init__(self, measure: Any) -> None:
                super().__init__()
                self.measure = measure
                self.primary_metric = "recall@1"

            def __call__(self, model: Any, *_: Any, **__: Any) -> dict[str, float]:
                figures: dict[str, float] = self.measure(model)
                return figures

        return Evaluator(self.of_model)
