"""How fast names are encoded, and what the index takes beside that while mentions are linked.

    python -m benchmarks.encoding --data DIR [--work DIR] [--encoder NAME] [--names 20000]

Names are drawn from MEDIC and encoded in each type of number that the machine multiplies in; a
warm-up is not timed. The mentions are those of whole corpora in the order of their documents, 64
documents at a time, as a pipeline asks for them; equal mentions are encoded and searched once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.common import Corpus, Workbench, machine, parser, table, workbench
from benchmarks.dense import with_vectors
from benchmarks.retrieval import BC5CDR_TRAIN, CTD, NCBI_TRAIN, SAMPLE_KB, SAMPLE_TRAIN
from spacy_bel.corpora.docs import gold_spans
from spacy_bel.devices import cpu_has_bf16, pick_device
from spacy_bel.kb.store import Store
from spacy_bel.kb.vectors import Vectors
from spacy_bel.models import MINILM
from spacy_bel.retrieval.dense import DenseNameRetriever, DenseStage
from spacy_bel.types import Mention
from spacy_bel.vectors.base import Neighbours, VectorIndex
from spacy_bel.vectors.encoder import Encoder, EncoderSettings
from spacy_bel.vectors.registry import open_index

DOCS = 64
"""Documents that are linked at a time: the default of ``bel_linker.pipe``."""


class TimedEncoder(Encoder):
    """An encoder that adds up the seconds that it takes."""

    seconds = 0.0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of texts (see ``Encoder``)."""
        begin = time.perf_counter()
        vectors = super().encode(texts)
        self.seconds += time.perf_counter() - begin
        return vectors


class TimedIndex:
    """An index that adds up the seconds that it takes.

    Args:
        index: What searches.
    """

    def __init__(self, index: VectorIndex) -> None:
        self._index = index
        self.seconds = 0.0

    def search(
        self, queries: NDArray[np.float32], k: int, admitted: NDArray[np.bool_] | None = None
    ) -> list[Neighbours]:
        """The nearest rows (see ``VectorIndex``)."""
        begin = time.perf_counter()
        found = self._index.search(queries, k, admitted)
        self.seconds += time.perf_counter() - begin
        return found


def of_types(settings: EncoderSettings, names: Sequence[str]) -> list[list[str]]:
    """Names per second in each type of number, and how often faster than in float32."""
    has_bf16 = pick_device("auto").type == "cuda" or cpu_has_bf16()
    rows: list[list[str]] = []
    slowest = 0.0
    for dtype in ("float32", "bfloat16") if has_bf16 else ("float32",):
        encoder = Encoder(settings, dtype=dtype)
        encoder.encode_all(names[:256])
        begin = time.perf_counter()
        encoder.encode_all(names)
        speed = len(names) / (time.perf_counter() - begin)
        slowest = slowest or speed
        rows.append([dtype, f"{len(names):,}", f"{speed:,.0f}", f"{speed / slowest:.1f}"])
    return rows


def of_stream(bench: Workbench, kb: Store, corpus: Corpus, settings: EncoderSettings) -> list[str]:
    """Seconds of the encoder and of the index over the mentions of a corpus."""
    encoder = TimedEncoder(settings)
    vectors = Vectors.of(kb)
    kind, path = vectors.graph
    index = TimedIndex(open_index(kind, vectors.values, path))
    stage = DenseStage(kb, encoder, index=index)
    retriever = DenseNameRetriever(
        kb, {"dense": stage}, {"dense": 1.0}, dense=stage, include_weights=False
    )
    retriever.retrieve([Mention("warm up")], 30)
    encoder.seconds = index.seconds = 0.0
    count = 0
    begin = time.perf_counter()
    docs = bench.docs(corpus)
    for first in tqdm(range(0, len(docs), DOCS), corpus.name, disable=None):
        own = docs[first : first + DOCS]
        mentions = [Mention(span.text) for doc in own for span in gold_spans(doc)]
        count += len(mentions)
        retriever.retrieve(mentions, 30)
    figures: list[Any] = [encoder.seconds, index.seconds, time.perf_counter() - begin]
    cells = [f"{value:.1f}" for value in figures]
    share = f"{index.seconds / encoder.seconds:.2f}"
    return [corpus.name, f"{len(vectors.values):,}", kind, f"{count:,}", *cells, share]


def main(given: Sequence[str] | None = None) -> None:
    """Print both tables."""
    options = parser(__doc__ or "")
    options.add_argument("--encoder", default=MINILM)
    options.add_argument("--names", type=int, default=20_000)
    arguments = options.parse_args(given)
    settings = EncoderSettings(arguments.encoder)
    with workbench(arguments) as bench:
        vocabulary = SAMPLE_KB if arguments.sample else CTD
        corpora = [SAMPLE_TRAIN] if arguments.sample else [NCBI_TRAIN, BC5CDR_TRAIN]
        kb = Store(with_vectors(bench, vocabulary, None, Encoder(settings)))
        distinct = sorted(set(kb.alias_names))
        random = np.random.default_rng(0)
        drawn = random.permutation(len(distinct))[: arguments.names].tolist()
        rows = of_types(settings, [distinct[place] for place in drawn])
        print(table(["numbers", "names", "names/s", "ratio"], rows, "lrrr"), end="\n\n")
        streams = [of_stream(bench, kb, corpus, settings) for corpus in corpora]
    header = ["corpus", "vectors", "index", "mentions", "encoding, s", "index, s", "all, s"]
    print(table([*header, "index / encoding"], streams, "lrlrrrrr"))
    print(f"\n{machine('sentence-transformers', 'torch')}")


if __name__ == "__main__":
    main()
