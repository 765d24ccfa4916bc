"""What rerankers with a language model cost, side by side.

    python -m benchmarks.llm_rerankers --sample [--mentions N] [--repeat N] [--model DIR | --tiny]

Without --model the model has the architecture of Qwen3-0.6B and random weights, which take as long
as trained ones, and a tokenizer trained on the prompts: no accuracy is measured here. The sides
take turns in one process; ratios are those of the best round of each.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tqdm import tqdm

from benchmarks import retrieval
from benchmarks.common import Workbench, machine, parser, table, workbench
from spacy_bel.corpora.docs import gold_spans
from spacy_bel.reranking.causal import CausalLM
from spacy_bel.reranking.pointwise import PointwiseLLM
from spacy_bel.reranking.prompt import PairBuilder, PromptBuilder, Shot
from spacy_bel.reranking.setwise import SetwiseLLM
from spacy_bel.reranking.tokens import TokenPrompt
from spacy_bel.types import Candidate, Mention

CANDIDATES = 10

SHOTS = 4

QWEN3_06B = {
    "vocab_size": 151936,
    "hidden_size": 1024,
    "intermediate_size": 3072,
    "num_hidden_layers": 28,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "tie_word_embeddings": True,
    "max_position_embeddings": 40960,
}

TINY = {
    "vocab_size": 4096,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 4096,
}

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n\n</think>\n\n"
    "{% endif %}"
)

Questions = list[tuple[Mention, list[Candidate]]]


@dataclass(frozen=True, slots=True)
class Side:
    """One way to answer all questions.

    Args:
        name: What the table calls it.
        answer: Answers them, with nothing remembered from before but the shared prefix.
        tokens: Tokens that it reads for one mention, on average.
    """

    name: str
    answer: Callable[[], object]
    tokens: float


def questions(bench: Workbench, sample: bool, count: int) -> tuple[Questions, Questions]:
    """Gold mentions with their ten best candidates: to ask about, and to show as examples."""
    corpus, vocabulary = (
        (retrieval.SAMPLE_DEV, retrieval.SAMPLE_KB)
        if sample
        else (retrieval.NCBI_DEV, retrieval.CTD)
    )
    linker: Any = bench.pipeline(bench.kb(vocabulary)).get_pipe("bel_linker")
    docs = bench.docs(corpus)
    found = linker.candidates(docs, [gold_spans(doc) for doc in docs])
    every = {
        (mention.text, mention.context): (mention, candidates[:CANDIDATES])
        for own in found
        for mention, candidates in own
        if len(candidates) >= CANDIDATES
    }
    distinct = list(every.values())
    if len(distinct) < count + SHOTS:
        raise SystemExit(f"Only {len(distinct)} mentions have {CANDIDATES} candidates.")
    return distinct[SHOTS : SHOTS + count], distinct[:SHOTS]


def make_model(folder: Path, texts: Sequence[str], settings: dict[str, Any]) -> None:
    """Write a model of random weights in bfloat16, and a tokenizer."""
    import torch
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=4000, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    trained.train_from_iterator(texts, trainer)
    make: Any = transformers.PreTrainedTokenizerFast
    tokenizer = make(
        tokenizer_object=trained,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=special,
    )
    tokenizer.chat_template = CHATML
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        model = transformers.Qwen3ForCausalLM(transformers.Qwen3Config(**settings))
    finally:
        torch.set_default_dtype(before)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


class Sides:
    """The sides of each comparison, all with one model.

    Args:
        model: Its folder.
        asked: What is asked about.
        shown: What is shown as examples.
    """

    def __init__(self, model: str, asked: Questions, shown: Questions) -> None:
        self.lm = CausalLM(model)
        self.asked = asked
        self.builder = PromptBuilder()
        shots = tuple(Shot(mention, tuple(own), 0) for mention, own in shown)
        self.with_shots = replace(self.builder, shots=shots)
        self.pairs = PairBuilder()

    def all(self) -> list[list[Side]]:
        """Each comparison."""
        encode, encode_pairs = self.lm.encoder.encode, self.lm.encoder.encode_pairs
        plain = [encode(self.builder.build(*question)) for question in self.asked]
        shots = [encode(self.with_shots.build(*question)) for question in self.asked]
        pairs = [prompt for own in self.asked for prompt in encode_pairs(self.pairs, *own)]
        setwise = self._reranker("set-wise", SetwiseLLM(self.lm, self.builder), plain)
        pointwise = PointwiseLLM(self.lm, self.pairs)
        return [
            [
                setwise,
                self._passes("point-wise, a pass for each candidate", pairs, batch=1),
                self._reranker("point-wise, in batches and with prefix", pointwise, pairs),
            ],
            [
                self._passes("4 examples, prefix computed once", shots, prefix=True),
                self._passes("4 examples, without", shots),
            ],
            [
                setwise,
                self._passes("set-wise, without prefix", plain),
                Side("DecisionPipeline, same prompts", self._pipeline(), self._mean(plain)),
            ],
        ]

    def _reranker(
        self, name: str, reranker: SetwiseLLM | PointwiseLLM, prompts: Sequence[TokenPrompt]
    ) -> Side:
        mentions, candidates = zip(*self.asked, strict=True)

        def answer() -> object:
            self.lm.forget(prefixes=False)
            return reranker.rerank(mentions, candidates)

        return Side(name, answer, self._mean(prompts, prefix=True))

    def _passes(
        self, name: str, prompts: Sequence[TokenPrompt], *, batch: int = 16, prefix: bool = False
    ) -> Side:
        given = prompts if prefix else [replace(prompt, shared=0) for prompt in prompts]

        def answer() -> object:
            self.lm.forget(prefixes=False)
            self.lm.batch_size = batch
            try:
                return self.lm.logits(given)
            finally:
                self.lm.batch_size = 16

        return Side(name, answer, self._mean(prompts, prefix=prefix))

    def _pipeline(self) -> Callable[[], object]:
        """The library's own pipeline on the same model and the same text."""
        import transformers
        from transformers.decision import DecisionConfig

        decide = transformers.pipeline(
            "decision",
            model=self.lm.model,
            tokenizer=self.lm.encoder.tokenizer,
            decision_config=DecisionConfig(
                chat_template="{{ state }}", sanitize_control_tokens=False
            ),
        )
        requests = []
        for question in self.asked:
            prompt = self.builder.build(*question)
            criteria = dict.fromkeys((*prompt.letters, prompt.nil_letter))
            asked = {"link": {"type": "choice", "criteria": criteria}}
            requests.append({"state": self.lm.encoder.text(prompt), "questions": asked})
        return partial(_each, decide, requests)

    def _mean(self, prompts: Sequence[TokenPrompt], *, prefix: bool = False) -> float:
        """Tokens to read for one mention."""
        read = sum(len(prompt.ids) - prefix * prompt.shared for prompt in prompts)
        return read / len(self.asked)


