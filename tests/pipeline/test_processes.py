"""Several processes over one pipeline."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language

_SCRIPT = """
import json, multiprocessing, sys

def main():
    multiprocessing.set_start_method(sys.argv[2])
    import spacy
    nlp = spacy.load(sys.argv[1])
    texts = json.load(sys.stdin)
    list(nlp.pipe(texts[:2]))  # opens the knowledge base, which a fork then inherits
    docs = list(nlp.pipe(texts, n_process=2, batch_size=3))
    assert [doc.text for doc in docs] == texts
    print(json.dumps([
        [
            [
                entity.text,
                entity.kb_id_,
                entity._.bel_score,
                [[c.id, c.score, c.scores] for c in entity._.bel_candidates],
            ]
            for entity in doc.ents
        ]
        for doc in docs
    ]))

if __name__ == "__main__":
    main()
"""

TEXTS = [
    "Heart attack in a man with type 2 diabetes; he took aspirin.",
    "Mitral stenosis (MS). MS and cough.",
    "",
    "Breast and ovarian cancer; pneumonia and stroke.",
] * 4


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_two_processes_give_what_one_gives(nlp: Language, tmp_path: Path, method: str) -> None:
    nlp.to_disk(tmp_path / "saved")
    script = tmp_path / "script.py"
    script.write_text(_SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "saved"), method],
        input=json.dumps(TEXTS),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found == [
        [
            [
                entity.text,
                entity.kb_id_,
                entity._.bel_score,
                [[c.id, c.score, c.scores] for c in entity._.bel_candidates],
            ]
            for entity in doc.ents
        ]
        for doc in nlp.pipe(TEXTS)
    ]
    assert any(found)


def test_what_workers_send_back_is_whole(nlp: Language, describe: Callable[..., Any]) -> None:
    expected = [describe(doc) for doc in nlp.pipe(TEXTS)]
    assert [describe(doc) for doc in nlp.pipe(TEXTS, n_process=2, batch_size=5)] == expected
