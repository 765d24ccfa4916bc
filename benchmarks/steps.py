"""What each step of normalisation and retrieval is worth: all of them, and all but one.

    python -m benchmarks.steps --data DIR [--only NAME]

Measured on train and dev splits alone, which is where the steps were chosen. A step is turned off
by replacing its function or table; the knowledge base is then built anew, for keys depend on it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np
from tqdm import tqdm

from benchmarks import retrieval
from benchmarks.common import Workbench, machine, parser, table, workbench
from spacy_bel import lexicon, text
from spacy_bel.corpora.names import annotated_names
from spacy_bel.features import NameForms
from spacy_bel.kb import store
from spacy_bel.kb.build import add_annotated_aliases, build
from spacy_bel.kb.store import Store
from spacy_bel.retrieval import exact
from spacy_bel.text import concept_words

FIGURES = ("acc@1", "recall@20")

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """A step, and how to do without it.

    Args:
        name: What the table calls it.
        replaced: What takes the place of functions and tables, by dotted name.
        settings: Settings of ``bel_linker``.
        prepare: Changes the opened knowledge base.
    """

    name: str
    replaced: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[[Store], None] = lambda store: None


def _same(word: str) -> str:
    return word


def _grade_in_order(mention: NameForms, name: NameForms) -> float:
    """A grade only for names whose common words come in the mention's order."""
    ours, theirs = _meanings(mention), _meanings(name)
    common = set(ours) & set(theirs)
    in_order = [word for word in ours if word in common] == [w for w in theirs if w in common]
    return _grade(mention, name) if in_order else 0.01


def _meanings(forms: NameForms) -> list[str]:
    return list(dict.fromkeys(m for word in forms.words for m in concept_words(word)))


def _one_grade(mention: NameForms, name: NameForms) -> float:
    """The same grade for all names with the mention's key that are not the same words."""
    return max(_grade(mention, name), exact.SAME_KEY)


_grade = exact.grade


def _forget_preference(opened: Store) -> None:
    """Leave nothing to break ties by but the place in the knowledge base."""
    opened.alias_kinds = np.zeros_like(opened.alias_kinds)
    opened.concept_weights = np.zeros_like(opened.concept_weights)


def _retriever(name: str, **settings: Any) -> dict[str, Any]:
    return {"retriever": {"@misc": f"spacy-bel.{name}.v1", **settings}}


def _context(**settings: bool) -> dict[str, Any]:
    return {"context": {"abbreviations": True, "composites": True, **settings}}


STEPS = (
    Step("accents dropped", {"spacy_bel.text.unaccented": _same}),
    Step("American spelling", {"spacy_bel.text.american": _same}),
    Step("singular", {"spacy_bel.text.singular": _same}),
    Step("numerals", {"spacy_bel.text.NUMERALS": {}}),
    Step("Greek letters", {"spacy_bel.text.GREEK": {}}),
    Step("function words dropped", {"spacy_bel.text.FUNCTION_WORDS": NOTHING}),
    Step(
        "word order ignored in exact matches", {"spacy_bel.retrieval.exact.grade": _grade_in_order}
    ),
    Step("synonyms", {"spacy_bel.lexicon.CONCEPT_WORD": {}}),
    Step("adjectives", {"spacy_bel.text.ADJECTIVE_ENDINGS": {}}),
    Step("compounds", {"spacy_bel.lexicon.COMBINING_FORMS": {}}),
    Step(
        "modifiers",
        {"spacy_bel.lexicon.MODIFIERS": NOTHING, "spacy_bel.retrieval.exact.MODIFIERS": NOTHING},
    ),
    Step("weak heads", {"spacy_bel.retrieval.exact.WEAK_HEADS": NOTHING}),
    Step("grades of exact matches", {"spacy_bel.retrieval.exact.grade": _one_grade}),
    Step("exact matches", settings=_retriever("NgramRetriever")),
    Step("n-grams", settings=_retriever("ExactRetriever")),
    Step("concept words among n-grams", {"spacy_bel.features.TRIGRAM_SHARE": 1.0}),
    Step(
        "broader concepts and shared ancestors", settings=_retriever("LexicalRetriever", broader=0)
    ),
    Step("shared ancestors", {"spacy_bel.retrieval.ancestors.EVERY": sys.maxsize}),
    Step("n-grams pruned (a gain in speed)", settings=_retriever("LexicalRetriever", prune=0.0)),
    Step("annotated prior", {"spacy_bel.retrieval.fusion.ANNOTATED_PRIOR": 0.0}),
    Step("what drugs cause", settings=_retriever("LexicalRetriever", drug_induced=False)),
    Step("abbreviations", settings=_context(abbreviations=False)),
    Step(
        "last parts of short forms",
        {"spacy_bel.mentions.schwartz_hearst._LAST_PART": re.compile("(?!)")},
    ),
    Step("composites", settings=_context(composites=False)),
    Step("ties broken for a reason", prepare=_forget_preference),
)

