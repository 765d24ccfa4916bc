"""The retrievers that a pipeline's config can name.

Each function only remembers its settings: it returns a ``functools.partial`` of a builder that
makes the retriever once the knowledge base is open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from spacy_bel.errors import Errors
from spacy_bel.kb.store import Store
from spacy_bel.protocols import Retriever
from spacy_bel.retrieval.blend import BLEND, Blend
from spacy_bel.retrieval.dense import REFORMULATION_SHARE, DenseNameRetriever, DenseStage
from spacy_bel.retrieval.encoders import EncoderChoice
from spacy_bel.retrieval.exact import ExactStage
from spacy_bel.retrieval.hits import Stage
from spacy_bel.retrieval.lexical import NameRetriever, Reformulate
from spacy_bel.retrieval.ngram import NgramStage
from spacy_bel.retrieval.organisms import ORGANISM_COST

MakeRetriever = Callable[[Store], Retriever]

MakeReformulation = Callable[[Store], Reformulate]

NGRAM_WEIGHT = 0.9
"""What the cosine counts beside the grade of an exact match."""

DENSE_SHARE = 0.7
"""Share of the vectors' cosine in its mean with that of the n-grams."""


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
    languages: Sequence[str] = (), prefixes: Sequence[str] = (), prune: float | None = None
) -> MakeRetriever:
    """``spacy-bel.NgramRetriever.v1``: names with similar character trigrams and words.

    Args:
        languages: ISO 639-1 codes of the names to look at; empty for all.
        prefixes: Vocabularies to look at; empty for all.
        prune: Share of a query's weight that its commonest features may make up to be left out
            of the bounds, in [0, 1); 0 is exact. None for 0.3 where each name has a bound of
            its own (up to 262,144 names), and for 0.2 where several share one.

    Returns:
        A function from a knowledge base to a retriever.
    """
    return partial(build_ngram, languages=tuple(languages), prefixes=tuple(prefixes), prune=prune)


