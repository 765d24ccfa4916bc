"""The training loop of all local rerankers: resumable, with the best state by dev Acc@1."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from tqdm import tqdm

from spacy_bel.errors import Errors
from spacy_bel.examples import Example, to_line
from spacy_bel.files import only_one, replacing
from spacy_bel.training.curves import write_curves
from spacy_bel.training.loss import listwise
from spacy_bel.training.optimiser import Optimiser, Rates
from spacy_bel.training.rows import Sampling, Target, draw
from spacy_bel.training.scores import accountable, dev_scores
from spacy_bel.training.trainable import Trainable

SCHEMA = 1
"""Version of the saved state; others are refused."""

BEST = "best"
"""Folder of the best model, in the output folder."""

_STATE = "state.json"


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train.

    Args:
        epochs: How often every example is seen.
        batch_size: Questions in one step.
        micro_batch: Questions in one pass; 0 for all of a step. It changes the memory that is
            needed, and the result in rounding only.
        eval_every: Steps between two evaluations; 0 for one after each epoch.
        patience: Evaluations without a better one after which training ends; 0 for never.
        seed: Of all that is drawn.
        sampling: How questions are drawn.
        rates: How fast what is learned.
    """

    epochs: int = 3
    batch_size: int = 32
    micro_batch: int = 0
    eval_every: int = 0
    patience: int = 0
    seed: int = 0
    sampling: Sampling = field(default_factory=Sampling)
    rates: Rates = field(default_factory=Rates)

    def __post_init__(self) -> None:
        """Refuse settings out of range."""
        for setting in ("epochs", "batch_size"):
            if getattr(self, setting) < 1:
                value = getattr(self, setting)
                raise Errors.B910(setting=setting, value=value, allowed="1 or more")


@dataclass
class Progress:
    """How far training has come.

    Args:
        step: Steps done.
        best: Dev Acc@1 of the best state.
        stale: Evaluations since.
        curves: One entry per evaluation: ``step``, ``epoch``, ``loss`` of training since the
            last one (None at first), and on dev ``acc@1`` and ``loss``.
        losses: Training losses since the last evaluation.
    """

    step: int = 0
    best: float = -1.0
    stale: int = 0
    curves: list[dict[str, Any]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)


def train(
    reranker: Trainable,
    examples: Sequence[Example],
    dev: Sequence[Example],
    output: Path,
    settings: Settings,
    *,
    overwrite: bool = False,
    progress: bool = False,
    on_step: Callable[[int], None] | None = None,
) -> list[dict[str, Any]]:
    """Train a reranker; an interrupted run with the same settings and data goes on.

    Args:
        reranker: What to train; afterwards it is in its last state, the best one is on disk.
        examples: Training rows.
        dev: Rows that choose the best state.
        output: Folder for ``best/``, ``curves.json``, ``curves.html`` and the state.
        settings: How to train.
        overwrite: Whether a run with other settings or data makes place for this one.
        progress: Whether to show a progress bar on a terminal.
        on_step: Called after each step with its number.

    Returns:
        The curves (see ``Progress``).

    Raises:
        BelError: There is nothing to train or evaluate on, the folder holds another run or
            another process writes to it, or it cannot be written.
    """
    run = _Run(reranker, examples, dev, output, settings)
    with only_one(output):
        run.start(overwrite=overwrite)
        bar = tqdm(
            total=run.steps,
            initial=run.progress.step,
            unit="step",
            desc="training",
            disable=None if progress else True,
        )
        _finish(run, bar, on_step)
    return run.progress.curves


def _finish(run: _Run, bar: Any, on_step: Callable[[int], None] | None) -> None:
    """Take all steps that are left."""
    size = run.settings.batch_size
    with bar:
        for epoch, count in enumerate(run.plan):
            first = sum(run.plan[:epoch])
            if run.progress.step >= first + count:
                continue
            targets = run.draw(epoch)
            while run.progress.step < first + count and not run.is_over:
                begin = (run.progress.step - first) * size
                run.step(targets[begin : begin + size])
                run.evaluate_if_due(epoch, is_last=run.progress.step == first + count)
                bar.update()
                if on_step is not None:
                    on_step(run.progress.step)


def _offered(rows: Sequence[Example], most: int) -> Sequence[Example]:
    """Rows with as many candidates as will be offered: NIL is right where the gold is none."""
    return [replace(row, offers=row.offers[:most]) for row in rows] if most else rows


