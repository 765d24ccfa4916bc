import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.corpora.gold import GoldMode, format_gold, gold_mode, parse_gold, read_ids


@pytest.mark.parametrize(
    ("field", "label", "kb_id"),
    [
        ("D003920", "Disease", "MESH:D003920"),
        (" D008661", "DiseaseClass", "MESH:D008661"),
        ("OMIM:106210 ", "SpecificDisease", "OMIM:106210"),
        ("613097", "SpecificDisease", "OMIM:613097"),
        ("D003110|D009369", "CompositeMention", "MESH:D003110|MESH:D009369"),
        ("C535342|OMIM:116800", "SpecificDisease", "MESH:C535342|OMIM:116800"),
        ("D020279+D035583", "DiseaseClass", "MESH:D020279+MESH:D035583"),
        ("D002544|-1", "Disease", "MESH:D002544|NIL"),
        ("-1", "Chemical", "NIL"),
        ("-", "CellLine", "NIL"),
        ("<null>", "NORMALIZABLES", "NIL"),
        ("", "FamilyName", ""),
        ("  ", "FamilyName", ""),
        ("4087,4088", "Gene", "NCBIGene:4087|NCBIGene:4088"),
        ("26395,5604;26396", "Gene", "NCBIGene:26395|NCBIGene:5604|NCBIGene:26396"),
        ("3077464(Tax:10359)", "Gene", "NCBIGene:3077464"),
        ("6295,280922(tax:9913)", "Gene", "NCBIGene:6295|NCBIGene:280922"),
        ("D003110|D003110", "Disease", "MESH:D003110"),
        ("D003110+D003110", "Disease", "MESH:D003110"),
        ("rs123", "SequenceVariant", "DBSNP:rs123"),
        ("-", "SequenceVariant", "NIL"),
    ],
)
def test_id_columns_of_corpora(field: str, label: str, kb_id: str) -> None:
    assert format_gold(*read_ids(field, label=label)) == kb_id


@pytest.mark.parametrize("variant", ["c|DEL||5", "c.436_436+1delAG", "c|SUB|C|+8365|T"])
def test_variants_stay_whole(variant: str) -> None:
    ids, mode = read_ids(variant, label="SequenceVariant")
    assert (ids, mode) == ((variant,), "any")
    assert parse_gold(format_gold(ids, mode)) == (variant,)


def test_a_prefix_is_given_to_bare_ids() -> None:
    assert read_ids("15373003|-1|CHEBI:10", prefix="SCTID")[0] == (
        "SNOMEDCT:15373003",
        "NIL",
        "CHEBI:10",
    )


def test_nil_and_no_id_differ() -> None:
    assert parse_gold("NIL") == ("NIL",)
    assert parse_gold("") == ()


@given(st.lists(st.text(min_size=1), unique=True), st.sampled_from(["any", "all"]))
def test_canonical_strings_are_read_back(ids: list[str], mode: GoldMode) -> None:
    kb_id = format_gold(ids, mode)
    assert parse_gold(kb_id) == tuple(ids)
    assert gold_mode(kb_id) == (mode if len(ids) > 1 else "any")


@given(st.text(), st.text())
def test_any_id_column_has_a_canonical_string(field: str, label: str) -> None:
    ids, mode = read_ids(field, label=label)
    assert parse_gold(format_gold(ids, mode)) == ids
    assert mode == "any" or len(ids) > 1
