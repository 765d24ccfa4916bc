"""The records of a large XML document, one at a time, never in memory as a whole."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from spacy_bel.errors import BelError, Errors
from spacy_bel.kb.readers.textfile import TextFile


def elements(file: TextFile, tags: Collection[str]) -> Iterator[Element]:
    """The elements with given names.

    External entities and document types are never fetched.

    Args:
        file: The file; its line is about that on which the element given last ends.
        tags: Names of elements that do not lie within each other.

    Yields:
        Whole elements; each is emptied when the next one is asked for.

    Raises:
        BelError: The document is not well-formed, or breaks off; what came before was given.
    """
    parser: XMLPullParser[Element] = XMLPullParser(["start", "end"])
    root: Element | None = None
    count = 0
    try:
        for chunk in file.raw_chunks():
            parser.feed(chunk)
            for event, element in cast(Iterator[tuple[str, Element]], parser.read_events()):
                root = element if root is None else root
                if event == "end" and element.tag in tags:
                    count += 1
                    yield element
                    root.clear()
        parser.close()
    except BelError:
        raise
    except (ParseError, LookupError, ValueError) as error:  # or an encoding that nobody knows
        raise Errors.B172(path=file.path, count=count, reason=error) from error


def text_of(element: Element | None, path: str = "") -> str:
    """The text of an element, or of one below it, as it stands; empty where there is none."""
    found = element if element is None or not path else element.find(path)
    return (found.text or "") if found is not None else ""
