"""The memory-mapped arrays of a knowledge base: how they are written and read."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import DTypeLike, NDArray

from spacy_bel.errors import Errors

_NOT_OFFERED = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}
"""What a file system answers that cannot reserve space."""


class ArrayFolder:
    """A folder that arrays are written into, one ``.npy`` file each.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self, name: str, size: int, dtype: DTypeLike) -> NDArray[Any]:
        """A new one-dimensional array on disk, to be filled.

        Args:
            name: The array's name.
            size: Number of items.
            dtype: Type of the items.

        Returns:
            A writable memory map; an ordinary empty array where there is nothing to hold, since
            nothing cannot be mapped.

        Raises:
            OSError: If the disk is full.
        """
        target = self.path / f"{name}.npy"
        if size == 0:
            np.save(target, np.empty(0, dtype))
            return np.empty(0, dtype)
        mapped: NDArray[Any] = npy.open_memmap(  # type: ignore[no-untyped-call]
            target, mode="w+", dtype=np.dtype(dtype), shape=(size,)
        )
        _reserve(target)
        return mapped

    def save(self, name: str, array: NDArray[Any]) -> None:
        """Write a whole array."""
        np.save(self.path / f"{name}.npy", array)


def _reserve(path: Path) -> None:
    """Take the disk space of a sparse file now: on a full disk, writing to its map would kill."""
    if not hasattr(os, "posix_fallocate"):
        return
    with path.open("rb+") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except OSError as error:
            if error.errno not in _NOT_OFFERED:
                raise


def open_array(path: Path) -> NDArray[Any]:
    """Map an array.

    Args:
        path: A ``.npy`` file.

    Returns:
        A read-only array.

    Raises:
        BelError: If the file holds no array.
    """
    try:
        return np.asarray(npy.open_memmap(path, mode="r"))  # type: ignore[no-untyped-call]
    except ValueError:
        # An empty array cannot be mapped; anything else here is no array of ours.
        try:
            with path.open("rb") as file:
                return np.asarray(npy.read_array(file))  # type: ignore[no-untyped-call]
        except (ValueError, MemoryError) as error:
            raise Errors.B101(path=path, reason=error) from None


class StringsWriter:
    """Writes strings as one array of UTF-8 bytes and one of where each begins.

    Args:
        folder: Where to.
        name: What to call the two arrays.
        count: Number of strings.
        size: Number of bytes of all strings.
    """

    def __init__(self, folder: ArrayFolder, name: str, count: int, size: int) -> None:
        self._bytes = folder.create(f"{name}.bytes", size, np.uint8)
        self._starts = folder.create(f"{name}.starts", count + 1, np.int64)
        self._starts[0] = 0
        self._count = 0

    def extend(self, texts: Sequence[str]) -> None:
        """Append strings."""
        encoded = [text.encode() for text in texts]
        begin = int(self._starts[self._count])
        ends = begin + np.cumsum([len(e) for e in encoded], dtype=np.int64)
        if encoded:
            self._bytes[begin : ends[-1]] = np.frombuffer(b"".join(encoded), np.uint8)
            self._starts[self._count + 1 : self._count + 1 + len(encoded)] = ends
        self._count += len(encoded)


_MOST_RECENT = 1 << 16
"""Strings that are remembered: texts name the same concepts again and again."""


class _Recent(dict[int, str]):
    """Strings that were read lately, by number; a number that is missing is read."""

    def __init__(self, data: NDArray[np.uint8], starts: NDArray[np.int64]) -> None:
        self.data = memoryview(data)  # type: ignore[arg-type]
        self.starts = starts

    def __missing__(self, number: int) -> str:
        if not 0 <= number < len(self.starts) - 1:
            raise IndexError(number)
        begin, end = self.starts[number : number + 2].tolist()
        text = str(self.data[begin:end], "utf-8")
        if len(self) >= _MOST_RECENT:
            self.clear()
        self[number] = text
        return text


class Strings(Sequence[str]):
    """A read-only sequence of strings over two memory maps.

    Args:
        data: UTF-8 bytes of all strings, shape (bytes,).
        starts: Where each begins, shape (strings + 1,).
    """

    def __init__(self, data: NDArray[np.uint8], starts: NDArray[np.int64]) -> None:
        self._recent = _Recent(data, starts)

    def __len__(self) -> int:
        return len(self._recent.starts) - 1

    def __getitem__(self, number: int) -> str:  # type: ignore[override]
        return self._recent[number]

    def take(self, numbers: Iterable[int]) -> Iterator[str]:
        """Many strings, each by its number: three times as fast as one by one."""
        return map(self._recent.__getitem__, numbers)

    def __iter__(self) -> Iterator[str]:
        return (self[number] for number in range(len(self)))


class Lookup(NamedTuple):
    """Which names have a digest.

    Args:
        hashes: Digests, ascending, shape (names,).
        aliases: The name of each, shape (names,).
    """

    hashes: NDArray[np.int64]
    aliases: NDArray[np.int32]

    def find(self, digests: Sequence[int]) -> list[NDArray[np.int32]]:
        """Numbers of the names with each of some digests, ascending."""
        wanted = np.array(digests, dtype=np.int64)
        begins = np.searchsorted(self.hashes, wanted, side="left").tolist()
        ends = np.searchsorted(self.hashes, wanted, side="right").tolist()
        return [self.aliases[begin:end] for begin, end in zip(begins, ends, strict=True)]
