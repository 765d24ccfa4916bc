"""Mining: mentions of unannotated text with their contexts and candidates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import compress, islice
from pathlib import Path

from spacy.language import Language
from tqdm import tqdm

from spacy_bel.distillation.sampling import check, sample
from spacy_bel.distillation.seen import Seen
from spacy_bel.distillation.texts import Text, read_texts
from spacy_bel.distillation.work import Work, digest_of
from spacy_bel.errors import Errors
from spacy_bel.examples import Example, KBReference, from_line, to_line, write_examples
from spacy_bel.files import only_one
from spacy_bel.mentions.extract import spans_of
from spacy_bel.pipeline.retriever import BelRetriever
from spacy_bel.reranking.offers import OfferMaker
from spacy_bel.text import surface
from spacy_bel.types import Mention


@dataclass(frozen=True, slots=True)
class Mining:
    """What is mined.

    Args:
        limit: How many mentions to keep; 0 for all.
        strategy: Which of them, where there is a limit (``sampling.Strategy``).
        seed: Of what is left to chance.
        batch_size: Texts that are worked on together.
    """

    limit: int = 0
    strategy: str = "random"
    seed: int = 0
    batch_size: int = 64

    def __post_init__(self) -> None:
        """Refuse settings out of range."""
        check(self.strategy)
        for setting, least in (("limit", 0), ("batch_size", 1)):
            if (value := getattr(self, setting)) < least:
                raise Errors.B801(setting=setting, value=value, allowed=f"{least} or more")


def mine(
    nlp: Language,
    component: BelRetriever,
    paths: Sequence[Path],
    output: Path,
    settings: Mining | None = None,
    *,
    progress: bool = False,
) -> Counter[str]:
    """Mine files; an interrupted run with the same settings goes on where it was.

    Args:
        nlp: A pipeline that finds mentions.
        component: Its component that finds candidates.
        paths: Files of texts (see ``texts.read_texts``).
        output: The rows to write, ``.jsonl`` or ``.jsonl.gz``.
        settings: What to mine.
        progress: Whether to show a progress bar on a terminal.

    Returns:
        Counts: ``texts``, ``mentions``, of these ``duplicates``, ``composites`` and those
        ``without candidates``, which are left out, and the rows ``written``.

    Raises:
        BelError: A file cannot be read or written, no mention was found, or another process
            mines to the same place.
    """
    settings = settings or Mining()
    run = {
        **asdict(settings),
        "kb": component.kb.checksum,
        "pipeline": list(nlp.pipe_names),
        "texts": [digest_of(path) for path in paths],
    }
    with only_one(output):
        work = Work(output, run)
        try:
            counts = _collect(nlp, component, read_texts(paths), work, settings, progress=progress)
            if not counts["rows"]:
                work.done()
                raise Errors.B805(texts=counts["texts"], names=", ".join(nlp.pipe_names))
            counts["written"] = _write(work, output, counts["rows"], settings)
        finally:
            work.close()
        work.done()
    del counts["rows"]
    return counts


class Miner:
    """Finds mentions with candidates in texts.

    Args:
        nlp: A pipeline that finds mentions.
        component: Its component that finds candidates.
        seen: Mentions in their contexts that need not be mined again; new ones are added.
        counts: Where what is found is counted.
    """

    def __init__(
        self, nlp: Language, component: BelRetriever, seen: Seen, counts: Counter[str]
    ) -> None:
        self._nlp = nlp
        self._component = component
        self._seen = seen
        self._counts = counts
        self._offers = OfferMaker(component.kb)
        self._reference = reference_of(component)
        self._idle = [name for name, pipe in nlp.pipeline if isinstance(pipe, BelRetriever)]

    def rows(self, texts: Sequence[Text]) -> Iterator[Example]:
        """The rows of some texts, which are worked on together.

        Args:
            texts: Texts.

        Yields:
            One row for each mention that is new, is no composite and has candidates.
        """
        component = self._component
        contents = (text.content for text in texts)
        docs = list(self._nlp.pipe(contents, disable=self._idle, batch_size=len(texts)))
        spans = [
            [span for span in spans_of(doc, component.spans) if component.is_mapped(span.label_)]
            for doc in docs
        ]
        found = component.candidates(docs, spans)
        self._counts["texts"] += len(texts)
        for text, own, answers in zip(texts, spans, found, strict=True):
            for span, (mention, candidates) in zip(own, answers, strict=True):
                self._counts["mentions"] += 1
                problem = why_left_out(mention, bool(candidates), self._seen)
                if problem:
                    self._counts[problem] += 1
                    continue
                yield Example(
                    mention=mention,
                    offers=self._offers.make(mention, candidates),
                    doc_id=text.doc_id,
                    offset=text.offset + span.start_char,
                    kb=self._reference,
                    provenance="teacher",  # nobody else will say what it means
                )


def reference_of(component: BelRetriever) -> KBReference:
    """The knowledge base of a component as rows name it."""
    kb = component.kb
    return KBReference(kb.name, str(kb.meta.get("version", "")), kb.checksum)


def why_left_out(mention: Mention, is_found: bool, seen: Seen) -> str:
    """Why a mention is left out; empty where it is not."""
    if mention.parts:
        return "composites"  # a teacher chooses one candidate, and a composite has several
    if not is_found:
        return "without candidates"
    place = f"{mention.start}\0{surface(mention.text)}\0{surface(mention.context)}"
    return "" if seen.add(place) else "duplicates"


def _collect(
    nlp: Language,
    component: BelRetriever,
    texts: Iterator[Text],
    work: Work,
    settings: Mining,
    *,
    progress: bool,
) -> Counter[str]:
    """Mine what has not been mined yet into the work folder."""
    counts: Counter[str] = Counter(work.state.get("counts", {}))
    with Seen() as seen, tqdm(unit=" texts", disable=None if progress else True) as bar:
        for line in work.lines():
            why_left_out(from_line(line).mention, True, seen)
        bar.update(sum(1 for _ in islice(texts, counts["texts"])))
        miner = Miner(nlp, component, seen, counts)
        while batch := list(islice(texts, settings.batch_size)):
            with nlp.memory_zone():  # else all words ever seen would stay in the vocabulary
                found = [to_line(row) for row in miner.rows(batch)]
            counts["rows"] += len(found)
            work.keep(found, counts=dict(counts))
            bar.update(len(batch))
            bar.set_postfix_str(f"{counts['rows']:,} rows", refresh=False)
    return counts


def _write(work: Work, output: Path, count: int, settings: Mining) -> int:
    rows = (from_line(line) for line in work.lines())
    if not settings.limit or count <= settings.limit:
        return write_examples(rows, output)
    chosen = sample(rows, settings.limit, settings.strategy, settings.seed)
    return write_examples(map(from_line, compress(work.lines(), chosen)), output)
