"""``project.yml``: what its commands read and write, what is run again, and the whole of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import srsly
from weasel.cli.document import project_document
from weasel.cli.run import project_run

from tests import project
from tests.project import ROOT

WORKFLOWS = ("all", "price", "teacher", "llm", "ncbi", "bc5cdr")
MADE = re.compile(r"(?:kb|corpus|training|results|packages|assets|configs)/[^\s\"']+")

# Writes to all outputs a digest of all that is read.
_STUB = """
import hashlib, pathlib, sys

deps, outs = ([pathlib.Path(path) for path in each.split()] for each in sys.argv[1:])
files = [file for dep in deps for file in (sorted(dep.rglob("*")) if dep.is_dir() else [dep])]
read = b"".join(file.read_bytes() for file in files if file.is_file())
for out in outs:
    file = out if out.suffix else out / "content"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(hashlib.sha256(read).hexdigest())
"""


@pytest.fixture(scope="module")
def commands() -> dict[str, dict[str, Any]]:
    return {command["name"]: command for command in project.config(ROOT)["commands"]}


@pytest.fixture(scope="module")
def workflows() -> dict[str, list[str]]:
    found: dict[str, list[str]] = project.config(ROOT)["workflows"]
    return found


def _related(path: str, others: list[str]) -> bool:
    """Whether a path is, holds or lies in one of others."""
    one = Path(path)
    return any(
        one == other or one in other.parents or other in one.parents for other in map(Path, others)
    )


def test_the_workflows_are_there(workflows: dict[str, list[str]]) -> None:
    assert tuple(workflows) == WORKFLOWS
    assert "label" not in workflows["all"]
    assert "label" in workflows["teacher"]


def test_a_command_declares_all_that_it_reads_and_writes(
    commands: dict[str, dict[str, Any]],
) -> None:
    # The package's folder is removed and made anew: of packages/ only the wheel is declared.
    passing = ["packages/installed", "packages/en_bel_sample-0.1.0"]
    for name, command in commands.items():
        declared = [*command["deps"], *command.get("outputs", ()), *passing]
        lines = [line for line in command["script"] if "--dry-run" not in line]
        for path in (path for line in lines for path in MADE.findall(line)):
            assert _related(path, declared), f"{name} does not declare {path}"


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_what_a_command_needs_was_made_before(
    workflow: str, commands: dict[str, dict[str, Any]], workflows: dict[str, list[str]]
) -> None:
    made: list[str] = []
    for name in workflows[workflow]:
        for dep in commands[name]["deps"]:
            is_there = (ROOT / dep).exists() or dep.startswith("assets/")
            assert is_there or any(out == dep or dep in _parents(out) for out in made), dep
        for out in commands[name].get("outputs", ()):
            # Else a second run would find it changed.
            assert not any(out == other or other in _parents(out) for other in made), out
            made.append(out)


def _parents(path: str) -> set[str]:
    return {str(parent) for parent in Path(path).parents}


@pytest.fixture(scope="module")
def stubbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with commands that write a digest of what they read, once run."""
    folder = project.checkout(tmp_path_factory.mktemp("project"))
    content = srsly.read_yaml(ROOT / "project.yml")
    (folder / "stub.py").write_text(_STUB, encoding="utf-8")
    for command in content["commands"]:
        lists = (command["deps"], command.get("outputs", ()))
        deps, outs = (" ".join(path.rstrip("/") for path in paths) for paths in lists)
        command["script"] = [f'python stub.py "{deps}" "{outs}"']
    srsly.write_yaml(folder / "project.yml", content)
    project_run(folder, "all")
    return folder


def _rerun(folder: Path, capfd: pytest.CaptureFixture[str], workflow: str = "all") -> set[str]:
    """Run a workflow, and say which of its commands did anything."""
    capfd.readouterr()
    project_run(folder, workflow)
    output = capfd.readouterr().out
    skipped = set(re.findall(r"Skipping '(\S+)'", output))
    return set(project.config(folder)["workflows"][workflow]) - skipped


