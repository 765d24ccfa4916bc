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

_SYMBOL = re.compile(r"(?=.*\d)(?=.*[A-Z])[A-Z\d-]+")  # BRCA1, MOST-1


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
        case_chars: Where a mention or a name has at most so many characters, and one of them is
            written in capitals (``ALL``), only the very same spelling matches. So it is for
            symbols of capitals and digits (``MOST-1``), however long.
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
    finder = _Finder(doc, store, guards)
    matches = []
    at = 0
    while at < len(doc):
        found = finder.longest(at)
        if found:
            matches.append(found)
        at = found.end if found else at + 1
    return matches


@dataclass(frozen=True, slots=True)
class _Piece:
    """A token as the matcher sees it.

    Args:
        normalised: Its surface form; empty for punctuation.
        glued: Whether no space and no punctuation is before it.
        inside: Whether it is glued within a word of a script that has spaces between words.
        content: Whether it says something, as "of" does not.
        letter: Whether it is the "A" of "hepatitis A", not an article.
        breaks: Whether no mention can contain it.
    """

    normalised: str
    glued: bool
    inside: bool
    content: bool
    letter: bool
    breaks: bool


def _pieces(doc: Doc, store: Store) -> list[_Piece]:
    normalised = [normalise(token.text) for token in doc]
    distinct = sorted({word for text in normalised for word in words(text)})
    known = dict(zip(distinct, store.knows_words(distinct).tolist(), strict=True))
    glued = [
        bool(token.i and text and normalised[token.i - 1] and not doc[token.i - 1].whitespace_)
        for token, text in zip(doc, normalised, strict=True)
    ]
    pieces = []
    for token, text in zip(doc, normalised, strict=True):
        own = words(text)
        content = bool(own) and own[0] not in FUNCTION_WORDS
        # A token that is glued to another one is no word, so only the whole can be known.
        alone = not any(glued[token.i : token.i + 2]) and not _is_uncased(text[:1])
        pieces.append(
            _Piece(
                normalised=text,
                glued=glued[token.i],
                inside=glued[token.i]
                and not _is_uncased(text[0])
                and not _is_uncased(normalised[token.i - 1][-1]),
                content=content,
                letter=token.text == "A",
                breaks=bool(_END.fullmatch(token.text))
                or (content and alone and not all(known[word] for word in own)),
            )
        )
    return pieces


class _Finder:
    """Looks for names in one document."""

    def __init__(self, doc: Doc, store: Store, guards: Guards) -> None:
        self._doc = doc
        self._store = store
        self._guards = guards
        self._pieces = _pieces(doc, store)

    def longest(self, start: int) -> Match | None:
        """The longest match that begins at a token."""
        return next(
            (match for end in self._ends(start) if (match := self._match(start, end))), None
        )

    def _ends(self, start: int) -> Iterator[int]:
        """Where a mention that begins at a token may end, the longest first."""
        pieces = self._pieces
        if pieces[start].inside or not pieces[start].content:
            return
        limit = start
        most = min(len(pieces), start + self._guards.max_tokens)
        while limit < most and not pieces[limit].breaks:
            limit += 1
        for end in range(limit, start, -1):
            last = pieces[end - 1]
            inside_word = end < len(pieces) and pieces[end].inside
            if (last.content or last.letter) and not inside_word:
                yield end

    def _match(self, start: int, end: int) -> Match | None:
        store, guards = self._store, self._guards
        normalised = _join(self._pieces[start:end])
        own = words(normalised)
        found = store.aliases_of_words(NameForms(normalised, own, frozenset()))
        if not len(found) or all(word.isdigit() for word in own):
            return None
        text = self._doc[start:end].text
        if len(text) < guards.min_chars or (end - start == 1 and self._is_common(start)):
            return None
        # One look-up finds names of the same words; "gout, gout" is not one "gout".
        names = {alias: store.forms(alias) for alias in found.tolist()}
        aliases = [
            alias
            for alias, name in names.items()
            if sorted(name.words) == sorted(own)
            # Of a single word no function word can be left out: "AT mutated" is not "mutated".
            and (len(own) > 1 or name.normalised.count(" ") == normalised.count(" "))
            and self._admits(alias, text)
        ]
        concepts = {int(store.alias_concepts[alias]) for alias in aliases}
        if not 0 < len(concepts) <= guards.max_concepts:
            return None
        best = min(aliases, key=lambda a: (names[a].normalised != normalised, store.preference(a)))
        return Match(start, end, best)

    def _admits(self, alias: int, text: str) -> bool:
        store, guards = self._store, self._guards
        if guards.types:
            concept = int(store.alias_concepts[alias])
            if guards.types.isdisjoint(store.type_sets[int(store.concept_types[concept])]):
                return False
        name = store.alias_names[alias]
        is_symbol = _SYMBOL.fullmatch(name) is not None
        if min(len(text), len(name)) > guards.case_chars and not is_symbol:
            return True
        return text in {name, f"{name}s"} or not (_CAPITALS.search(name) or _CAPITALS.search(text))

    def _is_common(self, at: int) -> bool:
        """Whether a token is a word that says nothing, such as ``all``; ``ALL`` is not."""
        token = self._doc[at]
        is_acronym = len(token) > 1 and token.is_upper
        return bool(self._doc.vocab[token.lower_].is_stop) and not is_acronym


def _join(pieces: Sequence[_Piece]) -> str:
    """The surface form of several tokens."""
    parts = (piece.normalised if piece.glued else f" {piece.normalised}" for piece in pieces)
    return " ".join("".join(parts).split())


def _is_uncased(character: str) -> bool:
    """Whether a character is of a script without upper and lower case, such as Chinese."""
    return character != "" and unicodedata.category(character) == "Lo"


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
