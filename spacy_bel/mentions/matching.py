"""Finding mentions by the names of a knowledge base, where a pipeline has no NER."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spacy.tokens import Doc, Span

from spacy_bel.features import NameForms
from spacy_bel.kb.store import Store
from spacy_bel.lexicon import FUNCTION_WORDS
from spacy_bel.text import normalise, words

_END = re.compile(r"[.;:!?。；：！？…]|\s*\n\s*")
_CAPITALS = re.compile(r"[^\W\d_]*[A-Z][^a-z]*[A-Z]")


@dataclass(frozen=True, slots=True)
class Match:
    """A stretch of tokens that bears a name of the knowledge base.

    Args:
        start: The first token.
        end: Behind the last token.
        alias: Number of the name.
    """

    start: int
    end: int
    alias: int


@dataclass(frozen=True, slots=True)
class Guards:
    """What keeps names that are also common words from matching everywhere.

    Args:
        max_tokens: Most tokens of a mention.
        min_chars: Names of fewer characters are left alone.
        case_chars: Names of at most so many characters that are written in capitals (``ALL``)
            match only as they are written.
        max_concepts: Names that more concepts bear are left alone.
        types: Semantic types to look for; empty for all.
    """

    max_tokens: int = 10
    min_chars: int = 2
    case_chars: int = 5
    max_concepts: int = 10
    types: frozenset[str] = frozenset()


def find_matches(doc: Doc, store: Store, guards: Guards) -> list[Match]:
    """The names of a knowledge base in a document, the longest at each place, from the left.

    Case, inflection, spelling and word order may differ as far as the normaliser sees to it
    (``spacy_bel.text.words``).

    Args:
        doc: A document; only its tokens are used.
        store: The knowledge base.
        guards: What not to match.

    Returns:
        Matches in the order of the text, without overlap.
    """
    pieces = _pieces(doc, store)
    matches = []
    at = 0
    while at < len(doc):
        tried = (_match(doc, pieces, at, end, store, guards) for end in _ends(pieces, at, guards))
        found = next((match for match in tried if match), None)
        if found:
            matches.append(found)
        at = found.end if found else at + 1
    return matches


@dataclass(frozen=True, slots=True)
class _Piece:
    """A token as the matcher sees it."""

    normalised: str
    glued: bool
    can_begin: bool
    can_end: bool
    breaks: bool


def _pieces(doc: Doc, store: Store) -> list[_Piece]:
    normalised = [normalise(token.text) for token in doc]
    distinct = sorted({word for text in normalised for word in words(text)})
    known = dict(zip(distinct, store.knows_words(distinct).tolist(), strict=True))
    pieces = []
    for token, text in zip(doc, normalised, strict=True):
        before = doc[token.i - 1] if token.i else None
        glued = bool(
            before is not None and not before.whitespace_ and text and normalised[token.i - 1]
        )
        own = words(text)
        content = bool(own) and own[0] not in FUNCTION_WORDS
        free = text and _is_uncased(text)
        # In scripts without spaces a token alone is no word, so only the whole can be known.
        breaks = bool(_END.fullmatch(token.text)) or (
            bool(own) and not free and not glued and not all(known[word] for word in own)
        )
        pieces.append(_Piece(text, glued, content and (not glued or bool(free)), content, breaks))
    return pieces


def _ends(pieces: Sequence[_Piece], start: int, guards: Guards) -> Iterator[int]:
    """Where a mention that begins at a token may end, the longest first."""
    if not pieces[start].can_begin:
        return
    limit = start
    while limit < min(len(pieces), start + guards.max_tokens) and not pieces[limit].breaks:
        limit += 1
    for end in range(limit, start, -1):
        follows = pieces[end] if end < len(pieces) else None
        inside_word = follows is not None and follows.glued and not _is_uncased(follows.normalised)
        if pieces[end - 1].can_end and not inside_word:
            yield end


def _match(
    doc: Doc, pieces: Sequence[_Piece], start: int, end: int, store: Store, guards: Guards
) -> Match | None:
    normalised = "".join(
        (piece.normalised if piece.glued and number else f" {piece.normalised}")
        for number, piece in enumerate(pieces[start:end])
    )
    normalised = " ".join(normalised.split())
    forms = NameForms(normalised, words(normalised), frozenset())
    found = store.aliases_of_words(forms)
    if not len(found) or normalised.replace(" ", "").isdigit():
        return None
    text = doc[start:end].text
    if len(text) < guards.min_chars or (
        end - start == 1 and _is_common(doc[start].lower_, doc, text)
    ):
        return None
    aliases = [alias for alias in found.tolist() if _admits(store, alias, text, guards)]
    concepts = {int(store.alias_concepts[alias]) for alias in aliases}
    if not 0 < len(concepts) <= guards.max_concepts:
        return None
    return Match(start, end, min(aliases, key=store.preference))


def _admits(store: Store, alias: int, text: str, guards: Guards) -> bool:
    if guards.types:
        concept = int(store.alias_concepts[alias])
        if guards.types.isdisjoint(store.type_sets[int(store.concept_types[concept])]):
            return False
    if len(text) > guards.case_chars:
        return True
    name = store.alias_names[alias]
    return name == text or not (_CAPITALS.search(name) or _CAPITALS.search(text))


def _is_common(lower: str, doc: Doc, text: str) -> bool:
    """Whether a single word is one that says nothing, such as ``all``; ``ALL`` is not."""
    return doc.vocab[lower].is_stop and not (len(text) > 1 and text.isupper())


def _is_uncased(text: str) -> bool:
    """Whether a word is of a script without upper and lower case, such as Chinese."""
    return unicodedata.category(text[0]) == "Lo"


def spans_of_matches(doc: Doc, matches: Sequence[Match], labels: Sequence[str]) -> list[Span]:
    """Matches as spans.

    Args:
        doc: The document that was matched.
        matches: Its matches.
        labels: The label of each.

    Returns:
        One span per match.
    """
    return [
        Span(doc, match.start, match.end, label=label)
        for match, label in zip(matches, labels, strict=True)
    ]
