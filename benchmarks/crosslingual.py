"""Linking names of other languages: translations of an ontology, and mentions in Wikipedia.

    python -m benchmarks.crosslingual --data DIR [--work DIR] [--concepts 4000] [--steps 150]

Of the translations of some thousand concepts of the Human Phenotype Ontology, one half (drawn by
a digest of the name) is given to the knowledge base beside the English names, and the other half
is looked up. Of XL-BEL those mentions are looked up whose concept has an open name; the knowledge
base holds these concepts and others up to the same number, with all their names in any language.
No context is used. Recall@1 and Recall@20 by language: lexical; hybrid with MiniLM as it is; hybrid
with MiniLM trained on the first knowledge base's own synonyms, pairs across languages among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from tqdm import tqdm

from benchmarks.common import (
    Corpus,
    Workbench,
    code_digest,
    machine,
    parser,
    table,
    unfinished,
    workbench,
)
from benchmarks.retrieval import OPEN_CUIS
from spacy_bel.corpora.docs import gold_spans
from spacy_bel.corpora.gold import parse_gold
from spacy_bel.kb.build import build_from_records
from spacy_bel.kb.readers.base import Record
from spacy_bel.kb.readers.registry import read
from spacy_bel.kb.store import Store
from spacy_bel.kb.vectors import embed
from spacy_bel.models import MINILM
from spacy_bel.protocols import Retriever
from spacy_bel.retrieval.registry import hybrid_retriever, lexical_retriever
from spacy_bel.training.retriever import BEST, RetrieverTraining
from spacy_bel.training.retriever_settings import RetrieverSettings
from spacy_bel.types import Alias, Concept, Mention
from spacy_bel.vectors.encoder import Encoder, EncoderSettings

HPO = "kb/hpo/hp_assembled_2019-2026.obo.gz"
TRANSLATIONS = "kb/hpo/translations"
LANGUAGES = ("es", "fr", "nl", "tr", "zh", "ja", "cs")

XLBEL = "corpora/xl_bel/{}_1k_test_query_with_context.txt.gz"
XLBEL_LANGUAGES = ("en", "de", "es", "fi", "ja", "ru", "zh")

Held = dict[str, list[tuple[str, frozenset[str]]]]
"""What a row is called -> pairs of a text that is looked up and the CURIEs that it may find."""


def translations(data: Path) -> Iterator[tuple[str, Alias]]:
    """Concept ids with their names in other languages."""
    for path in sorted((data / TRANSLATIONS).iterdir()):
        for record in read(path, on_error=_ignore):
            if isinstance(record, Concept):
                for alias in record.aliases:
                    if alias.lang in LANGUAGES:
                        yield record.id, alias


def split(data: Path, count: int) -> tuple[list[Record], Held]:
    """Concepts with all English and half of the other names, and the other half."""
    names: dict[str, dict[tuple[str, str], Alias]] = {}
    for concept_id, alias in translations(data):
        names.setdefault(concept_id, {}).setdefault((alias.lang, alias.name.lower()), alias)
    concepts = [
        record
        for record in read(data / HPO, on_error=_ignore)
        if isinstance(record, Concept) and record.id in names
    ]
    concepts.sort(key=lambda concept: _draw(concept.id))
    kept: list[Record] = []
    held: Held = {f"HPO {lang}": [] for lang in LANGUAGES}
    for concept in concepts[:count]:
        known = []
        for (lang, lowered), alias in names[concept.id].items():
            if _draw(lowered)[0] % 2:
                held[f"HPO {lang}"].append((alias.name, frozenset({concept.id})))
            else:
                known.append(alias)
        aliases = (*concept.aliases, *known)
        kept.append(
            Concept(concept.id, concept.name, aliases, types=concept.types, parents=concept.parents)
        )
    return kept, held


def wikipedia(bench: Workbench, count: int) -> tuple[list[Record], Held]:
    """Concepts with open names, and the mentions of XL-BEL that mean one of them."""
    store = Store(bench.kb(OPEN_CUIS))
    held: Held = {}
    for lang in XLBEL_LANGUAGES:
        name = f"XL-BEL {lang}"
        pairs = held[name] = []
        for doc in bench.docs(Corpus(name, (XLBEL.format(lang),))):
            for span in gold_spans(doc):
                found = frozenset(filter(None, map(store.resolve, parse_gold(span.kb_id_))))
                if found:
                    pairs.append((span.text, found))
    meant = {concept for pairs in held.values() for _, found in pairs for concept in found}
    others = sorted(set(store) - meant, key=_draw)
    wanted = [*sorted(meant), *others[: max(0, count - len(meant))]]
    return list(store.describe(wanted)), held


def _draw(text: str) -> bytes:
    return sha256(text.encode()).digest()


def recall(retriever: Retriever, pairs: list[tuple[str, frozenset[str]]]) -> tuple[float, float]:
    """Recall@1 and Recall@20."""
    found = retriever.retrieve([Mention(text) for text, _ in pairs], 20)
    ranks = [
        next((rank for rank, one in enumerate(candidates) if one.id in gold), 99)
        for candidates, (_, gold) in zip(found, pairs, strict=True)
    ]
    return sum(rank < 1 for rank in ranks) / len(ranks), sum(r < 20 for r in ranks) / len(ranks)


def trained(bench: Workbench, store: Store, steps: int) -> Encoder:
    """MiniLM after self-alignment on the knowledge base."""
    output = bench.work / f"encoder-{store.checksum[:12]}-{steps}"
    settings = RetrieverSettings(steps=steps, max_length=24, learning_rate=5e-5)
    RetrieverTraining(store, Encoder(EncoderSettings(MINILM)), settings, output).run()
    return Encoder(EncoderSettings(str(output / BEST)))


def measure(store: Store, held: Held, encoders: dict[str, Encoder]) -> list[list[str]]:
    """A row for each language."""
    retrievers: dict[str, Retriever] = {"lexical": lexical_retriever()(store)}
    for name, encoder in encoders.items():
        directory = store.path.with_name(f"{store.path.name}-{encoder.checksum[:12]}")
        if not directory.exists():
            with unfinished(directory) as folder:
                store.save(folder)
                embed(folder, encoder, progress=True)
        retrievers[name] = hybrid_retriever()(Store(directory))
    rows = []
    for name, pairs in tqdm(held.items(), disable=None):
        figures = [recall(retriever, pairs) for retriever in retrievers.values()]
        gain = 100 * (figures[-1][0] - figures[0][0])
        cells = [f"{value:.3f}" for k in (0, 1) for value in (pair[k] for pair in figures)]
        rows.append([name, f"{len(pairs):,}", *cells, f"{gain:+.1f}"])
    return rows


def main() -> None:
    """Print the table."""
    options = parser(__doc__ or "")
    options.add_argument("--concepts", type=int, default=4000)
    options.add_argument("--steps", type=int, default=150)
    arguments = options.parse_args()
    rows, notes = [], []
    with workbench(arguments) as bench:
        encoders = {"untrained": Encoder(EncoderSettings(MINILM))}
        for name, (records, held) in (
            ("HPO, half of its translations", split(bench.data, arguments.concepts)),
            ("open CUI names", wikipedia(bench, arguments.concepts)),
        ):
            plain = bench.work / f"{name[:3]}-{arguments.concepts}-{code_digest()[:12]}"
            if not plain.exists():
                with unfinished(plain) as folder:
                    build_from_records(records, folder, {"name": name})
            store = Store(plain)
            if "trained" not in encoders:
                encoders["trained"] = trained(bench, store, arguments.steps)
            rows += measure(store, held, encoders)
            notes.append(f"{name}: {len(store):,} concepts, {len(store.alias_names):,} names")
        header = [f"{name} @{k}" for k in (1, 20) for name in ("lexical", *encoders)]
        print(table(["", "n", *header, "gain @1"], rows, "l" + "r" * (len(header) + 2)))
        print(f"\n{'; '.join(notes)}; {machine('torch')}")


def _ignore(_: object) -> None:
    """A malformed line of a table is passed over here."""


if __name__ == "__main__":
    main()
