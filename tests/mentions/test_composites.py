import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.mentions.composites import split_composite


@pytest.mark.parametrize(
    ("mention", "parts"),
    [
        # One head for all.
        ("breast and ovarian cancer", ("breast cancer", "ovarian cancer")),
        ("breast or ovarian cancer", ("breast cancer", "ovarian cancer")),
        ("breast and/or ovarian cancer", ("breast cancer", "ovarian cancer")),
        ("renal as well as hepatic failure", ("renal failure", "hepatic failure")),
        ("both renal and hepatic failure", ("renal failure", "hepatic failure")),
        (
            "colorectal, endometrial, and ovarian cancers",
            ("colorectal cancers", "endometrial cancers", "ovarian cancers"),
        ),
        (
            "hemorrhagic and thromboembolic complications",
            ("hemorrhagic complications", "thromboembolic complications"),
        ),
        ("visual or auditory toxicity", ("visual toxicity", "auditory toxicity")),
        ("hematologic/oncologic disorder", ("hematologic disorder", "oncologic disorder")),
        (
            "Duchenne and Becker muscular dystrophy",
            ("Duchenne muscular dystrophy", "Becker muscular dystrophy"),
        ),
        (
            "Van der Woude and popliteal pterygium syndromes",
            ("Van der Woude syndromes", "popliteal pterygium syndromes"),
        ),
        (
            "craniofacial and central nervous system defects",
            ("craniofacial defects", "central nervous system defects"),
        ),
        (
            "hereditary and non hereditary retinoblastoma",
            ("hereditary retinoblastoma", "non hereditary retinoblastoma"),
        ),
        (
            "breast and head and neck cancers",
            ("breast cancers", "head and neck cancers"),
        ),
        ("lung and other cancers", ("lung cancers", "cancers")),
        # One modifier for all.
        ("T-cell leukaemia or lymphoma", ("T-cell leukaemia", "T-cell lymphoma")),
        ("cleft lip/palate", ("cleft lip", "cleft palate")),
        ("postoperative nausea and vomiting", ("postoperative nausea", "postoperative vomiting")),
        # Numbers.
        ("type 1 and type 2 diabetes", ("type 1 diabetes", "type 2 diabetes")),
        ("type 1 and 2 diabetes", ("type 1 diabetes", "type 2 diabetes")),
        (
            "type 1, 2 and 3 diabetes",
            ("type 1 diabetes", "type 2 diabetes", "type 3 diabetes"),
        ),
        ("type I and II collagen", ("type I collagen", "type II collagen")),
        ("hepatitis B and C", ("hepatitis B", "hepatitis C")),
        ("hepatitis B and C infection", ("hepatitis B infection", "hepatitis C infection")),
        # Around a preposition.
        ("cancer of the breast and ovary", ("cancer of the breast", "cancer of the ovary")),
        (
            "cysts in the kidney, pancreas, and epididymis",
            ("cysts in the kidney", "cysts in the pancreas", "cysts in the epididymis"),
        ),
        (
            "pits and/or sinuses of the lower lip",
            ("pits of the lower lip", "sinuses of the lower lip"),
        ),
        (
            "thrombosis of both the carotid artery and the venous sinus",
            ("thrombosis of the carotid artery", "thrombosis of the venous sinus"),
        ),
        # Nothing shared.
        ("myocarditis and pericarditis", ("myocarditis", "pericarditis")),
        ("DMD/BMD", ("DMD", "BMD")),
        ("nausea, vomiting, and abdominal pain", ("nausea", "vomiting", "abdominal pain")),
        ("breast cancer and ovarian cancer", ("breast cancer", "ovarian cancer")),
        # Suspended hyphens.
        (
            "squamous- and small-cell lung cancers",
            ("squamous-cell lung cancers", "small-cell lung cancers"),
        ),
        ("hyper- and hypothyroidism", ("hyperthyroidism", "hypothyroidism")),
        # A bracket stays with its word.
        (
            "ventricular septal (VSD) and midline (MD) defects",
            ("ventricular septal (VSD) defects", "midline (MD) defects"),
        ),
    ],
)
def test_parts(mention: str, parts: tuple[str, ...]) -> None:
    assert split_composite(mention) == parts


@pytest.mark.parametrize(
    "mention",
    [
        "",
        " ",
        "breast cancer",
        "rare, sex-linked disease",
        "1,2-dimethylhydrazine",
        "CL/P",
        "head and neck cancer",
        "hand, foot and mouth disease",
        "and",
        "and/or",
        "nausea and",
        "cleft lip with or without",
        "sandor syndrome",
        "cancer and cancer",
    ],
)
def test_no_composite_has_no_parts(mention: str) -> None:
    assert split_composite(mention) == ()


WORDS = st.sampled_from(
    [
        *("and", "or", ",", "/", "and/or", "both", "the", "of", "other", "1", "II", "(x)", "("),
        *("non", "hyper-", "hypothyroidism", "cancer", "breast", "system", "small-cell"),
    ]
)


@given(st.one_of(st.text(), st.lists(WORDS, max_size=12).map(" ".join)))
def test_any_text_gives_no_parts_or_several_distinct_ones(text: str) -> None:
    parts = split_composite(text)
    assert len(parts) != 1
    assert len(set(parts)) == len(parts)
    assert all(len(part.strip()) > 1 for part in parts)


@pytest.mark.parametrize("unit", ["a and ", "aa/", "(", "x, ", "(a) and ", "non a-", "A"])
def test_a_mention_of_5000_characters_is_no_trouble(unit: str) -> None:
    assert len(split_composite(unit * (5000 // len(unit)))) <= 16


def test_the_parts_are_those_that_annotators_wrote() -> None:
    folder = os.environ.get("SPACY_BEL_DATA")
    if not folder:
        pytest.skip("SPACY_BEL_DATA names no folder with BC5CDR")
    path = Path(folder) / "corpora/bc5cdr/CDR_TrainingSet.PubTator.txt.gz"
    composites, equal = 0, 0
    with gzip.open(path, "rt", encoding="utf8", newline="\n") as lines:
        for line in lines:
            fields = line.rstrip("\n").split("\t")
            if len(fields) == 7 and "|" in fields[6] and " and " in fields[3]:
                composites += 1
                equal += set(split_composite(fields[3])) == set(fields[6].split("|"))
    assert composites > 30
    assert equal / composites > 0.85
