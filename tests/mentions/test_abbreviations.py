import random
from collections.abc import Iterator
from typing import Any

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

from spacy_bel.mentions.abbreviations import (
    Abbreviation,
    AbbreviationMap,
    document_expansions,
    expansions,
    find_abbreviations,
)


def found(text: str) -> list[tuple[str, str]]:
    return [(each.short, each.long) for each in find_abbreviations(text)]


@pytest.mark.parametrize(
    ("text", "short", "long"),
    [
        ("Loss of adenomatous polyposis coli (APC) is early.", "APC", "adenomatous polyposis coli"),
        ("familial adenomatous polyposis [FAP]", "FAP", "familial adenomatous polyposis"),
        ("AT (ataxia telangiectasia) is rare", "AT", "ataxia telangiectasia"),
        ("ataxia-telangiectasia (A-T)", "A-T", "ataxia-telangiectasia"),
        # More in the bracket.
        ("hereditary hemochromatosis (HH; MIM 235200)", "HH", "hereditary hemochromatosis"),
        ("hereditary hemochromatosis (HH, type 1)", "HH", "hereditary hemochromatosis"),
        ("Huntington disease (also known as HD)", "HD", "Huntington disease"),
        ("Huntington disease (or HD)", "HD", "Huntington disease"),
        ("adenomatous polyposis coli (APC gene)", "APC", "adenomatous polyposis coli"),
        ("APC (adenomatous polyposis coli, a gene)", "APC", "adenomatous polyposis coli"),
        # Brackets in brackets.
        (
            "[the familial adenomatous polyposis (FAP)] type",
            "FAP",
            "familial adenomatous polyposis",
        ),
        # Plurals.
        ("computed tomographies (CTs)", "CTs", "computed tomographies"),
        ("computed tomography (CTs)", "CTs", "computed tomography"),
        # Digits, Greek letters, accents, locants.
        ("spinocerebellar ataxia type 3 (SCA3)", "SCA3", "spinocerebellar ataxia type 3"),
        ("1,2-dimethylhydrazine (1,2-DMH)", "1,2-DMH", "1,2-dimethylhydrazine"),
        ("with 3-mercaptopropionic acid (MPA)", "MPA", "3-mercaptopropionic acid"),
        ("interferon-γ (IFN-γ)", "IFN-γ", "interferon-γ"),
        ("interferon gamma (IFN-γ)", "IFN-γ", "interferon gamma"),
        ("tumour necrosis factor α (TNFa)", "TNFa", "tumour necrosis factor α"),
        ("l'épilepsie généralisée (EG)", "EG", "épilepsie généralisée"),
        # Initials in the order of another language, and initials before an inner letter.
        ("with myotonic dystrophy (DM)", "DM", "myotonic dystrophy"),
        ("Hereditary hemochromatosis (HH)", "HH", "Hereditary hemochromatosis"),
        ("neurofibromatosis of the skin (NS)", "NS", "neurofibromatosis of the skin"),
        # Scripts without spaces.
        ("慢性阻塞性肺疾病（慢阻肺）", "慢阻肺", "慢性阻塞性肺疾病"),
        # A character that becomes two in lower case.
        ("İİ and İstanbul syndrome (İS)", "İS", "İstanbul syndrome"),
    ],
)
def test_definition(text: str, short: str, long: str) -> None:
    assert found(text) == [(short, long)]


def test_the_last_part_is_found_beside_the_whole() -> None:
    assert found("of T-cell prolymphocytic leukaemia (T-PLL)") == [
        ("T-PLL", "T-cell prolymphocytic leukaemia"),
        ("PLL", "prolymphocytic leukaemia"),
    ]


