"""The rules that names from elsewhere must keep, and the scripts of languages."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.kb.names import AmbiguousNames, NameReport, NameRules, filter_names
from spacy_bel.kb.readers import Record, Retired
from spacy_bel.kb.scripts import SCRIPTS, matches_script
from spacy_bel.types import Alias, Concept

SAMPLES = {
    "es": "infarto de miocardio",
    "de": "Größenwahn",
    "vi": "nhồi máu cơ tim",
    "tr": "şeker hastalığı",
    "ru": "инфаркт миокарда",
    "el": "έμφραγμα του μυοκαρδίου",
    "ar": "احتشاء عضل القلب",
    "fa": "سکته قلبی",
    "he": "אוטם שריר הלב",
    "th": "กล้ามเนื้อหัวใจตายเหตุขาดเลือด",
    "hi": "मधुमेह",
    "ja": "心筋梗塞",
    "zh": "心肌梗死",
    "ko": "심근경색",
    "ka": "დიაბეტი",
    "hy": "շաքարախտ",
}

langs = st.sampled_from(sorted(SCRIPTS))
letters = st.characters(categories=["L"], max_codepoint=0xFFFF)
names = st.text(letters | st.sampled_from(" -1α"), max_size=12)


def reasons(name: str, *, lang: str = "en", id_: str = "MESH:D009203", **rules: int) -> list[str]:
    """The reason for which one name is rejected, if it is."""
    report = NameReport()
    concept = Concept(id_, "", (Alias(name, lang=lang, source="wikidata:Q12152"),))
    kept = list(filter_names([concept], NameRules(**rules), report))  # type: ignore[arg-type]
    assert (kept == [concept]) == (report.kept[lang] == 1) == (not report.reasons)
    assert report.offered(lang) == 1
    return list(report.reasons)


@pytest.mark.parametrize(("lang", "name"), SAMPLES.items())
def test_a_name_is_in_the_script_of_its_language_and_no_other(lang: str, name: str) -> None:
    accepting = {other for other in SCRIPTS if matches_script(name, other)}
    assert lang in accepting
    assert all(SCRIPTS[other] & SCRIPTS[lang] for other in accepting)
    assert reasons(name, lang=lang) == []
    assert reasons(name, lang="ta") == ["script"]


@pytest.mark.parametrize(
    ("name", "lang", "matches"),
    [
        ("HIV感染症", "ja", True),
        ("Angelman症候群", "ja", True),
        ("コロナウイルス", "ja", True),
        ("Dementia", "ja", False),
        ("コロナ", "zh", False),
        ("糖尿病", "zh", True),
        ("β-талассемия", "ru", True),
        ("β-thalassaemia", "de", True),
        ("β-thalassaemia", "el", True),
        ("сердце", "de", False),
        ("ㄇㄧㄢˊ", "zh", True),
        ("ﾊﾝｾﾝ病", "ja", True),
        ("ＤＮＡ", "en", True),
        ("anything", "tlh", True),
        ("что угодно", "mul", True),
    ],
)
def test_names_of_two_scripts(name: str, lang: str, matches: bool) -> None:
    assert matches_script(name, lang) is matches


@given(one=names, other=names, lang=langs)
def test_two_names_in_a_script_are_one_name_in_it(one: str, other: str, lang: str) -> None:
    if matches_script(one, lang) and matches_script(other, lang):
        assert matches_script(one + other, lang)


@given(name=names, lang=langs, signs=st.text("0123456789 -/(),.'"))
def test_digits_and_signs_do_not_change_the_script(name: str, lang: str, signs: str) -> None:
    assert matches_script(signs + name, lang) == matches_script(name, lang)


@given(name=st.text(letters, min_size=1), lang=langs)
def test_latin_letters_are_no_proof_and_no_fault(name: str, lang: str) -> None:
    if "LATIN" in SCRIPTS[lang]:
        assert matches_script("gen", lang)
    else:
        assert not matches_script("gen", lang)
        assert matches_script(name + "gen", lang) == matches_script(name, lang)


@given(name=st.text(), lang=st.text(max_size=3))
def test_any_text_is_judged(name: str, lang: str) -> None:
    assert matches_script(name, lang) in (True, False)
    reasons(name, lang=lang)


@pytest.mark.parametrize(
    ("name", "lang", "reason"),
    [
        ("癌", "zh", []),
        ("암", "ko", []),
        ("e", "en", ["too short"]),
        ("е", "ru", ["too short"]),
        ("MI", "en", []),
        ("x" * 200, "en", []),
        ("x" * 201, "en", ["too long"]),
        ("https://example.org/mi", "en", ["address"]),
        ("see www.example.org", "en", ["address"]),
        ("D009203", "en", ["identifier"]),
        ("mesh d009203", "en", ["identifier"]),
        ("Q12152", "en", ["identifier"]),
        ("D009204", "en", []),
        ("14-3-3", "en", ["no letter"]),
        ("инфаркт", "en", ["script"]),
    ],
)
def test_rules(name: str, lang: str, reason: list[str]) -> None:
    assert reasons(name, lang=lang) == reason


def test_limits_of_length_can_be_set() -> None:
    assert reasons("MI", min_length=3) == ["too short"]
    assert reasons("heart", max_length=4) == ["too long"]


def test_only_languages_that_are_asked_for() -> None:
    report = NameReport()
    concept = Concept("A:1", "", (Alias("fiebre", lang="es"), Alias("Fieber", lang="de")))
    (kept,) = filter_names([concept], NameRules(frozenset({"es"})), report)
    assert isinstance(kept, Concept)
    assert [alias.name for alias in kept.aliases] == ["fiebre"]
    assert report.rejected == {"de": {"language": 1}}
    assert report.languages == ["de", "es"]


def test_what_is_no_name_passes() -> None:
    records: list[Record] = [
        Retired("A:1", "A:2"),
        Concept("A:3", "", xrefs=("B:1",)),
        Concept("A:4", "7", (Alias("8"),)),
    ]
    report = NameReport()
    kept = list(filter_names(records, NameRules(), report))
    assert kept == [*records[:2], Concept("A:4", "7")]
    assert report.rejected == {"en": {"too short": 1}}


def concepts(*pairs: tuple[str, str]) -> Iterable[Record]:
    return [Concept(id_, "", (Alias(name, lang="de"),)) for id_, name in pairs]


def test_names_of_too_many_concepts() -> None:
    records = concepts(
        ("MESH:1", "Anämie"),
        ("MESH:1", "anämie"),  # the same name of the same concept
        ("MESH:2", "Anämie"),
        ("DOID:1", "Anämie"),  # the same thing elsewhere
        ("MESH:1", "Fall"),
        ("MESH:2", "Fall"),
        ("MESH:3", "FALL"),
    )
    ambiguous = AmbiguousNames(records, 2)
    assert ("Fall", "MESH:1") in ambiguous
    assert ("fall", "MESH:9") in ambiguous
    assert ("Fall", "DOID:1") not in ambiguous
    assert ("Anämie", "MESH:1") not in ambiguous
    report = NameReport()
    kept = list(filter_names(records, NameRules(), report, ambiguous))
    assert len(kept) == 4
    assert report.rejected == {"de": {"ambiguous": 3}}
    assert ("Fall", "MESH:1") not in AmbiguousNames(records, 0)
    assert ("Fall", "MESH:1") not in AmbiguousNames([], 1)


@given(
    pairs=st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abc")), max_size=30),
    limit=st.integers(1, 4),
)
def test_counting_concepts_of_names(pairs: list[tuple[int, str]], limit: int) -> None:
    records = concepts(*((f"X:{number}", name) for number, name in pairs))
    ambiguous = AmbiguousNames(records, limit)
    for name in "abc":
        meant = {number for number, other in pairs if other == name}
        assert ((name, "X:0") in ambiguous) == (len(meant) > limit)
