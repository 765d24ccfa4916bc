"""``python -m spacy_bel link``: texts to linked entities."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spacy_bel.cli.pipelines import load_pipeline
from spacy_bel.errors import Errors
from spacy_bel.files import replacing

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span

    from spacy_bel.kb.readers.textfile import ReadProblem

Linked = Iterable[tuple["Doc", dict[str, Any]]]
"""Linked documents, each with the record that its text came from."""


def link(
    pipeline: Annotated[str, typer.Argument(help="Name or path of a pipeline with a linker.")],
    texts: Annotated[
        list[Path],
        typer.Argument(
            metavar="TEXT...",
            help="Files of texts, plain or gzip-compressed: one a line, or JSON lines with a "
            '"text" (suffix .jsonl).',
        ),
    ],
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="What to write, by suffix: .jsonl, .spacy, or .html to look at."
        ),
    ],
    component: Annotated[
        str, typer.Option("--component", help="The linker, where the pipeline has several.")
    ] = "",
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, help="Texts that are linked together.")
    ] = 64,
    n_process: Annotated[int, typer.Option("--n-process", min=1, help="Processes.")] = 1,
) -> None:
    """Link the entities of texts.

    A .jsonl has a line per text with its entities, their ids, scores and candidates, beside
    what the line of a .jsonl that is read holds; an .html shows the texts, each entity a link
    to its concept (of overlapping spans the longest).

    A .spacy holds the documents. In a new process, span._.bel_ids and the like are there after
    spacy_bel.mentions.writing.register_extensions().
    """
    from tqdm import tqdm

    from spacy_bel.evaluation.run import find_linker

    if output.suffix not in _WRITERS:
        raise Errors.B603(output=output, suffixes=", ".join(_WRITERS))
    nlp = load_pipeline(pipeline)
    settings = nlp.get_pipe_config(find_linker(nlp, component))
    links = _Links(settings.get("spans", "ents"), settings.get("extensions", "bel"))
    counts = {"texts": 0, "entities": 0, "linked": 0, "NIL": 0}
    found = nlp.pipe(_texts(texts), as_tuples=True, batch_size=batch_size, n_process=n_process)
    shown = tqdm(found, desc="linking", unit=" texts", disable=None)
    with replacing(output, Errors.B604) as beside:
        _WRITERS[output.suffix](_counted(shown, links, counts), beside, links)
    typer.echo(f"Wrote {output}: " + ", ".join(f"{n:,} {what}" for what, n in counts.items()))
    if output.suffix == ".spacy":
        typer.echo(
            f"To read span._.{links.extensions}_ids there: "
            f"spacy_bel.mentions.writing.register_extensions({links.extensions!r})"
        )


@dataclass(frozen=True, slots=True)
class _Links:
    """Where a linker leaves its links in a document."""

    key: str
    extensions: str

    def spans_of(self, doc: Doc) -> list[Span]:
        from spacy_bel.mentions.extract import spans_of

        return spans_of(doc, self.key)

    def as_record(self, doc: Doc, span: Span) -> dict[str, Any]:
        """A linked span as plain data."""
        from spacy_bel.mentions.writing import load

        found = load(doc, span, self.extensions, span.label_)
        return {
            "start": span.start_char,
            "end": span.end_char,
            "text": span.text,
            "label": span.label_,
            "id": span.kb_id_,
            "ids": list(found["ids"]),
            "score": found["score"],
            "nil": found["nil"],
            "error": found["error"],
            "candidates": [
                {"id": c.id, "name": c.name, "alias": c.alias, "score": c.score}
                for c in found["candidates"]
            ],
        }


def _counted(linked: Linked, links: _Links, counts: dict[str, int]) -> Linked:
    """The same documents; what is in them is added to the counts."""
    for doc, record in linked:
        kb_ids = [span.kb_id_ for span in links.spans_of(doc)]
        counts["texts"] += 1
        counts["entities"] += len(kb_ids)
        counts["NIL"] += kb_ids.count("NIL")
        counts["linked"] += sum(kb_id not in {"", "NIL"} for kb_id in kb_ids)
        yield doc, record


def _texts(paths: Iterable[Path]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The texts of all files, each with its record; empty lines are no texts."""
    from spacy_bel.kb.readers.textfile import TextFile

    found = False
    for path in paths:
        file = TextFile(path, _refuse)
        is_json = path.name.removesuffix(".gz").endswith(".jsonl")
        for line in file:
            if line.strip():
                found = True
                record = (file.json_object(line) or {}) if is_json else {"text": line}
                text = record.get("text")
                if not isinstance(text, str):
                    raise Errors.B605(path=path, reason=f'line {file.line} has no "text"')
                yield text, record
    if not found:
        raise Errors.B605(path=", ".join(map(str, paths)), reason="there is no text in it")


def _refuse(problem: ReadProblem) -> None:
    reason = f"line {problem.line}: {problem.message}"
    raise Errors.B605(path=problem.path, reason=reason)


def _write_jsonl(linked: Linked, path: Path, links: _Links) -> None:
    with path.open("w", encoding="utf-8") as file:
        for doc, record in linked:
            entities = [links.as_record(doc, span) for span in links.spans_of(doc)]
            line = {**record, "text": doc.text, "entities": entities}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _write_spacy(linked: Linked, path: Path, _: _Links) -> None:
    from spacy.tokens import DocBin

    DocBin(docs=(doc for doc, _ in linked), store_user_data=True).to_disk(path)


def _write_html(linked: Linked, path: Path, links: _Links) -> None:
    from spacy import displacy

    from spacy_bel.mentions.writing import displacy_ents

    rendered = [displacy_ents(doc, links.key) for doc, _ in linked]
    page = displacy.render(rendered, style="ent", manual=True, page=True, jupyter=False)
    path.write_text(page, encoding="utf-8")


_WRITERS: dict[str, Callable[[Linked, Path, _Links], None]] = {
    ".jsonl": _write_jsonl,
    ".spacy": _write_spacy,
    ".html": _write_html,
}
