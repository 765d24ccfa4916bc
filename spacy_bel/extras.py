"""Libraries that only some parts need: loaded where they are used, with an error that helps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from spacy_bel.errors import Errors


def load(module: str, extra: str) -> Any:
    """Import a library of an extra.

    Args:
        module: What to import, such as ``torch`` or ``faiss``.
        extra: The extra that brings it, such as ``dense``.

    Returns:
        The module.

    Raises:
        BelError: If the library is not installed; the message names the extra.
    """
    try:
        return import_module(module)
    except ImportError as error:
        # A broken installation is not a missing one: say what the import itself said.
        raise Errors.B010(library=module.partition(".")[0], extra=extra, reason=error) from error


@contextmanager
def quiet_weights() -> Iterator[None]:
    """No progress bar of transformers while weights are read or written: it is over at once."""
    logging = load("transformers.utils.logging", "dense")
    was_shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if was_shown:
            logging.enable_progress_bar()
