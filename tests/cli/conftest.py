"""The embedded sample as a knowledge base that the command made."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import run

ASSETS = Path(__file__).parents[2] / "assets"
VOCABULARY = (str(ASSETS / "concepts.obo"), str(ASSETS / "chemicals.tsv"))
SPANISH = str(ASSETS / "names_es.tsv")


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with Spanish names; a test that changes files must work on a copy."""
    directory = tmp_path_factory.mktemp("kb") / "sample"
    output = run("kb", "build", *VOCABULARY, SPANISH, "--output", directory, "--version", "7")
    assert "164 concepts" in output
    assert "0 malformed lines skipped" in output
    assert "defined by no source" not in output
    return directory
