"""``spacy package``: a linker that is installed and links with the network off."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from spacy.language import Language

_SCRIPT = """
import socket, sys

def refuse(*arguments, **keywords):
    raise OSError("this process has no network")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
sys.path.insert(0, sys.argv[1])
import en_bel_sample
nlp = en_bel_sample.load()
print([(entity.text, entity.kb_id_) for entity in nlp("Aspirin after a heart attack").ents])
"""


def _run(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_packaged_linker_is_installed_and_links(nlp: Language, tmp_path: Path) -> None:
    nlp.to_disk(tmp_path / "saved")
    (tmp_path / "packages").mkdir()
    names = ["--name", "bel_sample", "--version", "1.2.3", "--build", "none"]
    _run("-m", "spacy", "package", "saved", "packages", *names, cwd=tmp_path)
    source = tmp_path / "packages" / "en_bel_sample-1.2.3"
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--quiet"]
    _run("-m", "pip", "install", *options, "--target", "installed", str(source), cwd=tmp_path)
    shutil.rmtree(tmp_path / "saved")
    shutil.rmtree(tmp_path / "packages")
    found = _run("-c", _SCRIPT, str(tmp_path / "installed"), cwd=tmp_path)
    assert found.strip() == "[('Aspirin', 'MESH:D001241'), ('heart attack', 'MESH:D009203')]"
