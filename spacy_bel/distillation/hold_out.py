"""A knowledge base without some of its names."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from spacy_bel.kb.build import index_and_commit, known_parts
from spacy_bel.kb.files import SQLITE, verify_file, workspace
from spacy_bel.kb.schema import storable
from spacy_bel.kb.settle import count
from spacy_bel.kb.store import Store
from spacy_bel.kb.writer import KIND_RANK, Writer, surface_hash

_DELETE = f"""
DELETE FROM aliases WHERE surface = ? AND kind != {KIND_RANK["preferred"]}
AND concept = (SELECT number FROM concepts WHERE id = ?)
"""


@contextmanager
def without_names(store: Store, names: Iterable[tuple[str, str]]) -> Iterator[Store]:
    """A knowledge base without some names, for as long as it is needed.

    Vectors of the other names are taken over and not made again.

    Args:
        store: The knowledge base, which is not changed.
        names: Concept id and name; preferred names stay.

    Yields:
        The other knowledge base.
    """
    folder = Path(tempfile.mkdtemp(prefix="spacy-bel-held-out-"))
    try:
        with workspace(folder / "kb") as place:
            original = verify_file(store.path, store.meta["files"][Path(SQLITE).stem])
            shutil.copyfile(original, place / SQLITE)
            with closing(Writer(place / SQLITE)) as writer:
                db = writer.connection
                pairs = ((surface_hash(name), storable(id_)) for id_, name in names)
                db.executemany(_DELETE, pairs)
                db.execute("COMMIT")
                meta = {**known_parts(store.meta), "counts": count(db)}
                old = (store.path, store.meta)
                index_and_commit(db, folder / "kb", place, meta, progress=False, old=old)
        yield Store(folder / "kb")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
