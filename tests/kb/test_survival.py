"""Killed processes, full disks, several writers and readers at once: with the real thing."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from spacy_bel.kb.build import build, build_from_records
from spacy_bel.kb.files import read_meta, verify
from spacy_bel.kb.store import Store
from spacy_bel.types import Concept

Start = Callable[..., subprocess.Popen[str]]


def _finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


def _is_whole(directory: Path, first: str = "OLD:1") -> None:
    """What the directory holds is a state, its files, and nothing else."""
    verify(directory)
    files = {entry["file"] for entry in read_meta(directory)["files"].values()}
    assert {path.name for path in directory.iterdir()} == {*files, "meta.json"}
    assert Store(directory).concept_ids[0] == first


def test_a_build_that_is_killed_half_way(start: Start, old: Path) -> None:
    checksum = Store(old).checksum
    process = start(
        """
def slow():
    yield from concepts(500)
    print("half way", flush=True)
    sys.stdin.read()

build_from_records(slow(), directory, {})
""",
        old,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "half way\n"
    (workspace,) = old.glob(".building-*")
    process.kill()
    process.communicate()
    assert (workspace / "concepts.sqlite").exists(), "it was in the middle of its work"
    verify(old)
    assert Store(old).checksum == checksum
    assert Store(old).ids_of_name("gout") == ["OLD:1"]
    build_from_records([Concept("NEW:1", "pain")], old, {})
    _is_whole(old, "NEW:1")


@pytest.mark.parametrize("moved", [0, 7, 29, 30])
def test_a_commit_that_is_killed_between_two_files(start: Start, old: Path, moved: int) -> None:
    process = start(
        """
left = int(sys.argv[2])
replace = Path.replace

def replace_or_die(self, target):
    global left
    if left == 0:
        os.kill(os.getpid(), 9)
    left -= 1
    return replace(self, target)

Path.replace = replace_or_die
build_from_records(concepts(5), directory, {})
print("done")
""",
        old,
        moved,
    )
    out, _ = process.communicate(timeout=120)
    finished = moved == 30  # 29 files, then meta.json
    assert (process.returncode, out) == ((0, "done\n") if finished else (-9, ""))
    verify(old)
    assert Store(old).concept_ids[0] == ("A:0" if finished else "OLD:1")
    build_from_records([Concept("NEW:1", "pain")], old, {})
    _is_whole(old, "NEW:1")


def test_files_that_grow_too_large(start: Start, old: Path) -> None:
    process = start(
        """
import resource

