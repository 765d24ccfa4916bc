from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import spacy_bel
from spacy_bel.errors import BelError, Errors

PACKAGE = Path(spacy_bel.__file__).parent


def _fields(error: Errors) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(error.value) if name}


def _uses() -> Iterator[tuple[str, Errors, ast.Call | None]]:
    """Where the package names a message: the place, the message, and the call if it is one."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and re.fullmatch(r"B\d{3}", node.attr):
                place = f"{path.relative_to(PACKAGE)}:{node.lineno}"
                yield place, Errors[node.attr], calls.get(id(node))


@pytest.mark.parametrize("error", Errors, ids=lambda error: error.name)
def test_a_message_has_its_code_and_tells_what_it_was_told(error: Errors) -> None:
    values = {name: f"<{name}>" for name in _fields(error)}
    raised = error(**values)
    assert isinstance(raised, BelError)
    assert isinstance(raised, ValueError)
    assert str(raised).startswith(f"[{error.name}] ")
    assert all(value in str(raised) for value in values.values())
    assert re.fullmatch(r"B\d{3}", error.name)


def test_messages_differ() -> None:
    assert len({error.value for error in Errors}) == len(Errors.__members__)


def test_every_use_gives_what_the_message_names() -> None:
    wrong = [
        f"{place}: {error.name}"
        for place, error, call in _uses()
        if call is not None
        and not any(keyword.arg is None for keyword in call.keywords)
        and {keyword.arg for keyword in call.keywords} != _fields(error)
    ]
    assert wrong == []


def test_every_message_is_used() -> None:
    assert sorted({error.name for error in Errors} - {error.name for _, error, _ in _uses()}) == []


def test_a_value_that_is_missing_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        Errors.B100()