PROTOCOL = """\
Gold mentions, *lenient*, vocabulary only, and for the last corpus with the mentions of its train \
split as names; the first line has all steps, every other one all but the step that it names, and \
what that changes, in points. Train and dev splits."""


@contextmanager
def without(step: Step) -> Iterator[None]:
    """Replace what the step consists of, and forget what was computed with it."""
    with ExitStack() as stack:
        stack.callback(_forget)
        for name, value in step.replaced.items():
            stack.enter_context(patch(name, value))
        _forget()
        # Tables that were made at import, made anew by the steps that are left.
        tables: dict[str, Any] = {
            "_MEANING": {text._word(w): text._word(m) for w, m in lexicon.CONCEPT_WORD.items()},
            "_ORGAN": {form: text._word(organ) for form, organ in lexicon.COMBINING_FORMS.items()},
            "_MODIFIERS": frozenset(map(text._word, lexicon.MODIFIERS)),
        }
        stack.enter_context(patch.multiple(text, **tables))
        yield


def _forget() -> None:
    for function in (text._word, text.concept_words, store._forms):
        function.cache_clear()


def measure(bench: Workbench, step: Step, rows: Sequence[retrieval.Row]) -> list[float]:
    """The figures of every row without a step."""
    values: list[float] = []
    with without(step), TemporaryDirectory() as directory:
        for row in rows:
            kb = _kb(bench, row, Path(directory))
            nlp = bench.pipeline(kb, top_k=20, **step.settings)
            step.prepare(nlp.get_pipe("bel_linker").kb)  # type: ignore[attr-defined]
            lenient = bench.measure(nlp, row.corpus)["lenient"]
            values += [lenient[figure]["value"] for figure in FIGURES]
    return values


def _kb(bench: Workbench, row: retrieval.Row, directory: Path) -> Path:
    """The knowledge base of a row, built where it is not there yet."""
    kb = directory / row.vocabulary.name
    if not kb.exists():
        build(bench.sources(row.vocabulary), kb)
    if row.with_names and row.train:
        with_names = directory / f"{row.vocabulary.name}, {row.train.name}"
        names = annotated_names(bench.docs(row.train))
        add_annotated_aliases(kb, names, source=row.train.name, output=with_names)
        return with_names
    return kb


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = parser(__doc__.partition("\n")[0])
    options.add_argument("--only", default="", metavar="NAME", help="steps whose name holds NAME")
    given = options.parse_args(arguments)
    steps = [step for step in STEPS if given.only.lower() in step.name.lower()]
    if not steps:
        names = ", ".join(step.name for step in STEPS)
        options.error(f"no step is called {given.only!r}; there are: {names}")
    rows = [
        retrieval.Row(retrieval.NCBI_TRAIN + retrieval.NCBI_DEV, retrieval.CTD),
        retrieval.Row(retrieval.BC5CDR_TRAIN, retrieval.CTD),
        retrieval.Row(retrieval.NCBI_DEV, retrieval.CTD, retrieval.NCBI_TRAIN, with_names=True),
    ]
    if given.sample:
        sample = retrieval.SAMPLE_TRAIN + retrieval.SAMPLE_DEV
        rows = [
            retrieval.Row(sample, retrieval.SAMPLE_KB),
            retrieval.Row(
                retrieval.SAMPLE_DEV, retrieval.SAMPLE_KB, retrieval.SAMPLE_TRAIN, with_names=True
            ),
        ]
    with workbench(given) as bench:
        every = measure(bench, Step("all steps"), rows)
        lines = [["all steps", *(f"{value:.4f}" for value in every)]]
        for step in tqdm(steps, unit="step", disable=None):
            values = measure(bench, step, rows)
            changes = (100 * (value - all_) for value, all_ in zip(values, every, strict=True))
            lines.append([f"without {step.name}", *(f"{change:+.2f}" for change in changes)])
    figures = [figure.capitalize() for figure in FIGURES]
    header = ["", *(f"{row.corpus.name}: {figure}" for row in rows for figure in figures)]
    print(f"{PROTOCOL}\n\n{table(header, lines, 'l' + 'r' * (len(header) - 1))}\n\n{machine()}")


if __name__ == "__main__":
    main()
