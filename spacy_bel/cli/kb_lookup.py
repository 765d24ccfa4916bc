"""``python -m spacy_bel kb lookup``: which concepts a text may mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def lookup(
    directory: Annotated[Path, typer.Argument(help="A knowledge base.", metavar="DIR")],
    text: Annotated[str, typer.Argument(help="A mention.")],
    *,
    k: Annotated[int, typer.Option("-k", min=1, help="Number of candidates.")] = 10,
    types: Annotated[str, typer.Option("--types", help="Types to keep: Disease,Gene.")] = "",
    languages: Annotated[str, typer.Option("--languages", help="Languages of names: en,es.")] = "",
) -> None:
    """Show the candidates for a text, with what each stage of retrieval gave them."""
    from wasabi.printer import Printer

    from spacy_bel.curies import link
    from spacy_bel.kb.store import Store
    from spacy_bel.retrieval.registry import lexical_retriever
    from spacy_bel.types import Mention

    store = Store(directory)
    retriever = lexical_retriever(languages=_split(languages))(store)
    mention = Mention(text, types=frozenset(_split(types)))
    (candidates,) = retriever.retrieve([mention], k)
    printer = Printer()
    current = store.resolve(text)
    if current is not None:
        (concept,) = store.describe([current])
        printer.info(f"{text} is {concept.id}, {concept.name}: {concept.definition or '-'}")
    if not candidates:
        printer.warn(f"No name in {store.name} is like {text!r}.")
        return
    printer.table(
        [
            (
                candidate.id,
                candidate.name,
                candidate.alias,
                f"{candidate.score:.3f}",
                " ".join(f"{stage} {score:.2f}" for stage, score in candidate.scores.items()),
                ", ".join(candidate.types),
                link(candidate.id),
            )
            for candidate in candidates
        ],
        header=("id", "name", "matching name", "score", "stages", "types", "page"),
        divider=True,
    )


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
