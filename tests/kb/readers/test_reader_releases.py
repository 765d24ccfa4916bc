"""Vocabularies in the very layout in which they are published, most as several files."""

from __future__ import annotations

import gzip
import shutil
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bel.errors import BelError
from spacy_bel.kb.build import build
from spacy_bel.kb.readers import ReadProblem, Retired, parse_source, read, sniff
from spacy_bel.kb.store import Store
from spacy_bel.types import Alias, Concept

RELEASES = Path(__file__).parent / "releases"
SNAPSHOT = next(RELEASES.glob("snomed/*/Snapshot"))


def read_both(source: object, **options: str) -> tuple[dict[str, Concept], dict[str, str]]:
    """Concepts by id, and retired ids with their successors."""
    query = "&".join(f"{name}={value}" for name, value in options.items())
    records = list(read(f"{source}?{query}" if query else str(source)))
    concepts = {r.id: r for r in records if isinstance(r, Concept) and r.name}
    return concepts, {r.old: r.new for r in records if isinstance(r, Retired)}


def concepts(source: object, **options: str) -> dict[str, Concept]:
    return read_both(source, **options)[0]


def names(concept: Concept, kind: str = "exact") -> list[str]:
    return [alias.name for alias in concept.aliases if alias.kind == kind]


def copy(folder: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(RELEASES / folder, tmp_path / folder))


def test_umls_from_its_folder() -> None:
    found, retired = read_both(RELEASES / "umls")
    assert found["UMLS:C9000001"] == Concept(
        id="UMLS:C9000001",
        name="gout",
        aliases=(Alias("gouty arthritis"), Alias("Gout")),
        types=("T047",),
        definition="Crystals of urate in a joint.",
        parents=("UMLS:C9000002",),
        xrefs=("MESH:D006073", "NCIT:C34650", "SNOMEDCT:90560007"),
        source="MRCONSO.RRF",
    )
    assert set(found) == {"UMLS:C9000001", "UMLS:C9000002"}  # the third has a French name only
    assert found["UMLS:C9000002"].parents == ()  # that relation is obsolete
    assert retired == {"UMLS:C9000091": "UMLS:C9000001", "UMLS:C9000092": "", "UMLS:C9000093": ""}


def test_umls_filters() -> None:
    folder = RELEASES / "umls"
    spanish = concepts(folder, languages="en,es")["UMLS:C9000001"]
    assert Alias("gota", "preferred", "es") in spanish.aliases
    french = concepts(folder, languages="*")["UMLS:C9000003"]
    assert (french.name, french.aliases) == ("douleur", (Alias("douleur", "preferred", "fr"),))
    assert french.definition == ""
    nci = concepts(folder, sources="NCI")["UMLS:C9000001"]
    assert (nci.name, nci.parents, nci.xrefs) == ("gouty arthritis", (), ("NCIT:C34650",))
    preferred = concepts(folder, term_types="MH,PT")["UMLS:C9000001"]
    assert names(preferred) == ["Gout"]
    everything = concepts(folder, suppressed="yes", types="name", parents="PAR,RB")
    assert "podagra (obsolete)" in names(everything["UMLS:C9000001"])
    assert everything["UMLS:C9000001"].types == ("Disease or Syndrome",)
    assert everything["UMLS:C9000001"].parents == ("UMLS:C9000002", "UMLS:C9000003")


def test_what_umls_leaves_out_is_counted() -> None:
    left_out: Counter[str] = Counter()
    list(read(RELEASES / "umls", left_out=left_out))
    assert left_out == {
        "name in a language that was not asked for": 2,
        "suppressible or obsolete name": 1,
    }


def test_snomed_from_its_folder() -> None:
    found, retired = read_both(RELEASES / "snomed")
    assert found["SNOMEDCT:90560001"] == Concept(
        id="SNOMEDCT:90560001",
        name="Tumor of joint",
        aliases=(
            Alias("Tumour of joint"),
            Alias("tumor de articulación", lang="es"),
            Alias("Growth in joint"),
        ),
        types=("disorder",),
        definition="A growth that lies in a joint.",
        parents=("SNOMEDCT:138875005",),
        source="sct2_Concept_Snapshot_INT_20240101.txt",
    )
    assert found["SNOMEDCT:90560002"].name == 'Gout "of old"'
    assert found["SNOMEDCT:90560002"].parents == ("SNOMEDCT:138875005",)
    # The second is only possibly equivalent to a concept.
    assert retired == {"SNOMEDCT:90560008": "SNOMEDCT:90560002", "SNOMEDCT:90560009": ""}


