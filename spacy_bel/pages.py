"""Templates of the pages that commands write."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined


def html_environment(folder: str) -> Environment:
    """Where a part of the library finds its templates of HTML pages.

    Args:
        folder: The part's folder in ``spacy_bel``, in which its templates lie.

    Returns:
        An environment that escapes what it is given, and fails at what it is not.
    """
    return Environment(
        loader=PackageLoader("spacy_bel", folder),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
