"""Training the encoder of a retriever: self-alignment on synonyms, or annotated mentions.

*Self-alignment* (SapBERT; Liu et al., 2021) needs no labels: names of one concept are drawn
together. *Mentions* draws annotated mentions to the names of their concepts; with *contexts* the
mention is read in its text, marked (the bi-encoder of RPDR). Hard negatives are names of other
concepts that the encoder itself finds near, and are mined again before every round.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from spacy_bel.devices import pick_device, pick_dtype
from spacy_bel.errors import Errors
from spacy_bel.extras import load
from spacy_bel.files import replacing
from spacy_bel.kb.store import Store
from spacy_bel.training.dev_recall import DevRecall
from spacy_bel.training.mining import mine
from spacy_bel.training.pairs import Annotated, Names, Pair
from spacy_bel.training.retriever_settings import RetrieverSettings
from spacy_bel.vectors.encoder import Encoder

BEST = "best"
"""Folder of the best encoder, in the output folder."""

CURVES = "curves.json"
_MODEL = "model"


class RetrieverTraining:
    """A training run, which goes on where it was interrupted.

    Args:
        store: The knowledge base whose names are learned.
        encoder: What training starts from.
        settings: How to train.
        output: The folder to write; ``best`` in it holds the best encoder.
        annotated: Mentions to learn from, for the objectives that need them.
        dev: Mentions to choose the best state by; none chooses the last.

    Raises:
        BelError: If the objective needs mentions and there are none, or the folder holds another
            run.
    """

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        settings: RetrieverSettings,
        output: Path,
        *,
        annotated: Sequence[Annotated] = (),
        dev: Sequence[Annotated] = (),
    ) -> None:
        if settings.objective != "synonyms" and not annotated:
            raise Errors.B951(objective=settings.objective)
        self.store = store
        self.encoder = encoder
        self.settings = settings
        self.output = output
        self.annotated = annotated
        self.context = settings.objective == "contexts"
        self._names = Names(store, languages=settings.languages, seed=settings.seed)
        self._dev = DevRecall(store, dev, encoder.settings, context=self.context) if dev else None
        self._claim()

    def _claim(self) -> None:
        """Mark the folder as this run's: another run in it cannot be gone on with."""
        told = json.dumps(
            [
                asdict(self.settings),
                self.encoder.describe(),
                self.store.checksum,
                len(self.annotated),
            ]
        )
        digest = sha256(told.encode()).hexdigest()
        path = self.output / "run.json"
        if path.exists():
            if json.loads(path.read_text(encoding="utf-8"))["run"] != digest:
                raise Errors.B952(path=self.output)
            return
        with replacing(path, Errors.B604) as beside:
            beside.write_text(json.dumps({"run": digest}), encoding="utf-8")

    def run(self) -> list[dict[str, Any]]:
        """Train, or finish what an interrupted run began.

        Returns:
            One entry per evaluation: ``round``, ``step``, ``recall@1`` and ``recall@20`` on dev.
        """
        encoder, best, curves = self.encoder, -1.0, []
        if self._dev:
            first = self._dev.measure(encoder)
            curves.append({"round": 0, "step": 0, **first})
            best = first["recall@1"]
            self._keep(encoder)
        for number in range(1, self.settings.rounds + 1):
            folder = self.output / f"round-{number}"
            if not (folder / CURVES).exists():
                self._round(encoder, number, folder)
            own = json.loads((folder / CURVES).read_text(encoding="utf-8"))
            curves += own
            encoder = encoder.moved(str(folder / _MODEL), checksum="")
            reached = max((entry["recall@1"] for entry in own), default=best)
            if not self._dev or reached > best:
                best = reached
                self._keep(encoder)
        with replacing(self.output / CURVES, Errors.B604) as beside:
            beside.write_text(json.dumps(curves, indent=1), encoding="utf-8")
        return curves

    def _keep(self, encoder: Encoder) -> None:
        """Make an encoder the best one."""
        beside = self.output / f".{BEST}"
        shutil.rmtree(beside, ignore_errors=True)
        encoder.save(beside)
        shutil.rmtree(self.output / BEST, ignore_errors=True)
        beside.rename(self.output / BEST)

    def _pairs(self, encoder: Encoder, number: int) -> list[Pair]:
        """The pairs of a round, with hard negatives where they are wanted."""
        random = np.random.default_rng((self.settings.seed, number))
        if self.settings.objective == "synonyms":
            pairs = list(self._names.synonym_pairs(random))
        else:
            pairs = list(self._names.mention_pairs(self.annotated, random, context=self.context))
        if self.settings.steps:
            pairs = pairs[: self.settings.steps * self.settings.batch_size]
        if not pairs:
            raise Errors.B954(kb=self.store.name)
        if self.settings.hard_negatives:
            pairs = mine(self.store, encoder, pairs, self.settings.hard_negatives, random)
        return pairs

    def _round(self, encoder: Encoder, number: int, folder: Path) -> None:
        """Train one round; its folder gets ``curves.json`` last."""
        dataset = load("datasets", "train").Dataset.from_dict(
            _columns(self._pairs(encoder, number), self.settings, encoder)
        )
        transformers = load("sentence_transformers", "train")
        model = _trainable(encoder, self.settings)
        trainer = transformers.SentenceTransformerTrainer(
            model=model,
            args=self._arguments(folder, len(dataset), number),
            train_dataset=dataset,
            loss=_loss(model, self.settings),
            evaluator=self._dev.evaluator() if self._dev else None,
        )
        trainer.train(resume_from_checkpoint=any(folder.glob("checkpoint-*")) or None)
        log = [entry for entry in trainer.state.log_history if "eval_recall@1" in entry]
        curves = [
            {
                "round": number,
                "step": entry["step"],
                "recall@1": entry["eval_recall@1"],
                "recall@20": entry["eval_recall@20"],
            }
            for entry in log
        ]
        (folder / _MODEL).mkdir(exist_ok=True)
        model[0].save(str(folder / _MODEL))
        with replacing(folder / CURVES, Errors.B604) as beside:
            beside.write_text(json.dumps(curves), encoding="utf-8")
        for checkpoint in folder.glob("checkpoint-*"):
            shutil.rmtree(checkpoint)

    def _arguments(self, folder: Path, rows: int, number: int) -> Any:
        settings = self.settings
        library = load("sentence_transformers.sentence_transformer.training_args", "train")
        device = pick_device(self.encoder.device)
        steps = -(-rows // settings.batch_size)
        every = max(1, steps // settings.evaluations)
        contrastive = settings.loss == "contrastive"
        samplers = library.BatchSamplers
        return library.SentenceTransformerTrainingArguments(
            output_dir=str(folder),
            num_train_epochs=1,
            per_device_train_batch_size=settings.batch_size,
            learning_rate=settings.learning_rate,
            warmup_steps=int(settings.warmup * steps),
            weight_decay=settings.weight_decay,
            seed=settings.seed + number,
            bf16=str(pick_dtype("auto", device)) == "torch.bfloat16",
            use_cpu=device.type == "cpu",
            batch_sampler=samplers.NO_DUPLICATES if contrastive else samplers.BATCH_SAMPLER,
            eval_strategy="steps" if self._dev else "no",
            eval_steps=every,
            save_strategy="steps",
            save_steps=every,
            save_total_limit=2,
            load_best_model_at_end=self._dev is not None,
            metric_for_best_model="eval_recall@1" if self._dev else None,
            greater_is_better=True,
            logging_steps=every,
            report_to="none",
        )


def _columns(
    pairs: Sequence[Pair], settings: RetrieverSettings, encoder: Encoder
) -> dict[str, list[Any]]:
    """The pairs as columns of a data set, the texts as the encoder reads them."""
    read = encoder.settings.text
    columns: dict[str, list[Any]] = {
        "anchor": [read(pair.anchor) for pair in pairs],
        "positive": [read(pair.positive) for pair in pairs],
    }
    for place in range(min(len(pair.negatives) for pair in pairs)):
        columns[f"negative_{place + 1}"] = [read(pair.negatives[place]) for pair in pairs]
    if settings.loss == "multi_similarity":
        columns["label"] = [pair.concept for pair in pairs]
    return columns


def _trainable(encoder: Encoder, settings: RetrieverSettings) -> Any:
    """A copy of the encoder in float32 without dropout, which on a processor costs most."""
    length = settings.max_length
    if settings.objective == "contexts":
        length = max(length, encoder.settings.max_length)
    copy = Encoder(
        replace(encoder.settings, max_length=length),
        device=encoder.device,
        dtype="float32",
        checksum=encoder.expected,
    ).model
    dropout = load("torch", "train").nn.Dropout
    for module in copy.modules():
        if isinstance(module, dropout):
            module.p = 0.0
    return copy


def _loss(model: Any, settings: RetrieverSettings) -> Any:
    if settings.loss == "contrastive":
        losses = load("sentence_transformers.sentence_transformer.losses", "train")
        return losses.MultipleNegativesRankingLoss(model, scale=1 / settings.temperature)
    from spacy_bel.training.multi_similarity import MultiSimilarity

    return MultiSimilarity(model)
