"""spaCy's view of an annotated corpus: examples whose prediction starts from gold mentions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_bel.corpora.gold import GOLD_KEY
from spacy_bel.errors import Errors


def gold_corpus(
    path: str | Path, spans: str = GOLD_KEY, limit: int = 0
) -> Callable[[Language], Iterator[Example]]:
    """The reader ``spacy-bel.GoldCorpus.v1``.

    With it, ``nlp.evaluate`` scores linking on gold mentions: the predicted ``Doc`` of each example
    has the tokens and mentions of the reference, and none of its identifiers.

    Args:
        path: A ``.spacy`` file as ``python -m spacy_bel convert`` writes it, or a folder of them.
        spans: The span group with the gold mentions, or ``ents`` for ``doc.ents`` alone.
        limit: The number of documents to read; 0 for all.

    Returns:
        A function from a pipeline to its examples.
    """
    return partial(gold_examples, path=Path(path), spans=spans, limit=limit)


def gold_examples(
    nlp: Language, *, path: Path, spans: str = GOLD_KEY, limit: int = 0
) -> Iterator[Example]:
    """Examples whose predicted ``Doc`` holds the gold mentions without identifiers.

    Args:
        nlp: The pipeline, for its vocabulary.
        path: A ``.spacy`` file or a folder of them.
        spans: The span group with the gold mentions, or ``ents`` for ``doc.ents`` alone.
        limit: The number of documents to read; 0 for all.

    Yields:
        One example per document, in order; ``ents`` and the span group are both filled.

    Raises:
        BelError: The corpus cannot be read, or a document lacks the span group.
    """
    for reference in islice(read_docs(path, nlp.vocab), limit or None):
        if spans != "ents" and spans not in reference.spans:
            raise Errors.B208(path=path, key=spans, keys=", ".join(reference.spans) or "none")
        predicted = Doc(
            nlp.vocab,
            words=[token.text for token in reference],
            spaces=[bool(token.whitespace_) for token in reference],
        )
        predicted.ents = tuple(_without_ids(predicted, reference.ents))
        if spans != "ents":
            group = reference.spans[spans]
            predicted.spans[spans] = SpanGroup(
                predicted, name=spans, attrs=group.attrs, spans=_without_ids(predicted, group)
            )
        yield Example(predicted, reference)


def read_docs(path: Path, vocab: Vocab) -> Iterator[Doc]:
    """The documents of a ``.spacy`` file, or of all such files in a folder, sorted by path.

    Args:
        path: The file or folder.
        vocab: The vocabulary that the documents share.

    Yields:
        Documents in order.

    Raises:
        BelError: There is no such file, it cannot be read, or it is not one that spaCy wrote.
    """
    files = sorted(path.rglob("*.spacy")) if path.is_dir() else [path]
    if not files:
        raise Errors.B201(path=path, reason="there is no .spacy file in this folder")
    for file in files:
        try:
            content = file.read_bytes()
        except OSError as error:
            raise Errors.B201(path=file, reason=error.strerror or error) from error
        try:
            yield from DocBin().from_bytes(content).get_docs(vocab)
        except Exception as error:
            # zlib, msgpack and numpy each have their own exceptions for foreign bytes.
            raise Errors.B207(path=file, reason=error) from error


def _without_ids(doc: Doc, spans: Iterable[Span]) -> list[Span]:
    return [Span(doc, span.start, span.end, span.label_) for span in spans]