def test_snomed_names_by_language_reference_set() -> None:
    british = concepts(SNAPSHOT, refsets="900000000000508004")
    assert british["SNOMEDCT:90560001"].name == "Tumour of joint"
    assert names(british["SNOMEDCT:90560001"]) == ["Growth in joint", "Tumor of joint"]
    spanish = concepts(SNAPSHOT, refsets="448879004,900000000000509007")["SNOMEDCT:90560001"]
    assert spanish.name == "tumor de articulación"
    assert spanish.aliases[0] == Alias("tumor de articulación", "preferred", "es")


def test_taxonomy() -> None:
    found, retired = read_both(RELEASES / "taxdump")
    human = found["NCBITaxon:9606"]
    assert (human.name, human.types) == ("Homo sapiens", ("Species", "species"))
    assert names(human) == ["Homo sapiens Linnaeus, 1758", "human"]
    assert names(human, "related") == ["Homo sapien"]
    assert human.parents == ("NCBITaxon:9605",)
    assert names(found["NCBITaxon:10090"], "narrow") == ["LK3 transgenic mice"]
    assert found["NCBITaxon:1"].parents == ()
    assert retired == {
        "NCBITaxon:12": "NCBITaxon:9606",
        "NCBITaxon:13": "NCBITaxon:12",
        "NCBITaxon:14": "",
    }


def test_the_organism_of_a_gene_is_a_type_and_in_its_definition(tmp_path: Path) -> None:
    left_out: Counter[str] = Counter()
    source = RELEASES / "gene" / "gene_info"
    human, mouse, fish = (r for r in read(source, left_out=left_out) if isinstance(r, Concept))
    assert left_out == {"placeholder": 1}
    assert human == Concept(
        id="NCBIGene:3630",
        name="INS",
        aliases=tuple(map(Alias, ["IDDM", "ILPR", "insulin", "proinsulin", "preproinsulin"])),
        types=("Gene", "NCBITaxon:9606"),
        definition="insulin [NCBITaxon:9606]",
        xrefs=("OMIM:176730", "HGNC:6081", "Ensembl:ENSG00000254647"),
        source="gene_info",
    )
    assert fish.definition == "ins [NCBITaxon:7955]"
    assert [c.id for c in concepts(source, organisms="9606,7955").values()] == [human.id, fish.id]
    shutil.copy(source, tmp_path)
    shutil.copy(RELEASES / "taxdump" / "names.dmp", tmp_path)
    named = concepts(tmp_path / "gene_info")
    assert named[human.id].types == ("Gene", "NCBITaxon:9606", "Homo sapiens")
    assert named[mouse.id].definition == "insulin II [Mus musculus]"
    assert named[fish.id].types == ("Gene", "NCBITaxon:7955")


def test_genes_with_their_columns_cut(tmp_path: Path) -> None:
    path = tmp_path / "genes.tsv"
    path.write_text(
        "tax_id\tgene_id\tsymbol\tsynonyms\tdescription\ttype\tother_designations\n"
        "9606\t672\tBRCA1\tRNF53|FANCS\tBRCA1 DNA repair\tprotein-coding\tring finger 53|-\n"
    )
    gene = concepts(path)["NCBIGene:672"]
    assert names(gene) == ["RNF53", "FANCS", "BRCA1 DNA repair", "ring finger 53"]


def test_the_same_symbol_of_several_organisms_is_told_apart_by_type(tmp_path: Path) -> None:
    from spacy_bel.retrieval.registry import exact_retriever
    from spacy_bel.types import Mention

    build([RELEASES / "gene" / "gene_info"], tmp_path / "kb")
    retriever = exact_retriever()(Store(tmp_path / "kb"))
    for taxon, expected in (("9606", "NCBIGene:3630"), ("7955", "NCBIGene:30262")):
        mention = Mention("ins", types=frozenset({f"NCBITaxon:{taxon}"}))
        assert [c.id for c in retriever.retrieve([mention], 5)[0]] == [expected]


