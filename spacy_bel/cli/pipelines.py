"""Loading the pipeline that a command works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacy_bel.errors import BelError, Errors

if TYPE_CHECKING:
    from spacy.language import Language


def load_pipeline(pipeline: str) -> Language:
    """A saved or installed pipeline.

    Args:
        pipeline: Its path or the name of its package.

    Returns:
        The pipeline.

    Raises:
        BelError: There is no such pipeline, or it cannot be loaded.
    """
    import spacy

    try:
        return spacy.load(pipeline)
    except BelError:
        raise
    except (OSError, ImportError, ValueError) as error:
        raise Errors.B508(pipeline=pipeline, reason=error) from error
