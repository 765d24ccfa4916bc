"""More candidates than a linker is set to choose from, as Recall@k needs them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Protocol, runtime_checkable

from spacy.tokens import Doc, Span

from spacy_bel.types import Candidate, Link, Mention


@runtime_checkable
class _Retrieving(Protocol):
    """A linker whose candidates can be had without its answers."""

    top_k: int

    def candidates(
        self, docs: Sequence[Doc], spans: Sequence[Sequence[Span]]
    ) -> list[list[tuple[Mention, list[Candidate]]]]:
        """For each document, a mention and its candidates for each span."""
        ...


def with_further(
    linker: object,
    docs: Sequence[Doc],
    spans: Sequence[Sequence[Span]],
    answers: Sequence[Sequence[Link]],
    k: int,
) -> list[list[Link]]:
    """Answers with up to so many candidates.

    The answer may depend on how many candidates there are to choose from, so a linker with a
    larger ``top_k`` would be another one. Answers and the order of their candidates stay what
    they are; what the retriever finds further is put behind them.

    Args:
        linker: What gave the answers; one without ``top_k`` and ``candidates`` cannot be asked
            for more.
        docs: The documents.
        spans: The mentions of each document.
        answers: The answers for each document, one per mention.
        k: The wanted number of candidates.

    Returns:
        The answers.
    """
    if not isinstance(linker, _Retrieving) or linker.top_k >= k:
        return [list(links) for links in answers]
    top_k = linker.top_k
    linker.top_k = k
    try:
        retrieved = linker.candidates(docs, spans)
    finally:
        linker.top_k = top_k
    return [
        [_extended(link, found, k) for link, (_, found) in zip(links, own, strict=True)]
        for links, own in zip(answers, retrieved, strict=True)
    ]


def _extended(link: Link, found: Iterable[Candidate], k: int) -> Link:
    known = {candidate.id for candidate in link.candidates}
    further = (candidate for candidate in found if candidate.id not in known)
    return replace(link, candidates=tuple(islice(chain(link.candidates, further), k)))
