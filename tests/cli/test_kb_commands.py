"""The commands that build, show and extend a knowledge base, as a shell would call them."""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path

import pytest

from spacy_bel.errors import BelError
from spacy_bel.kb.store import Store
from tests.cli.conftest import ASSETS, VOCABULARY
from tests.commands import run, shell


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "train.spacy"
    run("convert", ASSETS / "annotated_train.PubTator.txt", path)
    return path


def test_build_names_the_knowledge_base_after_its_directory(sample: Path) -> None:
    store = Store(sample)
    assert store.name == "sample"
    assert store.meta["version"] == "7"
    assert store.meta["sources"] == ["concepts.obo", "chemicals.tsv", "names_es.tsv"]


def test_build_with_options_of_a_source(tmp_path: Path) -> None:
    table = tmp_path / "codes.csv.gz"
    with gzip.open(table, "wt", encoding="utf-8") as file:
        file.write('code,label,other\nD003920,Diabetes,"sugar sickness|DM"\n')
    source = f"{table}?id=code&name=label&synonyms=other&prefix=MESH"
    run("kb", "build", source, "--output", tmp_path / "kb")
    assert Store(tmp_path / "kb").ids_of_name("Sugar sickness") == ["MESH:D003920"]


def test_options_hold_for_all_sources(tmp_path: Path) -> None:
    for name, code in (("a", "D003920"), ("b", "D009203")):
        (tmp_path / f"{name}.tsv").write_text(f"code\tlabel\n{code}\t{name} disease\n")
    sources = [tmp_path / "a.tsv", tmp_path / "b.tsv"]
    options = ["--option", "id=code", "--option", "name=label", "--option", "prefix=MESH"]
    run("kb", "build", *sources, "--output", tmp_path / "kb", *options)
    assert set(Store(tmp_path / "kb")) == {"MESH:D003920", "MESH:D009203"}


def test_info_shows_counts_languages_types_and_checksum(sample: Path) -> None:
    output = run("kb", "info", sample, "--verify")
    for expected in ("164", "Disease", "MESH", "es", Store(sample).checksum, "homonyms"):
        assert expected in output


def test_lookup_explains_its_scores(sample: Path) -> None:
    output = run("kb", "lookup", sample, "heart attacks", "-k", "3")
    first = next(line for line in output.splitlines() if "MESH:D009203" in line)
    assert "Myocardial Infarction" in first
    assert "exact 0.98" in first
    assert "https://bioregistry.io/MESH:D009203" in first


def test_lookup_keeps_types_and_languages(sample: Path) -> None:
    assert "Gene" in run("kb", "lookup", sample, "APC", "--types", "Gene")
    assert "Adenomatous" not in run("kb", "lookup", sample, "APC", "--types", "Gene")
    assert "infarto" in run("kb", "lookup", sample, "infarto de miocardio", "--languages", "es")


def test_lookup_of_nothing_says_so(sample: Path) -> None:
    assert "No name in sample is like" in run("kb", "lookup", sample, "%%%")


def test_the_help_of_build_tells_what_rewriting_does() -> None:
    words = " ".join(run("kb", "build", "--help").replace("│", " ").split())
    assert "under 5 characters" in words
    assert "weakens lexical linking" in words


def test_build_tells_of_concepts_that_only_translations_name(tmp_path: Path) -> None:
    table = tmp_path / "names.tsv"
    table.write_text("mesh_id\tsynonyms\nD006073\tgota\nD999999\tnada\n")
    output = run("kb", "build", *VOCABULARY, f"{table}?lang=es", "--output", tmp_path / "kb")
    assert "1 of the concepts are defined by no source" in output
    info = run("kb", "info", tmp_path / "kb")
    assert re.search(r"^concepts with added names only +1 *$", info, re.MULTILINE)


def test_malformed_lines_are_shown_counted_and_limited(tmp_path: Path) -> None:
    table = tmp_path / "names.tsv"
    table.write_text("mesh_id\tname\nD003920\tDiabetes\n\tno id\nD009203\tInfarction\n")
    done = shell("kb", "build", table, "--output", tmp_path / "kb")
    assert done.returncode == 0
    assert "names.tsv:3:" in done.stdout + done.stderr
    assert "; 1 malformed lines skipped." in done.stdout
    info = run("kb", "info", tmp_path / "kb")
    assert re.search(r"^malformed lines skipped +1 *$", info, re.MULTILINE)
    shutil.rmtree(tmp_path / "kb")
    done = shell("kb", "build", table, "--output", tmp_path / "kb", "--max-errors", "0")
    assert done.returncode == 1
    assert "[B106]" in done.stdout + done.stderr
    assert not (tmp_path / "kb").exists()