def lexical_retriever(
    *,
    languages: Sequence[str] = (),
    prefixes: Sequence[str] = (),
    prune: float | None = None,
    ngram_weight: float = NGRAM_WEIGHT,
    broader: int = 3,
    organism_cost: float = ORGANISM_COST,
    drug_induced: bool = True,
) -> MakeRetriever:
    """``spacy-bel.LexicalRetriever.v1``: the union of exact and n-gram retrieval.

    Args:
        languages: ISO 639-1 codes of the names to look at; empty for all.
        prefixes: Vocabularies to look at; empty for all.
        prune: As for ``ngram_retriever``.
        ngram_weight: What the cosine counts beside the grade of an exact match, in (0, 1].
        broader: Of how many of the best concepts the parents are candidates too, where no name
            has the same words as the mention; there, every fourth candidate from the eighth on
            is an ancestor that many of them share. 0 for neither.
        organism_cost: What the score of a concept loses, such as a gene, that is of another
            organism than the document speaks of, in [0, 1].
        drug_induced: Whether what drugs cause (``Drug-Induced Hepatitis`` for ``hepatitis``) comes
            first in a document that says that something was induced, as reports of side effects do.

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
        organism_cost=organism_cost,
        drug_induced=drug_induced,
    )


def dense_retriever(
    languages: Sequence[str] = (),
    prefixes: Sequence[str] = (),
    encoder: EncoderChoice | None = None,
) -> MakeRetriever:
    """``spacy-bel.DenseRetriever.v1``: names whose vectors are near.

    The knowledge base must have vectors (``python -m spacy_bel kb embed``), and says itself which
    encoder made them.

    Args:
        languages: ISO 639-1 codes of the names to look at; empty for all.
        prefixes: Vocabularies to look at; empty for all.
        encoder: Which encoder must have made the vectors, and how it is run
            (``spacy-bel.Encoder.v1``); None for whichever did.

    Returns:
        A function from a knowledge base to a retriever.
    """
    return partial(
        build_dense,
        encoder=encoder or EncoderChoice(),
        languages=tuple(languages),
        prefixes=tuple(prefixes),
    )


def hybrid_retriever(
    *,
    languages: Sequence[str] = (),
    prefixes: Sequence[str] = (),
    encoder: EncoderChoice | None = None,
    prune: float | None = None,
    broader: int = 3,
    dense_share: float = DENSE_SHARE,
    similarity_weight: float = NGRAM_WEIGHT,
    reformulation: MakeReformulation | None = None,
    reformulation_share: float = REFORMULATION_SHARE,
    organism_cost: float = ORGANISM_COST,
    drug_induced: bool = True,
) -> MakeRetriever:
    """``spacy-bel.HybridRetriever.v1``: the union of exact, n-gram and dense retrieval.

    A name's score is the larger of the grade of an exact match and ``similarity_weight`` times
    the mean of both cosines, in which the vectors' counts ``dense_share``.

    Args:
        languages: ISO 639-1 codes of the names to look at; empty for all.
        prefixes: Vocabularies to look at; empty for all.
        encoder: As for ``dense_retriever``.
        prune: As for ``ngram_retriever``.
        broader: As for ``lexical_retriever``.
        dense_share: Share of the vectors' cosine in the mean, in [0, 1].
        similarity_weight: What the mean counts beside the grade of an exact match, in (0, 1].
        reformulation: Makes what gives a second text for each mention, whose vector is added to
            the mention's, such as ``spacy-bel.LLMReformulation.v1``; None for none.
        reformulation_share: Weight of that text, in [0, 1].
        organism_cost: As for ``lexical_retriever``.
        drug_induced: As for ``lexical_retriever``.

    Returns:
        A function from a knowledge base to a retriever.
    """
    return partial(
        build_hybrid,
        encoder=encoder or EncoderChoice(),
        languages=tuple(languages),
        prefixes=tuple(prefixes),
        prune=prune,
        broader=broader,
        dense_share=dense_share,
        similarity_weight=similarity_weight,
        reformulation=reformulation,
        reformulation_share=reformulation_share,
        organism_cost=organism_cost,
        drug_induced=drug_induced,
    )


def build_exact(store: Store, *, languages: Sequence[str], prefixes: Sequence[str]) -> Retriever:
    """The retriever of ``exact_retriever`` over an open knowledge base."""
    stages = {"exact": ExactStage(store)}
    return NameRetriever(store, stages, {"exact": 1.0}, languages=languages, prefixes=prefixes)


def build_ngram(
    store: Store, *, languages: Sequence[str], prefixes: Sequence[str], prune: float | None
) -> Retriever:
    """The retriever of ``ngram_retriever`` over an open knowledge base."""
    stages = {"ngram": NgramStage(store, prune=prune)}
    return NameRetriever(store, stages, {"ngram": 1.0}, languages=languages, prefixes=prefixes)


def build_lexical(
    store: Store,
    *,
    languages: Sequence[str],
    prefixes: Sequence[str],
    prune: float | None,
    ngram_weight: float,
    broader: int,
    organism_cost: float,
    drug_induced: bool,
) -> Retriever:
    """The retriever of ``lexical_retriever`` over an open knowledge base."""
    stages: dict[str, Stage] = {"exact": ExactStage(store), "ngram": NgramStage(store, prune=prune)}
    weights = {"exact": 1.0, "ngram": ngram_weight}
    return NameRetriever(
        store,
        stages,
        weights,
        languages=languages,
        prefixes=prefixes,
        broader=broader,
        organism_cost=organism_cost,
        drug_induced=drug_induced,
    )


def build_dense(
    store: Store, *, encoder: EncoderChoice, languages: Sequence[str], prefixes: Sequence[str]
) -> Retriever:
    """The retriever of ``dense_retriever`` over an open knowledge base."""
    stage = DenseStage(store, encoder.make(store))
    return DenseNameRetriever(
        store,
        {"dense": stage},
        {"dense": 1.0},
        dense=stage,
        languages=languages,
        prefixes=prefixes,
        include_weights=encoder.include_weights,
    )


def build_hybrid(
    store: Store,
    *,
    encoder: EncoderChoice,
    languages: Sequence[str],
    prefixes: Sequence[str],
    prune: float | None,
    broader: int,
    dense_share: float,
    similarity_weight: float,
    reformulation: MakeReformulation | None,
    reformulation_share: float,
    organism_cost: float,
    drug_induced: bool,
) -> Retriever:
    """The retriever of ``hybrid_retriever`` over an open knowledge base."""
    if not 0 <= dense_share <= 1:
        raise Errors.B401(setting="dense_share", value=dense_share, allowed="[0, 1]")
    ngram = NgramStage(store, prune=prune)
    dense = DenseStage(store, encoder.make(store), share=reformulation_share)
    return DenseNameRetriever(
        store,
        {"exact": ExactStage(store), "ngram": ngram, "dense": dense},
        {"exact": 1.0, BLEND: similarity_weight},
        dense=dense,
        languages=languages,
        prefixes=prefixes,
        broader=broader,
        blend=Blend(
            {"ngram": ngram, "dense": dense}, {"ngram": 1 - dense_share, "dense": dense_share}
        ),
        reformulate=reformulation(store) if reformulation else None,
        organism_cost=organism_cost,
        drug_induced=drug_induced,
        include_weights=encoder.include_weights,
    )
