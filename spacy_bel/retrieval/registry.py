"""The retrievers that a pipeline's config can name.

Each function only remembers its settings: it returns a ``functools.partial`` of a builder that
makes the retriever once the knowledge base is open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from spacy_bel.kb.store import Store
from spacy_bel.protocols import Retriever
from spacy_bel.retrieval.exact import ExactStage
from spacy_bel.retrieval.hits import Stage
from spacy_bel.retrieval.lexical import NameRetriever
from spacy_bel.retrieval.ngram import NgramStage

MakeRetriever = Callable[[Store], Retriever]

NGRAM_WEIGHT = 0.9
"""What the cosine counts beside the grade of an exact match."""


def exact_retriever(languages: Sequence[str] = (), prefixes: Sequence[str] = ()) -> MakeRetriever:
    """``spacy-bel.ExactRetriever.v1``: names with the same key, graded.

    Args:
        languages: ISO 639-1 codes of the names to look at; empty for all.
        prefixes: Vocabularies to look at, such as ``MESH``; empty for all.

    Returns:
        A function from a knowledge base to a retriever.
    """
    return partial(build_exact, languages=tuple(languages), prefixes=tuple(prefixes))


def ngram_retriever(
    languages: Sequence[str] = (), prefixes: Sequence[str] = (), prune: float = 0.3
) -> MakeRetriever:
    """``spacy-bel.NgramRetriever.v1``: names with similar character trigrams and words.

    Args:
        languages: ISO 639-1 codes of the names to look at; empty for all.
        prefixes: Vocabularies to look at; empty for all.
        prune: Share of a query's weight that its commonest features may make up to be left out
            of the first step, in [0, 1); 0 is exact.

    Returns:
        A function from a knowledge base to a retriever.
    """
    return partial(build_ngram, languages=tuple(languages), prefixes=tuple(prefixes), prune=prune)


def lexical_retriever(
    languages: Sequence[str] = (),
    prefixes: Sequence[str] = (),
    prune: float = 0.3,
    ngram_weight: float = NGRAM_WEIGHT,
    broader: int = 3,
) -> MakeRetriever:
    """``spacy-bel.LexicalRetriever.v1``: the union of exact and n-gram retrieval.

    Args:
        languages: ISO 639-1 codes of the names to look at; empty for all.
        prefixes: Vocabularies to look at; empty for all.
        prune: As for ``ngram_retriever``.
        ngram_weight: What the cosine counts beside the grade of an exact match, in (0, 1].
        broader: Of how many of the best concepts the parents are candidates too, where no name
            has the same words as the mention; 0 for none.

    Returns:
        A function from a knowledge base to a retriever.
    """
    return partial(
        build_lexical,
        languages=tuple(languages),
        prefixes=tuple(prefixes),
        prune=prune,
        ngram_weight=ngram_weight,
        broader=broader,
    )


def build_exact(store: Store, *, languages: Sequence[str], prefixes: Sequence[str]) -> Retriever:
    """The retriever of ``exact_retriever`` over an open knowledge base."""
    stages = {"exact": ExactStage(store)}
    return NameRetriever(store, stages, {"exact": 1.0}, languages=languages, prefixes=prefixes)


def build_ngram(
    store: Store, *, languages: Sequence[str], prefixes: Sequence[str], prune: float
) -> Retriever:
    """The retriever of ``ngram_retriever`` over an open knowledge base."""
    stages = {"ngram": NgramStage(store, prune=prune)}
    return NameRetriever(store, stages, {"ngram": 1.0}, languages=languages, prefixes=prefixes)


def build_lexical(
    store: Store,
    *,
    languages: Sequence[str],
    prefixes: Sequence[str],
    prune: float,
    ngram_weight: float,
    broader: int,
) -> Retriever:
    """The retriever of ``lexical_retriever`` over an open knowledge base."""
    stages: dict[str, Stage] = {"exact": ExactStage(store), "ngram": NgramStage(store, prune=prune)}
    weights = {"exact": 1.0, "ngram": ngram_weight}
    return NameRetriever(
        store, stages, weights, languages=languages, prefixes=prefixes, broader=broader
    )
