"""The model card of a pipeline: what it was made from and how good it is, for its package.

``spacy package`` writes what is in ``meta.json`` into the package's README: ``description``,
``license``, ``sources``, ``performance`` and ``notes``. All of it comes from the pipeline, from
what ``evaluate`` measured and from the rows and documents that were used.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from spacy.language import Language
from spacy.tokens import Doc

from spacy_bel.corpora.docs import doc_source, gold_spans
from spacy_bel.errors import Errors
from spacy_bel.evaluation.ranks import RANKS
from spacy_bel.evaluation.run import SCHEMA, find_linker
from spacy_bel.examples import Example

WIDE = 0.1
"""From which width of its 95 % interval a figure is called uncertain."""

WEAK = 0.05
"""How far a group's Acc@1 must be below that of all mentions to be called weaker."""

_LEAST = 5


@dataclass(frozen=True, slots=True)
class Corpus:
    """Annotated documents, counted.

    Args:
        documents: How many there are.
        mentions: Their gold mentions.
        sources: The files that they come from.
    """

    documents: int
    mentions: int
    sources: tuple[str, ...]

    @classmethod
    def of(cls, docs: Iterable[Doc]) -> Corpus:
        """Count documents."""
        docs = list(docs)
        sources = sorted({doc_source(doc) for doc in docs} - {""})
        return cls(len(docs), sum(len(gold_spans(doc)) for doc in docs), tuple(sources))


@dataclass(slots=True)
class Rows:
    """Rows that a student learned from, counted.

    Args:
        provenance: By who says what a mention means.
        teachers: Labels by source.
    """

    provenance: Counter[str] = field(default_factory=Counter)
    teachers: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, rows: Iterable[Example]) -> Rows:
        """Count rows, reading them one by one."""
        found = cls()
        for row in rows:
            found.provenance[row.provenance] += 1
            found.teachers.update({label.source for label in row.labels})
        return found


def read_metrics(path: Path) -> dict[str, Any]:
    """What ``evaluate`` wrote.

    Args:
        path: A ``metrics.json``.

    Returns:
        Its content.

    Raises:
        BelError: It cannot be read, or is none of this version.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Errors.B510(path=path, reason=error) from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise Errors.B510(path=path, reason=f"it is no metrics.json of schema {SCHEMA}")
    return content


def card(
    nlp: Language,
    metrics: Mapping[str, Any],
    *,
    rows: Rows | None = None,
    dev: Corpus | None = None,
    best_step: int | None = None,
    component: str = "",
) -> dict[str, Any]:
    """The ``meta.json`` of a pipeline with its model card.

    Args:
        nlp: The pipeline.
        metrics: What ``evaluate`` measured of it.
        rows: What its reranker learned from, where that is known.
        dev: The documents that chose and calibrated it, where that is known.
        best_step: After how many steps of training its state was the best one, where that is
            known.
        component: The linker, where there are several.

    Returns:
        The pipeline's meta with ``description``, ``license``, ``sources``, ``performance`` and
        ``notes``.

    Raises:
        BelError: There is no linker, or the metrics are those of another knowledge base.
    """
    name = find_linker(nlp, component)
    linker: Any = nlp.get_pipe(name)
    kb = linker.kb
    if metrics["kb"]["checksum"] != kb.checksum:
        raise Errors.B511(kb=kb.name, other=metrics["kb"]["name"])
    reranker = linker.parts().get("reranker")
    content = {
        "kb": kb.meta,
        "reranker": None if reranker is None else type(reranker).__name__,
        "is_calibrated": bool(getattr(getattr(reranker, "scaling", None), "fitted", False)),
        "threshold": getattr(linker, "threshold", None),
        "metrics": metrics,
        "protocols": {each: metrics[each] for each in (*RANKS, "unseen") if metrics[each]},
        "rows": rows,
        "dev": dev,
        "best_step": best_step,
        "is_whole": _is_whole(nlp.get_pipe_config(name)),
        "uncertain": _uncertain(metrics),
        "weak": _weak(metrics),
    }
    return {
        **nlp.meta,
        "description": _template("description").render(content),
        "license": kb.meta["licence"],
        "sources": _sources(kb.meta),
        "performance": _performance(metrics),
        "notes": _template("notes").render(content),
    }


_BY_NAME = tuple(f"spacy-bel.{part}.v1" for part in ("Encoder", "SetwiseLLM", "PointwiseLLM"))
"""Parts that are saved by their names unless the config says otherwise."""


def _is_whole(settings: Mapping[str, Any]) -> bool:
    """Whether no part is saved by its name alone."""
    parts = [value for value in settings.values() if isinstance(value, Mapping)]
    is_named = settings.get("@misc") in _BY_NAME
    return settings.get("include_weights", not is_named) and all(map(_is_whole, parts))


def _sources(kb: Mapping[str, Any]) -> list[dict[str, str]]:
    """Vocabulary files and the encoder, as spaCy's README lists them."""
    title = f"{kb['name']} {kb['version']}".strip()
    encoder = kb.get("vectors", {}).get("encoder", {}).get("name")
    return [
        *({"name": str(source), "author": f"vocabulary of {title}"} for source in kb["sources"]),
        *([{"name": str(encoder), "author": "encoder of names"}] if encoder else []),
    ]


