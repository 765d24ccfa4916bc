"""Templates as files: one folder for each version, one file of words for each language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from spacy_bel.errors import Errors

FALLBACK = "en"
"""The language of instructions where a template has none in the language asked for."""

_FOLDER = Path(__file__).parent / "templates"

_LAYOUT = "layout.jinja"


def layout(template: str) -> Template:
    """The template that puts a prompt together.

    Args:
        template: Name and version, such as ``setwise.v1``.

    Raises:
        BelError: There is no such template.
    """
    return _environment().get_template(f"{_known(template)}/{_LAYOUT}")


@cache
def words(template: str, lang: str) -> Any:
    """What a template says in one language.

    Args:
        template: Name and version.
        lang: ISO 639-1 language code, perhaps with a region, which does not count.

    Returns:
        An object with the template's texts as attributes; English ones where there are none in
        the language.

    Raises:
        BelError: There is no such template.
    """
    lang = lang.replace("_", "-").partition("-")[0].lower()
    if lang not in languages(template):
        lang = FALLBACK
    return _environment().get_template(f"{template}/{lang}.jinja").module


def languages(template: str) -> list[str]:
    """Codes of the languages that a template has words in."""
    folder = _FOLDER / _known(template)
    return sorted(path.stem for path in folder.glob("*.jinja") if path.name != _LAYOUT)


@cache
def digest(template: str) -> str:
    """A digest of all files of a template, the same on every system."""
    found = sha256()
    for path in sorted((_FOLDER / _known(template)).glob("*.jinja")):
        found.update(path.name.encode() + b"\0" + path.read_text(encoding="utf-8").encode() + b"\0")
    return found.hexdigest()


def version_of(template: str, settings: Mapping[str, Any]) -> str:
    """What tells the prompts of one builder from those of another.

    Args:
        template: Name and version of the template.
        settings: All else that decides on the text, as JSON can hold it.

    Returns:
        The template's name and 12 hexadecimal digits.
    """
    known = json.dumps([digest(template), settings], sort_keys=True, ensure_ascii=False)
    return f"{template}:{sha256(known.encode()).hexdigest()[:12]}"


def _known(template: str) -> str:
    known = sorted(path.name for path in _FOLDER.iterdir() if (path / _LAYOUT).is_file())
    if template not in known:
        raise Errors.B700(template=template, known=", ".join(known))
    return template


@cache
def _environment() -> Environment:
    # The result is text for a model and not HTML: escaping would change it.
    return Environment(
        loader=FileSystemLoader(_FOLDER, encoding="utf-8"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        autoescape=False,
    )
