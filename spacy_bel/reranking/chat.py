"""Reranking by a language model behind an address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from spacy_bel.errors import Errors
from spacy_bel.llm.model import LanguageModel
from spacy_bel.reranking.chat_modes import MODES
from spacy_bel.reranking.chat_questions import Mode, Question, Reading, mention_label
from spacy_bel.reranking.letters import Problem, Unusable
from spacy_bel.reranking.prompt import MAX_OPTIONS, PromptBuilder, shuffled_order
from spacy_bel.types import Candidate, Mention, Ranking

AUTO = "auto"
"""The mode that stands for the first of ``MODES`` that the server offers."""

_PROBES = 3
"""Mentions that are tried in all modes: one alone may be what the server does not answer."""

_Values = tuple[dict[int | None, float], bool]
"""A value for each candidate's number, or None for NIL, and whether they are probabilities."""


class ChatReranker:
    """Asks a language model for one option per mention, after BeLink (Shlyk et al. 2026).

    The values are ``probability`` where the server gives probabilities, the shares of ``votes``
    where it is asked several times (self-consistency, Wang et al. 2023), and else a bare
    ``choice``. A mention whose answer cannot be used has an ``error``; ``failures`` counts them.

    Args:
        llm: The model.
        builder: Makes prompts.
        mode: How to ask: one of ``MODES``, or ``auto`` for the first of them that the server
            offers, which is found out with the first mention.
        options: Most candidates that are offered, up to ``MAX_OPTIONS``; those behind them get
            no value.
        votes: How often each mention is asked about, each time with the options in another
            order. Probabilities are averaged.

    Raises:
        BelError: A setting is out of range.
    """

    def __init__(
        self,
        llm: LanguageModel,
        builder: PromptBuilder,
        *,
        mode: str = AUTO,
        options: int = 10,
        votes: int = 1,
    ) -> None:
        if mode != AUTO and mode not in MODES:
            raise Errors.B737(setting="mode", value=mode, allowed=", ".join((AUTO, *MODES)))
        if not 1 <= options <= MAX_OPTIONS:
            raise Errors.B737(setting="options", value=options, allowed=f"1 to {MAX_OPTIONS}")
        if votes < 1:
            raise Errors.B737(setting="votes", value=votes, allowed="1 or more")
        self.llm = llm
        self.builder = builder
        self.options = options
        self.votes = votes
        self.failures: Counter[Problem] = Counter()
        self._mode = mode

    @property
    def prompt_version(self) -> str:
        """The version of the prompts that it asks."""
        return self.builder.version

    @property
    def mode(self) -> str:
        """How it asks; ``auto`` until the server has been asked."""
        return self._mode

    def rerank(
        self, mentions: Sequence[Mention], candidates: Sequence[Sequence[Candidate]]
    ) -> list[Ranking]:
        """For each mention, a Ranking aligned with its candidates.

        Args:
            mentions: The mentions.
            candidates: What may be meant, best first.

        Returns:
            The rankings, in the order of the mentions.

        Raises:
            BelError: The key or the price of the model is missing, the budget might be passed,
                or the server refuses all requests.
        """
        return self.rerank_samples(mentions, candidates, [0] * len(mentions))

    def rerank_samples(
        self,
        mentions: Sequence[Mention],
        candidates: Sequence[Sequence[Candidate]],
        samples: Sequence[int],
    ) -> list[Ranking]:
        """As ``rerank``, where the same mention may be asked about several times.

        Args:
            mentions: The mentions.
            candidates: What may be meant, in the order in which it is shown.
            samples: Which of several answers to the same question each one is, counted from 0:
                a model that is not deterministic is asked anew for each.

        Returns:
            The rankings, in the order of the mentions.

        Raises:
            BelError: As for ``rerank``.
        """
        asked: dict[str, Question] = {}
        places: dict[str, int] = {}
        every = zip(mentions, candidates, samples, strict=True)
        for place, (mention, offered, sample) in enumerate(every):
            for question in self._questions(place, mention, offered, sample):
                asked[question.key] = question
                places[question.key] = place
        readings: list[list[_Values]] = [[] for _ in mentions]
        problems: dict[int, str] = {}
        for key, found in self._answers(asked):
            if isinstance(found, Unusable):
                self.failures[found.kind] += 1
                problems[places[key]] = found.message
            else:
                readings[places[key]].append(_by_candidate(found, asked[key]))
        return [
            self._ranking(len(offered), readings[place], problems.get(place))
            for place, offered in enumerate(candidates)
        ]

    def _questions(
        self, place: int, mention: Mention, candidates: Sequence[Candidate], sample: int
    ) -> Iterator[Question]:
        """The prompts about one mention; none where nothing is offered."""
        shown = candidates[: self.options]
        if not shown:
            return
        label = mention_label(mention)
        for vote in range(self.votes):
            order = shuffled_order(len(shown), vote) if vote else None
            prompt = self.builder.build(mention, shown, order)
            number = 0 if self.llm.is_deterministic else sample * self.votes + vote
            labels = {"sample": number, "mention": label}
            yield Question(f"{label}:{place}:{vote}", prompt, shown, labels)

    def _answers(self, asked: Mapping[str, Question]) -> Iterator[tuple[str, Reading | Unusable]]:
        """What the server says to each question, by key, as it arrives."""
        if not asked:
            return
        mode = self._find_mode(asked.values())
        requests = [mode.request(self.llm, question) for question in asked.values()]
        for answer in self.llm.ask(requests):
            if answer.response is None:
                yield answer.key, Unusable("no answer", message=answer.error)
                continue
            try:
                yield answer.key, mode.read(answer.response, asked[answer.key])
            except Unusable as problem:
                yield answer.key, problem

    def _find_mode(self, questions: Iterable[Question]) -> Mode:
        """The configured mode, or the first that the server offers."""
        if self._mode != AUTO:
            return MODES[self._mode]
        for question in islice(questions, _PROBES):
            for name, mode in MODES.items():
                if self._is_offered(mode, question):
                    self._mode = name
                    return mode
        return MODES["letter"]

    def _is_offered(self, mode: Mode, question: Question) -> bool:
        answer = self.llm.ask_one(mode.request(self.llm, question))
        if answer.response is not None:
            return mode.is_offered(answer.response)
        if answer.status is None or answer.status in (401, 403, 429):
            address = self.llm.client.address
            raise Errors.B743(address=address, reason=answer.error, modes=", ".join(MODES))
        return False

    def _ranking(self, count: int, readings: Sequence[_Values], problem: str | None) -> Ranking:
        """The mean of what was said about one mention's candidates."""
        if not count:
            return Ranking((), 1.0, "choice")
        usable = len(readings)
        if 2 * usable < self.votes:
            if self.votes > 1:
                problem = str(Errors.B741(usable=usable, votes=self.votes, problem=problem))
            return Ranking((0.0,) * count, kind="choice", error=problem)
        *probs, nil = (
            sum(values.get(number, 0.0) for values, _ in readings) / usable
            for number in (*range(count), None)
        )
        if all(is_probability for _, is_probability in readings):
            return Ranking(tuple(probs), nil, "probability")
        return Ranking(tuple(probs), nil, "votes" if self.votes > 1 else "choice")


def _by_candidate(reading: Reading, question: Question) -> _Values:
    prompt = question.prompt
    values = {prompt.candidate_of(letter): value for letter, value in reading.values.items()}
    return values, reading.is_probability
