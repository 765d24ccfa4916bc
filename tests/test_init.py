from __future__ import annotations

import subprocess
import sys

import pytest

import spacy_bel


def test_every_public_name_is_there() -> None:
    assert sorted(spacy_bel._MODULES) == spacy_bel.__all__
    for name in spacy_bel.__all__:
        assert getattr(spacy_bel, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        _ = spacy_bel.nothing_of_ours


def test_importing_the_package_loads_no_other_package() -> None:
    code = "import sys, spacy_bel; print({'numpy', 'spacy', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
