"""What organisms are worth to linking genes, and the document to linking species.

    python -m benchmarks.genes --data DIR [--work DIR] [--only NAME]

Train and dev parts only. What a gene of another organism loses was chosen on GNormPlus train and
NLM-Gene train: Recall@1 climbs steeply up to it, in each half of either, and beyond it Recall@5 of
NLM-Gene falls. Nothing was chosen on BioRED.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from spacy.util import registry
from tqdm import tqdm

from benchmarks import retrieval
from benchmarks.common import Corpus, machine, parser, table, workbench
from benchmarks.retrieval import Row
from spacy_bel.kb.store import Store
from spacy_bel.retrieval.registry import lexical_retriever
from spacy_bel.types import Candidate, Mention

TOP_K = 20

NLM_GENE_TRAIN = Corpus(
    "NLM-Gene train", ("corpora/nlm_gene/NLMgene_Train.PubTator.gz",), frozenset({"Gene"})
)

ROWS = (
    Row(retrieval.GNORMPLUS_TRAIN, retrieval.GENES),
    Row(NLM_GENE_TRAIN, retrieval.GENES),
    Row(retrieval.BIORED_DEV["genes"], retrieval.GENES),
    Row(retrieval.LINNAEUS_TRAIN, retrieval.SPECIES),
    Row(retrieval.BIORED_DEV["species"], retrieval.SPECIES),
)

FIGURES = ("acc@1", "recall@5", "recall@20")

NO_ORGANISMS = {"organisms": False}

SETTINGS: dict[str, dict[str, Any]] = {
    "each mention alone": {
        "context": NO_ORGANISMS,
        "retriever": {"@misc": "benchmarks.AloneRetriever.v1"},
    },
    "with the other mentions": {"context": NO_ORGANISMS},
    "with the organisms as well": {},
}

PROTOCOL = f"""\
Gold mentions with a gold id, *lenient*; `bel_linker` with top_k={TOP_K} and names alone: no \
reranker, no annotated names. *Each mention alone* knows the mention and its expansion. *With the \
other mentions*: evidence from what else the document names. *With the organisms as well* is the \
default: concepts of organisms that the document does not name lose some of their score. *In KB* \
is the share of mentions whose every id is in the knowledge base."""


class AloneRetriever:
    """Lexical retrieval that is not told which mentions are of one document.

    Args:
        store: The knowledge base.
    """

    def __init__(self, store: Store) -> None:
        self._retriever = lexical_retriever()(store)

    def retrieve(self, mentions: Sequence[Mention], k: int) -> list[list[Candidate]]:
        """As ``NameRetriever.retrieve``."""
        return self._retriever.retrieve(mentions, k)


@registry.misc("benchmarks.AloneRetriever.v1")  # type: ignore[untyped-decorator]
def alone_retriever() -> partial[AloneRetriever]:
    """The retriever as a pipeline's config names it."""
    return partial(AloneRetriever)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = parser(__doc__.partition("\n")[0])
    options.add_argument("--only", default="", metavar="NAME", help="rows whose corpus holds NAME")
    given = options.parse_args(arguments)
    every = retrieval.SAMPLE_ROWS if given.sample else ROWS
    rows = [row for row in every if given.only.lower() in row.corpus.name.lower()]
    if not rows:
        names = ", ".join(row.corpus.name for row in every)
        options.error(f"no row is called {given.only!r}; there are: {names}")
    runs = [(row, name) for row in rows for name in SETTINGS]
    lines = []
    with workbench(given) as bench:
        for row, name in tqdm(runs, unit="row", disable=None):
            nlp = bench.pipeline(bench.kb(row.vocabulary), top_k=TOP_K, **SETTINGS[name])
            metrics = bench.measure(nlp, row.corpus)
            counts = metrics["counts"]
            in_kb = 1 - counts["out_of_kb"] / counts["linkable"]
            figures = (f"{metrics['lenient'][figure]['value']:.3f}" for figure in FIGURES)
            what = (row.corpus.name, row.vocabulary.name, name)
            lines.append([*what, f"{counts['linkable']:,}", f"{in_kb:.3f}", *figures])
        header = ["corpus", "vocabulary", "", "n", "in KB", "Recall@1", "@5", "@20"]
        print(f"{PROTOCOL}\n\n{table(header, lines, 'lll' + 'r' * (len(header) - 3))}\n")
        print(f"{bench.describe()}\n\n{machine()}")


if __name__ == "__main__":
    main()
