"""Vocabularies that come as several files: finding the others beside the one that is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from spacy_bel.errors import BelError, Errors
from spacy_bel.kb.readers.textfile import TextFile

_COMPRESSED = ("", ".gz", ".bz2")


def beside(file: TextFile, name: str) -> TextFile | None:
    """Another file of the same folder.

    Args:
        file: The file that is read.
        name: The other one's name, which compression may have given a suffix.

    Returns:
        The file, which reports its problems as the first one does; None where there is none.
    """
    paths = (file.path.with_name(f"{name}{suffix}") for suffix in _COMPRESSED)
    return next((file.companion(path) for path in paths if path.is_file()), None)


def needed(file: TextFile, name: str, option: str) -> TextFile:
    """Another file of the same folder that must be there.

    Args:
        file: The file that is read.
        name: The other one's name.
        option: The option that, set to no, does without it.

    Returns:
        The file.

    Raises:
        BelError: It is missing; the message names it.
    """
    found = beside(file, name)
    if found is None:
        raise _missing(file.path.with_name(name), file, option)
    return found


def matching(file: TextFile, folder: Path, pattern: str, option: str) -> list[TextFile]:
    """The files of a folder that fit a pattern, at least one.

    Args:
        file: The file that is read.
        folder: The folder.
        pattern: As in a shell (``**/`` for folders in it), without a suffix of compression.
        option: The option that, set to no, does without them; empty where nothing does.

    Returns:
        The files in the order of their paths.

    Raises:
        BelError: There is none; the message gives the pattern.
    """
    found = sorted({path for suffix in _COMPRESSED for path in folder.glob(pattern + suffix)})
    if not found:
        raise _missing(folder / pattern, file, option)
    return [file.companion(path) for path in found]


def _missing(path: Path, file: TextFile, option: str) -> BelError:
    without = f", or do without what it holds with the reader's option {option}=no" * bool(option)
    return Errors.B170(path=path, main=file.source, without=without)


def flag(options: Mapping[str, str], name: str, default: str = "yes") -> bool:
    """An option that is yes or no.

    Args:
        options: All options.
        name: The option.
        default: What holds where it is not given.

    Raises:
        BelError: It is neither.
    """
    value = options.get(name, default)
    if value not in ("yes", "no"):
        raise Errors.B159(option=name, value=value, reason="yes or no is expected")
    return value == "yes"


def choices(options: Mapping[str, str], name: str, default: str = "") -> frozenset[str]:
    """An option that lists values, separated by commas; empty for any value (``*``)."""
    values = options.get(name, default).split(",")
    return frozenset(value.strip() for value in values if value.strip() not in ("", "*"))


def split_rows(file: TextFile, separator: str, width: int) -> Iterator[list[str]]:
    """The rows of a file without quotes; one of another width is reported.

    Args:
        file: The file.
        separator: What stands between two columns.
        width: Number of columns.
    """
    for line in file:
        cells = line.split(separator)
        if len(cells) == width:
            yield cells
        elif line.strip():
            file.problem(f"{len(cells)} columns where {file.source} has {width}")
