import pytest

from spacy_bel.corpora.document import GoldDocument, GoldMention
from spacy_bel.errors import BelError


def mention(start: int, end: int, text: str, label: str = "Disease") -> GoldMention:
    return GoldMention(start, end, text, label, ("MESH:D009369", "NIL"))


@pytest.mark.parametrize(
    ("start", "end", "text"), [(0, 6, "Cancer"), (0, 0, ""), (3, 2, ""), (7, 9, "s"), (-6, 6, "")]
)
def test_mentions_must_lie_in_the_text(start: int, end: int, text: str) -> None:
    with pytest.raises(BelError, match=r"B204.*'7'"):
        GoldDocument("7", "cancers", mentions=(mention(start, end, text),))


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(BelError, match=r"B204.*surrogates"):
        GoldDocument("7", "cancer \ud83d")


def test_labels_select_mentions() -> None:
    tumour, gene = mention(0, 6, "cancer"), mention(7, 10, "p53", "Gene")
    document = GoldDocument("7", "cancer p53", "en", (tumour, gene))
    assert document.with_labels({"Gene"}).mentions == (gene,)
    assert document.with_labels({"Species"}) == GoldDocument("7", "cancer p53")


def test_gold_of_a_mention() -> None:
    assert mention(0, 6, "cancer").kb_id == "MESH:D009369|NIL"
    assert mention(0, 6, "cancer").concepts == ("MESH:D009369",)
