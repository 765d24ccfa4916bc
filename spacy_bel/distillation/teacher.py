"""A teacher: any reranker that a config names, and how it is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from spacy.util import load_config, registry

from spacy_bel.distillation.shots import FewShotBuilder
from spacy_bel.errors import BelError, Errors
from spacy_bel.kb.store import Store
from spacy_bel.llm.model import LanguageModel
from spacy_bel.protocols import Reranker
from spacy_bel.reranking.prompt import MAX_OPTIONS, PromptBuilder
from spacy_bel.reranking.prompt.shots import read_shots

_BLOCKS = ("paths", "teacher", "reranker")
_LLM = "spacy-bel.LLM.v1"


@dataclass(frozen=True, slots=True)
class Teaching:
    """How a teacher is asked.

    Args:
        kb: Directory of the knowledge base of the rows.
        source: What the labels call the teacher; its model's name where empty.
        candidates: Most candidates that are offered, the best ones.
        questions: How often each mention is asked about, each time with the candidates in
            another order (self-consistency, Wang et al. 2023); more than once only with a
            reranker that lists them in a prompt.
        shots: Annotated rows that are shown as worked examples, or None.
        shot_count: How many of them are shown; 0 for all.
        nearest: Whether each mention is shown those nearest to it, and not all the same.
    """

    kb: str
    source: str = ""
    candidates: int = 10
    questions: int = 1
    shots: str | None = None
    shot_count: int = 4
    nearest: bool = True

    def __post_init__(self) -> None:
        """Refuse settings out of range."""
        allowed = {"candidates": (1, MAX_OPTIONS), "questions": (1, 100), "shot_count": (0, 100)}
        for setting, (least, most) in allowed.items():
            if not least <= (value := getattr(self, setting)) <= most:
                reason = f"{setting} is {value}; allowed: {least} to {most}"
                raise ValueError(reason)


@dataclass(frozen=True, slots=True)
class Teacher:
    """A reranker over its knowledge base, ready to be asked.

    Args:
        reranker: The reranker.
        store: The knowledge base.
        teaching: How it is asked.
        source: What labels call it.
        settings: A digest of all that its answers depend on.
        models: The language models behind an address that it asks.
    """

    reranker: Reranker
    store: Store
    teaching: Teaching
    source: str
    settings: str
    models: tuple[LanguageModel, ...] = field(default=())

    @property
    def prompt(self) -> str:
        """The version of its prompts; empty where it has none."""
        builder = getattr(self.reranker, "builder", None)
        return str(getattr(builder, "version", ""))

    @property
    def has_prompt(self) -> bool:
        """Whether candidates are listed in a prompt, so that their order should not tell anything.

        Other rerankers count on the retriever's order.
        """
        return isinstance(getattr(self.reranker, "builder", None), PromptBuilder)

    @property
    def spent(self) -> float:
        """What its run has cost, calls under way included."""
        # Models may share a ledger and a run, which count once.
        runs = {(id(model.ledger), model.ledger.run): model.ledger for model in self.models}
        return sum(ledger.spent for ledger in runs.values())


def read_teacher(
    path: Path,
    overrides: Mapping[str, Any] | None = None,
    *,
    answers: Path | None = None,
    budget: float | None = None,
) -> Teacher:
    """Read a teacher's config.

    Args:
        path: A file in spaCy's format with the blocks ``[teacher]`` (see ``Teaching``) and
            ``[reranker]``.
        overrides: Values in place of those in the file, such as ``{"teacher.questions": 3}``.
        answers: An SQLite file for cache and ledger of language models for which the config
            names none, so that a run can be resumed; they get its name as that of their run.
        budget: What language models may cost in place of what the config says; None for that.

    Returns:
        The teacher.

    Raises:
        BelError: The config cannot be read, a block or a setting is missing or unknown, or there
            is no such knowledge base.
    """
    try:
        config = load_config(path, overrides=dict(overrides or {}), interpolate=True)
        unknown = set(config) - set(_BLOCKS)
        if unknown:
            raise ValueError(f"unknown block {', '.join(sorted(unknown))}")
        teaching = Teaching(**config["teacher"])
        digest = sha256(json.dumps(_lasting(config), sort_keys=True).encode()).hexdigest()
        for block in _models_of(config["reranker"]):
            if answers is not None:
                for part in ("cache", "ledger"):
                    block[part] = block.get(part) or str(answers)
                block["run"] = block.get("run") or answers.name
            if budget is not None:
                block["budget"] = budget
        make = registry.resolve({"reranker": config["reranker"]})["reranker"]
    except BelError:
        raise
    except KeyError as error:
        raise Errors.B807(path=path, reason=f"it lacks {error}.") from error
    except (OSError, ValueError, TypeError) as error:
        raise Errors.B807(path=path, reason=error) from error
    store = Store(teaching.kb)
    reranker = make(store)
    if teaching.shots:
        _show(reranker, teaching)
    models = tuple(holder.llm for holder in language_models(reranker))
    source = teaching.source or (models[0].model if models else type(reranker).__name__)
    teacher = Teacher(reranker, store, teaching, source, digest, models)
    if teaching.questions > 1 and not teacher.has_prompt:
        reason = f"{type(reranker).__name__} has no prompt in which options could be shuffled"
        raise Errors.B807(path=path, reason=f"teacher.questions must be 1: {reason}.")
    return teacher


def language_models(part: Any) -> Iterator[Any]:
    """The rerankers that ask a language model behind an address: a cascade may hold several.

    Args:
        part: A reranker.

    Yields:
        Objects with an attribute ``llm``.
    """
    if isinstance(getattr(part, "llm", None), LanguageModel):
        yield part
    for step in getattr(part, "steps", {}).values():
        yield from language_models(step)


def _models_of(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The blocks of language models behind an address, however deep."""
    if block.get("@misc") == _LLM:
        yield block
    for value in block.values():
        if isinstance(value, dict):
            yield from _models_of(value)


def _lasting(config: Any) -> dict[str, Any]:
    """The config without what may change while the work goes on."""
    changing = {"base_url", "concurrency", "timeout", "attempts", "prices", "budget", "progress"}

    def kept(block: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: kept(value) if isinstance(value, Mapping) else value
            for key, value in block.items()
            if key not in changing
        }

    return kept({block: config[block] for block in ("teacher", "reranker")})


def _show(reranker: Any, teaching: Teaching) -> None:
    """Have a reranker show worked examples."""
    builder = getattr(reranker, "builder", None)
    if not isinstance(builder, PromptBuilder):
        raise Errors.B808(name=type(reranker).__name__)
    pool = read_shots(Path(str(teaching.shots)), teaching.candidates)
    count = teaching.shot_count or len(pool)
    if teaching.nearest:
        reranker.builder = FewShotBuilder.over(builder, pool, count)
    else:
        reranker.builder = replace(builder, shots=pool[:count])
