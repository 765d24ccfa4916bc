"""How often answers below and above a threshold are right.

    python -m benchmarks.threshold --data DIR

Measured on train and dev splits: the default of ``bel_linker`` was chosen by this table.
"""

from __future__ import annotations

from benchmarks import retrieval
from benchmarks.common import Corpus, machine, parser, table, workbench
from spacy_bel.evaluation.ranks import lenient_rank
from spacy_bel.evaluation.run import evaluate

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


def main(argv: list[str] | None = None) -> None:
    """Print the table."""
    arguments = parser(__doc__ or "").parse_args(argv)
    corpora: tuple[Corpus, ...] = (retrieval.NCBI_TRAIN, retrieval.NCBI_DEV, retrieval.BC5CDR_TRAIN)
    vocabulary = retrieval.CTD
    if arguments.sample:
        corpora, vocabulary = (retrieval.SAMPLE_DEV,), retrieval.SAMPLE_KB
    with workbench(arguments) as bench:
        nlp = bench.pipeline(bench.kb(vocabulary), threshold=0.0)
        rows = []
        for corpus in corpora:
            docs = bench.docs(corpus)
            records = evaluate(nlp, docs, end_to_end=False, resamples=1).records
            answers = [(record.score or 0.0, lenient_rank(record) == 1) for record in records]
            for threshold in THRESHOLDS:
                above = [right for score, right in answers if score >= threshold]
                below = [right for score, right in answers if score < threshold]
                rows.append(
                    [
                        corpus.name,
                        f"{threshold:.1f}",
                        f"{len(above) / len(answers):.3f}",
                        _share(above),
                        _share(below),
                    ]
                )
        header = ["corpus", "threshold", "answered", "right of those", "right of the others"]
        print(table(header, rows, "lrrrr"))
        print(f"\n{bench.describe()}\n\n{machine()}")


def _share(right: list[bool]) -> str:
    return f"{sum(right) / len(right):.3f}" if right else "-"


if __name__ == "__main__":
    main()
