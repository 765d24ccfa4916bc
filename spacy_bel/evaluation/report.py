"""The report of an evaluation: one page without external resources, and the files beside it."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from functools import lru_cache
from pathlib import Path

import srsly
from jinja2 import Template

from spacy_bel import curies
from spacy_bel.errors import Errors
from spacy_bel.evaluation.charts import coverage_chart, recall_chart, reliability_chart
from spacy_bel.evaluation.metrics import FIGURES
from spacy_bel.evaluation.mistakes import KINDS, find_mistakes, spread
from spacy_bel.evaluation.ranks import RANKS
from spacy_bel.evaluation.records import Record, to_json
from spacy_bel.evaluation.run import Evaluation
from spacy_bel.files import replacing
from spacy_bel.pages import html_environment

MAX_MISTAKES = 1000
"""How many mistakes the page lists: more make it slow to open."""

MAX_CANDIDATES = 10
"""How many candidates the page shows for a mistake."""

MAX_CHARS = 400
"""How much of a mention the page shows, in characters."""


def render(evaluation: Evaluation, corpus: str = "") -> str:
    """The report as a page.

    Args:
        evaluation: The outcome of an evaluation.
        corpus: The corpus's name.

    Returns:
        HTML with its own style, script and charts.
    """
    metrics = evaluation.metrics
    mistakes = find_mistakes(evaluation.records)
    protocols = {name: metrics[name] for name in (*RANKS, "unseen")}
    return _template().render(
        corpus=corpus,
        metrics=metrics,
        figures=FIGURES,
        protocols=protocols,
        recall=recall_chart(protocols),
        reliability=reliability_chart(metrics["ece"]["bins"]),
        coverage=coverage_chart(metrics["risk_coverage"]["points"]),
        failures=_failures(evaluation.records),
        kinds=KINDS,
        kind_counts=Counter(mistake.kind for mistake in mistakes),
        judged=sum(bool(record.gold) for record in evaluation.records),
        mistakes=spread(mistakes, MAX_MISTAKES),
        mistake_count=len(mistakes),
        max_candidates=MAX_CANDIDATES,
        max_chars=MAX_CHARS,
    )


def prepare(directory: Path) -> None:
    """Makes sure that the files can be written, before hours are spent on their content.

    Args:
        directory: Where they will be; made where it does not exist.

    Raises:
        BelError: Nothing can be written there.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise Errors.B509(path=directory, reason=error.strerror or error) from error


def write(evaluation: Evaluation, directory: Path, corpus: str = "") -> list[Path]:
    """Writes ``metrics.json``, ``mentions.jsonl`` and ``report.html``.

    Each file is written beside its place and then moved there, so that none is ever half done.

    Args:
        evaluation: The outcome of an evaluation.
        directory: Where to write; made where it does not exist.
        corpus: The corpus's name.

    Returns:
        The paths of the three files.

    Raises:
        BelError: A file cannot be written.
    """
    lines = (
        to_json(record, {name: rank(record) for name, rank in RANKS.items()})
        for record in evaluation.records
    )
    contents = {
        "metrics.json": json.dumps(evaluation.metrics, indent=2, ensure_ascii=False) + "\n",
        "mentions.jsonl": "".join(f"{srsly.json_dumps(line)}\n" for line in lines),
        "report.html": render(evaluation, corpus),
    }
    for name, content in contents.items():
        with replacing(directory / name, Errors.B509) as beside:
            beside.write_text(content, encoding="utf-8")
    return [directory / name for name in contents]


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = html_environment("evaluation")
    environment.filters["percent"] = _percent
    environment.filters["link"] = curies.link
    return environment.get_template("report.html.jinja")


def _failures(records: list[Record]) -> list[tuple[str, int]]:
    return Counter(record.error for record in records if record.error).most_common(5)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.1f}"
