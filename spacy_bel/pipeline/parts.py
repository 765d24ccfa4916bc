"""Saving the parts of a component, a retriever or a reranker, with the component."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name as canonical
from spacy.language import Language

from spacy_bel import __version__
from spacy_bel.errors import Errors
from spacy_bel.protocols import Persistent


def save_parts(parts: Mapping[str, object], folder: Path) -> None:
    """Write the state of each part that has one into a folder of its name.

    A part may still read what it wrote there before, so the new state is written beside and
    takes the old one's place when it is whole.

    Args:
        parts: Name -> part.
        folder: The component's folder, which exists.

    Raises:
        BelError: If the folder cannot be written to.
    """
    try:
        for name, part in parts.items():
            beside = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=folder))
            try:
                if isinstance(part, Persistent):
                    part.to_disk(beside)
                shutil.rmtree(folder / name, ignore_errors=True)
                if any(beside.iterdir()):
                    beside.chmod(0o755)
                    beside.rename(folder / name)
            finally:
                shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise Errors.B604(path=folder, reason=error.strerror or error) from error


def restore_part(name: str, part: object, folder: Path | None) -> None:
    """Let a part take over the state that ``save_parts`` wrote, if there is one.

    Args:
        name: The part's name.
        part: The part as its config describes it.
        folder: The component's folder, or None.
    """
    if folder is not None and (folder / name).is_dir() and isinstance(part, Persistent):
        part.from_disk(folder / name)


def pack_parts(parts: Mapping[str, object]) -> dict[str, bytes]:
    """The state of parts as bytes.

    Args:
        parts: Name -> part.

    Returns:
        Path of each file -> its content.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        save_parts(parts, folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def unpack_parts(content: Mapping[str, bytes]) -> Path:
    """Write what ``pack_parts`` gave into a new temporary folder.

    Args:
        content: Path of each file -> its content.

    Returns:
        The folder; it is the caller's to remove.

    Raises:
        BelError: If it cannot be written.
    """
    folder = Path(tempfile.mkdtemp(prefix="spacy_bel-"))
    try:
        for name, data in content.items():
            path = (folder / name).resolve()
            if not path.is_relative_to(folder.resolve()):
                raise Errors.B604(path=name, reason="it lies outside the component")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise Errors.B604(path=folder, reason=error.strerror or error) from error
    return folder


def require_extras(nlp: Language, parts: Iterable[object]) -> None:
    """Have a package of the pipeline ask for the optional libraries that its parts need.

    Args:
        nlp: The pipeline, whose meta data get the requirement.
        parts: Retrievers and rerankers; what they need they name in ``extras``.
    """
    extras = {extra for part in parts for extra in getattr(part, "extras", ())}
    if not extras:
        return
    asked = [Requirement(text) for text in nlp.meta.get("requirements", [])]
    others = [str(one) for one in asked if canonical(one.name) != "spacy-bel"]
    for one in asked:
        if canonical(one.name) == "spacy-bel":
            extras |= one.extras
    nlp.meta["requirements"] = [*others, f"spacy_bel[{','.join(sorted(extras))}]>={__version__}"]
