"""``bel_reranker``: chooses among the candidates that ``bel_retriever`` wrote."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import srsly
from spacy.tokens import Doc, Span
from spacy.util import ensure_path

from spacy_bel.errors import Errors
from spacy_bel.kb.files import META, read_meta
from spacy_bel.kb.store import Store
from spacy_bel.mentions.extract import make_mentions
from spacy_bel.mentions.writing import is_stored, load
from spacy_bel.pipeline.linker import BelLinker, MakeReranker
from spacy_bel.types import Candidate, Mention

_KB = "kb"
_BESIDE = "kb_beside.json"


class BelReranker(BelLinker):
    """Links mentions to one of the candidates that an earlier component wrote.

    It reads ``span._.bel_candidates`` and writes what ``bel_linker`` writes. Its knowledge base
    must be that of the candidates.

    Args:
        name: The component's name in the pipeline.
        make_reranker: Makes the reranker once the knowledge base is open.
        **settings: Those of ``BelLinker``, without what concerns retrieval.
    """

    reads_candidates = True

    def __init__(self, name: str, make_reranker: MakeReranker, **settings: Any) -> None:
        super().__init__(name, _no_retriever, make_reranker=make_reranker, **settings)

    def parts(self) -> dict[str, object]:
        """The reranker."""
        return {"reranker": self.reranker}

    def is_known(self, span: Span) -> bool:
        """Whether candidates were written for a span."""
        return is_stored(span.doc, span, self.extensions, span.label_)

    def candidates(
        self, docs: Sequence[Doc], spans: Sequence[Sequence[Span]]
    ) -> list[list[tuple[Mention, list[Candidate]]]]:
        """The candidates that were written for spans.

        Args:
            docs: Documents; they are not changed.
            spans: Spans of each document.

        Returns:
            For each document, a mention and its candidates, best first, for each span.

        Raises:
            BelError: Nothing was written for any of the spans, so there is no retriever before.
        """
        found = []
        for doc, own in zip(docs, spans, strict=True):
            mentions = make_mentions(doc, own, self.context, self.label_types)
            if own and not any(map(self.is_known, own)):
                raise Errors.B767(name=self.name, prefix=self.extensions)
            links = [load(doc, span, self.extensions, span.label_) for span in own]
            found.append(
                [(m, list(link["candidates"])) for m, link in zip(mentions, links, strict=True)]
            )
        return found

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save as ``bel_linker`` does, but refer to an equal knowledge base beside this folder.

        Args:
            path: The folder.
            exclude: As for ``bel_linker``.
        """
        folder = ensure_path(path)
        (folder / _BESIDE).unlink(missing_ok=True)
        neighbour = None if _KB in exclude else self._neighbour(folder)
        super().to_disk(folder, exclude=exclude if neighbour is None else (*exclude, _KB))
        if neighbour is not None:
            srsly.write_json(folder / _BESIDE, {"component": neighbour})

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> BelReranker:
        """Take the knowledge base from this folder, or from the one beside it.

        Args:
            path: The folder.
            exclude: As for ``bel_linker``.

        Returns:
            The component.
        """
        folder = ensure_path(path)
        super().from_disk(folder, exclude=exclude)
        if (folder / _BESIDE).exists() and _KB not in exclude:
            neighbour = srsly.read_json(folder / _BESIDE)["component"]
            self.set_kb(Store(folder.parent / neighbour / _KB))
        return self

    def _neighbour(self, folder: Path) -> str | None:
        """The component saved beside this one that has the same knowledge base."""
        if self._store is None and self._path is None:
            return None
        for meta in sorted(folder.parent.glob(f"*/{_KB}/{META}")):
            other = meta.parent
            if other.parent != folder and read_meta(other)["checksum"] == self.kb.checksum:
                return other.parent.name
        return None


def _no_retriever(kb: Any) -> Any:
    raise AssertionError  # candidates are read, never looked up
