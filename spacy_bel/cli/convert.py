"""``python -m spacy_bel convert``: annotated corpora to spaCy's binary format."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from spacy_bel.corpora.counts import CorpusCounts
from spacy_bel.corpora.formats import READERS, read_corpus
from spacy_bel.corpora.report import ReadReport
from spacy_bel.errors import Errors
from spacy_bel.files import replacing

_SHOWN_NOTES = 10


def convert(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE... OUT.spacy",
            help="Corpus files, plain or gzip-compressed, and last the file to write.",
            show_default=False,
        ),
    ],
    *,
    file_format: Annotated[
        str, typer.Option("--format", "-f", help=f"One of auto, {', '.join(READERS)}.")
    ] = "auto",
    types: Annotated[
        str, typer.Option("--types", "-t", help="Keep only these labels, such as Disease,Gene.")
    ] = "",
    lang: Annotated[
        str, typer.Option("--lang", "-l", help="Language code of files that do not say theirs.")
    ] = "",
    prefix: Annotated[
        str, typer.Option("--prefix", help="Vocabulary of bare ids that nothing else tells.")
    ] = "",
    offsets: Annotated[
        str,
        typer.Option("--offsets", help="What BioC's offsets count: characters, or bytes of UTF-8."),
    ] = "characters",
    max_errors: Annotated[
        int, typer.Option("--max-errors", min=0, help="Malformed lines to pass over.")
    ] = 0,
) -> None:
    """Convert annotated corpora to one .spacy file with gold mentions and ids.

    Every mention is kept: all of them in doc.spans["bel_gold"], those
    that do not overlap also in doc.ents. Ids are in kb_id_ as A, A|B
    (several), A+B (all needed), NIL, or nothing where none is given.
    """
    from spacy.tokens import DocBin
    from tqdm import tqdm

    from spacy_bel.corpora.docs import blank_pipeline, to_doc

    *files, output = paths
    if not files or output.suffix != ".spacy" or output in files:
        raise Errors.B209(output=output)
    labels = frozenset(label.strip() for label in types.split(",") if label.strip())
    report, counts = ReadReport(max_errors=max_errors), CorpusCounts()
    docs = DocBin(attrs=["ENT_IOB", "ENT_TYPE", "ENT_KB_ID"], store_user_data=True)
    vocab = blank_pipeline("xx").vocab
    seen_labels: set[str] = set()
    read = partial(read_corpus, file_format=file_format, offsets=offsets)
    read = partial(read, lang=lang, prefix=prefix, report=report)
    documents = ((path.name, document) for path in files for document in read(path))
    for source, document in tqdm(documents, desc="Converting", unit=" documents", disable=None):
        seen_labels.update(mention.label for mention in document.mentions)
        kept = document.with_labels(labels) if labels else document
        doc = to_doc(kept, vocab, source=source)
        counts.add(kept, entities=len(doc.ents))
        docs.add(doc)
    if not counts.documents:
        raise Errors.B210(paths=", ".join(map(str, files)))
    if labels and not labels & seen_labels:
        known = ", ".join(sorted(seen_labels)) or "none"
        raise Errors.B211(types=", ".join(sorted(labels)), labels=known)
    with replacing(output, Errors.B212) as beside:
        docs.to_disk(beside)
    typer.echo(f"Wrote {output}\n{_summary(counts, report)}")


def _summary(counts: CorpusCounts, report: ReadReport) -> str:
    repaired = ", ".join(f"{kind} {number}" for kind, number in sorted(report.repairs.items()))
    rows: list[tuple[str, object]] = [
        ("documents", counts.documents),
        ("mentions", counts.mentions),
        ("  with id", counts.with_id),
        ("  NIL", counts.nil),
        ("  without id", counts.without_id),
        ("  composite", counts.composite),
        ("  overlapping", counts.overlapping),
        ("unique ids", len(counts.ids)),
        ("types", ", ".join(f"{label} {number}" for label, number in counts.types.most_common())),
        ("repaired", f"{report.repairs.total()}{f' ({repaired})' if repaired else ''}"),
        ("bad lines", len(report.bad_lines)),
    ]
    lines = [f"{name:<14} {value}" for name, value in rows]
    notes = report.bad_lines + report.notes
    lines += notes[:_SHOWN_NOTES]
    if len(notes) > _SHOWN_NOTES:
        lines.append(f"... and {len(notes) - _SHOWN_NOTES} more")
    return "\n".join(lines)
