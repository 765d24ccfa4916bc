"""How alike an encoder finds names: cosines of their encodings, each name read by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from spacy_bel.extras import load
from spacy_bel.reranking.encoders import LoadedEncoder
from spacy_bel.reranking.offers import looked_up
from spacy_bel.reranking.questions import Question

COMPARED = ("cosine_closest", "cosine_second", "cosine_preferred", "cosine_mean")
"""Names of the numbers that come of it."""

_NAMES = 4
"""Names of a candidate that are compared."""

_REMEMBERED = 1 << 17
"""Encodings that are kept, in half precision: candidates come again and again."""

_BATCH = 128


class NameEncoder:
    """Compares names by the means of their hidden states.

    Args:
        encoder: What encodes them.
    """

    def __init__(self, encoder: LoadedEncoder) -> None:
        self.encoder = encoder
        self._known: dict[str, NDArray[np.float16]] = {}

    def compare(self, questions: Sequence[Question]) -> list[NDArray[np.float32]]:
        """The cosines of each candidate's names and the text that was looked up.

        Args:
            questions: What is asked.

        Returns:
            For each question shape (candidates, len(COMPARED)).
        """
        names = [
            [[name.name.lower() for name in offer.names[:_NAMES]] for offer in question.offers]
            for question in questions
        ]
        texts = [
            [looked_up(question.mention, offer.candidate).lower() for offer in question.offers]
            for question in questions
        ]
        self._encode(
            text
            for own, asked in zip(names, texts, strict=True)
            for one in (*own, asked)
            for text in one
        )
        return [
            np.array(
                [self._cosines(text, of) for text, of in zip(asked, own, strict=True)], np.float32
            ).reshape(-1, len(COMPARED))
            for own, asked in zip(names, texts, strict=True)
        ]

    def _cosines(self, text: str, names: Sequence[str]) -> tuple[float, float, float, float]:
        if not names:
            return 0.0, 0.0, 0.0, 0.0
        vectors = np.stack([self._known[name] for name in names]).astype(np.float32)
        found = (vectors @ self._known[text].astype(np.float32)).tolist()
        best = sorted(found, reverse=True)
        return best[0], best[min(1, len(best) - 1)], found[0], sum(found) / len(found)

    def _encode(self, texts: Iterable[str]) -> None:
        """Remember the encodings of all texts."""
        torch = load("torch", "dense")
        wanted = set(texts)
        if len(self._known) + len(wanted) > _REMEMBERED:
            self._known = {text: self._known[text] for text in wanted & self._known.keys()}
        new = sorted(wanted - self._known.keys(), key=lambda text: (len(text), text))
        for begin in range(0, len(new), _BATCH):
            batch = new[begin : begin + _BATCH]
            with torch.no_grad():
                vectors = self._vectors(batch)
            self._known.update(zip(batch, vectors, strict=True))

    def _vectors(self, texts: Sequence[str]) -> NDArray[np.float16]:
        torch = load("torch", "dense")
        encoder = self.encoder
        limit = encoder.sequences.window.mention * 2
        tokens = encoder.tokenizer(
            list(texts), padding=True, truncation=True, max_length=limit, return_tensors="pt"
        ).to(encoder.device)
        tokens.pop("token_type_ids", None)
        hidden = encoder.model(**tokens).last_hidden_state.float()
        mask = tokens["attention_mask"][..., None].float()
        means = (hidden * mask).sum(1) / mask.sum(1)
        vectors: NDArray[np.float32] = torch.nn.functional.normalize(means, dim=1).cpu().numpy()
        return vectors.astype(np.float16)