@pytest.mark.parametrize("options", [(), ("--types", "Gene"), ("-k", "3")])
def test_lookup_of_an_identifier_shows_its_concept_alone(
    sample: Path, options: tuple[str, ...]
) -> None:
    output = run("kb", "lookup", sample, "MESH:D009203", *options)
    for expected in ("Myocardial Infarction", "heart attack (en, ", "Disease", "bioregistry.io"):
        assert expected in output
    for column in ("matching name", "score", "ngram"):
        assert column not in output


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--languages", "xx", "no language xx. It has: en, es"),
        ("--languages", "en,xx,yy", "no language xx, yy. It has: en, es"),
        ("--types", "Dragon", "no type Dragon. It has: .*Disease, .*Gene"),
    ],
)
def test_lookup_names_the_types_and_languages_there_are(
    sample: Path, option: str, value: str, message: str
) -> None:
    with pytest.raises(BelError, match=rf"\[B114\].*'sample' has {message}"):
        run("kb", "lookup", sample, "gout", option, value)


def test_long_names_keep_the_columns_of_a_table(tmp_path: Path) -> None:
    table, name = tmp_path / "names.tsv", "chronic disease of the "
    rows = [f"D{number:06}\t{name}{'very ' * number}long name" for number in range(1, 20, 3)]
    table.write_text("mesh_id\tname\n" + "\n".join(rows))
    run("kb", "build", table, "--output", tmp_path / "kb")
    lines = run("kb", "lookup", tmp_path / "kb", name).splitlines()
    shown = [line for line in lines if "bioregistry" in line]
    assert len(shown) == 7
    assert len({line.index("https:") for line in shown}) == 1
    assert any(f"{name}very long name " in line for line in shown)
    assert any("…" in line for line in shown)


def test_add_takes_mentions_as_names_and_leaves_the_original(
    sample: Path, corpus: Path, tmp_path: Path
) -> None:
    before = Store(sample)
    output = run("kb", "add", sample, corpus, "--as-aliases", "--output", tmp_path / "more")
    assert "annotated names added" in output
    assert Store(sample).checksum == before.checksum
    more = Store(tmp_path / "more").meta["counts"]["aliases"]
    assert more > before.meta["counts"]["aliases"]


def test_add_in_place(sample: Path, corpus: Path, tmp_path: Path) -> None:
    directory = Path(shutil.copytree(sample, tmp_path / "kb"))
    output = run("kb", "add", directory, corpus, "--as-aliases")
    after = Store(directory)
    assert f"{after.meta['counts']['aliases']:,} names now" in output
    assert after.meta["counts"]["aliases"] > Store(sample).meta["counts"]["aliases"]
    assert after.meta["sources"] == [*Store(sample).meta["sources"], "train.spacy"]


@pytest.mark.parametrize(
    ("content", "code"), [(None, "B20[17]"), (b"no corpus", "B207"), ("unknown ids", "B113")]
)
def test_an_add_that_fails_leaves_the_target_as_it_was(
    content: bytes | str | None, code: str, sample: Path, corpus: Path, tmp_path: Path
) -> None:
    (tmp_path / "one.tsv").write_text("mesh_id\tname\nD000001\tCalcimycin\n")
    run("kb", "build", tmp_path / "one.tsv", "--output", tmp_path / "precious")
    checksum, source = Store(tmp_path / "precious").checksum, sample
    mentions = tmp_path / "mentions.spacy"
    if isinstance(content, bytes):
        mentions.write_bytes(content)
    elif content is not None:  # the corpus has none of the ids of this knowledge base
        source, mentions = tmp_path / "precious", corpus
    for output in ("precious", "new"):
        with pytest.raises(BelError, match=rf"\[{code}\]"):
            run("kb", "add", source, mentions, "--as-aliases", "--output", tmp_path / output)
    assert Store(tmp_path / "precious").checksum == checksum
    assert not (tmp_path / "new").exists()


def test_add_keeps_the_language_of_each_document(sample: Path, tmp_path: Path) -> None:
    from spacy.tokens import DocBin

    from spacy_bel.corpora.docs import to_doc
    from spacy_bel.corpora.document import GoldDocument, GoldMention

    docs = DocBin(attrs=["ENT_IOB", "ENT_TYPE", "ENT_KB_ID"], store_user_data=True)
    for lang, text in (("es", "podagra cruel"), ("en", "gouty foot")):
        mention = GoldMention(0, len(text), text, "Disease", ("MESH:D006073",))
        docs.add(to_doc(GoldDocument(lang, text, lang, (mention,))))
    docs.to_disk(tmp_path / "mixed.spacy")
    run("kb", "add", sample, tmp_path / "mixed.spacy", "--as-aliases", "-o", tmp_path / "kb")
    (gout,) = Store(tmp_path / "kb").describe(["MESH:D006073"])
    languages = {alias.name: alias.lang for alias in gout.aliases if alias.kind == "annotated"}
    assert languages == {"podagra cruel": "es", "gouty foot": "en"}