def test_several_short_forms_in_one_bracket() -> None:
    assert found("velo-cardio-facial syndrome/DiGeorge syndrome (VCFS/DGS)") == [
        ("VCFS", "velo-cardio-facial syndrome"),
        ("DGS", "DiGeorge syndrome"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "()",
        "(APC)",
        "most animals (rats) died",
        "in animals (n = 12)",
        "unrelated words (XYZ)",
        "thrombin and the tranexamic (AT) acid",
        "we saw Huntington (Disease. APC",
    ],
)
def test_no_definition(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("stop", [". ", ".\n", "! ", '." ', ".) ", "\n\n"])
def test_a_definition_lies_within_one_sentence(stop: str) -> None:
    assert found(f"They had adenomatous{stop}Polyposis coli (APC) was next.") == []


@pytest.mark.parametrize("word", ["e.g.", "E.", "vs.", "St.", "no."])
def test_an_abbreviated_word_does_not_end_the_sentence(word: str) -> None:
    text = f"an adenomatous {word} Polyposis coli (APC)"
    assert found(text) == [("APC", text[3:-6])]


@given(st.text())
def test_offsets_name_what_was_found(text: str) -> None:
    check_offsets(text)


PIECES = st.sampled_from(
    [
        *("APC", "A", "s", "1", "İ", "ß", "γ", "\u0301", "adenomatous", "polyposis", "coli"),
        *("(", ")", "[", "]", "（", "）", ";", "/", "-", '"', " ", ". ", "or", "and"),
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_offsets_name_what_was_found_in_bracketed_text(text: str) -> None:
    check_offsets(text)


def check_offsets(text: str) -> None:
    abbreviations = find_abbreviations(text)
    for each in abbreviations:
        assert text[each.short_start : each.short_end] == each.short
        assert text[each.long_start : each.long_end] == each.long
        assert len(each.long) > len(each.short)
    starts = [each.short_start for each in abbreviations]
    assert starts == sorted(set(starts))


@given(st.lists(PIECES, max_size=30).map("".join), st.lists(PIECES, max_size=12).map("".join))
def test_any_mention_can_be_expanded(text: str, mention: str) -> None:
    abbreviations = AbbreviationMap(find_abbreviations(text))
    expanded = abbreviations.expand(mention, 5)
    assert bool(expanded) == bool(mention)
    if not len(abbreviations) and set("()[]（）").isdisjoint(mention):
        assert expanded == mention


@pytest.mark.parametrize(
    ("unit", "found"),
    [
        *((unit, False) for unit in ("(", ")", "()", "AB ", "(AB, ")),
        ("Patients with Huntington disease (HD) died. ", True),
    ],
)
def test_long_texts_end(unit: str, found: bool) -> None:
    # What looked at all that follows each bracket would take hours.
    assert bool(find_abbreviations(unit * (100_000 // len(unit)))) == found


DEFINED = (
    "adenomatous polyposis coli (APC), ataxia-telangiectasia (A-T), von Hippel-Lindau disease "
    "(VHL), Duchenne muscular dystrophy (DMD), Becker muscular dystrophy (BMD), computed "
    "tomographies (CTs), familial adenomatous polyposis (FAP)"
)


@pytest.mark.parametrize(
    ("mention", "query"),
    [
        ("APC", "adenomatous polyposis coli"),
        ("APCs", "adenomatous polyposis coli"),
        ("CTs", "computed tomographies"),
        ("CT", "computed tomographies"),
        ("sporadic A-T", "sporadic ataxia-telangiectasia"),
        ("APC tumours", "adenomatous polyposis coli tumours"),
        ("APC-deficient", "adenomatous polyposis coli-deficient"),
        ("DMD/BMD", "Duchenne muscular dystrophy/Becker muscular dystrophy"),
        # Not "disease disease", nor "familial familial".
        ("VHL disease", "von Hippel-Lindau disease"),
        ("familial FAP", "familial adenomatous polyposis"),
        # With its own definition, known or not.
        ("ataxia-telangiectasia (A-T)", "ataxia-telangiectasia"),
        ("adenomatous polyposis coli (APC) tumours", "adenomatous polyposis coli tumours"),
        ("APC (adenomatous polyposis coli) tumours", "adenomatous polyposis coli tumours"),
        ("colorectal carcinoma (CRC)", "colorectal carcinoma"),
        ("telangiectasia (A-T)", "telangiectasia"),
        # Nothing to expand: case counts, and parts of words do not.
        ("apc", "apc"),
        ("APCX", "APCX"),
        ("breast cancer (BC5)", "breast cancer (BC5)"),
        ("", ""),
    ],
)
def test_expanding_a_mention(mention: str, query: str) -> None:
    assert AbbreviationMap(find_abbreviations(DEFINED)).expand(mention) == query


def test_a_short_form_of_one_part_of_a_composite() -> None:
    short_forms = AbbreviationMap(
        find_abbreviations("Duchenne and Becker muscular dystrophy (DMD/BMD)")
    )
    assert short_forms.expand("DMD") == "Duchenne muscular dystrophy"
    assert short_forms.expand("BMD") == "Becker muscular dystrophy"
    both = AbbreviationMap(find_abbreviations("breast and ovarian cancer (BOC)"))
    assert both.expand("BOC") == "breast and ovarian cancer"


def test_a_definition_holds_from_its_place_on() -> None:
    text = (
        "MS is common. Multiple sclerosis (MS) hurts nerves. MS again. "
        "Mitral stenosis (MS) hurts the heart. MS again."
    )
    abbreviations = find_abbreviations(text)
    by_place = AbbreviationMap(abbreviations)
    places = [place for place in range(len(text)) if text.startswith("MS", place)]
    assert [by_place.long_form("MS", place) for place in places] == [
        *["Multiple sclerosis"] * 3,
        *["Mitral stenosis"] * 2,
    ]
    assert by_place.expand("MS patients", places[-1]) == "Mitral stenosis patients"
    assert len(by_place) == 1
    assert expansions(reversed(abbreviations)) == {"MS": "Multiple sclerosis"}


def test_what_is_not_defined_has_no_long_form() -> None:
    assert AbbreviationMap().long_form("APC") is None
    assert AbbreviationMap([Abbreviation("s", "sigma", 0, 1, 3, 8)]).long_form("x") is None


def test_our_own_definitions_are_used_without_a_detector() -> None:
    doc = spacy.blank("en")(DEFINED)
    assert document_expansions(doc).long_form("VHL") == "von Hippel-Lindau disease"
    assert not doc.user_data


@pytest.fixture
def clean_extensions() -> Iterator[None]:
    yield
    if Doc.has_extension("abbreviations"):
        Doc.remove_extension("abbreviations")
    if Span.has_extension("long_form"):
        Span.remove_extension("long_form")


@pytest.mark.usefixtures("clean_extensions")
@pytest.mark.parametrize("serialisable", [False, True])
@pytest.mark.filterwarnings("ignore")
def test_definitions_of_scispacy_are_read(serialisable: bool) -> None:
    pytest.importorskip("scispacy.abbreviation", reason="scispacy is not installed")
    nlp = spacy.blank("en")
    nlp.add_pipe("abbreviation_detector", config={"make_serializable": serialisable})
    doc = nlp("Spinal and bulbar muscular atrophy (SBMA) is rare. SBMA is inherited.")
    assert len(doc._.abbreviations) == 2
    if serialisable:
        doc = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    expanded = document_expansions(doc)
    assert expanded.expand("SBMA", 51) == "Spinal and bulbar muscular atrophy"
    assert len(expanded) == 1


def detected(doc: Doc, value: object) -> None:
    user_data: dict[Any, Any] = doc.user_data
    user_data["._.", "abbreviations", None, None] = value


def test_a_detector_goes_before_our_own_search() -> None:
    doc = spacy.blank("en")("Huntington disease (HD) is rare.")
    entry = {"short_text": "HD", "short_start": 3, "short_end": 4, "long_text": "disease"}
    detected(doc, [{**entry, "long_start": 1, "long_end": 2}])
    assert document_expansions(doc).expand("HD") == "disease"


@pytest.mark.parametrize(
    "foreign",
    [None, "HD", [], ["HD"], [{"short": "HD"}], [{"short_start": 0, "short_end": 99}], {"HD": 1}],
)
def test_what_is_not_from_scispacy_is_left_alone(foreign: object) -> None:
    doc = spacy.blank("en")("Huntington disease (HD) is rare.")
    detected(doc, foreign)
    assert document_expansions(doc).expand("HD") == "Huntington disease"


def test_a_detector_that_did_not_run_leaves_no_trace() -> None:
    doc = spacy.blank("en")("Huntington disease (HD) is rare.")
    before = dict(doc.user_data)
    assert document_expansions(doc).expand("HD") == "Huntington disease"
    assert doc.user_data == before


def test_a_long_document_is_searched_whole() -> None:
    letters = random.Random(0)
    filler = " ".join("".join(letters.choices("abcde", k=6)) for _ in range(14_000))
    text = f"{filler}. Huntington disease (HD) is rare. {filler}"
    assert found(text) == [("HD", "Huntington disease")]


@pytest.mark.parametrize(
    ("text", "short", "long"),
    [
        ("tuberculosis-associated acute liver failure (TB-ALF) is", "ALF", "acute liver failure"),
        ("steroid-induced hypertension (S-HT) in rats", "HT", "hypertension"),
        ("steroid-induced hypertension (S-hT) in rats", "hT", None),
        ("prostate cancer (PC-X) in rats", "X", None),
        ("of 1,2-dimethylhydrazine (1,2-DMH) in", "DMH", None),
        ("the drug was given (mg-ALF) then", "ALF", None),
    ],
)
def test_the_last_part_of_a_short_form_has_its_own_long_form(
    text: str, short: str, long: str | None
) -> None:
    assert expansions(find_abbreviations(text)).get(short) == long
