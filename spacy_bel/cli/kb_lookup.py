"""``python -m spacy_bel kb lookup``: which concepts a text may mean."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spacy_bel.errors import Errors

if TYPE_CHECKING:
    from spacy_bel.types import Concept

_WIDTH = 60
"""Characters of a name that a table shows."""


def lookup(
    directory: Annotated[Path, typer.Argument(help="A knowledge base.", metavar="DIR")],
    text: Annotated[str, typer.Argument(help="A mention, or the id of a concept.")],
    *,
    k: Annotated[int, typer.Option("-k", min=1, help="Number of candidates.")] = 10,
    types: Annotated[str, typer.Option("--types", help="Types to keep: Disease,Gene.")] = "",
    languages: Annotated[str, typer.Option("--languages", help="Languages of names: en,es.")] = "",
) -> None:
    """Show the candidates for a text, with what each stage of retrieval gave them.

    For an id, current or retired, show its concept.
    """
    from wasabi.printer import Printer

    from spacy_bel.curies import link
    from spacy_bel.kb.store import Store
    from spacy_bel.retrieval.registry import lexical_retriever
    from spacy_bel.types import Mention

    store = Store(directory)
    printer = Printer()
    if store.resolve(text) is not None:
        (concept,) = store.describe([text])
        printer.table([*_facts(concept), ("page", link(concept.id))])
        return
    asked_types = _known(store.name, "type", types, store.count_types())
    asked_languages = _known(store.name, "language", languages, store.meta["languages"])
    retriever = lexical_retriever(languages=asked_languages)(store)
    (candidates,) = retriever.retrieve([Mention(text, types=frozenset(asked_types))], k)
    if not candidates:
        printer.warn(f"No name in {store.name} is like {text!r}.")
        return
    printer.table(
        [
            (
                candidate.id,
                _cut(candidate.name),
                _cut(candidate.alias),
                f"{candidate.score:.3f}",
                " ".join(f"{stage} {score:.2f}" for stage, score in candidate.scores.items()),
                ", ".join(candidate.types),
                link(candidate.id),
            )
            for candidate in candidates
        ],
        header=("id", "name", "matching name", "score", "stages", "types", "page"),
        divider=True,
        max_col=_WIDTH,
    )


def _known(kb: str, kind: str, written: str, known: Iterable[str]) -> list[str]:
    """The types or languages that an option lists, all of which the knowledge base must have."""
    there = sorted(filter(None, known))
    asked = [part.strip() for part in written.split(",") if part.strip()]
    unknown = [part for part in asked if part not in there]
    if unknown:
        listed = ", ".join(there) or "none"
        raise Errors.B114(name=kb, kind=kind, unknown=", ".join(unknown), known=listed)
    return asked


def _facts(concept: Concept) -> list[tuple[str, str]]:
    names = (f"{alias.name} ({alias.lang}, {alias.kind})" for alias in concept.aliases)
    return [
        ("id", concept.id),
        ("name", concept.name),
        ("types", ", ".join(concept.types) or "-"),
        ("definition", concept.definition or "-"),
        *(("names" if number == 0 else "", name) for number, name in enumerate(names)),
        ("parents", ", ".join(concept.parents) or "-"),
    ]


def _cut(name: str) -> str:
    return name if len(name) <= _WIDTH else f"{name[: _WIDTH - 1]}…"
