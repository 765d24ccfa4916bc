"""Rows from the knowledge base alone, for those who have neither teacher nor annotators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import chain, islice
from pathlib import Path

from tqdm import tqdm

from spacy_bel.distillation.current import brought_up_to_date
from spacy_bel.distillation.drafts import Draft, from_names, from_text
from spacy_bel.distillation.hold_out import without_names
from spacy_bel.distillation.mine import reference_of
from spacy_bel.distillation.sampling import lot
from spacy_bel.errors import Errors
from spacy_bel.examples import Example, KBReference, read_examples, write_examples
from spacy_bel.files import only_one
from spacy_bel.kb.store import Store
from spacy_bel.pipeline.retriever import BelRetriever
from spacy_bel.reranking.offers import OfferMaker
from spacy_bel.types import Candidate

_BATCH = 512


@dataclass(frozen=True, slots=True)
class Synthesis:
    """What is made.

    Args:
        limit: Most rows.
        text_share: Share of them that come from mined text, as far as there are any.
        per_concept: Most rows of one concept from each source.
        kept: Share of mentions whose own names stay in the knowledge base: a text holds both
            names that it has and names that it has not.
        folds: In how many parts the names are held out. With more of them fewer are missing at
            a time, and it takes longer.
        languages: ISO 639-1 codes of the names to take; empty for all.
        homonyms: Whether to keep mentions that are as much a name of another concept in the
            knowledge base that is left: a student that reads learns from the context which one
            is meant, one that only counts learns to distrust exact matches.
        seed: Of what is left to chance.
    """

    limit: int = 20_000
    text_share: float = 0.5
    per_concept: int = 3
    kept: float = 0.2
    folds: int = 4
    languages: tuple[str, ...] = ()
    homonyms: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse settings out of range."""
        for setting in ("limit", "per_concept", "folds"):
            if (value := getattr(self, setting)) < 1:
                raise Errors.B801(setting=setting, value=value, allowed="1 or more")
        for setting in ("text_share", "kept"):
            if not 0 <= (value := getattr(self, setting)) <= 1:
                raise Errors.B801(setting=setting, value=value, allowed="0 to 1")


def synthesise(
    component: BelRetriever,
    output: Path,
    settings: Synthesis | None = None,
    *,
    mined: Sequence[Path] = (),
    progress: bool = False,
) -> Counter[str]:
    """Make rows whose gold is known without annotators.

    A name of a concept is taken for a mention and, but for a share, held out of the knowledge
    base, so that the candidates are those that an unknown name would get; the wrong ones among
    them are hard negatives. Names of the same words in another order or number stay: real
    mentions have such neighbours too, and a student that never sees them right distrusts them.

    Args:
        component: A ``bel_linker`` or ``bel_retriever``, which is as before when all is made.
        output: The rows to write.
        settings: What to make.
        mined: Mined rows in which names are looked for.
        progress: Whether to show a progress bar on a terminal.

    Returns:
        Counts: rows ``from text`` and ``from names``, and how many of the mentions have names
        that were ``held out``, a concept that is ``not among the candidates``, or are left out
        because they are ``without candidates`` or ``as much a name of another concept``.

    Raises:
        BelError: There is nothing to make rows from, or the output cannot be written.
    """
    settings = settings or Synthesis()
    with only_one(output):
        base = component.kb
        drafts = choose(base, settings, mined)
        if not drafts:
            raise Errors.B820(kb=base.name)
        counts: Counter[str] = Counter()
        try:
            rows = _rows(component, base, drafts, settings, counts)
            bar = tqdm(rows, "rows", len(drafts), unit=" rows", disable=None if progress else True)
            write_examples(bar, output)
        finally:
            component.set_kb(base)
    return counts


