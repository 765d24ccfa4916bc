"""AdamW over float32 copies of what the network computes with in a shorter number type."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy_bel.errors import Errors
from spacy_bel.extras import load

_GRADIENT_NORM = 1.0


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast what is learned.

    Args:
        encoder: Learning rate of pre-trained parameters.
        head: Learning rate of all others.
        warmup: Share of the steps in which the rates rise from 0; then they fall to 0.
        weight_decay: Decoupled decay (Loshchilov & Hutter 2019).
        head_decay: The same for what is not pre-trained; ``weight_decay`` where None.
    """

    encoder: float = 1e-4
    head: float = 1e-3
    warmup: float = 0.1
    weight_decay: float = 0.01
    head_decay: float | None = None


class Optimiser:
    """AdamW with a linear schedule, saved and resumed exactly.

    In bfloat16 a step of the usual size would be rounded away, so parameters of fewer than 32
    bits have a float32 copy that learns.

    Args:
        modules: A ``torch.nn.Module``.
        rates: How fast what is learned.
        steps: How many steps there will be.
    """

    def __init__(self, modules: Any, rates: Rates, steps: int) -> None:
        torch = load("torch", "train")
        self._steps, self._rates = steps, rates
        named = [(name, each) for name, each in modules.named_parameters() if each.requires_grad]
        self._names = [name for name, _ in named]
        self._parameters = [each for _, each in named]
        self._masters = [
            each if each.dtype == torch.float32 else torch.nn.Parameter(each.detach().float())
            for each in self._parameters
        ]
        groups = []
        head_decay = rates.weight_decay if rates.head_decay is None else rates.head_decay
        kinds = ((True, rates.encoder, rates.weight_decay), (False, rates.head, head_decay))
        for is_encoder, rate, decay in kinds:
            own = [
                master
                for name, master in zip(self._names, self._masters, strict=True)
                if name.startswith("encoder") is is_encoder
            ]
            if own and rate > 0:
                groups.append({"params": own, "lr": rate, "initial": rate, "weight_decay": decay})
        self._adam = torch.optim.AdamW(groups)

    def step(self, number: int) -> None:
        """Follow the gradients, and forget them.

        Args:
            number: Which step it is, from 0.
        """
        torch = load("torch", "train")
        for parameter, master in self._copies():
            master.grad = None if parameter.grad is None else parameter.grad.float()
            parameter.grad = None
        torch.nn.utils.clip_grad_norm_(self._masters, _GRADIENT_NORM)
        for group in self._adam.param_groups:
            group["lr"] = group["initial"] * self._share(number)
        self._adam.step()
        self._adam.zero_grad()
        with torch.no_grad():
            for parameter, master in self._copies():
                parameter.copy_(master)

    def save(self, path: Path) -> None:
        """Write masters and moments.

        Args:
            path: A ``.safetensors`` file.
        """
        state = self._adam.state
        tensors = {}
        for name, master in zip(self._names, self._masters, strict=True):
            tensors[f"master/{name}"] = master.detach()
            for part, tensor in state.get(master, {}).items():
                tensors[f"{part}/{name}"] = tensor
        load("safetensors.torch", "train").save_file(
            {key: tensor.contiguous() for key, tensor in tensors.items()}, path
        )

    def load(self, path: Path) -> None:
        """Take over what ``save`` wrote.

        Args:
            path: The file.

        Raises:
            BelError: It is damaged, or of another network.
        """
        torch = load("torch", "train")
        safetensors = load("safetensors", "train")
        try:
            tensors = load("safetensors.torch", "train").load_file(path)
            with torch.no_grad():
                for name, parameter, master in zip(
                    self._names, self._parameters, self._masters, strict=True
                ):
                    master.copy_(tensors[f"master/{name}"])
                    parameter.copy_(master)
                    if f"step/{name}" in tensors:
                        self._adam.state[master] = {
                            "step": tensors[f"step/{name}"],
                            "exp_avg": tensors[f"exp_avg/{name}"].to(master.device),
                            "exp_avg_sq": tensors[f"exp_avg_sq/{name}"].to(master.device),
                        }
        except (OSError, KeyError, RuntimeError, safetensors.SafetensorError) as error:
            raise Errors.B911(path=path, reason=error) from error

    def _copies(self) -> Iterator[tuple[Any, Any]]:
        for parameter, master in zip(self._parameters, self._masters, strict=True):
            if parameter is not master:
                yield parameter, master

    def _share(self, number: int) -> float:
        warm = max(1, math.ceil(self._rates.warmup * self._steps))
        return min((number + 1) / warm, (self._steps - number) / max(1, self._steps - warm + 1))