def _performance(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Figures as spaCy's README lists them, and beside them all with their intervals."""
    figures = {
        f"{protocol}_{name}": metrics[protocol][figure]["value"]
        for protocol in (*RANKS, "unseen")
        if metrics[protocol]
        for name, figure in (("acc", "acc@1"), ("recall_at_20", "recall@20"))
    }
    texts = metrics["end_to_end"]
    if texts:
        figures |= {f"end_to_end_{part}_f": texts[part]["f1"]["value"] for part in _PARTS}
    known = {name: value for name, value in figures.items() if value is not None}
    kept = ("corpus", "counts", *RANKS, "unseen", "nil", "ece", "end_to_end")
    return {**known, "evaluation": {key: metrics.get(key) for key in kept}}


_PARTS = ("strict", "mentions")


def _uncertain(metrics: Mapping[str, Any]) -> list[str]:
    """Protocols whose Acc@1 has a wide interval."""
    wide = []
    for protocol in (*RANKS, "unseen"):
        figure = (metrics[protocol] or {}).get("acc@1", {})
        if figure.get("value") is not None and figure["high"] - figure["low"] >= WIDE:
            wide.append(protocol)
    return wide


def _weak(metrics: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Groups of mentions with an Acc@1 clearly below that of all, weakest first."""
    mean = metrics["lenient"]["acc@1"]["value"]
    found = [
        (kind, str(group).lower() if isinstance(group, bool) else str(group), summary)
        for kind, groups in metrics["breakdowns"].items()
        for group, summary in groups.items()
        if mean is not None and summary["n"] >= _LEAST and summary["acc@1"]["value"] <= mean - WEAK
    ]
    return sorted(found, key=lambda each: float(each[2]["acc@1"]["value"]))


@lru_cache(maxsize=2)
def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("spacy_bel", "evaluation"),
        autoescape=False,  # Markdown
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["figure"] = _figure
    environment.filters["listed"] = _listed
    return environment.get_template(f"card_{name}.md.jinja")


def _figure(estimate: Mapping[str, float | None]) -> str:
    if estimate["value"] is None:
        return "–"
    return f"{estimate['value']:.3f} ({estimate['low']:.3f}–{estimate['high']:.3f})"


def _listed(counts: Mapping[str, int] | Sequence[str]) -> str:
    if isinstance(counts, Mapping):
        return ", ".join(f"{count:,} {name}" for name, count in counts.items())
    return ", ".join(f"`{name}`" for name in counts)
