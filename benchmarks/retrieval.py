"""How good lexical retrieval is: gold mentions of public corpora, by all four protocols.

    python -m benchmarks.retrieval --data DIR [--work DIR] [--quick] [--only NAME] [--intervals]

Splits called test only report: every choice in the library was made on train and dev splits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from benchmarks.common import Corpus, Vocabulary, Workbench, machine, parser, table, workbench

TOP_K = 50

FIGURES = (
    ("lenient", "acc@1"),
    ("lenient", "recall@5"),
    ("lenient", "recall@20"),
    ("lenient", "recall@50"),
    ("name", "acc@1"),
    ("strict", "acc@1"),
    ("unseen", "acc@1"),
)
"""The columns of the table: protocol and figure."""


@dataclass(frozen=True, slots=True)
class Row:
    """A corpus that is linked to a vocabulary.

    Args:
        corpus: What is evaluated.
        vocabulary: What it is linked to.
        train: The data that a trained linker would have seen, if there are such data: what
            *unseen* leaves out.
        with_names: Whether to measure once more with the mentions of ``train`` as names.
    """

    corpus: Corpus
    vocabulary: Vocabulary
    train: Corpus | None = None
    with_names: bool = False


def _ncbi(name: str, part: str) -> Corpus:
    file = f"corpora/ncbi_disease/NCBI{part}set_corpus.txt.gz"
    return Corpus(f"NCBI-disease {name}", (file,))


def _bc5cdr(name: str, part: str, label: str) -> Corpus:
    file = f"corpora/bc5cdr/CDR_{part}Set.PubTator.txt.gz"
    return Corpus(f"BC5CDR {label.lower()}s {name}", (file,), frozenset({label}))


def _biored(part: str, kind: str, label: str) -> Corpus:
    file = f"corpora/biored/{part}.PubTator.gz"
    return Corpus(f"BioRED {kind} {part.lower()}", (file,), frozenset({label}))


def _genes(*species: str) -> tuple[str, ...]:
    return tuple(f"kb/ncbi_gene/{name}.gene_info_min.tsv.gz" for name in species)


NCBI_TRAIN, NCBI_DEV, NCBI_TEST = (
    _ncbi(name, part) for name, part in (("train", "train"), ("dev", "develop"), ("test", "test"))
)
BC5CDR_TRAIN, BC5CDR_DEV = (
    _bc5cdr(name, part, "Disease") for name, part in (("train", "Training"), ("dev", "Development"))
)
CHEMICAL_TRAIN, CHEMICAL_DEV = (
    _bc5cdr(name, part, "Chemical")
    for name, part in (("train", "Training"), ("dev", "Development"))
)
GNORMPLUS_TRAIN, GNORMPLUS_TEST = (
    Corpus(
        f"GNormPlus {part.lower()}",
        (f"corpora/gnormplus/GNormPlus_{part}.PubTator.gz",),
        frozenset({"Gene"}),
    )
    for part in ("Train", "Test")
)
LINNAEUS_TRAIN, LINNAEUS_TEST = (
    Corpus(f"LINNAEUS {part.lower()}", (f"corpora/linnaeus/Linnaeus_{part}.PubTator.gz",))
    for part in ("Train", "Test")
)
BIORED_TYPES = {
    "diseases": "DiseaseOrPhenotypicFeature",
    "chemicals": "ChemicalEntity",
    "genes": "GeneOrGeneProduct",
    "species": "OrganismTaxon",
}
BIORED_TRAIN, BIORED_DEV = (
    {kind: _biored(part, kind, label) for kind, label in BIORED_TYPES.items()}
    for part in ("Train", "Dev")
)

CTD = Vocabulary("CTD diseases 2017", ("research_only/medic/CTD_diseases_2017-06-06.tsv.gz",))
OPEN_MEDIC = Vocabulary("open MEDIC", ("kb/open_medic/open_medic.tsv.gz",))
MESH = Vocabulary(
    "MeSH descriptors, part of supplementary",
    ("kb/mesh/mesh_descriptors_2019.tsv.gz", "kb/mesh/mesh_supplementary_partial.tsv.gz"),
)
HUMAN_GENES = Vocabulary("human genes", _genes("Homo_sapiens"))
GENES = Vocabulary(
    "genes of 4 species",
    _genes("Homo_sapiens", "Mus_musculus", "Danio_rerio", "Drosophila_melanogaster"),
)
SPECIES = Vocabulary(
    "speclist, species names",
    (
        "kb/ncbitaxon/speclist.txt.gz",
        # Its names are in alphabetical order, abbreviations first: none is the preferred one.
        "kb/ncbitaxon/species_names_2016_reach.tsv.gz?names=&synonyms=names",
    ),
)
OPEN_CUIS = Vocabulary(
    "open CUI names",
    ("kb/cui_free/cui_names.tsv.gz", "kb/cui_free/cui_names_multilingual.tsv.gz"),
)
BIORED_VOCABULARIES = {"diseases": CTD, "chemicals": MESH, "genes": GENES, "species": SPECIES}

QUICK = (
    Row(NCBI_TEST, CTD, NCBI_TRAIN + NCBI_DEV, with_names=True),
    Row(NCBI_DEV, CTD, NCBI_TRAIN, with_names=True),
    Row(BC5CDR_DEV, CTD, BC5CDR_TRAIN, with_names=True),
)

ROWS = (
    *QUICK,
    Row(CHEMICAL_DEV, MESH, CHEMICAL_TRAIN, with_names=True),
    Row(NCBI_TEST, OPEN_MEDIC, NCBI_TRAIN + NCBI_DEV),
    *(
        Row(BIORED_DEV[kind], vocabulary, BIORED_TRAIN[kind])
        for kind, vocabulary in BIORED_VOCABULARIES.items()
    ),
    Row(GNORMPLUS_TEST, HUMAN_GENES, GNORMPLUS_TRAIN),
    Row(GNORMPLUS_TEST, GENES, GNORMPLUS_TRAIN),
    Row(LINNAEUS_TEST, SPECIES, LINNAEUS_TRAIN),
    *(
        Row(
            Corpus(f"XL-BEL {lang}", (f"corpora/xl_bel/{lang}_1k_test_query_with_context.txt.gz",)),
            OPEN_CUIS,
        )
        for lang in ("en", "de", "es", "fi", "ja", "ru", "zh")
    ),
    Row(Corpus("PsyTAR", ("corpora/psytar/mapped.tsv.gz",)), OPEN_CUIS),
)

SAMPLE_KB = Vocabulary(
    "sample",
    ("concepts.obo", "chemicals.tsv", *(f"names_{lang}.tsv" for lang in ("es", "de", "zh"))),
)
SAMPLE_TRAIN, SAMPLE_DEV, SAMPLE_ES = (
    Corpus(f"sample {part}", (f"annotated_{part}.PubTator.txt",)) for part in ("train", "dev", "es")
)
SAMPLE_ROWS = (
    Row(SAMPLE_DEV, SAMPLE_KB, SAMPLE_TRAIN, with_names=True),
    Row(SAMPLE_ES, SAMPLE_KB),
)

HEADER = [
    *("corpus", "vocabulary", "annotated names", "n", "in KB"),
    *("Acc@1", "Recall@5", "@20", "@50", "name Acc@1", "strict Acc@1", "unseen Acc@1"),
]

PROTOCOL = f"""\
Gold mentions, linked by `bel_linker` with its default settings and top_k={TOP_K}: retrieval \
alone, no reranker. *n* counts mentions with a gold id, *in KB* is the share of them whose every \
id is in the knowledge base; the others are misses. Acc@1 and Recall@k are *lenient* (ranked \
concepts, any gold id counts); *name* counts as BioSyn does, *strict* as BELB does, *unseen* is \
lenient over distinct mentions that do not occur in the training data. Annotated names are the \
training data's mentions, added by `kb add --as-aliases`."""


