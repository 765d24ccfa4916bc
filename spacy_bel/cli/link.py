"""``python -m spacy_bel link``: texts to linked entities."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spacy_bel.errors import Errors

if TYPE_CHECKING:
    from spacy.tokens import Doc


def link(
    pipeline: Annotated[str, typer.Argument(help="Name or path of a pipeline with a linker.")],
    texts: Annotated[
        list[Path],
        typer.Argument(
            metavar="TEXT...",
            help='Files of texts: one a line, or JSON lines with a "text" (suffix .jsonl).',
        ),
    ],
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="What to write, by suffix: .jsonl, .spacy, or .html to look at."
        ),
    ],
    batch_size: Annotated[int, typer.Option("--batch-size", min=1)] = 64,
    n_process: Annotated[int, typer.Option("--n-process", min=1, help="Processes.")] = 1,
) -> None:
    """Link the entities of texts.

    A .jsonl has a line per text with its entities, their ids, scores and candidates; a .spacy
    holds the documents; an .html shows them, each entity a link to its concept.
    """
    import spacy
    from tqdm import tqdm

    from spacy_bel.evaluation.run import find_linker

    writers: dict[str, Callable[[Iterable[Doc], Path, str], None]] = {
        ".jsonl": _write_jsonl,
        ".spacy": _write_spacy,
        ".html": _write_html,
    }
    if output.suffix not in writers:
        raise Errors.B603(output=output, suffixes=", ".join(writers))
    nlp = spacy.load(pipeline)
    linker: Any = nlp.get_pipe(find_linker(nlp))
    counts = {"texts": 0, "entities": 0, "linked": 0, "NIL": 0}

    def linked() -> Iterator[Doc]:
        docs = nlp.pipe(_texts(texts), batch_size=batch_size, n_process=n_process)
        for doc in tqdm(docs, desc="linking", unit=" texts", disable=None):
            counts["texts"] += 1
            counts["entities"] += len(doc.ents)
            counts["NIL"] += sum(entity.kb_id_ == "NIL" for entity in doc.ents)
            counts["linked"] += sum(entity.kb_id_ not in {"", "NIL"} for entity in doc.ents)
            yield doc

    beside = output.with_name(f".{output.stem}.{os.getpid()}.tmp{output.suffix}")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        writers[output.suffix](linked(), beside, linker.extensions)
        beside.replace(output)
    except OSError as error:
        raise Errors.B604(output=output, reason=error) from error
    finally:
        with suppress(OSError):
            beside.unlink()
    typer.echo(f"Wrote {output}: " + ", ".join(f"{n:,} {what}" for what, n in counts.items()))


def _texts(paths: Iterable[Path]) -> Iterator[str]:
    """The texts of all files, one at a time; empty lines are no texts."""
    found = False
    for path in paths:
        try:
            with path.open(encoding="utf-8", newline="\n") as file:
                for number, line in enumerate(file, 1):
                    if line.strip():
                        found = True
                        yield (
                            _json_text(path, number, line)
                            if path.suffix == ".jsonl"
                            else (line.rstrip("\r\n"))
                        )
        except (OSError, UnicodeDecodeError) as error:
            raise Errors.B605(path=path, reason=error) from error
    if not found:
        raise Errors.B605(path=", ".join(map(str, paths)), reason="there is no text in it")


def _json_text(path: Path, number: int, line: str) -> str:
    try:
        return str(json.loads(line)["text"])
    except (ValueError, KeyError, TypeError) as error:
        reason = f'line {number} is not a JSON object with a "text" ({error!r})'
        raise Errors.B605(path=path, reason=reason) from error


def _as_record(doc: Doc, extensions: str) -> dict[str, Any]:
    """A document as plain data."""
    from spacy_bel.mentions.writing import load

    entities = []
    for entity in doc.ents:
        found = load(doc, entity, extensions, entity.label_)
        entities.append(
            {
                "start": entity.start_char,
                "end": entity.end_char,
                "text": entity.text,
                "label": entity.label_,
                "id": entity.kb_id_,
                "score": found["score"],
                "candidates": [
                    {"id": c.id, "name": c.name, "alias": c.alias, "score": c.score}
                    for c in found["candidates"]
                ],
            }
        )
    return {"text": doc.text, "entities": entities}


def _write_jsonl(docs: Iterable[Doc], path: Path, extensions: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        for doc in docs:
            file.write(json.dumps(_as_record(doc, extensions), ensure_ascii=False) + "\n")


def _write_spacy(docs: Iterable[Doc], path: Path, _: str) -> None:
    from spacy.tokens import DocBin

    DocBin(docs=docs, store_user_data=True).to_disk(path)


def _write_html(docs: Iterable[Doc], path: Path, _: str) -> None:
    from spacy import displacy

    from spacy_bel.mentions.writing import displacy_ents

    with warnings.catch_warnings():
        # A text without entities is shown as it is; spaCy would warn of each.
        warnings.filterwarnings("ignore", message=r"\[W006\]")
        rendered = [displacy_ents(doc) for doc in docs]
    path.write_text(displacy.render(rendered, style="ent", manual=True, page=True, jupyter=False))
