"""What importing and running the components brings into a process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = ("torch", "transformers", "openai", "hnswlib", "scipy", "pandas", "sklearn", "peft")

_MODULES = """
import sys
import {module}
print(" ".join(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""

_WITHOUT = """
import sys
for name in ("torch", "transformers", "openai", "hnswlib", "pandas", "scispacy", "cupy"):
    sys.modules[name] = None
import spacy
nlp = spacy.blank("en")
for name in ("bel_matcher", "bel_linker"):
    nlp.add_pipe(name, config={"kb": sys.argv[1]})
print([(entity.text, entity.kb_id_) for entity in nlp("a heart attack").ents])
"""


def _run(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_factories_import_nothing_heavy() -> None:
    with_spacy = set(_run(_MODULES.format(module="spacy")).split())
    with_factories = set(_run(_MODULES.format(module="spacy_bel.pipeline.factories")).split())
    assert "spacy_bel" in with_factories
    assert not (with_factories - with_spacy).intersection(HEAVY)


def test_linking_works_where_nothing_optional_is_installed(sample_dir: Path) -> None:
    assert _run(_WITHOUT, str(sample_dir)).strip() == "[('heart attack', 'MESH:D009203')]"
