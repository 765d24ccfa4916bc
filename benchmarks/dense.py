"""Dense retrieval beside lexical, and both together, by all four protocols.

    python -m benchmarks.dense --data DIR [--work DIR] [--encoder NAME ...] [--only NAME]
        [--fusion SHARE WEIGHT]

Encoders are the packaged MiniLM as it is, and whichever folders ``train retriever`` wrote. The
numbers of the fusion are the defaults, which need no labels; with ``--fusion`` a line more has
those that ``fit`` chose on a dev split. Test splits only report.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.common import (
    Corpus,
    Vocabulary,
    Workbench,
    machine,
    parser,
    table,
    unfinished,
    workbench,
)
from benchmarks.retrieval import FIGURES, QUICK, SAMPLE_ROWS, TOP_K, Row
from spacy_bel.corpora.names import annotated_names
from spacy_bel.kb.build import add_annotated_aliases
from spacy_bel.kb.store import Store
from spacy_bel.kb.vectors import embed
from spacy_bel.models import MINILM
from spacy_bel.vectors.encoder import Encoder, EncoderSettings

RETRIEVERS = {
    "lexical": "spacy-bel.LexicalRetriever.v1",
    "dense": "spacy-bel.DenseRetriever.v1",
    "hybrid": "spacy-bel.HybridRetriever.v1",
}


def with_vectors(
    bench: Workbench, vocabulary: Vocabulary, annotated: Corpus | None, encoder: Encoder
) -> Path:
    """A knowledge base with vectors, made once; only what a corpus adds is encoded anew."""
    plain = bench.kb(vocabulary, annotated)
    directory = bench.work / f"{plain.name}-{encoder.checksum[:12]}"
    if not directory.exists():
        base = with_vectors(bench, vocabulary, None, encoder) if annotated else plain
        with unfinished(directory) as folder:
            Store(base).save(folder)
            if annotated:
                names = annotated_names(bench.docs(annotated))
                add_annotated_aliases(folder, names, source=annotated.name)
            embed(folder, encoder, progress=True)
    return directory


def main() -> None:
    """Print the table."""
    options = parser(__doc__ or "")
    options.add_argument("--encoder", nargs="*", default=[], help="further encoders")
    options.add_argument(
        "--fusion",
        nargs=2,
        type=float,
        metavar=("SHARE", "WEIGHT"),
        help="dense_share and similarity_weight of one more hybrid",
    )
    options.add_argument("--only", default="", help="corpora with this in their name")
    arguments = options.parse_args()
    rows: list[list[str]] = []
    with workbench(arguments) as bench:
        every: tuple[Row, ...] = SAMPLE_ROWS if arguments.sample else QUICK
        chosen = [row for row in every if arguments.only in row.corpus.name]
        for row in tqdm(chosen, disable=None):
            for annotated in (None, row.train) if row.with_names else (None,):
                kb = bench.kb(row.vocabulary, annotated)
                seen = bench.mention_texts(row.train) if row.train else None
                labels = [row.corpus.name, annotated.name if annotated else "none"]
                for name in (None, MINILM, *arguments.encoder):
                    if name is not None:
                        encoder = Encoder(EncoderSettings(name))
                        kb = with_vectors(bench, row.vocabulary, annotated, encoder)
                    told = Path(name).parent.name if name and "/" in name else name or "–"
                    for kind, block in _retrievers(name, arguments.fusion):
                        nlp = bench.pipeline(kb, top_k=TOP_K, retriever=block)
                        metrics = bench.measure(nlp, row.corpus, seen=seen)
                        rows.append([*labels, kind, told, *_figures(metrics)])
                        tqdm.write(" | ".join(rows[-1]), file=sys.stderr)
        print(table(_header(), rows, "llll" + "r" * (len(FIGURES) + 1)))
        print(f"\n{bench.describe()}\n\n{machine('sentence-transformers', 'torch')}")


def _retrievers(
    encoder: str | None, fusion: Sequence[float] | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What each retriever of an encoder is called, and its block in the config."""
    for kind in ("lexical",) if encoder is None else ("dense", "hybrid"):
        yield kind, {"@misc": RETRIEVERS[kind]}
    if encoder is not None and fusion:
        share, weight = fusion
        block = {"dense_share": share, "similarity_weight": weight}
        yield f"hybrid, {share:g} and {weight:g}", {"@misc": RETRIEVERS["hybrid"], **block}


def _header() -> list[str]:
    figures = [f"{figure} ({protocol})" for protocol, figure in FIGURES]
    return ["corpus", "annotated names", "retriever", "encoder", "n", *figures]


def _figures(metrics: dict[str, Any]) -> list[str]:
    cells = [f"{metrics['lenient']['n']:,}"]
    for protocol, figure in FIGURES:
        value = metrics[protocol] and metrics[protocol][figure]["value"]
        cells.append("–" if value is None else f"{value:.3f}")
    return cells


if __name__ == "__main__":
    main()
