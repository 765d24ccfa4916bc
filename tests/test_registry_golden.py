"""The names that configs and other packages refer to do not change by accident."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest
import spacy
from spacy.util import registry

GROUPS = ("factories", "misc", "readers", "scorers")
GOLDEN = Path(__file__).parent / "golden" / "registered_names.txt"


def _names() -> list[str]:
    return sorted(
        f"{group} {entry.name}"
        for group in GROUPS
        for entry in entry_points(group=f"spacy_{group}")
        if entry.value.startswith("spacy_bel.")
    )


def test_the_names_are_those_of_the_golden_file() -> None:
    assert _names() == GOLDEN.read_text(encoding="utf-8").split("\n")[:-1]


@pytest.mark.parametrize("line", GOLDEN.read_text(encoding="utf-8").split("\n")[:-1])
def test_every_name_leads_to_something(line: str) -> None:
    group, name = line.split(" ")
    if group == "factories":
        assert spacy.blank("en").has_factory(name)
    else:
        assert callable(getattr(registry, group).get(name))