def test_icd10cm_has_dots_and_parents() -> None:
    found = concepts(RELEASES / "icd10cm" / "icd10cm_order_2024.txt")
    fracture = found["ICD10CM:S02.0XXA"]
    assert fracture.name == "Fracture of vault of skull, initial encounter for closed fracture"
    assert names(fracture) == ["Fracture of vault of skull, init"]
    assert fracture.types == ("Disease",)
    parents = {id_: concept.parents for id_, concept in found.items()}
    assert parents == {
        "ICD10CM:A00": (),
        "ICD10CM:A00.0": ("ICD10CM:A00",),
        "ICD10CM:A00.1": ("ICD10CM:A00",),
        "ICD10CM:S02": (),
        "ICD10CM:S02.0": ("ICD10CM:S02",),
        "ICD10CM:S02.0XXA": ("ICD10CM:S02.0",),
    }
    codes = concepts(RELEASES / "icd10cm" / "icd10cm_codes_2024.txt")
    assert {id_: found[id_].name for id_ in codes} == {i: c.name for i, c in codes.items()}


def test_ctd_chemicals() -> None:
    first, aspirin = concepts(RELEASES / "ctd" / "CTD_chemicals.tsv").values()
    assert first.xrefs == ("PUBCHEM.COMPOUND:2836600", "EPA.DTXSID:DTXSID10860056")
    assert (aspirin.types, aspirin.parents) == (("Chemical",), ("MESH:D012459",))
    assert names(aspirin) == ["Acetylsalicylic Acid", "Acetysal", "ASA"]
    assert aspirin.xrefs == ("CAS:50-78-2",)


def test_a_table_that_relates_chemicals_to_diseases_is_no_vocabulary(tmp_path: Path) -> None:
    path = tmp_path / "CTD_chemicals_diseases.tsv"
    path.write_text("# Fields:\n# ChemicalName\tChemicalID\tCasRN\tDiseaseName\tDiseaseID\nx\n")
    with pytest.raises(BelError, match="B001"):
        sniff(path)


def test_mesh_descriptors() -> None:
    records = list(read(RELEASES / "mesh" / "desc2024.xml"))
    assert all(isinstance(record, Concept) for record in records)
    found = {r.id: r for r in records if isinstance(r, Concept) and r.name}
    assert found["MESH:D006073"] == Concept(
        id="MESH:D006073",
        name="Gout",
        aliases=(Alias("Gouts"), Alias("Tophus", "narrow")),
        types=("Disease",),
        definition="Crystals of urate & pain in a joint.",
        source="desc2024.xml",
    )
    assert found["MESH:D014527"].xrefs == ("UNII:268B43MJ25", "CAS:69-93-2")
    parents = {r.id: r.parents for r in records if isinstance(r, Concept) and not r.name}
    assert parents == {"MESH:D006073": ("MESH:D001168",), "MESH:D001168": ("MESH:D007592",)}


def test_mesh_supplementary_concepts() -> None:
    aeron, gout = concepts(RELEASES / "mesh" / "supp2024.xml").values()
    assert (aeron.id, aeron.types) == ("MESH:C025735", ("Chemical",))
    assert aeron.parents == ("MESH:D014527", "MESH:D006073")
    assert aeron.definition == "a mixture with urates"
    assert (gout.types, names(gout)) == (("Disease",), ["UMOD gout"])


@pytest.mark.parametrize("name", ["desc2024.xml", "supp2024.xml"])
def test_mesh_reads_the_same_packed_with_mark_and_windows_lines(name: str, tmp_path: Path) -> None:
    source = RELEASES / "mesh" / name
    expected = list(read(source))
    text = source.read_text(encoding="utf-8")
    (tmp_path / name).write_bytes(gzip.compress(text.encode()))
    assert sniff(tmp_path / name) == "mesh-xml"
    assert list(read(tmp_path / name)) == expected
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert list(read(tmp_path / name)) == expected


