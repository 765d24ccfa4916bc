"""The cross-encoder: the retriever's order before training, and what is saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

pytest.importorskip("transformers")

from spacy_bel.errors import BelError
from spacy_bel.kb.store import Store
from spacy_bel.protocols import Persistent, Reranker
from spacy_bel.reranking.cross_encoder import CrossEncoder
from spacy_bel.reranking.encoder_registry import cross_encoder
from spacy_bel.retrieval.registry import lexical_retriever
from spacy_bel.types import Candidate, Mention

Ask = Callable[[Sequence[str]], tuple[list[Mention], list[list[Candidate]]]]

TEXTS = ("MS", "DM", "cold", "breast cancer", "mitral valve", "type 2 diabetes", "illness")


@pytest.fixture
def asked(kb: Store) -> tuple[list[Mention], list[list[Candidate]]]:
    mentions = [
        Mention(text, context=f"A woman with {text} was seen.", start=13, end=13 + len(text))
        for text in TEXTS
    ]
    return mentions, lexical_retriever()(kb).retrieve(mentions, 10)


@pytest.mark.parametrize("per_sequence", [1, 3, 8])
def test_an_untrained_one_ranks_as_the_retriever_does(
    kb: Store,
    tiny_encoder: Path,
    asked: tuple[list[Mention], list[list[Candidate]]],
    per_sequence: int,
) -> None:
    reranker = cross_encoder(
        str(tiny_encoder),
        compare=str(tiny_encoder),
        per_sequence=per_sequence,
        candidates=10,
        dtype="float32",
        sure_gap=2,
    )(kb)
    assert isinstance(reranker, Reranker)
    assert isinstance(reranker, Persistent)
    rankings = reranker.rerank(*asked)
    assert sum(len(candidates) > 2 for candidates in asked[1]) > 3
    for candidates, ranking in zip(asked[1], rankings, strict=True):
        assert list(ranking.probs) == sorted(ranking.probs, reverse=True)
        assert len(set(ranking.probs)) == len(candidates)
        assert sum(ranking.probs) + ranking.nil == pytest.approx(1)


def _teach(reranker: CrossEncoder) -> None:
    """Give the network an opinion of its own."""
    import torch

    torch.manual_seed(1)
    modules = reranker.modules()
    for name in ("text", "numbers"):
        torch.nn.init.normal_(modules[name][-1].weight, std=5.0)


def test_the_order_of_candidates_has_no_influence_on_what_is_read(
    kb: Store, tiny_encoder: Path, asked: tuple[list[Mention], list[list[Candidate]]]
) -> None:
    import torch

    reranker = CrossEncoder(kb, str(tiny_encoder), sure_gap=2, dtype="float32")
    _teach(reranker)
    question = reranker.ask(asked[0][0], asked[1][0]).questions[0]
    turned = type(question)(question.mention, question.offers[::-1])
    with torch.inference_mode():
        found, other = (reranker._reader().read([each], [True]) for each in (question, turned))
    assert torch.allclose(found, other.flip(0), atol=1e-5)
    assert not torch.allclose(found[0], found[1], atol=1e-3)


def test_nothing_learned_takes_the_place_of_a_sure_match(kb: Store) -> None:
    import torch

    mention = Mention("breast cancer", context="breast cancer", end=13)
    candidates = lexical_retriever()(kb).retrieve([mention], 10)
    assert candidates[0][0].score - candidates[0][1].score > 0.05

    def best(sure_gap: float) -> set[int]:
        reranker = CrossEncoder(kb, None, sure_gap=sure_gap)
        found = set()
        for seed in range(8):
            torch.manual_seed(seed)
            torch.nn.init.normal_(reranker.modules()["numbers"][-1].weight, std=50.0)
            probs = reranker.rerank([mention], candidates)[0].probs
            found.add(probs.index(max(probs)))
        return found

    assert best(sure_gap=0.05) == {0}
    assert len(best(sure_gap=2)) > 1


def test_what_was_learned_survives_on_disk(
    kb: Store,
    tiny_encoder: Path,
    asked: tuple[list[Mention], list[list[Candidate]]],
    tmp_path: Path,
) -> None:
    tiny = str(tiny_encoder)
    reranker = CrossEncoder(kb, tiny, compare=tiny, sure_gap=2, dtype="float32")
    before = reranker.rerank(*asked)
    _teach(reranker)
    after = reranker.rerank(*asked)
    assert after != before
    reranker.to_disk(tmp_path / "saved")
    other = CrossEncoder(kb, None, dtype="float32")
    other.from_disk(tmp_path / "saved")
    assert [r.probs for r in other.rerank(*asked)] == [
        pytest.approx(ranking.probs, abs=1e-6) for ranking in after
    ]
    trained = CrossEncoder(kb, None, trained=tmp_path / "saved", dtype="float32")
    assert trained.rerank(*asked)[0].probs == pytest.approx(after[0].probs, abs=1e-6)


def test_it_is_the_same_for_one_mention_and_for_many(
    kb: Store, tiny_encoder: Path, asked: tuple[list[Mention], list[list[Candidate]]]
) -> None:
    reranker = CrossEncoder(kb, str(tiny_encoder), dtype="float32", sure_gap=2)
    _teach(reranker)
    together = reranker.rerank(*asked)
    for mention, candidates, ranking in zip(*asked, together, strict=True):
        alone = reranker.rerank([mention], [candidates])[0]
        assert alone.probs == pytest.approx(ranking.probs, abs=1e-5)
        assert alone.nil == pytest.approx(ranking.nil, abs=1e-5)


def test_candidates_of_a_part_are_ranked_among_themselves(kb: Store) -> None:
    text = "diabetes and breast cancer"
    mention = Mention(text, parts=("diabetes", "breast cancer"), context=text, end=len(text))
    candidates = lexical_retriever()(kb).retrieve([mention], 10)
    ranking = CrossEncoder(kb, None).rerank([mention], candidates)[0]
    best = {
        number: max(
            prob
            for prob, candidate in zip(ranking.probs, candidates[0], strict=True)
            if candidate.scores.get("part") == number
        )
        for number in (1, 2)
    }
    assert min(best.values()) > 0.9


def test_no_candidates_means_nil(kb: Store) -> None:
    ranking = CrossEncoder(kb, None).rerank([Mention("xyz"), Mention("abc")], [[], []])
    assert [(each.probs, each.nil) for each in ranking] == [((), 1.0)] * 2
    assert CrossEncoder(kb, None).rerank([], []) == []


def test_candidates_beyond_the_limit_get_no_probability(
    kb: Store, asked: tuple[list[Mention], list[list[Candidate]]]
) -> None:
    ranking = CrossEncoder(kb, None, candidates=2).rerank(*asked)[3]
    assert len(ranking.probs) == len(asked[1][3]) > 2
    assert not any(ranking.probs[2:])


def test_settings_and_folders_that_cannot_work_are_refused(kb: Store, tmp_path: Path) -> None:
    with pytest.raises(BelError, match=r"B760.*candidates=0"):
        CrossEncoder(kb, None, candidates=0)
    with pytest.raises(BelError, match=r"B760.*layers"):
        CrossEncoder(kb, None, layers=-1)
    with pytest.raises(BelError, match="B762"):
        CrossEncoder(kb, str(tmp_path)).rerank([Mention("MS")], [[]]) or CrossEncoder(
            kb, str(tmp_path)
        ).modules()
    reranker = CrossEncoder(kb, None)
    reranker.to_disk(tmp_path / "saved")
    path = tmp_path / "saved" / "cross_encoder.json"
    path.write_text(path.read_text().replace('"alias_count"', '"something_else"'))
    with pytest.raises(BelError, match="B761"):
        reranker.from_disk(tmp_path / "saved")
    (tmp_path / "saved" / "head.safetensors").write_bytes(b"no tensors")
    path.write_text(path.read_text().replace('"something_else"', '"alias_count"'))
    reranker.from_disk(tmp_path / "saved")
    with pytest.raises(BelError, match="B716"):
        reranker.modules()
