"""A knowledge base that is open when its process forks."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

Start = Callable[..., subprocess.Popen[str]]


def _finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


def test_a_forked_child_reads_with_a_connection_of_its_own(start: Start, old: Path) -> None:
    process = start(
        """
import gc
from spacy_bel.kb.store import Store

kb = Store(directory)
copy = Store.from_dict(kb.to_dict())
home = copy.path
assert kb.describe(["OLD:1"])
child = os.fork()
if not child:
    assert kb.describe(["OLD:1"])[0].name == copy.describe(["OLD:1"])[0].name == "gout"
    del kb, copy
    gc.collect()
    print("child", flush=True)
    raise SystemExit
_, status = os.waitpid(child, 0)
assert status == 0
assert home.exists(), "the temporary directory is the parent's"
assert copy.describe(["OLD:1"])[0].name == kb.describe(["OLD:1"])[0].name
print("parent", home)
""",
        old,
    )
    out = _finish(process).split()
    assert out[:2] == ["child", "parent"]
    assert not Path(out[2]).exists()


def test_a_child_that_forks_after_a_new_state_is_told(start: Start, old: Path) -> None:
    process = start(
        """
kb = Store(directory)
build_from_records(concepts(3), directory, {})
if os.fork():
    os.wait()
    print(kb.describe(["OLD:1"])[0].name)
else:
    try:
        kb.describe(["OLD:1"])
    except BelError as error:
        print(str(error)[:6], flush=True)
""",
        old,
    )
    assert _finish(process).split() == ["[B109]", "gout"]