def test_mesh_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    text = (RELEASES / "mesh" / "supp2024.xml").read_text(encoding="utf-8")
    start, end = text.index("<SupplementalRecord "), text.index("</SupplementalRecordSet>")
    path = tmp_path / "supp.xml"
    path.write_text(text[:start] + text[start:end] * 1_500 + text[end:], encoding="utf-8")
    tracemalloc.start()
    try:
        assert sum(1 for _ in read(path)) == 3_000
        assert tracemalloc.get_traced_memory()[1] < path.stat().st_size / 2
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda text: text[: len(text) // 2], "no element found|unclosed"),
        (lambda text: text.replace("</Concept>", "", 1), "mismatched tag"),
        (lambda text: text.replace("Aeron", "A\xe8ron").encode("latin-1"), "invalid token"),
        (lambda text: text.replace("1.0", '1.0" encoding="KOI8-X'), "encoding"),
    ],
)
def test_mesh_that_is_not_whole(damage: object, reason: str, tmp_path: Path) -> None:
    assert callable(damage)
    content = damage((RELEASES / "mesh" / "supp2024.xml").read_text(encoding="utf-8"))
    path = tmp_path / "supp.xml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BelError, match=rf"B172.*supp\.xml.*records, .*({reason})"):
        list(read(path))


