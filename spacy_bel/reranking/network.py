"""The network of a cross-encoder, and what it starts with: the retriever's order.

The logit of a candidate is ``w * score - rank_cost * rank + f(numbers) + g(text)``. ``f`` and
``g`` end in layers that are zero at the start, so an untrained network ranks exactly as the
retriever does, and training can only build on that. ``f`` sees each number as it is and by how
much it is behind the best candidate's. Where the retriever is sure, what is learned may take from
the first candidate's probability, but not its place: a few thousand mentions teach too little to
overrule a name that matches. Of composites nothing is learned from data that have none. NIL is
one more option, whose logit is learned from what the best candidates look like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_bel.extras import load
from spacy_bel.reranking.compare import COMPARED, NameEncoder
from spacy_bel.reranking.encoding import CONTEXT, MENTION, TokenSequence
from spacy_bel.reranking.features import FEATURES, features
from spacy_bel.reranking.questions import Question

PRIOR_WEIGHT = 20.0
"""What the retriever's score counts at the start."""

NIL_SCORE = 0.5
"""Score of retrieval that NIL is worth at the start."""

RANK_COST = 0.02
"""What each place in the retriever's order costs: it breaks ties, and is not learned."""

NUMBERS = (*FEATURES, *COMPARED)
"""Names of all numbers that the network sees."""

_RULES = [NUMBERS.index(name) for name in ("composite", "cause")]

_LEAST_VARIANCE = 1e-2

_HIDDEN = 32

_BATCH_TOKENS = 8192
"""Tokens, filling included, in one pass of inference."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a batch of questions, filled up with zeros.

    Args:
        values: Features, (questions, most candidates, features).
        is_candidate: Which are there, (questions, most candidates).
    """

    values: Any
    is_candidate: Any


