"""The components as spaCy makes them from a config.

spaCy imports this module whenever any component is added to any pipeline in an environment that
has the package, so it imports nothing heavy and nothing optional.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from spacy.language import Language

from spacy_bel.mentions.extract import Context
from spacy_bel.pipeline.linker import BelLinker
from spacy_bel.pipeline.matcher import BelMatcher
from spacy_bel.pipeline.reranker import BelReranker
from spacy_bel.pipeline.retriever import BelRetriever

RETRIEVER = {"@misc": "spacy-bel.LexicalRetriever.v1"}
CONTEXT = asdict(Context())


@Language.factory(
    "bel_matcher",
    default_config={
        "kb": None,
        "spans": "ents",
        "labels": {},
        "types": [],
        "max_tokens": 10,
        "min_chars": 2,
        "case_chars": 5,
        "max_concepts": 10,
    },
    assigns=["doc.ents"],
)
def make_matcher(
    nlp: Language,
    name: str,
    *,
    kb: str | None,
    spans: str,
    labels: dict[str, str],
    types: list[str],
    max_tokens: int,
    min_chars: int,
    case_chars: int,
    max_concepts: int,
) -> BelMatcher:
    """The factory ``bel_matcher``; its settings are those of ``BelMatcher``."""
    return BelMatcher(
        name,
        kb=kb,
        spans=spans,
        labels=labels,
        types=types,
        max_tokens=max_tokens,
        min_chars=min_chars,
        case_chars=case_chars,
        max_concepts=max_concepts,
    )


@Language.factory(
    "bel_retriever",
    default_config={
        "kb": None,
        "spans": "ents",
        "extensions": "bel",
        "top_k": 20,
        "label_types": {},
        "context": CONTEXT,
        "retriever": RETRIEVER,
    },
    requires=["doc.ents"],
)
def make_retriever(
    nlp: Language,
    name: str,
    *,
    kb: str | None,
    spans: str,
    extensions: str,
    top_k: int,
    label_types: dict[str, list[str]],
    context: dict[str, Any],
    retriever: Callable[..., Any],
) -> BelRetriever:
    """The factory ``bel_retriever``; its settings are those of ``BelRetriever``."""
    component = BelRetriever(
        name,
        retriever,
        kb=kb,
        spans=spans,
        extensions=extensions,
        top_k=top_k,
        label_types=label_types,
        context=context,
    )
    component.warn_of_rivals(other for _, other in nlp.components)
    return component


@Language.factory(
    "bel_linker",
    default_config={
        "kb": None,
        "spans": "ents",
        "extensions": "bel",
        "write_kb_id": True,
        "overwrite": True,
        "threshold": 0.5,
        "top_k": 20,
        "keep_candidates": 5,
        "label_types": {},
        "kb_ents": False,
        "context": CONTEXT,
        "retriever": RETRIEVER,
        "reranker": None,
        "scorer": {"@scorers": "spacy-bel.LinkScorer.v1"},
    },
    requires=["doc.ents"],
    assigns=["token.ent_kb_id"],
)
def make_linker(
    nlp: Language,
    name: str,
    *,
    kb: str | None,
    spans: str,
    extensions: str,
    write_kb_id: bool,
    overwrite: bool,
    threshold: float,
    top_k: int,
    keep_candidates: int,
    label_types: dict[str, list[str]],
    kb_ents: bool,
    context: dict[str, Any],
    retriever: Callable[..., Any],
    reranker: Callable[..., Any] | None,
    scorer: Callable[..., Any] | None,
) -> BelLinker:
    """The factory ``bel_linker``; its settings are those of ``BelLinker``."""
    component = BelLinker(
        name,
        retriever,
        make_reranker=reranker,
        kb=kb,
        spans=spans,
        extensions=extensions,
        write_kb_id=write_kb_id,
        overwrite=overwrite,
        threshold=threshold,
        top_k=top_k,
        keep_candidates=keep_candidates,
        label_types=label_types,
        kb_ents=kb_ents,
        context=context,
        scorer=scorer,
    )
    component.warn_of_rivals(other for _, other in nlp.components)
    return component


@Language.factory(
    "bel_reranker",
    default_config={
        "kb": None,
        "spans": "ents",
        "extensions": "bel",
        "write_kb_id": True,
        "overwrite": True,
        "threshold": 0.5,
        "keep_candidates": 5,
        "label_types": {},
        "kb_ents": False,
        "context": CONTEXT,
        "reranker": {"@misc": "spacy-bel.CrossEncoder.v1"},
        "scorer": {"@scorers": "spacy-bel.LinkScorer.v1"},
    },
    requires=["doc.ents"],
    assigns=["token.ent_kb_id"],
)
def make_reranker(
    nlp: Language,
    name: str,
    *,
    kb: str | None,
    spans: str,
    extensions: str,
    write_kb_id: bool,
    overwrite: bool,
    threshold: float,
    keep_candidates: int,
    label_types: dict[str, list[str]],
    kb_ents: bool,
    context: dict[str, Any],
    reranker: Callable[..., Any],
    scorer: Callable[..., Any] | None,
) -> BelReranker:
    """The factory ``bel_reranker``; its settings are those of ``BelReranker``."""
    component = BelReranker(
        name,
        reranker,
        kb=kb,
        spans=spans,
        extensions=extensions,
        write_kb_id=write_kb_id,
        overwrite=overwrite,
        threshold=threshold,
        keep_candidates=keep_candidates,
        label_types=label_types,
        kb_ents=kb_ents,
        context=context,
        scorer=scorer,
    )
    component.warn_of_rivals(other for _, other in nlp.components)
    return component