def test_add_reads_entities_where_there_is_no_span_group(sample: Path, tmp_path: Path) -> None:
    import spacy
    from spacy.tokens import DocBin, Span

    doc = spacy.blank("en")("Painful feet at night.")
    doc.ents = [Span(doc, 0, 2, "Disease", kb_id="MESH:D006073")]
    DocBin(docs=[doc]).to_disk(tmp_path / "ents.spacy")
    output = run(
        "kb", "add", sample, tmp_path / "ents.spacy", "--as-aliases", "-o", tmp_path / "kb"
    )
    assert "1 annotated names added" in output
    assert Store(tmp_path / "kb").ids_of_name("painful feet") == ["MESH:D006073"]


def test_a_corpus_is_no_vocabulary(sample: Path) -> None:
    with pytest.raises(BelError, match=r"\[B111\] corpus\.spacy.*--as-aliases"):
        run("kb", "add", sample, "corpus.spacy")


def test_add_update_and_remove_show_what_changes(sample: Path, tmp_path: Path) -> None:
    directory = Path(shutil.copytree(sample, tmp_path / "kb"))
    table = tmp_path / "more.tsv"
    table.write_text("id\tname\tsynonyms\nX:1\tgout\tpodagra\nX:2\tpain\t\n")
    output = run("kb", "add", directory, table, "--version", "8")
    assert output.splitlines()[-3:] == [
        "+ X:1 gout",
        "+ X:2 pain",
        f"Wrote {directory}: concepts 2 added, 0 changed, 0 retired.",
    ]
    assert Store(directory).meta["version"] == "8"
    table.write_text("id\tname\tsynonyms\tretired\nX:1\tgout\ttophi\tX:2\n")
    expected = ["~ X:1 gout (names +1, names -1)", "- X:2 pain -> X:1"]
    output = run("kb", "update", directory, table, "--dry-run")
    assert output.splitlines()[-3:-1] == expected
    assert output.endswith("0 added, 1 changed, 1 retired; nothing was written.\n")
    assert "X:2" in Store(directory)
    report = tmp_path / "report.tsv"
    output = run("kb", "update", directory, table, "--report", report)
    assert output.splitlines()[-3:-1] == expected
    assert report.read_text().splitlines()[1:] == [
        "changed\tX:1\tgout\tnames +1, names -1",
        "retired\tX:2\tpain\tX:1",
    ]
    run("kb", "remove", directory, "--id", "X:1", "--id", "MESH:D006073")
    assert not {"X:1", "MESH:D006073"} & set(Store(directory))
    run("kb", "info", directory, "--verify")


def test_long_lists_of_changes_are_cut(sample: Path, tmp_path: Path) -> None:
    table = tmp_path / "more.tsv"
    rows = "".join(f"X:{number}\tname {number}\n" for number in range(1_500))
    table.write_text(f"id\tname\n{rows}")
    output = run("kb", "add", sample, table, "--dry-run")
    assert output.count("\n+ X:") >= 9
    assert "+ ... and 1,490 more" in output


def test_build_merges_by_cross_references_and_reports(tmp_path: Path) -> None:
    one, two = tmp_path / "one.tsv", tmp_path / "two.tsv"
    one.write_text("id\tname\txrefs\nA:1\tgout\tB:1\nA:2\tpain\tB:2|B:3\n")
    two.write_text("id\tname\nB:1\tpodagra\nB:2\tache\nB:3\tdolor\n")
    report = tmp_path / "merged.tsv"
    merge = ("--merge-by", "xref", "--merge-report", report)
    output = run("kb", "build", one, two, "--output", tmp_path / "kb", *merge)
    assert "1 concepts joined with another by cross-references, 2 conflicts" in output
    assert "! A:2 pain and B:2 ache: " in output
    rows = [row.split("\t") for row in report.read_text().splitlines()]
    assert [row[:4] for row in rows[1:]] == [
        ["conflict", "A:2", "pain", "B:2"],
        ["conflict", "A:2", "pain", "B:3"],
        ["merged", "A:1", "gout", "B:1"],
    ]
    assert Store(tmp_path / "kb").resolve("B:1") == "A:1"