def measure(
    bench: Workbench, row: Row, *, with_names: bool, resamples: int
) -> tuple[list[str], dict[str, Any]]:
    """One line of the table.

    Args:
        bench: The workbench.
        row: What to measure.
        with_names: Whether the mentions of the training data are in the knowledge base.
        resamples: Bootstrap resamples of the intervals.

    Returns:
        What was measured, and ``metrics.json``.
    """
    added = row.train if with_names else None
    nlp = bench.pipeline(bench.kb(row.vocabulary, added), top_k=TOP_K)
    seen = bench.mention_texts(row.train) if row.train else None
    metrics = bench.measure(nlp, row.corpus, seen=seen, resamples=resamples)
    return [row.corpus.name, row.vocabulary.name, added.name if added else "none"], metrics


def cells(metrics: dict[str, Any], *, intervals: bool) -> list[str]:
    """The figures of one line."""
    counts = metrics["counts"]
    in_kb = 1 - counts["out_of_kb"] / counts["linkable"]
    figures = [
        _figure(metrics[protocol] and metrics[protocol][figure], intervals)
        for protocol, figure in FIGURES
    ]
    return [f"{counts['linkable']:,}", f"{in_kb:.3f}", *figures]


def _figure(estimate: dict[str, float | None] | None, intervals: bool) -> str:
    if estimate is None or estimate["value"] is None:
        return "–"
    text = f"{estimate['value']:.3f}"
    return f"{text} ({estimate['low']:.3f}–{estimate['high']:.3f})" if intervals else text


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = parser(__doc__.partition("\n")[0])
    options.add_argument("--quick", action="store_true", help="diseases of NCBI and BC5CDR only")
    options.add_argument(
        "--only", default="", metavar="NAME", help="rows whose corpus or vocabulary holds NAME"
    )
    options.add_argument("--intervals", action="store_true", help="add 95 %% intervals")
    given = options.parse_args(arguments)
    rows = SAMPLE_ROWS if given.sample else QUICK if given.quick else ROWS
    wanted = given.only.lower()
    runs = [
        (row, with_names)
        for row in rows
        if wanted in f"{row.corpus.name} {row.vocabulary.name}".lower()
        for with_names in ((False, True) if row.with_names else (False,))
    ]
    if not runs:
        names = ", ".join(dict.fromkeys(row.corpus.name for row in rows))
        options.error(f"no row is called {given.only!r}; there are: {names}")
    lines = []
    with workbench(given) as bench:
        for row, with_names in tqdm(runs, unit="row", disable=None):
            resamples = 1000 if given.intervals else 1
            what, metrics = measure(bench, row, with_names=with_names, resamples=resamples)
            lines.append([*what, *cells(metrics, intervals=given.intervals)])
        print(f"{PROTOCOL}\n\n{table(HEADER, lines, 'lll' + 'r' * (len(HEADER) - 3))}\n")
        print(f"{bench.describe()}\n\n{machine()}")


if __name__ == "__main__":
    main()
