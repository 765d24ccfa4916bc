"""Your vocabulary in one command: the command of every format, run."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spacy_bel.cli.app import app
from spacy_bel.kb.readers.registry import READERS, parse_source, sniff
from spacy_bel.kb.store import Store

ROOT = Path(__file__).parents[2]
RELEASES = ROOT / "tests" / "kb" / "readers" / "releases"

MEDIC = "# Fields:\n# DiseaseName\tDiseaseID\tParentIDs\n#\nGout\tMESH:D006073\tMESH:D007592\n"
SPECLIST = (
    "Code    Taxon    N=Official (scientific) name\n_____ _ _______  ______\n"
    "HUMAN E    9606: N=Homo sapiens\n                 C=Human\n"
)
SCISPACY = (
    '{"concept_id": "C0000005", "canonical_name": "albumin", "aliases": ["MAA"], '
    '"types": ["T116"]}\n'
)
ENTITY = (
    '[\n{"type": "item", "id": "Q81938", "labels": {"es": {"language": "es", "value": "gota"}}, '
    '"aliases": {}, "claims": {"P486": [{"rank": "normal", "mainsnak": {"snaktype": "value", '
    '"property": "P486", "datavalue": {"value": "D006073", "type": "string"}}}]}}\n]\n'
)
RESULTS = (
    '{"head": {"vars": ["item", "P486", "itemLabel"]}, "results": {"bindings": [\n'
    '{"item": {"type": "uri", "value": "http://www.wikidata.org/entity/Q81938"}, '
    '"P486": {"type": "literal", "value": "D006073"}, '
    '"itemLabel": {"type": "literal", "xml:lang": "es", "value": "gota"}}]}}\n'
)

# Format, the command as the README gives it, what it finds, and what it is run on.
COMMANDS: dict[str, tuple[str, str, dict[str, Path | str]]] = {
    "umls": (
        "python -m spacy_bel kb build 2026AA/META --output kb/umls",
        "UMLS:C9000001",
        {"2026AA": RELEASES / "umls"},
    ),
    "snomed": (
        "python -m spacy_bel kb build SnomedCT_InternationalRF2_PRODUCTION --output kb/snomed",
        "SNOMEDCT:90560001",
        {"SnomedCT_InternationalRF2_PRODUCTION": RELEASES / "snomed"},
    ),
    "mesh-xml": (
        "python -m spacy_bel kb build desc2026.xml supp2026.xml --output kb/mesh",
        "MESH:C025735",
        {
            "desc2026.xml": RELEASES / "mesh" / "desc2024.xml",
            "supp2026.xml": RELEASES / "mesh" / "supp2024.xml",
        },
    ),
    "ctd": (
        "python -m spacy_bel kb build CTD_diseases.tsv CTD_chemicals.tsv --output kb/ctd",
        "MESH:D001241",
        {
            "CTD_diseases.tsv": MEDIC,
            "CTD_chemicals.tsv": RELEASES / "ctd" / "CTD_chemicals.tsv",
        },
    ),
    "gene-info": (
        "python -m spacy_bel kb build 'gene_info?organisms=9606,10090' --output kb/genes",
        "NCBIGene:16334",
        {"gene_info": RELEASES / "gene" / "gene_info"},
    ),
    "taxonomy": (
        "python -m spacy_bel kb build taxdump --output kb/taxonomy",
        "NCBITaxon:9606",
        {"taxdump": RELEASES / "taxdump"},
    ),
    "icd10cm": (
        "python -m spacy_bel kb build icd10cm_order_2026.txt --output kb/icd10cm",
        "ICD10CM:A00.0",
        {"icd10cm_order_2026.txt": RELEASES / "icd10cm" / "icd10cm_order_2024.txt"},
    ),
    "obo": (
        "python -m spacy_bel kb build mondo.obo --output kb/mondo",
        "MONDO:1",
        {"mondo.obo": "format-version: 1.2\nontology: mondo\n\n[Term]\nid: MONDO:1\nname: gout\n"},
    ),
    "scispacy": (
        "python -m spacy_bel kb build umls.jsonl --output kb/scispacy",
        "UMLS:C0000005",
        {"umls.jsonl": SCISPACY},
    ),
    "speclist": (
        "python -m spacy_bel kb build speclist.txt --output kb/species",
        "NCBITaxon:9606",
        {"speclist.txt": SPECLIST},
    ),
    "biosyn": (
        "python -m spacy_bel kb build dictionary.txt --output kb/mine",
        "MESH:D006073",
        {"dictionary.txt": "D006073||Gout|Podagra\n"},
    ),
    "wikidata-dump": (
        "python -m spacy_bel kb build latest-all.json --output kb/wikidata",
        "MESH:D006073",
        {"latest-all.json": ENTITY},
    ),
    "wikidata-results": (
        "python -m spacy_bel kb build results.json --output kb/wikidata",
        "MESH:D006073",
        {"results.json": RESULTS},
    ),
    "table with usual columns": (
        "python -m spacy_bel kb build names.tsv --output kb/mine",
        "HP:0001945",
        {"names.tsv": "id\tname\tsynonyms\nHP:0001945\tFever\tPyrexia|Hyperthermia\n"},
    ),
    "table with columns named": (
        "python -m spacy_bel kb build 'codes.csv?id=code&name=label&synonyms=other&prefix=MESH' "
        "--output kb/mine",
        "MESH:D006073",
        {"codes.csv": "code,label,other\nD006073,Gout,Podagra|Tophus\n"},
    ),
}


def test_every_format_has_a_command() -> None:
    assert list(dict.fromkeys(name.split()[0] for name in COMMANDS)) == list(READERS)


@pytest.mark.parametrize("name", [name for name in COMMANDS if "?id=" not in COMMANDS[name][0]])
def test_a_format_is_recognised(name: str, tmp_path: Path) -> None:
    for file, content in COMMANDS[name][2].items():
        source = tmp_path / file if isinstance(content, str) else content
        if isinstance(content, str):
            source.write_text(content)
        assert sniff(parse_source(source)[0]) == name.partition(" ")[0]


@pytest.mark.parametrize("name", COMMANDS)
def test_one_command_makes_a_knowledge_base(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command, concept_id, files = COMMANDS[name]
    for file, content in files.items():
        if isinstance(content, str):
            (tmp_path / file).write_text(content)
        elif content.is_dir():
            shutil.copytree(content, tmp_path / file)
        else:
            shutil.copy(content, tmp_path / file)
    monkeypatch.chdir(tmp_path)
    program, *arguments = shlex.split(command.removeprefix("python -m "))
    assert program == "spacy_bel"
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "0 malformed lines skipped" in done.output
    assert concept_id in Store(tmp_path / arguments[-1])


def test_the_readme_has_these_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| .* \| `(python -m spacy_bel kb build .*)` \|$", readme, re.MULTILINE)
    assert sorted(rows) == sorted(command for command, *_ in COMMANDS.values())
