"""``python -m spacy_bel kb info``: what is in a knowledge base."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

_LABELS = {"names_only": "concepts with added names only"}


def info(
    directory: Annotated[Path, typer.Argument(help="A knowledge base.", metavar="DIR")],
    *,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare every file with its digest.")
    ] = False,
) -> None:
    """Show name, version, licence, sources, counts, languages, types and checksum."""
    from wasabi.printer import Printer

    from spacy_bel.kb.files import verify as verify_files
    from spacy_bel.kb.store import Store

    store = Store(directory)
    meta = store.meta
    size = sum(entry["bytes"] for entry in meta["files"].values())
    printer = Printer()
    rows = [
        ("name", store.name),
        ("version", meta["version"] or "-"),
        ("licence", meta["licence"] or "-"),
        ("sources", ", ".join(meta["sources"])),
        *((_LABELS.get(kind, kind), f"{number:,}") for kind, number in meta["counts"].items()),
        ("vectors", _vectors(meta.get("vectors"))),
        ("malformed lines skipped", f"{meta.get('skipped', 0):,}"),
        ("size on disk", f"{size / 1e6:,.1f} MB"),
        ("checksum", store.checksum),
    ]
    printer.table(rows)
    for title, counted in (
        ("concepts by vocabulary", store.count_prefixes()),
        ("concepts by type", store.count_types()),
        ("names by language", store.count_languages()),
    ):
        ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
        printer.table([(key or "-", f"{n:,}") for key, n in ordered], header=(title, "count"))
    if verify:
        verify_files(directory)
        printer.good("Every file is what was written.")


def _vectors(entry: dict[str, Any] | None) -> str:
    if not entry:
        return "-"
    told = f"{entry['rows']:,} by {entry['encoder']['name']}, {entry['index']} index"
    return f"{told}; {entry['missing']:,} names have none" if entry["missing"] else told
