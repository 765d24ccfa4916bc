import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.mentions.context import context_window

TEXT = "Mutations of the APC gene cause familial adenomatous polyposis in most families."


@st.composite
def mentions(draw: st.DrawFn) -> tuple[str, int, int]:
    alphabet = st.one_of(st.characters(), st.sampled_from(" \n\t\u3000ab"))
    text = draw(st.text(alphabet, max_size=400))
    start = draw(st.integers(0, len(text)))
    return text, start, draw(st.integers(start, len(text)))


@given(mentions(), st.integers(0, 60))
def test_the_window_holds_the_mention_and_stays_bounded(
    mention: tuple[str, int, int], size: int
) -> None:
    text, start, end = mention
    window, left, right = context_window(text, start, end, size=size)
    assert window[left:right] == text[start:end]
    assert text[start - left : start - left + len(window)] == window
    assert left <= size
    assert len(window) - right <= size


@given(mentions(), st.integers(0, 60))
def test_a_word_is_cut_only_where_no_space_is_in_reach(
    mention: tuple[str, int, int], size: int
) -> None:
    text, start, end = mention
    window, left, _ = context_window(text, start, end, size=size)
    first, last = start - left, start - left + len(window)
    if 0 < first < start and not text[first - 1].isspace():
        assert not any(char.isspace() for char in text[first:start])
    if end < last < len(text) and not text[last].isspace():
        assert not any(char.isspace() for char in text[end:last])


def test_the_window_is_snapped_to_words() -> None:
    start = TEXT.index("familial")
    end = TEXT.index(" in most")
    window, left, right = context_window(TEXT, start, end, size=12)
    assert window == "gene cause familial adenomatous polyposis in most"
    assert window[left:right] == "familial adenomatous polyposis"


def test_a_short_text_is_taken_whole() -> None:
    assert context_window(TEXT, 17, 20) == (TEXT, 17, 20)


def test_the_default_size_is_128_characters_on_each_side() -> None:
    text = "a " * 200 + "lupus" + " b" * 200
    window, left, right = context_window(text, 400, 405)
    assert (left, right, len(window)) == (128, 133, 261)


def test_size_zero_leaves_the_mention_alone() -> None:
    assert context_window(TEXT, 17, 20, size=0) == ("APC", 0, 3)


def test_text_without_spaces_is_bounded() -> None:
    text = "患者は" * 100 + "糖尿病" + "である" * 100
    window, left, right = context_window(text, 300, 303, size=50)
    assert window[left:right] == "糖尿病"
    assert len(window) == 103


def test_a_mention_of_5000_characters_is_kept_whole() -> None:
    mention = "acid " * 1000
    window, left, right = context_window(f"An {mention}here.", 3, 5003, size=10)
    assert window[left:right] == mention


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (4, 3), (0, len(TEXT) + 1)])
def test_offsets_outside_the_text_are_an_error(start: int, end: int) -> None:
    with pytest.raises(BelError, match="B301"):
        context_window(TEXT, start, end)


def test_a_negative_size_is_an_error() -> None:
    with pytest.raises(BelError, match="B302"):
        context_window(TEXT, 0, 3, size=-1)
