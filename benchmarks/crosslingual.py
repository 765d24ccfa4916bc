"""Linking names of other languages: HPO's translations, half known, half held out.

    python -m benchmarks.crosslingual --data DIR [--work DIR] [--concepts 4000] [--steps 150]

Of the translations of some thousand concepts of the Human Phenotype Ontology, one half (drawn by
a digest of the name) is given to the knowledge base beside the English names, and the other half
is looked up, without context. Recall@1 and Recall@20 by language: lexical; hybrid with MiniLM as
it is; hybrid with MiniLM trained on the knowledge base's own synonyms, pairs across languages
among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from tqdm import tqdm

from benchmarks.common import Workbench, machine, parser, table, workbench
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

Held = dict[str, list[tuple[str, str]]]
"""Language -> pairs of a name that is looked up and the CURIE that it should find."""


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
    concepts.sort(key=lambda concept: sha256(concept.id.encode()).digest())
    kept: list[Record] = []
    held: Held = {lang: [] for lang in LANGUAGES}
    for concept in concepts[:count]:
        known = []
        for (lang, lowered), alias in names[concept.id].items():
            if sha256(lowered.encode()).digest()[0] % 2:
                held[lang].append((alias.name, concept.id))
            else:
                known.append(alias)
        kept.append(
            Concept(
                concept.id,
                concept.name,
                (*concept.aliases, *known),
                types=concept.types,
                parents=concept.parents,
            )
        )
    return kept, held


def recall(retriever: Retriever, pairs: list[tuple[str, str]]) -> tuple[float, float]:
    """Recall@1 and Recall@20."""
    found = retriever.retrieve([Mention(name) for name, _ in pairs], 20)
    ranks = [
        next((r for r, one in enumerate(candidates) if one.id == gold), 99)
        for candidates, (_, gold) in zip(found, pairs, strict=True)
    ]
    return sum(r < 1 for r in ranks) / len(ranks), sum(r < 20 for r in ranks) / len(ranks)


def trained(bench: Workbench, store: Store, steps: int) -> Encoder:
    """MiniLM after self-alignment on the knowledge base."""
    output = bench.work / f"encoder-{store.checksum[:12]}-{steps}"
    settings = RetrieverSettings(steps=steps, max_length=24, learning_rate=5e-5)
    RetrieverTraining(store, Encoder(EncoderSettings(MINILM)), settings, output).run()
    return Encoder(EncoderSettings(str(output / BEST)))


def main() -> None:
    """Print the table."""
    options = parser(__doc__ or "")
    options.add_argument("--concepts", type=int, default=4000)
    options.add_argument("--steps", type=int, default=150)
    arguments = options.parse_args()
    with workbench(arguments) as bench:
        records, held = split(bench.data, arguments.concepts)
        plain = bench.work / f"hpo-{arguments.concepts}"
        build_from_records(records, plain, {"name": "HPO, half of its translations"})
        store = Store(plain)
        retrievers: dict[str, Retriever] = {"lexical": lexical_retriever()(store)}
        for name, encoder in (
            ("untrained", Encoder(EncoderSettings(MINILM))),
            ("trained", trained(bench, store, arguments.steps)),
        ):
            directory = bench.work / f"{plain.name}-{name}"
            store.save(directory)
            embed(directory, encoder, progress=True)
            retrievers[name] = hybrid_retriever()(Store(directory))
        rows = []
        for lang in tqdm(LANGUAGES, disable=None):
            figures = [recall(retriever, held[lang]) for retriever in retrievers.values()]
            gain = 100 * (figures[-1][0] - figures[0][0])
            cells = [f"{value:.3f}" for k in (0, 1) for value in (pair[k] for pair in figures)]
            rows.append([lang, f"{len(held[lang]):,}", *cells, f"{gain:+.1f}"])
        header = [f"{name} @{k}" for k in (1, 20) for name in retrievers]
        print(table(["", "names", *header, "gain @1"], rows, "l" + "r" * (len(header) + 2)))
        print(f"\n{len(store):,} concepts, {len(store.alias_names):,} names; {machine('torch')}")


def _ignore(_: object) -> None:
    """A malformed line of a table is passed over here."""


if __name__ == "__main__":
    main()