def _each(function: Callable[[Any], object], items: Sequence[Any]) -> list[object]:
    return [function(item) for item in items]


def measure(compared: Sequence[Side], repeat: int, count: int) -> list[list[str]]:
    """Rows of the table; the first side is what the others are compared with."""
    best = dict.fromkeys((side.name for side in compared), float("inf"))
    for _ in range(repeat):
        for side in compared:
            begin = time.perf_counter()
            side.answer()
            best[side.name] = min(best[side.name], time.perf_counter() - begin)
    first = best[compared[0].name]
    return [
        [
            side.name,
            f"{side.tokens:.0f}",
            f"{1000 * best[side.name] / count:.1f}",
            f"{best[side.name] / first:.2f}",
        ]
        for side in compared
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = parser(__doc__.partition("\n")[0])
    options.add_argument("--mentions", type=int, default=16, metavar="N", help="default: 16")
    options.add_argument("--repeat", type=int, default=2, metavar="N", help="rounds (default: 2)")
    options.add_argument("--model", metavar="DIR", help="a model of your own")
    options.add_argument("--tiny", action="store_true", help="a model of two small layers")
    given = options.parse_args(arguments)
    with workbench(given) as bench, contextlib.ExitStack() as stack:
        asked, shown = questions(bench, given.sample, given.mentions)
        model, name = given.model, given.model
        if model is None:
            model = stack.enter_context(TemporaryDirectory())
            texts = [PromptBuilder().build(*question).plain for question in asked + shown]
            make_model(Path(model), [*texts, "yes no"], TINY if given.tiny else QWEN3_06B)
            name = "two small layers" if given.tiny else "Qwen3-0.6B, random weights"
        header = ["", "tokens", "ms", "times the first"]
        for compared in tqdm(Sides(model, asked, shown).all(), unit="table", disable=None):
            print(
                table(header, measure(compared, given.repeat, len(asked)), "lrrr") + "\n",
                flush=True,
            )
    print(f"For each of {given.mentions} mentions with {CANDIDATES} candidates; {name}.\n")
    print(machine("torch", "transformers"))


if __name__ == "__main__":
    main()
