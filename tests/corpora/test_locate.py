import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.corpora.locate import WINDOW, locate
from spacy_bel.corpora.report import Repair

TEXT = 'In two patients, " DEAD " box and Krüppel-associated box (KRAB) genes; later KRAB.'


@pytest.mark.parametrize(
    ("start", "end", "expected", "found", "repair"),
    [
        (58, 62, "KRAB", "KRAB", None),
        (57, 63, "(KRAB)", "(KRAB)", None),
        (33, 57, " Krüppel-associated box ", "Krüppel-associated box", "trimmed"),
        (33, 56, "Krüppel-associated box", "Krüppel-associated box", "trimmed"),
        (59, 63, "KRAB", "KRAB", "moved"),
        (34, 41, "Krüppel-associated box", "Krüppel-associated box", "moved"),
        (40, 44, "KRAB", "KRAB", "moved"),
        (58, 62, "krab", "KRAB", "moved"),
        (17, 29, "  DEAD   box", '" DEAD " box', "respelled"),
        (7, 15, "children", "patients", "unmatched"),
        (7, 15, "", "patients", None),
        (6, 15, "", "patients", "trimmed"),
        (900, 905, "genes", None, None),
        (3, 3, "absent", None, None),
        (2, 3, "absent", None, None),
        (80, 99, "", None, None),
    ],
)
def test_places(
    start: int, end: int, expected: str, found: str | None, repair: Repair | None
) -> None:
    place = locate(TEXT, start, end, expected)
    if found is None:
        assert place is None
    else:
        assert place is not None
        assert (TEXT[place[0] : place[1]], place[2]) == (found, repair)


def test_the_nearest_occurrence_counts() -> None:
    assert locate(TEXT, 74, 78, "KRAB") == (77, 81, "moved")


def test_occurrences_beyond_the_window_do_not_count() -> None:
    text = "x" + " " * WINDOW + "KRAB genes"
    assert locate(text, 0, 1, "genes") == (0, 1, "unmatched")
    assert locate(text, 3, 7, "KRAB") == (1 + WINDOW, 5 + WINDOW, "moved")


@given(st.text(), st.integers(-5, 40), st.integers(-5, 40), st.text())
def test_a_place_is_a_span_of_the_text(text: str, start: int, end: int, expected: str) -> None:
    place = locate(text, start, end, expected)
    if place is not None:
        found = text[place[0] : place[1]]
        assert 0 <= place[0] < place[1] <= len(text)
        assert found and found == found.strip()
        assert place[2] is not None or found == expected or not expected.strip()


@given(st.text(), st.text(min_size=1).filter(str.strip), st.text())
def test_right_offsets_are_left_alone(before: str, mention: str, after: str) -> None:
    mention = mention.strip()
    start, end = len(before), len(before) + len(mention)
    assert locate(before + mention + after, start, end, mention) == (start, end, None)