def make_modules(encoder: Any, hidden_size: int) -> Any:
    """The parts of the network that are learned.

    Args:
        encoder: A transformer; None for a network of numbers alone.
        hidden_size: The size of its hidden states.

    Returns:
        A ``torch.nn.ModuleDict``.
    """
    torch = load("torch", "dense")
    nn = torch.nn
    modules = nn.ModuleDict()
    if encoder is not None:
        modules["encoder"] = encoder
        modules["text"] = _two_layers(2 * hidden_size, hidden_size // 4)
    modules["numbers"] = _two_layers(2 * len(NUMBERS), _HIDDEN)
    modules["nil"] = nn.Linear(2 * len(NUMBERS), 1)
    nn.init.zeros_(modules["nil"].weight)
    nn.init.zeros_(modules["nil"].bias)
    weights = {"prior": PRIOR_WEIGHT, "nil": NIL_SCORE * PRIOR_WEIGHT}
    modules["weights"] = nn.ParameterDict(
        {name: nn.Parameter(torch.tensor(value)) for name, value in weights.items()}
    )
    modules["scale"] = nn.BatchNorm1d(len(NUMBERS), affine=False)
    modules["scale"].requires_grad_(False).eval()
    return modules


def _two_layers(inputs: int, hidden: int) -> Any:
    torch = load("torch", "dense")
    last = torch.nn.Linear(hidden, 1)
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.zeros_(last.bias)
    return torch.nn.Sequential(torch.nn.Linear(inputs, hidden), torch.nn.GELU(), last)


def fit_scale(modules: Any, questions: Sequence[Question], names: NameEncoder | None) -> None:
    """Take mean and variance of the numbers from training data.

    Args:
        modules: The network.
        questions: What it will be trained on.
        names: Compares names, or None.
    """
    torch = load("torch", "dense")
    rows = [row for row in _numbers(questions, names) if len(row)]
    values = torch.from_numpy(np.concatenate(rows))
    modules["scale"].running_mean.copy_(values.mean(0))
    # A number that never varies must not blow up when it does.
    modules["scale"].running_var.copy_(values.var(0, unbiased=False) + _LEAST_VARIANCE)


def make_numbers(questions: Sequence[Question], names: NameEncoder | None, device: Any) -> Numbers:
    """The numbers of a batch as tensors.

    Args:
        questions: What is asked.
        names: Compares names, or None.
        device: Where the tensors go.
    """
    torch = load("torch", "dense")
    own = _numbers(questions, names)
    most = max(map(len, own), default=0)
    values = np.zeros((len(own), most, len(NUMBERS)), np.float32)
    is_candidate = np.zeros((len(own), most), bool)
    for row, found in enumerate(own):
        values[row, : len(found)] = found
        is_candidate[row, : len(found)] = True
    return Numbers(torch.from_numpy(values).to(device), torch.from_numpy(is_candidate).to(device))


def _numbers(questions: Sequence[Question], names: NameEncoder | None) -> list[NDArray[np.float32]]:
    counted = [features(question) for question in questions]
    if names is None:
        return [np.pad(own, ((0, 0), (0, len(COMPARED)))) for own in counted]
    compared = names.compare(questions)
    return [np.concatenate(pair, axis=1) for pair in zip(counted, compared, strict=True)]


def option_logits(modules: Any, numbers: Numbers, text: Any, sure: Sequence[bool]) -> Any:
    """The logits of all options.

    Args:
        modules: The network.
        numbers: The features.
        text: What ``read`` gave for all candidates of the batch, one after another; None
            where the network reads no text.
        sure: For each question, whether the first candidate keeps its place.

    Returns:
        (questions, most candidates + 1): NIL last, minus infinity where there is no candidate.
    """
    torch = load("torch", "dense")
    values, there = numbers.values, numbers.is_candidate
    weights = modules["weights"]
    if not values.shape[1]:
        return weights["nil"] + modules["nil"](values.new_zeros((len(values), 2 * values.shape[2])))
    scaled = torch.zeros_like(values)
    scaled[there] = modules["scale"](values[there])
    best = scaled.masked_fill(~there[..., None], -torch.inf).amax(1)
    best = best.masked_fill(~there.any(1, keepdim=True), 0.0)
    both = torch.cat([scaled, scaled - best[:, None]], dim=2)
    found = modules["numbers"](both[there])[:, 0]
    if text is not None:
        found = found + modules["text"](text)[:, 0]
    learned = values.new_zeros(there.shape).masked_scatter(there, found)
    is_sure = torch.tensor(list(sure), device=values.device)[:, None]
    learned = torch.where(is_sure, torch.minimum(learned, learned[:, :1]), learned)
    learned = learned.masked_fill(_is_unknown(modules, values)[:, None], 0.0)
    ranks = torch.arange(values.shape[1], device=values.device)
    logits = weights["prior"] * values[..., 0] - RANK_COST * ranks + learned
    logits = logits.masked_fill(~there, -torch.inf)
    nil = weights["nil"] + modules["nil"](torch.cat([scaled[:, 0], best], dim=1))
    return torch.cat([logits, nil], dim=1)


def _is_unknown(modules: Any, values: Any) -> Any:
    """Which questions are about what training never showed: they are left in their order.

    Teachers are not asked about composites and none are synthesised, nor does a text that blames
    drugs stand around synthesised mentions. What is learned of other mentions is wrong for them:
    that a name with more words is worse than a part that matches, or than a name that matches
    exactly and does not say what the cause is.
    """
    has_none = modules["scale"].running_var[_RULES] < 1.001 * _LEAST_VARIANCE
    return ((values[..., _RULES] > 0).any(1) & has_none).any(1)


def read(
    modules: Any, sequences: Sequence[TokenSequence], candidates: int, *, positions: bool, pad: int
) -> Any:
    """Let the encoder read.

    Args:
        modules: The network.
        sequences: The inputs of one batch.
        candidates: How many candidates the batch has.
        positions: Whether the encoder takes positions.
        pad: The token to fill up with.

    Returns:
        For each candidate the mean of its hidden states, and this times the mean of the
        mention's: (candidates, 2 * hidden size), float32.
    """
    torch = load("torch", "dense")
    encoder = modules["encoder"]
    device = next(encoder.parameters()).device
    chunks = [
        _read_chunk(encoder, chunk, positions=positions, pad=pad, device=device)
        for chunk in _chunks(sequences)
    ]
    order = torch.tensor([owner for _, owners in chunks for owner in owners], device=device)
    found = torch.cat([values for values, _ in chunks])
    result = found.new_zeros((candidates, found.shape[1]))
    return result.index_copy(0, order, found)


def _chunks(sequences: Sequence[TokenSequence]) -> list[list[TokenSequence]]:
    """Sequences of like length together, so that little is filled up."""
    chunks: list[list[TokenSequence]] = []
    for sequence in sorted(sequences, key=lambda each: len(each.ids)):
        if chunks and len(sequence.ids) * (len(chunks[-1]) + 1) <= _BATCH_TOKENS:
            chunks[-1].append(sequence)
        else:
            chunks.append([sequence])
    return chunks


def _read_chunk(
    encoder: Any, chunk: Sequence[TokenSequence], *, positions: bool, pad: int, device: Any
) -> tuple[Any, list[int]]:
    torch = load("torch", "dense")
    length = max(len(sequence.ids) for sequence in chunk)
    ids = torch.full((len(chunk), length), pad)
    places = torch.zeros_like(ids)
    mask = torch.zeros_like(ids)
    owners = torch.full_like(ids, CONTEXT)
    for row, sequence in enumerate(chunk):
        size = len(sequence.ids)
        ids[row, :size] = torch.tensor(sequence.ids)
        places[row, :size] = torch.tensor(sequence.positions)
        mask[row, :size] = 1
        owners[row, :size] = torch.tensor(sequence.owners)
    settings = {"position_ids": places.to(device)} if positions else {}
    hidden = encoder(
        input_ids=ids.to(device), attention_mask=mask.to(device), **settings
    ).last_hidden_state.float()
    owners = owners.to(device)
    of_mention = _mean(hidden, owners == MENTION)
    rows, numbers = [], []
    for row, sequence in enumerate(chunk):
        for owner in dict.fromkeys(owner for owner in sequence.owners if owner >= 0):
            rows.append(row)
            numbers.append(owner)
    row_of = torch.tensor(rows, device=device)
    is_own = owners[row_of] == torch.tensor(numbers, device=device)[:, None]
    of_candidate = _mean(hidden[row_of], is_own)
    return torch.cat([of_candidate, of_candidate * of_mention[row_of]], dim=1), numbers


def _mean(hidden: Any, mask: Any) -> Any:
    weights = mask.to(hidden.dtype)
    total = (hidden * weights[..., None]).sum(1)
    return total / weights.sum(1, keepdim=True).clamp(min=1)