def choose(store: Store, settings: Synthesis, mined: Sequence[Path]) -> list[Draft]:
    """The mentions that rows are made for.

    Args:
        store: The knowledge base.
        settings: What to make.
        mined: Mined rows.

    Returns:
        At most ``limit``, by lot.
    """
    rows = chain.from_iterable(read_examples(path) for path in mined)
    texts = from_text(store, (brought_up_to_date(row, store) for row in rows))
    most = round(settings.text_share * settings.limit) if mined else 0
    found = _drawn(texts, settings, most)
    names = from_names(store, frozenset(settings.languages), settings.seed)
    return found + _drawn(names, settings, settings.limit - len(found))


def _drawn(drafts: Iterator[Draft], settings: Synthesis, size: int) -> list[Draft]:
    """Some drafts by lot, of each concept no more than there may be."""
    by_concept: dict[str, list[tuple[float, str, Draft]]] = {}
    for draft in drafts if size else ():
        own = by_concept.setdefault(draft.concept, [])
        own.append((lot(draft.place, settings.seed), draft.place, draft))
        own.sort(key=_by_lot)
        del own[settings.per_concept :]
    return [draft for *_, draft in nsmallest(size, chain(*by_concept.values()), key=_by_lot)]


def _by_lot(item: tuple[float, str, Draft]) -> tuple[float, str]:
    return item[:2]


def _rows(
    component: BelRetriever,
    base: Store,
    drafts: Sequence[Draft],
    settings: Synthesis,
    counts: Counter[str],
) -> Iterator[Example]:
    reference = reference_of(component)
    parts: list[list[Draft]] = [[] for _ in range(settings.folds + 1)]
    for draft in drafts:
        parts[_fold(base, draft, settings)].append(draft)
    for number, own in enumerate(parts):
        if not own:
            continue
        if number == settings.folds:
            component.set_kb(base)
            yield from _looked_up(component, own, settings, reference, counts)
            continue
        counts["held out"] += len(own)
        with without_names(base, ((d.concept, name) for d in own for name in d.names)) as store:
            component.set_kb(store)
            yield from _looked_up(component, own, settings, reference, counts)


def _fold(store: Store, draft: Draft, settings: Synthesis) -> int:
    """In which part the names of a mention are held out; the last part keeps them all."""
    chance = lot(f"fold/{draft.concept}/{draft.names}", settings.seed)
    # Of a name that several concepts bear the context tells the concept: it must stay.
    is_shared = len(store.ids_of_name(draft.mention.text)) > 1
    if not draft.names or is_shared or chance < settings.kept:
        return settings.folds
    share = (chance - settings.kept) / (1 - settings.kept)
    return min(int(share * settings.folds), settings.folds - 1)


def _looked_up(
    component: BelRetriever,
    drafts: Sequence[Draft],
    settings: Synthesis,
    reference: KBReference,
    counts: Counter[str],
) -> Iterator[Example]:
    offers = OfferMaker(component.kb)
    remaining = iter(drafts)
    while batch := list(islice(remaining, _BATCH)):
        mentions = [draft.mention for draft in batch]
        found = component.retriever.retrieve(mentions, component.top_k)
        for draft, candidates in zip(batch, found, strict=True):
            if not candidates:
                counts["without candidates"] += 1
                continue
            if not settings.homonyms and _is_homonym(draft.concept, candidates):
                counts["as much a name of another concept"] += 1
                continue
            counts["from names" if draft.doc_id.startswith("kb:") else "from text"] += 1
            ids = {candidate.id for candidate in candidates}
            counts["not among the candidates"] += draft.concept not in ids
            yield Example(
                mention=draft.mention,
                offers=offers.make(draft.mention, candidates),
                gold=(draft.concept,),
                doc_id=draft.doc_id,
                offset=draft.offset,
                kb=reference,
                provenance="synthetic",
            )


def _is_homonym(concept: str, candidates: Sequence[Candidate]) -> bool:
    """Whether a mention matches a name of another concept exactly, and none of its own better."""
    exact = {candidate.id: candidate.scores.get("exact", 0.0) for candidate in candidates}
    own = exact.pop(concept, 0.0)
    other = max(exact.values(), default=0.0)
    return other > 0 and other >= own