_STUDENT = {"calibrate", "link", "evaluate", "compare", "package"}
_ROWS = {"synthesise", "select", "train", *_STUDENT}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("assets/names_es.tsv", {"kb", "embed", "assemble", "mine", *_ROWS}),
        ("assets/unannotated.txt", {"mine", *_ROWS}),
        ("assets/annotated_train.PubTator.txt", {"corpus", "train", *_STUDENT}),
        ("configs/cross_encoder.cfg", {"train", *_STUDENT}),
        ("configs/linker_student.cfg", _STUDENT),
        ("configs/teacher.cfg", set()),
    ],
)
def test_an_edit_reruns_what_depends_on_it(
    changed: str, expected: set[str], stubbed: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (stubbed / changed).touch()
    assert _rerun(stubbed, capfd) == set()
    with (stubbed / changed).open("a") as file:
        file.write("\n")
    assert _rerun(stubbed, capfd) == expected


def test_the_readme_lists_commands_and_workflows(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    project.checkout(tmp_path)
    (tmp_path / "README.md").write_text(readme, encoding="utf-8")
    project_document(tmp_path, tmp_path / "README.md", no_emoji=True)
    again = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert again == readme, "run: python -m spacy project document --no-emoji --output README.md"


_OFFLINE = """
import json, socket, sys

def refuse(*arguments, **keywords):
    raise OSError("this process has no network")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
sys.path.insert(0, "packages/installed")
import en_small
nlp = en_small.load()
linker = nlp.get_pipe("bel_linker")
ents = [(ent.text, ent.kb_id_) for ent in nlp("She takes warfarin and aspirin.").ents]
print(json.dumps({"kind": type(linker.reranker).__name__, "ents": ents, "meta": nlp.meta,
                  "fitted": linker.reranker.scaling.fitted}))
"""


def link_offline(folder: Path) -> dict[str, Any]:
    """What the installed package says in a process without network, its sources gone."""
    for name in ("kb", "training", "corpus"):
        (folder / name).rename(folder / f"{name}_moved")
    command = [sys.executable, "-c", _OFFLINE]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_all_of_it_on_few_concepts(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sentence_transformers")
    folder = project.checkout(tmp_path)
    monkeypatch.chdir(folder)
    lines = (folder / "assets" / "unannotated.txt").read_text(encoding="utf-8").splitlines()
    (folder / "texts.txt").write_text("\n".join(lines[:60]) + "\n", encoding="utf-8")
    settings = project.small(tiny_encoder, "texts.txt")
    tiny = f"--reranker.model {tiny_encoder} --reranker.compare null --training.epochs 1"
    printed = project.run(folder, "all", training=tiny, **settings)
    assert "student against retriever, lenient" in printed["compare"]
    assert "cascade against student, lenient" in printed["compare"]
    assert "rows (" in printed["select"]
    found = link_offline(folder)
    assert (found["kind"], found["fitted"]) == ("CrossEncoder", True)
    assert ["warfarin", "MESH:D014859"] in found["ents"]
    _check_card(folder, found["meta"])


def _check_card(folder: Path, meta: dict[str, Any]) -> None:
    """The card stands in the package, and its figures are those that were measured."""
    metrics = json.loads((folder / "results" / "small" / "metrics.json").read_text())
    accuracy = metrics["lenient"]["acc@1"]
    # spaCy writes ten digits.
    assert meta["performance"]["lenient_acc"] == pytest.approx(accuracy["value"])
    kept = meta["performance"]["evaluation"]["lenient"]["acc@1"]
    assert kept == pytest.approx(accuracy)
    assert meta["sources"][0]["name"] == "concepts.obo"
    (readme,) = (folder / "packages" / "installed").glob("en_small/*/README.md")
    text = readme.read_text(encoding="utf-8")
    assert meta["notes"].strip() in text
    interval = f"{accuracy['value']:.3f} ({accuracy['low']:.3f}–{accuracy['high']:.3f})"
    assert f"| lenient | {metrics['lenient']['n']} | {interval} |" in text
    for part in ("### Data", "### Limits", "### Licences", "rows: ", "annotated_dev.PubTator.txt"):
        assert part in text, part
