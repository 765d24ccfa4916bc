"""A language model as the project's student, from a teacher's answers to an installed package."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

pytest.importorskip("peft")
pytest.importorskip("openai")

from spacy_bel.examples import read_examples
from tests import project
from tests.servers import Call, Reply, chat, serving
from tests.test_project import link_offline

OPTION = re.compile(r"^([A-Z]): (.*)$", re.MULTILINE)


def first_by_name(call: Call) -> Reply:
    """A teacher that chooses the option whose name comes first in the alphabet."""
    letters = dict(OPTION.findall(call.text))
    return chat(min((name for name in letters if name != max(letters)), key=letters.__getitem__))


def test_from_a_teacher_to_a_package(
    qwen: Path, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project.checkout(tmp_path)
    monkeypatch.chdir(folder)
    lines = (folder / "assets" / "unannotated.txt").read_text(encoding="utf-8").splitlines()
    (folder / "texts.txt").write_text("\n".join(lines[:80]) + "\n", encoding="utf-8")
    settings = {
        **project.small(tiny_encoder, "texts.txt"),
        "llm": str(shutil.copytree(qwen, tmp_path / "model")),
        "tuning": "--training.epochs 1 --training.batch_size 8 --reranker.device cpu",
    }
    with serving(first_by_name) as server:
        llm = f"--reranker.llm.base_url {server.address} --reranker.llm.prices"
        settings["asking"] = f"{llm} free --reranker.mode letter"
        printed = project.run(folder, "corpus kb embed assemble mine label-price label", **settings)
        asked = len(server.calls)
    mined = list(read_examples(folder / "corpus" / "small" / "mined.jsonl"))
    assert f"{len(mined)} requests" in printed["label-price"]
    assert asked == len(mined) > 0
    rest = "select train-llm calibrate-llm evaluate package"
    printed = project.run(folder, rest, **settings)
    assert "teacher" in printed["select"]
    shutil.rmtree(tmp_path / "model")
    found = link_offline(folder)
    assert (found["kind"], found["fitted"]) == ("SetwiseLLM", True)
    assert {text for text, _ in found["ents"]} == {"warfarin", "aspirin"}
    assert "labels: " in found["meta"]["notes"]
