"""Mining: what is found, what is left out, what is chosen, and going on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language

from spacy_bel.distillation.mine import Mining, mine
from spacy_bel.distillation.sampling import homonyms, margin, sample
from spacy_bel.errors import BelError
from spacy_bel.examples import Example, read_examples
from spacy_bel.files import only_one
from spacy_bel.kb.store import Store
from spacy_bel.training.make_examples import find_retriever
from tests.distillation.conftest import TEXTS


def test_mined_rows_are_what_the_linker_would_be_asked(
    nlp: Language, rows: Sequence[Example], sample: Store
) -> None:
    lines = TEXTS.read_text(encoding="utf-8").splitlines()
    assert len(rows) > 50
    for row in rows:
        line = lines[int(row.doc_id.rpartition(":")[2]) - 1]
        assert line[row.offset : row.offset + len(row.mention.text)] == row.mention.text
        assert row.gold is None
        assert row.kb.checksum == sample.checksum
    row = rows[0]
    doc = nlp(lines[int(row.doc_id.rpartition(":")[2]) - 1])
    (span,) = [s for s in doc.ents if s.start_char == row.offset]
    ((mention, candidates),) = find_retriever(nlp).candidates([doc], [[span]])[0]
    assert (row.mention, row.candidates) == (mention, tuple(candidates))


def test_repeated_text_is_mined_once(nlp: Language, tmp_path: Path) -> None:
    text = tmp_path / "t.txt"
    text.write_text("She had a heart attack.\n" * 5 + "No heart attack.\n", encoding="utf-8")
    counts = mine(nlp, find_retriever(nlp), [text], tmp_path / "out.jsonl")
    assert counts == {"texts": 6, "mentions": 6, "duplicates": 4, "written": 2}
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".work")]


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """Some of the texts."""
    path = tmp_path / "few.txt"
    lines = TEXTS.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:40]), encoding="utf-8")
    return path


def test_a_sample_is_the_same_for_the_same_seed(nlp: Language, few: Path, tmp_path: Path) -> None:
    found = {}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        path = tmp_path / f"{name}.jsonl"
        mine(nlp, find_retriever(nlp), [few], path, Mining(limit=20, seed=seed))
        found[name] = path.read_bytes()
    assert found["a"] == found["b"] != found["c"]
    assert found["a"].count(b"\n") == 20


def _chosen(rows: Sequence[Example], size: int, strategy: str) -> list[Example]:
    flags = sample(rows, size, strategy, 0)
    return [row for row, flag in zip(rows, flags, strict=True) if flag]


def test_each_strategy_prefers_what_it_says(rows: Sequence[Example]) -> None:
    size = len(rows) // 4
    ambiguous = _chosen(rows, size, "ambiguous")
    others = [row for row in rows if row not in ambiguous]
    most = max(homonyms(row.candidates) for row in others)
    assert min(homonyms(row.candidates) for row in ambiguous) >= most
    uncertain = _chosen(rows, size, "uncertain")
    others = [row for row in rows if row not in uncertain]
    assert max(margin(row.candidates) for row in uncertain) <= min(
        margin(row.candidates) for row in others
    )
    firsts = Counter(row.candidates[0].id for row in rows)
    balanced = Counter(row.candidates[0].id for row in _chosen(rows, size, "balanced"))
    assert len(balanced) == min(size, len(firsts))


@given(st.integers(0, 200), st.integers(0, 200), st.sampled_from(["random", "balanced"]))
def test_a_sample_has_the_size_that_was_asked_for(count: int, size: int, strategy: str) -> None:
    from spacy_bel.types import Mention

    made = [Example(Mention(str(n % 7)), (), doc_id=str(n)) for n in range(count)]
    chosen = sample(made, size, strategy, 0)
    assert chosen.sum() == min(size, count)
    smaller = sample(made, size // 2, strategy, 0)
    assert not np.any(smaller & ~chosen)


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(BelError, match=r"B801.*strategy"):
        Mining(strategy="best")
    with pytest.raises(BelError, match=r"B801.*limit"):
        Mining(limit=-1)


def test_text_without_mentions_is_an_error(nlp: Language, tmp_path: Path) -> None:
    text = tmp_path / "t.txt"
    text.write_text("Nothing to see here.\n", encoding="utf-8")
    with pytest.raises(BelError, match="B805"):
        mine(nlp, find_retriever(nlp), [text], tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


def test_a_second_process_is_refused(nlp: Language, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    script = (
        "import sys; from pathlib import Path; from spacy_bel.files import only_one\n"
        "with only_one(Path(sys.argv[1])): print('here', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(output)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "here\n"
        with pytest.raises(BelError, match="B804"):
            mine(nlp, find_retriever(nlp), [TEXTS], output)
        other.send_signal(signal.SIGKILL)
    with only_one(output):  # a killed process holds nothing
        pass


def test_an_interrupted_run_goes_on(
    nlp: Language, few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Mining(batch_size=4)
    component = find_retriever(nlp)
    mine(nlp, component, [few], tmp_path / "whole.jsonl", settings)
    texts: list[int] = []
    candidates = component.candidates

    def interrupted(docs: Sequence[object], spans: Sequence[object]) -> object:
        texts.append(len(docs))
        if len(texts) == 8:
            raise KeyboardInterrupt
        return candidates(docs, spans)  # type: ignore[arg-type]

    output = tmp_path / "parts.jsonl"
    with monkeypatch.context() as patch:
        patch.setattr(component, "candidates", interrupted, raising=False)
        with pytest.raises(KeyboardInterrupt):
            mine(nlp, component, [few], output, settings)
    kept = json.loads((tmp_path / ".parts.jsonl.work" / "state.json").read_text())
    assert kept["state"]["counts"]["texts"] == 28
    with pytest.raises(BelError, match="B802"):
        mine(nlp, component, [few], output, Mining(batch_size=5))
    with (tmp_path / ".parts.jsonl.work" / "lines.jsonl").open("a") as file:
        file.write('{"half a li')
    mine(nlp, component, [few], output, settings)
    assert output.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_a_full_disk_loses_nothing_that_was_finished(
    nlp: Language, few: Path, tmp_path: Path
) -> None:
    resource = pytest.importorskip("resource")
    component, settings = find_retriever(nlp), Mining(batch_size=4)
    mine(nlp, component, [few], tmp_path / "whole.jsonl", settings)
    output = tmp_path / "out.jsonl"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (tmp_path / "whole.jsonl").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, limits[1]))
    try:
        with pytest.raises(BelError, match="B803"):
            mine(nlp, component, [few], output, settings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not output.exists()
    kept = json.loads((tmp_path / ".out.jsonl.work" / "state.json").read_text())
    assert kept["state"]["counts"]["texts"] > 0
    mine(nlp, component, [few], output, settings)
    assert output.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_rows_can_be_read_again(rows: Sequence[Example], mined: Path) -> None:
    assert list(read_examples(mined)) == list(rows)
