"""The lexical rules of OBO 1.4: clauses, escapes, quoted texts, modifiers and comments."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "W": " ", "t": "\t"}
_QUOTED = re.compile(r'\s*"((?:[^"\\]|\\.)*)"\s*(.*)', re.DOTALL)
# A comment starts at a "!" and modifiers at a "{" that no backslash escapes; chemical names of
# older files hold bare braces, so modifiers must look like name="value".
_COMMENT = re.compile(r"(?<!\\)\s!(\s.*)?$")
_MODIFIERS = re.compile(r'(?<!\\)\{[^\s="{}]+\s*=\s*"(?:[^"\\]|\\.)*".*\}\s*$')


def split_clause(line: str) -> tuple[str, str] | None:
    """The tag and the value of a line.

    Args:
        line: A line of a header or a stanza.

    Returns:
        Both, without space around them; None for a line without a tag.
    """
    tag, colon, value = line.partition(":")
    tag = tag.strip()
    if not colon or not tag or " " in tag:
        return None
    return tag, value.strip()


def unescape(text: str) -> str:
    r"""A text with its escapes resolved: ``\n``, ``\W``, ``\t``; any other stands for itself."""
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), text)


def quoted(value: str) -> tuple[str, str] | None:
    """The text in double quotes that a value starts with.

    Args:
        value: Such as ``"A disease." [ref:1]``.

    Returns:
        The text, unescaped, and what follows it; None where there is none.
    """
    match = _QUOTED.match(value)
    return None if match is None else (unescape(match[1]), match[2])


def unquoted(value: str) -> str:
    """A value without quotes, such as a name, less its trailing comment and modifiers."""
    return unescape(_MODIFIERS.sub("", _COMMENT.sub("", value)).strip())


def first_word(value: str) -> str:
    """The id, keyword or flag that a value starts with, unescaped."""
    words = value.split(maxsplit=1)
    return unescape(words[0].partition("{")[0]) if words else ""
