"""scispaCy's candidate generator, built and asked as scispaCy does it, behind our protocol.

scispaCy 0.6.2 refuses to build an index with scipy 1.11 and later, because it saves its vectors
in 16 bits, which scipy no longer does. Nothing else in its way is touched: the index is built by
its own function with its own settings, and the vectors are saved in 32 bits.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import srsly
from spacy.util import registry

from spacy_bel.kb.store import Store
from spacy_bel.types import Candidate, Mention

ENTITIES = "entities.jsonl"
SECONDS = "seconds.json"


class _Index:
    """An index that is made with other settings than those it is asked for."""

    def __init__(self, index: Any, settings: dict[str, int]) -> None:
        self._index, self._settings = index, settings

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)

    def createIndex(self, settings: dict[str, int], **options: Any) -> None:  # noqa: N802
        """As nmslib calls it."""
        self._index.createIndex({**settings, **self._settings}, **options)


def build_scispacy(store: Store, directory: Path, **settings: int) -> float:
    """Builds scispaCy's index over the names of a knowledge base.

    Args:
        store: The knowledge base.
        directory: An empty folder to write to.
        **settings: Settings of the index that differ from scispaCy's own, such as ``M``.

    Returns:
        What it took, in seconds, without reading or writing files.
    """
    import joblib  # type: ignore[import-untyped]
    from scipy.sparse import save_npz
    from scispacy import candidate_generation
    from scispacy.linking_utils import KnowledgeBase

    entities = (
        {
            "concept_id": concept.id,
            "canonical_name": concept.name,
            "aliases": [alias.name for alias in concept.aliases],
        }
        for concept in store.concepts()
    )
    srsly.write_jsonl(directory / ENTITIES, entities)
    kb = KnowledgeBase(str(directory / ENTITIES))
    allowed = patch.object(candidate_generation, "scipy_supports_sparse_float16", lambda: True)
    make = candidate_generation.nmslib.init
    indexes = patch.object(
        candidate_generation.nmslib, "init", lambda *a, **o: _Index(make(*a, **o), settings)
    )
    start = time.perf_counter()
    with allowed, indexes, contextlib.redirect_stdout(sys.stderr):
        aliases, vectorizer, index = candidate_generation.create_tfidf_ann_index(None, kb)
    seconds = time.perf_counter() - start
    paths = candidate_generation.LinkerPaths.from_directory(directory)
    joblib.dump(vectorizer, paths.tfidf_vectorizer)
    save_npz(paths.tfidf_vectors, vectorizer.transform(aliases))
    Path(paths.concept_aliases_list).write_text(json.dumps(aliases), encoding="utf-8")
    index.saveIndex(paths.ann_index)
    srsly.write_json(directory / SECONDS, seconds)
    return seconds


def load_scispacy(directory: Path) -> Any:
    """The candidate generator over what ``build_scispacy`` wrote."""
    from scispacy.candidate_generation import CandidateGenerator, LinkerPaths
    from scispacy.linking_utils import KnowledgeBase

    aliases, vectorizer, index = LinkerPaths.from_directory(directory).load()
    kb = KnowledgeBase(str(directory / ENTITIES))
    return CandidateGenerator(index, vectorizer, aliases, kb)


class ScispacyRetriever:
    """scispaCy's candidates as a ``Retriever`` gives them, to be scored by the same metrics.

    Args:
        store: The knowledge base, for the concepts' names.
        index: The folder that ``build_scispacy`` wrote.
    """

    def __init__(self, store: Store, index: str) -> None:
        self._generate = load_scispacy(Path(index))
        self._kb = store.name

    def retrieve(self, mentions: Sequence[Mention], k: int) -> list[list[Candidate]]:
        """For each mention, the concepts of its ``k`` nearest names, ordered as scispaCy does."""
        texts = [mention.query or mention.text for mention in mentions]
        return [
            sorted(map(self._candidate, found), key=lambda candidate: -candidate.score)
            for found in self._generate(texts, k)
        ]

    def _candidate(self, found: Any) -> Candidate:
        score, alias = max(zip(found.similarities, found.aliases, strict=True))
        name = self._generate.kb.cui_to_entity[found.concept_id].canonical_name
        return Candidate(found.concept_id, name, alias, (), score, {"scispacy": score}, self._kb)


@registry.misc("benchmarks.ScispacyRetriever.v1")  # type: ignore[untyped-decorator]
def scispacy_retriever(index: str) -> partial[ScispacyRetriever]:
    """The retriever as a pipeline's config names it."""
    return partial(ScispacyRetriever, index=index)
