"""Adding names from elsewhere to a built knowledge base: joined by identifier, filtered, counted.

Wikidata's names and the official translations of an ontology come through here alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from spacy_bel.errors import Errors
from spacy_bel.kb.build import add_aliases
from spacy_bel.kb.names import AmbiguousNames, NameReport, NameRules, filter_names
from spacy_bel.kb.problems import ProblemLog
from spacy_bel.kb.readers.base import Record
from spacy_bel.kb.readers.textfile import ReadProblem, Report
from spacy_bel.kb.sources import Sources
from spacy_bel.kb.store import Store
from spacy_bel.types import Alias, Concept

UNKNOWN_ID = "unknown id"
"""Reason for rejecting a name whose concept the knowledge base does not have."""


def join_names(
    records: Iterable[Record], kb: Store, report: NameReport | None = None
) -> Iterator[Concept]:
    """Restrict records to names for the concepts of a knowledge base.

    Args:
        records: The records of any reader. A name that defines a concept elsewhere counts as
            one more name here.
        kb: The knowledge base.
        report: Counts the names of unknown concepts.

    Yields:
        Concepts that only add names, under current ids; every alias tells its source.
    """
    for record in records:
        if not isinstance(record, Concept) or not (aliases := _names_of(record)):
            continue
        if (concept_id := kb.resolve(record.id)) is not None:
            yield Concept(concept_id, "", aliases, source=record.source)
        elif report is not None:
            for alias in aliases:
                report.reject(alias.lang, UNKNOWN_ID)


def names_to_add(
    kb: Store,
    sources: Sources,
    rules: NameRules,
    report: NameReport,
    problems: ProblemLog | None = None,
) -> Iterator[tuple[str, Alias]]:
    """The names that would be added to a knowledge base.

    Where the rules limit the concepts of a name, those of the knowledge base that bear it count
    too, and the files are read twice: what a name means is only known at the end.

    Args:
        kb: The knowledge base.
        sources: Where the names come from.
        rules: What a name must be like.
        report: Counts, and is complete when the last name was given.
        problems: Takes the malformed lines; by default one of its own, with the sources' limit.

    Yields:
        Pairs of current concept id and name.

    Raises:
        BelError: A file cannot be read.
    """
    ambiguous: AmbiguousNames | None = None
    on_error: Report = problems or ProblemLog(sources.max_errors)
    if rules.max_concepts:
        first = filter_names(join_names(sources.records(on_error), kb), rules, NameReport())
        ambiguous = AmbiguousNames(first, rules.max_concepts, kb.ids_of_name)
        on_error = _told_already
    records = sources.records(on_error, report.left_out)
    joined = join_names(records, kb, report)
    for record in filter_names(joined, rules, report, ambiguous):
        if isinstance(record, Concept):
            for alias in record.aliases:
                report.known[alias.lang] += record.id in kb.ids_of_name(alias.name)
                yield record.id, alias


def add_names(
    directory: Path,
    sources: Sources,
    rules: NameRules,
    report: NameReport,
    *,
    output: Path | None = None,
) -> dict[str, object]:
    """Add names to a knowledge base, which keeps all that it has.

    Args:
        directory: The knowledge base.
        sources: Where the names come from.
        rules: What a name must be like.
        report: Counts the names.
        output: The directory to write; ``directory`` itself where None.

    Returns:
        The content of the new ``meta.json``.

    Raises:
        BelError: A file cannot be read, no name is left, or the knowledge base cannot be written.
    """
    kb = Store(directory)
    problems = ProblemLog(sources.max_errors)

    def pairs() -> Iterator[tuple[str, Alias]]:
        yield from names_to_add(kb, sources, rules, report, problems)
        if not report.kept:
            reasons = report.reasons
            raise Errors.B164(
                offered=reasons.total(),
                sources=", ".join(sources.names),
                path=directory,
                reasons=", ".join(f"{reason}: {n}" for reason, n in reasons.most_common()),
            )

    return add_aliases(
        directory,
        pairs(),
        sources=sources.names,
        output=output,
        problems=problems,
        progress=sources.progress,
    )


def _names_of(record: Concept) -> tuple[Alias, ...]:
    own = [Alias(record.name)] if record.name else []
    if any(alias.kind == "preferred" and alias.name == record.name for alias in record.aliases):
        own = []  # its aliases say in which language the name is, as readers have agreed
    return tuple(
        replace(alias, source=alias.source or record.source) for alias in (*own, *record.aliases)
    )


def _told_already(problem: ReadProblem) -> None:
    """Malformed lines were shown and counted when the file was read for the first time."""
