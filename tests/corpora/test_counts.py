"""Counts of published corpora, against those that their files hold by a plain count of lines."""

import os
from pathlib import Path

import pytest

from spacy_bel.corpora import ReadReport, read_corpus
from spacy_bel.corpora.counts import CorpusCounts

DATA = os.environ.get("SPACY_BEL_DATA")


@pytest.mark.skipif(not DATA, reason="SPACY_BEL_DATA names no folder with corpora")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ncbi_disease/NCBIdevelopset_corpus.txt.gz", (100, 787, 787, 170, 0, 0)),
        ("ncbi_disease/NCBItrainset_corpus.txt.gz", (593, 5145, 5145, 647, 0, 0)),
        ("ncbi_disease/NCBItestset_corpus.txt.gz", (100, 960, 960, 200, 0, 0)),
        ("bc5cdr/CDR_DevelopmentSet.PubTator.txt.gz", (500, 9591, 9532, 1263, 59, 0)),
        ("biored/Dev.PubTator.gz", (100, 3533, 3513, 956, 20, 0)),
        ("gnormplus/GNormPlus_Train.PubTator.gz", (432, 5793, 4234, 904, 0, 35)),
        ("gnormplus/GNormPlus_Test.PubTator.gz", (262, 4849, 3242, 820, 0, 4)),
        ("linnaeus/Linnaeus_Test.PubTator.gz", (20, 576, 576, 36, 0, 0)),
        ("pharmaconer/valid.jsonl.gz", (250, 1926, 1848, 630, 65, 0)),
        ("xl_bel/zh_1k_test_query_with_context.txt.gz", (1000, 1000, 1000, 982, 0, 0)),
        ("xl_bel/de_1k_test_query_with_context.txt.gz", (1000, 1000, 1000, 1018, 0, 1)),
        ("psytar/mapped.tsv.gz", (3294, 7414, 7280, 833, 0, 1606)),
    ],
)
def test_counts(name: str, expected: tuple[int, ...]) -> None:
    """Documents, mentions, those with an id, distinct ids, NILs and repaired mentions."""
    counts, report = CorpusCounts(), ReadReport()
    for document in read_corpus(Path(DATA or "") / "corpora" / name, report=report):
        counts.add(document, entities=len(document.mentions))
    assert (
        counts.documents,
        counts.mentions,
        counts.with_id,
        len(counts.ids),
        counts.nil,
        report.repairs.total(),
    ) == expected
    assert counts.with_id + counts.nil + counts.without_id == counts.mentions
    assert counts.types.total() == counts.mentions
    assert not report.bad_lines