for limit in (0, 1_000, 30_000, 90_000, 150_000, 200_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        build_from_records(concepts(2_000), directory, {})
    except BelError as error:
        print(str(error)[:6], sorted(p.name for p in directory.glob(".building-*")))
    assert list(Store(directory)) == ["OLD:1"]
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
build_from_records(concepts(2_000), directory, {})
print(max(path.stat().st_size for path in directory.iterdir()))
""",
        old,
    )
    *told, largest = _finish(process).splitlines()
    assert told == ["[B104] []"] * 6
    assert int(largest) > 200_000, "every limit was below what a file needs"
    _is_whole(old, "A:0")


@pytest.fixture
def in_small_disk(tmp_path: Path) -> tuple[str, ...]:
    """A command before which ``tmp_path/disk`` is a disk of 2 MB, in this process alone."""
    (tmp_path / "disk").mkdir()
    mount = f"mount -t tmpfs -o size=2m tmpfs '{tmp_path / 'disk'}'"
    before = ("unshare", "--mount", "--map-root-user", "sh", "-c", f'{mount} && exec "$@"', "sh")
    if not shutil.which("unshare") or subprocess.run([*before, "true"], check=False).returncode:
        pytest.skip("this system lets no one mount a small disk")
    return before


def test_a_disk_that_is_full(start: Start, tmp_path: Path, in_small_disk: tuple[str, ...]) -> None:
    process = start(
        """
directory = directory / "kb"
build_from_records([Concept("OLD:1", "gout")], directory, {})
ballast = directory.parent / "ballast"
told = []
for free in range(0, 1_000_000, 40_000):
    stat = os.statvfs(directory)
    size = stat.f_bavail * stat.f_frsize - free
    ballast.write_bytes(bytes(max(0, size)))
    try:
        build_from_records(concepts(1_500), directory, {})
        break
    except BelError as error:
        told.append(str(error)[:6])
    assert list(Store(directory)) == ["OLD:1"]
    assert not list(directory.glob(".building-*"))
    ballast.unlink()
print(len(told), set(told), len(Store(directory)))
""",
        tmp_path / "disk",
        before=in_small_disk,
    )
    failed, rest = _finish(process).split(maxsplit=1)
    assert int(failed) > 5
    assert rest == "{'[B104]'} 1500\n"


def test_a_disk_that_is_read_only(
    start: Start, tmp_path: Path, in_small_disk: tuple[str, ...]
) -> None:
    process = start(
        """
import subprocess

directory = directory / "kb"
build_from_records([Concept("OLD:1", "gout")], directory, {})
subprocess.run(["mount", "-o", "remount,ro", directory.parent], check=True)
for target in (directory, directory.parent / "other"):
    try:
        build_from_records(concepts(3), target, {})
    except BelError as error:
        print(str(error)[:6], "Read-only" in str(error))
print(Store(directory).ids_of_name("gout"))
""",
        tmp_path / "disk",
        before=in_small_disk,
    )
    assert _finish(process).splitlines() == ["[B104] True", "[B104] True", "['OLD:1']"]


def test_two_processes_build_the_same_directory(start: Start, tmp_path: Path) -> None:
    directory = tmp_path / "kb"
    code = """
sys.stdin.readline()
for _ in range(5):
    build_from_records(concepts(int(sys.argv[2])), directory, {"name": sys.argv[2]})
"""
    processes = [start(code, directory, count) for count in (40, 70)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    opened = 0
    while any(process.poll() is None for process in processes):
        if (directory / "meta.json").exists():
            kb = Store(directory)  # one state or the other, never a mixture
            assert kb.name == str(len(kb))
            assert kb.describe([kb.concept_ids[len(kb) - 1]])[0].name.startswith("name")
            opened += 1
    for process in processes:
        _finish(process)
    assert opened > 0
    assert len(Store(directory)) in {40, 70}
    _is_whole(directory, "A:0")


def test_a_reader_in_another_process_outlives_its_state(start: Start, old: Path) -> None:
    process = start(
        """
kb = Store(directory)
print("open", flush=True)
sys.stdin.readline()
print(kb.ids_of_name("gout"), kb.describe(["OLD:1"])[0].name, kb.array("rows.weights").sum() > 0)
try:
    kb.to_dict()
except BelError as error:
    print(str(error)[:6])
""",
        old,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    build_from_records([Concept("NEW:1", "pain")], old, {})
    out, err = process.communicate("go\n", timeout=120)
    assert out.splitlines() == ["['OLD:1'] gout True", "[B109]"], err


CHANGES = """
from spacy_bel.kb.increments import Target, add_sources, remove_concepts, update_source
from spacy_bel.kb.sources import Sources

kb, source, change = directory, Path(sys.argv[2]), sys.argv[3]

def increment():
    sources = Sources([source])
    if change == "add":
        add_sources(Target(kb), sources)
    elif change == "update":
        update_source(Target(kb), sources, "old.tsv")
    else:
        remove_concepts(Target(kb), ["OLD:2"])
"""


@pytest.fixture
def sources(tmp_path: Path) -> tuple[Path, Path]:
    """A knowledge base and a source of many concepts to change it with."""
    old, new = tmp_path / "old.tsv", tmp_path / "new.tsv"
    old.write_text("id\tname\nOLD:1\tgout\nOLD:2\tpain\n")
    rows = "".join(f"OLD:{number}\tname {number}\n" for number in range(1, 1_500))
    new.write_text(f"id\tname\n{rows}")
    build([old], tmp_path / "changed")
    return tmp_path / "changed", new


@pytest.mark.parametrize("change", ["add", "update", "remove"])
@pytest.mark.parametrize("moved", [0, 28])
def test_a_change_that_is_killed_between_two_files(
    start: Start, sources: tuple[Path, Path], change: str, moved: int
) -> None:
    directory, source = sources
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    process = start(
        f"""{CHANGES}
left = int(sys.argv[4])
replace = Path.replace

def replace_or_die(self, target):
    global left
    if left == 0:
        os.kill(os.getpid(), 9)
    left -= 1
    return replace(self, target)

Path.replace = replace_or_die
increment()
""",
        directory,
        source,
        change,
        moved,
    )
    process.communicate(timeout=120)
    assert process.returncode == -9
    verify(directory)
    assert {name: (directory / name).read_bytes() for name in before} == before
    build_from_records([Concept("NEW:1", "pain")], directory, {})
    _is_whole(directory, "NEW:1")


@pytest.mark.parametrize("change", ["add", "update"])
def test_a_change_that_is_killed_while_it_reads(
    start: Start, sources: tuple[Path, Path], change: str
) -> None:
    directory, source = sources
    checksum = Store(directory).checksum
    process = start(
        f"""{CHANGES}
from spacy_bel.kb.writer import Writer

add, count = Writer.add, 0

def add_and_wait(self, record):
    global count
    add(self, record)
    count += 1
    if count == 500:
        print("half way", flush=True)
        sys.stdin.read()

Writer.add = add_and_wait
increment()
""",
        directory,
        source,
        change,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "half way\n"
    process.kill()
    process.communicate()
    verify(directory)
    assert Store(directory).checksum == checksum
    assert Store(directory).ids_of_name("gout") == ["OLD:1"]
    build_from_records([Concept("NEW:1", "pain")], directory, {})
    _is_whole(directory, "NEW:1")


@pytest.mark.parametrize("change", ["add", "update"])
def test_a_change_on_a_full_disk(
    start: Start,
    tmp_path: Path,
    sources: tuple[Path, Path],
    in_small_disk: tuple[str, ...],
    change: str,
) -> None:
    process = start(
        f"""{CHANGES}
import shutil

kb = directory / "kb"
shutil.copytree(directory.parent / "changed", kb)
before = {{path.name: path.read_bytes() for path in kb.iterdir()}}
ballast, told = directory / "ballast", []
for free in range(0, 1_900_000, 200_000):
    stat = os.statvfs(kb)
    ballast.write_bytes(bytes(max(0, stat.f_bavail * stat.f_frsize - free)))
    try:
        increment()
        break
    except BelError as error:
        told.append(str(error)[:6])
    assert {{path.name: path.read_bytes() for path in kb.iterdir()}} == before
    ballast.unlink()
print(len(told), set(told), len(Store(kb)))
""",
        tmp_path / "disk",
        sources[1],
        change,
        before=in_small_disk,
    )
    failed, rest = _finish(process).split(maxsplit=1)
    assert int(failed) > 2
    assert rest == "{'[B104]'} 1499\n"
