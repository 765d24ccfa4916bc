"""What all components share: a knowledge base that is opened late and saved along."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import srsly
from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import ensure_path

from spacy_bel.errors import Errors
from spacy_bel.kb.copies import remove_with
from spacy_bel.kb.store import Store
from spacy_bel.pipeline.parts import (
    pack_parts,
    require_extras,
    restore_part,
    save_parts,
    unpack_parts,
)

_KB = "kb"
_REFERENCE = "kb.json"
_PARTS = "parts"

_Part = TypeVar("_Part")


class KBComponent(Pipe):
    """A component over a knowledge base.

    Nothing is opened when the component is made: a pipeline that is being loaded names the
    folder that its knowledge base once came from, which need not exist any more.

    Args:
        name: The component's name in the pipeline.
        kb: Directory of the knowledge base; None where it comes with ``initialize`` or with
            the saved pipeline.
        types: Setting -> semantic types that it names, some of which the knowledge base must
            have; a setting without types is free.
        scorer: Scores the component's output, or None.
    """

    def __init__(
        self,
        name: str,
        *,
        kb: str | Path | None = None,
        types: Mapping[str, Sequence[str]] | None = None,
        scorer: Callable[..., dict[str, Any]] | None = None,
    ) -> None:
        self.name = name
        self.scorer = scorer
        self._types = dict(types or {})
        self._path = None if kb is None else Path(kb)
        self._store: Store | None = None
        self._reference: dict[str, str] | None = None
        self._saved: Path | None = None

    @property
    def kb(self) -> Store:
        """The knowledge base.

        Raises:
            BelError: If none was given, or it cannot be read.
        """
        if self._store is None:
            if self._path is None:
                raise Errors.B600(name=self.name)
            self.set_kb(Store(self._path))
        assert self._store is not None
        return self._store

    def set_kb(self, store: Store) -> None:
        """Link to this knowledge base from now on.

        Args:
            store: The opened knowledge base.

        Raises:
            BelError: If the pipeline was saved with a reference to another one, or a setting
                names only semantic types that this one does not have.
        """
        if self._reference and self._reference["checksum"] != store.checksum:
            raise Errors.B601(
                name=self.name, path=store.path, found=store.checksum, **self._reference
            )
        known = {type_ for types in store.type_sets for type_ in types}
        for setting, types in self._types.items():
            if types and known.isdisjoint(types):
                allowed = ", ".join(sorted(known)) or "none, for the knowledge base has no types"
                value = ", ".join(types)
                raise Errors.B602(name=self.name, setting=setting, value=value, allowed=allowed)
        self._store = store
        self.kb_changed()

    def kb_changed(self) -> None:
        """Forget what was built over the knowledge base; components with such parts override."""

    def parts(self) -> dict[str, object]:
        """What was built over the knowledge base and may have a state of its own, by name."""
        return {}

    def restored(self, name: str, part: _Part) -> _Part:
        """A part that was just made, with the state that the pipeline was saved with.

        Args:
            name: The part's name.
            part: The part as its config describes it.

        Returns:
            The part.
        """
        restore_part(name, part, self._saved)
        return part

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]] | None = None,
        *,
        nlp: Language | None = None,
        kb: str | None = None,  # spaCy reads this annotation, and knows builtin names only
    ) -> None:
        """Take the knowledge base from ``[initialize.components.NAME]``.

        A reference to a knowledge base that the pipeline was saved with does not count here.

        Args:
            get_examples: Not used: nothing is learned.
            nlp: The pipeline.
            kb: Directory of the knowledge base; what the component already has where None.

        Raises:
            BelError: If there is none, or it cannot be read.
        """
        self._reference = None
        self._saved = None
        self.kb_changed()
        if kb is not None:
            self.set_kb(Store(kb))
        _ = self.kb
        if nlp is not None:
            require_extras(nlp, self.parts().values())

    def annotate(self, docs: list[Doc]) -> None:
        """Write the component's annotations into documents."""
        raise AssertionError  # every component has its own

    def __call__(self, doc: Doc) -> Doc:
        """Annotate one document."""
        self.annotate([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 64) -> Iterator[Doc]:
        """Annotate a stream of documents, in order, a batch at a time.

        A document that fails goes to the error handler alone; the others of its batch are
        annotated.

        Args:
            stream: Documents.
            batch_size: Documents that are worked on together.

        Yields:
            The documents.
        """
        stream = iter(stream)
        while docs := list(islice(stream, batch_size)):
            try:
                self.annotate(docs)
            except Exception:
                yield from self._one_by_one(docs)
            else:
                yield from docs

    def _one_by_one(self, docs: list[Doc]) -> Iterator[Doc]:
        for doc in docs:
            try:
                self.annotate([doc])
            except Exception as error:
                self.get_error_handler()(self.name, self, [doc], error)
            else:
                yield doc

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save the knowledge base into the component's folder.

        Args:
            path: The folder.
            exclude: ``kb`` to save only the knowledge base's name and checksum.

        Raises:
            BelError: If the knowledge base cannot be read or the folder cannot be written.
        """
        folder = ensure_path(path)
        folder.mkdir(parents=True, exist_ok=True)
        if self._store is None and self._path is None:
            return
        if _KB in exclude:
            srsly.write_json(folder / _REFERENCE, self._own_reference())
            self._remove_other_kb(folder / _KB)
        else:
            self.kb.save(folder / _KB)
            (folder / _REFERENCE).unlink(missing_ok=True)
        save_parts(self.parts(), folder)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> KBComponent:
        """Take the knowledge base from the component's folder; it wins over the config.

        Args:
            path: The folder.
            exclude: ``kb`` to leave it where it is.

        Returns:
            The component.

        Raises:
            BelError: If the knowledge base there is damaged.
        """
        folder = ensure_path(path)
        self._reference = None
        self._saved = folder
        self.kb_changed()
        if (folder / _KB).exists() and _KB not in exclude:
            self.set_kb(Store(folder / _KB))
        elif (folder / _REFERENCE).exists():
            self._refer_to(srsly.read_json(folder / _REFERENCE))
        return self

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """The component with its knowledge base as bytes.

        Args:
            exclude: ``kb`` to hold only the knowledge base's name and checksum.

        Returns:
            MessagePack.
        """
        content: dict[str, Any] = {}
        if self._store is not None or self._path is not None:
            if _KB in exclude:
                content[_REFERENCE] = self._own_reference()
            else:
                content[_KB] = self.kb.to_dict()
            content[_PARTS] = pack_parts(self.parts())
        return bytes(srsly.msgpack_dumps(content))

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> KBComponent:
        """Take over what ``to_bytes`` gave.

        Args:
            data: MessagePack.
            exclude: ``kb`` to leave it alone.

        Returns:
            The component.
        """
        content = srsly.msgpack_loads(data)
        self._reference = None
        self._saved = unpack_parts(content[_PARTS]) if content.get(_PARTS) else None
        if self._saved:
            remove_with(self, self._saved)
        self.kb_changed()
        if _KB in content and _KB not in exclude:
            self.set_kb(Store.from_dict(content[_KB]))
        elif _REFERENCE in content:
            self._refer_to(content[_REFERENCE])
        return self

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs; components leave out what it makes for itself."""
        return dict(self.__dict__)

    def __reduce__(self) -> tuple[Any, ...]:
        """How to send the component to another process: spaCy's way ignores ``__getstate__``."""
        return _empty, (type(self),), {**self.__getstate__(), "name": self.name}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what another process sent."""
        for name, value in state.items():
            setattr(self, name, value)

    def _remove_other_kb(self, folder: Path) -> None:
        """Remove what an earlier save left, for a knowledge base there wins over a reference."""
        if folder.exists() and folder.resolve() != self.kb.path.resolve():
            shutil.rmtree(folder)

    def _own_reference(self) -> dict[str, str]:
        return {"kb": self.kb.name, "checksum": self.kb.checksum}

    def _refer_to(self, reference: dict[str, str]) -> None:
        self._reference = dict(reference)
        if self._store is not None:
            self.set_kb(self._store)


def _empty(component: type[KBComponent]) -> KBComponent:
    return component.__new__(component)