class _Run:
    """One training run: what is drawn, where it stands, what it keeps."""

    def __init__(
        self,
        reranker: Trainable,
        examples: Sequence[Example],
        dev: Sequence[Example],
        output: Path,
        settings: Settings,
    ) -> None:
        self.reranker = reranker
        self.examples = _offered(examples, reranker.most)
        # As it will be used: a candidate that is never ranked is no hit, and reading it takes time.
        self.dev = _offered(dev, reranker.ranked)
        self.output, self.settings = output, settings
        self.progress = Progress()
        self.plan = [
            math.ceil(len(self.draw(epoch)) / settings.batch_size)
            for epoch in range(settings.epochs)
        ]
        self.steps = sum(self.plan)
        if not self.steps:
            raise Errors.B912(what="training")
        if not any(accountable(example) for example in dev):
            raise Errors.B912(what="dev")
        self._optimiser: Optimiser | None = None

    @property
    def optimiser(self) -> Optimiser:
        """The optimiser, made when the scale of the features is known."""
        if self._optimiser is None:
            rates = self.settings.rates
            self._optimiser = Optimiser(self.reranker.modules(), rates, self.steps)
        return self._optimiser

    @property
    def is_over(self) -> bool:
        """Whether patience is at an end."""
        patience = self.settings.patience
        return bool(patience) and self.progress.stale >= patience

    def draw(self, epoch: int) -> list[Target]:
        """The questions of an epoch."""
        return draw(self.examples, self.settings.sampling, f"{self.settings.seed}/{epoch}")

    def start(self, *, overwrite: bool = False) -> None:
        """Begin, or go on where an earlier run was interrupted."""
        path = self.output / _STATE
        first = [target.question for target in self.draw(0)]
        self.reranker.fit_scale(first)
        state = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        is_same = state.get("schema") == SCHEMA and state.get("run") == self._digest
        if state and not is_same and not overwrite:
            raise Errors.B913(path=self.output)
        if not is_same:
            self.evaluate(0)
            return
        self.progress = Progress(**state["progress"])
        self.optimiser.load(self.output / state["tensors"])

    def step(self, targets: Sequence[Target]) -> None:
        """Learn from some questions."""
        size = self.settings.micro_batch or len(targets)
        loss = 0.0
        for begin in range(0, len(targets), size):
            own = targets[begin : begin + size]
            logits = self.reranker.logits([target.question for target in own])
            part = listwise(logits, own) * (len(own) / len(targets))
            part.backward()
            loss += float(part.detach())
        self.optimiser.step(self.progress.step)
        self.progress.losses.append(loss)
        self.progress.step += 1

    def evaluate_if_due(self, epoch: int, *, is_last: bool) -> None:
        """Evaluate and keep the state, where it is time to."""
        every = self.settings.eval_every
        if (self.progress.step % every == 0) if every else is_last:
            self.evaluate(epoch + 1)

    def evaluate(self, epoch: int) -> None:
        """Evaluate on dev, keep the best model and the state."""
        state = self.progress
        accuracy, loss = dev_scores(self.reranker, self.dev)
        losses = state.losses
        state.curves.append(
            {
                "step": state.step,
                "epoch": epoch,
                "loss": sum(losses) / len(losses) if losses else None,
                "dev": {"acc@1": accuracy, "loss": loss},
            }
        )
        state.losses = []
        state.stale += 1
        if accuracy > state.best:
            state.best, state.stale = accuracy, 0
            self._keep_best()
        write_curves(state.curves, self.output)
        self._save()

    def _keep_best(self) -> None:
        """Put the model in place of the best one: never half of it is there."""
        new, best = self.output / f".{BEST}.new", self.output / BEST
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        self.reranker.to_disk(new)
        shutil.rmtree(best, ignore_errors=True)
        new.replace(best)

    def _save(self) -> None:
        name = f"state-{self.progress.step}.safetensors"
        self.optimiser.save(self.output / name)
        content = {
            "schema": SCHEMA,
            "run": self._digest,
            "tensors": name,
            "progress": asdict(self.progress),
        }
        with replacing(self.output / _STATE, Errors.B914) as beside:
            beside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        for old in self.output.glob("state-*.safetensors"):
            if old.name != name:
                old.unlink()

    @cached_property
    def _digest(self) -> str:
        """What tells this run from another one in the same folder."""
        digest = sha256(json.dumps(asdict(self.settings), sort_keys=True).encode())
        for example in (*self.examples, *self.dev):
            digest.update(to_line(example).encode())
        return digest.hexdigest()