@given(data=st.data())
def test_damaged_mesh_never_breaks_the_reader(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = (RELEASES / "mesh" / "desc2024.xml").read_bytes()
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    path = tmp_path_factory.getbasetemp() / "damaged.xml"
    path.write_bytes(content[:start] + data.draw(st.binary(max_size=20)) + content[end:])
    try:
        assert list(read(path, format="mesh-xml", on_error=lambda problem: None))
    except BelError as error:
        assert str(error)[:4] == "[B17" or str(error)[:4] == "[B15"


MISSING = [
    ("umls/META/MRSTY.RRF", "types"),
    ("umls/META/MRDEF.RRF", "definitions"),
    ("umls/META/MRREL.RRF", "parents"),
    ("umls/META/MRCUI.RRF", "retired"),
    ("snomed/**/sct2_Description_*.txt", ""),
    ("snomed/**/der2_cRefset_Language*.txt", ""),
    ("snomed/**/sct2_TextDefinition_*.txt", "definitions"),
    ("snomed/**/sct2_Relationship_*.txt", "parents"),
    ("snomed/**/der2_cRefset_Association*.txt", "retired"),
    ("taxdump/nodes.dmp", "ranks"),
    ("taxdump/merged.dmp", "retired"),
    ("taxdump/delnodes.dmp", "retired"),
]


@pytest.mark.parametrize(("pattern", "option"), MISSING)
def test_a_missing_file_of_a_set_is_named(pattern: str, option: str, tmp_path: Path) -> None:
    folder = copy(pattern.partition("/")[0], tmp_path)
    gone = list(tmp_path.glob(pattern))
    assert gone
    for path in gone:
        path.unlink()
    expected = gone[0].name.partition("Snapshot")[0].partition("Spanish")[0]
    with pytest.raises(BelError, match=rf"\[B170\] .*{expected}.* is missing"):
        list(read(folder))
    if option:
        with pytest.raises(BelError, match=f"option {option}=no"):
            list(read(folder))
        assert concepts(folder, **{option: "no"})


@pytest.mark.parametrize(
    ("folder", "options"),
    [
        ("umls", {"suppressed": "maybe"}),
        ("umls", {"types": "all"}),
        ("umls", {"parents": "SIB"}),
        ("snomed", {"definitions": "English"}),
        ("taxdump", {"ranks": "genus"}),
    ],
)
def test_unusable_options_say_why(folder: str, options: dict[str, str]) -> None:
    with pytest.raises(BelError, match=rf"B159.*{next(iter(options))}"):
        concepts(RELEASES / folder, **options)


def test_a_folder_with_several_vocabularies(tmp_path: Path) -> None:
    copy("umls", tmp_path)
    copy("taxdump", tmp_path)
    with pytest.raises(BelError, match=r"B171.*taxdump/names\.dmp, umls/META/MRCONSO\.RRF"):
        parse_source(tmp_path)
    assert parse_source(f"{tmp_path}/umls?languages=es")[0].name == "MRCONSO.RRF"


def test_packed_and_damaged_files_beside_the_first(tmp_path: Path) -> None:
    folder = copy("umls", tmp_path) / "META"
    expected = list(read(folder))
    for path in list(folder.iterdir()):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert [r.old for r in read(folder) if isinstance(r, Retired)] == [
        r.old for r in expected if isinstance(r, Retired)
    ]
    relations = folder / "MRREL.RRF.gz"
    relations.write_bytes(relations.read_bytes()[:-12])
    with pytest.raises(BelError, match=r"B151.*MRREL\.RRF\.gz is damaged"):
        list(read(folder))


def test_malformed_lines_of_other_files_are_reported_with_their_place(tmp_path: Path) -> None:
    folder = copy("umls", tmp_path) / "META"
    with (folder / "MRSTY.RRF").open("ab") as stream:
        stream.write(b"C9000001|T033\nC9000001|T184|A2.2.2|S\xedntoma|AT9||\n")
    problems: list[ReadProblem] = []
    list(read(folder, on_error=problems.append))
    assert [(Path(p.path).name, p.line) for p in problems] == [("MRSTY.RRF", 4), ("MRSTY.RRF", 5)]


def test_one_concept_with_very_many_and_very_long_names(tmp_path: Path) -> None:
    folder = copy("taxdump", tmp_path)
    long_name = "Homo sapiens " + "x" * 2_000
    with (folder / "names.dmp").open("a") as stream:
        stream.write("7\t|\tAzorhizobium\t|\t\t|\tscientific name\t|\n")
        for number in range(5_000):
            stream.write(f"7\t|\tstrain {number}\t|\t\t|\tsynonym\t|\n")
        stream.write(f"7\t|\t{long_name}\t|\t\t|\tsynonym\t|\n")
    build([folder], tmp_path / "kb")
    kb = Store(tmp_path / "kb")
    assert len(kb.describe(["NCBITaxon:7"])[0].aliases) == 5_002
    assert kb.ids_of_name(long_name) == kb.ids_of_name("strain 4999") == ["NCBITaxon:7"]


def test_a_hundred_languages(tmp_path: Path) -> None:
    folder = copy("umls", tmp_path) / "META"
    letters = "ABCDEFGHIJ"
    languages = [f"X{a}{b}" for a in letters for b in letters]
    row = "C9000009|{0}|P|L9|PF|S9|Y|A9{1}||M9|D9|MSH{0}|MH|D9|name {0}|0|N|256|\n"
    with (folder / "MRCONSO.RRF").open("a") as stream:
        stream.writelines(row.format(lang, number) for number, lang in enumerate(languages))
    build([f"{folder}?languages=*"], tmp_path / "kb")
    counts = Store(tmp_path / "kb").count_languages()
    assert {counts[lang.casefold()] for lang in languages} == {1}


def test_cycles_in_parents_and_retired_ids(tmp_path: Path) -> None:
    folder = copy("taxdump", tmp_path)
    nodes = folder / "nodes.dmp"
    nodes.write_text(nodes.read_text().replace("9605\t|\t1\t|", "9605\t|\t9606\t|"))
    (folder / "merged.dmp").write_text("12\t|\t13\t|\n13\t|\t12\t|\n")
    build([folder], tmp_path / "kb")
    kb = Store(tmp_path / "kb")
    assert kb.describe(["NCBITaxon:9605"])[0].parents == ("NCBITaxon:9606",)
    assert kb.resolve("NCBITaxon:12") is None


def test_the_same_ids_from_two_sources_are_one_concept(tmp_path: Path) -> None:
    species = tmp_path / "species.tsv"
    species.write_text("taxid\tname\n9606\tman\n")
    build([RELEASES / "taxdump", species], tmp_path / "kb")
    (human,) = Store(tmp_path / "kb").describe(["NCBITaxon:9606"])
    assert human.name == "Homo sapiens"
    assert "man" in names(human)


def test_a_set_that_breaks_half_way_leaves_the_old_knowledge_base(tmp_path: Path) -> None:
    folder = copy("umls", tmp_path) / "META"
    build([folder], tmp_path / "kb")
    before = {path.name: path.read_bytes() for path in (tmp_path / "kb").iterdir()}
    for name in ("MRCONSO.RRF", "MRCUI.RRF"):
        path = folder / name
        whole = path.read_bytes()
        path.write_bytes(gzip.compress(whole)[:-9])
        with pytest.raises(BelError, match="B151"):
            build([folder], tmp_path / "kb")
        path.write_bytes(whole)
    assert {path.name: path.read_bytes() for path in (tmp_path / "kb").iterdir()} == before
