from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language

from spacy_bel.corpora.reader import read_docs
from spacy_bel.errors import BelError
from spacy_bel.evaluation import report
from spacy_bel.evaluation.metrics import score_mentions
from spacy_bel.evaluation.mistakes import KINDS, find_mistakes, kind_of_mistake, spread
from spacy_bel.evaluation.records import RankedCandidate, Record
from spacy_bel.evaluation.report import prepare, render, write
from spacy_bel.evaluation.run import Evaluation, evaluate

MakeRecord = Callable[..., Record]

_VOID = {"meta", "input"}


class Page(HTMLParser):
    """The elements and texts of a page; fails where elements are not nested."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def _evaluation(*records: Record, end_to_end: dict[str, Any] | None = None) -> Evaluation:
    metrics = {
        "pipeline": "en_test 1",
        "component": "linker",
        "kb": {"name": "toy", "concepts": 12},
        "bootstrap": {"resamples": 10},
        "spacy_bel": "1",
        **score_mentions(records, resamples=10),
        "end_to_end": end_to_end,
    }
    return Evaluation(metrics, list(records))


def test_kinds_of_mistakes(make_record: MakeRecord) -> None:
    records = {
        "right": make_record("A:1", "A:1"),
        "nobody knows": make_record("", "A:1"),
        "right NIL": make_record("NIL", answer="NIL"),
        "right NIL outside": make_record("X:1", answer="NIL", unknown_ids=("X:1",)),
        "ranking": make_record("A:1", "A:2 A:1"),
        "retrieval": make_record("A:1", "A:2"),
        "partial": make_record("A:1|A:2", "A:1 A:2"),
        "nil": make_record("A:1", "A:1", answer="NIL"),
        "not-nil": make_record("NIL", "A:1"),
        "failed": make_record("NIL", answer="", error="timed out"),
    }
    kinds = {name: kind_of_mistake(record) for name, record in records.items()}
    assert kinds == {name: name if name in KINDS else None for name in records}
    assert set(KINDS) <= set(kinds)
    assert len(find_mistakes(list(records.values()))) == len(KINDS)


def test_the_whole_page(nlp: Language, corpus_path: Path) -> None:
    evaluation = evaluate(nlp, read_docs(corpus_path, nlp.vocab), seen={"gout"}, resamples=10)
    page = Page(render(evaluation, "toy corpus"))
    text = " ".join(" ".join(page.texts).split())
    assert "Entity linking: linker on toy corpus" in text
    assert "1 of 4 answers are wrong by the strict protocol" in text
    assert "Other candidate chosen" in text
    assert len(page.all("polyline")) == 6
    assert {a["href"] for a in page.all("a")} == {
        "https://bioregistry.io/MESH:D003080",
        "https://bioregistry.io/MESH:D003139",
    }


def test_nothing_is_loaded_from_elsewhere(nlp: Language, corpus_path: Path) -> None:
    evaluation = evaluate(nlp, read_docs(corpus_path, nlp.vocab), resamples=10)
    html = render(evaluation)
    page = Page(html)
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"link", "img", "iframe", "object", "embed", "base"}
    assert all("src" not in attributes for _, attributes in page.elements)
    assert "url(" not in html
    assert "@import" not in html


_HOSTILE = st.sampled_from(
    [
        "<script>alert(1)</script>",
        "</script><script>",
        '"><img src=x onerror=alert(1)>',
        "' onmouseover='alert(1)",
        "{{ 7 * 7 }}",
        "&lt;b&gt;",
        "javascript:alert(1)",
        "]]><!--",
    ]
)


@given(st.lists(st.one_of(_HOSTILE, st.text(max_size=20)), min_size=8, max_size=8))
@settings(max_examples=30, deadline=None)
def test_hostile_text_stays_text(make_record: MakeRecord, texts: list[str]) -> None:
    mention, id_, name, alias, label, doc_id, gold_name, error = texts
    candidates = (
        RankedCandidate(f"A:{id_}", name, alias, 0.5, (f"A:{id_}",)),
        RankedCandidate("A:1", gold_name, mention, 0.4, ("A:1",)),
    )
    fields = {"text": mention, "context": f"{alias}{mention}{name}", "context_start": len(alias)}
    clean = {"doc_id": "1", "label": "x"}
    hostile = {"doc_id": doc_id, "label": label}
    records = [
        [
            make_record(
                "A:1",
                answer=candidates[0].id,
                answer_ids=(candidates[0].id,),
                candidates=candidates,
                gold_names=(gold_name,),
                **fields,
                **others,
            ),
            make_record("A:2", answer="", error=error or "failed", **fields, **others),
        ]
        for others in (clean, hostile)
    ]
    pages = [
        render(_evaluation(*each), corpus)
        for each, corpus in zip(records, ("c", doc_id), strict=True)
    ]
    parsed = [Page(page) for page in pages]
    assert [tag for tag, _ in parsed[0].elements] == [tag for tag, _ in parsed[1].elements]
    assert len(parsed[1].all("script")) == 1
    for page in parsed:
        assert not any(
            key.startswith("on") for _, attributes in page.elements for key in attributes
        )
        links = [str(attributes["href"]) for attributes in page.all("a")]
        assert all(link.startswith("https://bioregistry.io/") for link in links)


def test_a_mention_is_shown_with_its_candidates(make_record: MakeRecord) -> None:
    ids = " ".join(f"B:{number}" for number in range(30))
    record = make_record("A:1", f"{ids} A:1", context="a mention here", context_start=2)
    page = Page(render(_evaluation(record)))
    text = " ".join("".join(page.texts).split())
    assert "a mention here" in text
    assert "31 candidates, gold at rank 31" in text
    assert len(page.all("mark")) == 1
    assert [attributes.get("class") for attributes in page.all("tr")].count("gold") == 1
    shown = [str(each["href"]).rpartition("/")[2] for each in page.all("a")]
    assert shown == ["A:1", "B:0", *(f"B:{number}" for number in range(10)), "A:1"]


def test_mistakes_are_capped_evenly_and_it_says_so(
    make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [make_record("A:1", "A:2", start=number, doc_id="d") for number in range(25)]
    mistakes = find_mistakes(records)
    assert [each.record.start for each in spread(mistakes, 5)] == [0, 5, 10, 15, 20]
    assert spread(mistakes, 25) == mistakes
    monkeypatch.setattr(report, "MAX_MISTAKES", 5)
    html = render(_evaluation(*records))
    assert len([each for each in Page(html).all("li") if each.get("data-kind")]) == 5
    assert "5 of them are listed" in html
    monkeypatch.undo()
    assert "of them are listed" not in render(_evaluation(*records))


def test_an_empty_evaluation_and_a_perfect_one_have_a_page(make_record: MakeRecord) -> None:
    for evaluation in (_evaluation(), _evaluation(make_record("A:1", "A:1", score=1.0))):
        page = Page(render(evaluation))
        assert page.all("script") == []
    assert len(page.all("polyline")) == 5


def test_files_are_written_whole(nlp: Language, corpus_path: Path, tmp_path: Path) -> None:
    evaluation = evaluate(nlp, read_docs(corpus_path, nlp.vocab), resamples=10)
    directory = tmp_path / "deep" / "er"
    prepare(directory)
    paths = write(evaluation, directory, "corpus")
    assert {path.name for path in paths} == {"metrics.json", "mentions.jsonl", "report.html"}
    assert sorted(directory.iterdir()) == sorted(paths)
    assert json.loads(paths[0].read_text(encoding="utf-8")) == evaluation.metrics
    lines = [json.loads(line) for line in paths[1].read_text(encoding="utf-8").splitlines()]
    assert [line["text"] for line in lines] == ["cold", "breast cancer", "Measles", "gout"]
    assert lines[0]["ranks"] == {"lenient": 2, "name": 1, "strict": 2}


def test_a_place_that_cannot_be_written(make_record: MakeRecord, tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("mine")
    with pytest.raises(BelError) as raised:
        prepare(occupied)
    assert str(raised.value) == f"[B509] Cannot write the evaluation to {occupied}: File exists."
    (tmp_path / "metrics.json").mkdir()
    with pytest.raises(BelError, match=r"\[B509\].*metrics\.json"):
        write(_evaluation(make_record("A:1", "A:1")), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "metrics.json"]
    assert occupied.read_text() == "mine"


def test_a_full_disk_leaves_the_old_file(
    make_record: MakeRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write(_evaluation(make_record("A:1", "A:1")), tmp_path)[0].read_bytes()

    def full(path: Path, *args: Any, **kwargs: Any) -> int:
        with path.open("w") as file:
            file.write("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(BelError, match=r"\[B509\].*No space left on device"):
        write(_evaluation(make_record("A:1", "A:2")), tmp_path)
    assert (tmp_path / "metrics.json").read_bytes() == first
    assert len(list(tmp_path.iterdir())) == 3
