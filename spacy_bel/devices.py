"""The one place that picks a device, a number type and the number of threads."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from spacy_bel.errors import Errors
from spacy_bel.extras import load

DTYPES = ("auto", "float32", "bfloat16", "float16")
"""Number types that a config may ask for."""

_NATIVE_BF16 = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""Flags of processors that multiply in bfloat16; others emulate it, many times slower."""

_ABILITIES = ("flags", "Features")
"""How lines with a processor's abilities begin: x86 and Arm."""


def pick_device(asked: str = "auto") -> Any:
    """Where to compute.

    Args:
        asked: ``auto`` for a GPU where there is one, or a torch device such as ``cpu``, ``cuda:1``
            or ``mps``.

    Returns:
        A ``torch.device``.

    Raises:
        BelError: If torch is missing, or the device is not there.
    """
    torch = load("torch", "dense")
    if asked == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(asked)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise Errors.B011(device=asked, reason=reason) from error
    return device


def pick_dtype(asked: str = "auto", device: Any = None) -> Any:
    """In which number type to compute.

    Args:
        asked: ``auto`` for bfloat16 where the device multiplies in it and float32 elsewhere, or
            one of ``DTYPES``.
        device: A ``torch.device``; that of ``pick_device`` where None.

    Returns:
        A ``torch.dtype``.

    Raises:
        BelError: If torch is missing, or the number type is unknown.
    """
    torch = load("torch", "dense")
    if asked not in DTYPES:
        raise Errors.B012(dtype=asked, allowed=", ".join(DTYPES))
    if asked != "auto":
        return getattr(torch, asked)
    device = device or pick_device()
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if device.type == "cpu" and cpu_has_bf16() else torch.float32


@cache
def cpu_has_bf16() -> bool:
    """Whether this processor multiplies in bfloat16 by itself."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    abilities = (line.split(":") for line in flags.splitlines() if line.startswith(_ABILITIES))
    return any(not _NATIVE_BF16.isdisjoint(words.split()) for _, words in abilities)


@cache
def guard_forks() -> None:
    """Let children of a fork run torch on one thread: they hang on the parent's thread pool."""
    torch = load("torch", "dense")
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))
