from __future__ import annotations

from lxml import etree

from mard.ingest.extract import DrugReader, DrugRecord
from tests.releases import AXITINIB, DOWN, drug_xml


def read(xml: str) -> DrugRecord:
    return DrugReader("").read(etree.fromstring(xml))


def with_extra(extra: str) -> DrugRecord:
    return read(drug_xml("DB00582", "Voriconazole", extra=extra))


def protein(accession: str, gene: str = "", organism: str = "") -> str:
    fields = f"<gene-name>{gene}</gene-name><organism>{organism}</organism>"
    return f'<polypeptide id="{accession}">{fields}</polypeptide>'


def test_an_empty_drug_has_empty_values():
    record = read("<drug><drugbank-id>DB00582</drugbank-id></drug>")
    assert record == DrugRecord("DB00582", "DB00582", "", (), (), (), None, None, (), "", "", (), ())


def test_the_id_marked_primary_wins_over_the_first():
    record = read(
        '<drug><drugbank-id>BTD00001</drugbank-id><drugbank-id primary="true">DB00582</drugbank-id>'
        "<drugbank-id>DB00001</drugbank-id></drug>"
    )
    assert record.drug_id == "DB00582"
    assert record.secondary_ids == ("BTD00001", "DB00001")


def test_synonyms_and_brands_are_aliases_once_and_without_the_name():
    record = read(
        drug_xml(
            "DB00582", "Voriconazole", synonyms=["Voriconazole", "UK-109496", "VRC"], brands=["Vfend", "VRC"]
        )
    )
    assert record.aliases == ("UK-109496", "VRC", "Vfend")


def test_every_polypeptide_of_a_target_is_read():
    record = with_extra(
        "<targets><target><organism>Humans</organism><actions><action>inhibitor</action><action>binder</action>"
        f"</actions>{protein('P08684', 'CYP3A4')}{protein('P20815', 'CYP3A5', 'Mice')}</target></targets>"
    )
    assert record.proteins == (
        ("target", "P08684", "CYP3A4", "Humans", ("binder", "inhibitor")),
        ("target", "P20815", "CYP3A5", "Humans", ("binder", "inhibitor")),
    )


def test_proteins_of_all_four_roles_and_their_own_organism_where_the_partner_has_none():
    extra = "".join(
        f"<{role}s><{role}>{protein(accession, organism='Humans')}</{role}></{role}s>"
        for role, accession in (("carrier", "P4"), ("enzyme", "P2"), ("target", "P1"), ("transporter", "P3"))
    )
    assert [row[:2] for row in with_extra(extra).proteins] == [
        ("carrier", "P4"),
        ("enzyme", "P2"),
        ("target", "P1"),
        ("transporter", "P3"),
    ]
    assert {row[3] for row in with_extra(extra).proteins} == {"Humans"}


def test_a_partner_without_an_accession_is_no_protein():
    assert with_extra(f"<targets><target/><target>{protein('')}</target></targets>").proteins == ()


def properties(group: str, **values: str) -> str:
    listed = "".join(
        f"<property><kind>{kind}</kind><value>{value}</value></property>" for kind, value in values.items()
    )
    return f"<{group}-properties>{listed}</{group}-properties>"


def test_calculated_structures_win_and_experimental_ones_fill_in():
    record = with_extra(
        properties("calculated", logP="1", SMILES="CCO")
        + properties("experimental", SMILES="C", InChIKey="XYZ")
    )
    assert (record.smiles, record.inchikey) == ("CCO", "XYZ")


def test_an_inchikey_loses_its_label():
    assert with_extra(properties("calculated", InChIKey="InChIKey=XYZ")).inchikey == "XYZ"


def test_codes_and_texts_are_single_spaced_and_sorted():
    record = with_extra(
        '<atc-codes><atc-code code="J02AC03"/><atc-code code="A01AB09"/>'
        '<atc-code code="J02AC03"/></atc-codes>'
        "<groups><group>approved</group></groups><half-life>\n 6\n hours </half-life>"
        "<mechanism-of-action>Inhibits\r\n\r\nsynthesis.</mechanism-of-action>"
    )
    assert record.atc == ("A01AB09", "J02AC03")
    assert record.groups == ("approved",)
    assert (record.half_life, record.moa) == ("6 hours", "Inhibits synthesis.")


def listing(*fields: str) -> str:
    return f"<drug-interaction>{''.join(fields)}</drug-interaction>"


ID, TEXT = f"<drugbank-id>{AXITINIB}</drugbank-id>", f"<description>{DOWN}</description>"


def listings(*items: str) -> list[tuple[str, str]]:
    drug = etree.fromstring(f"<drug><drug-interactions>{''.join(items)}</drug-interactions></drug>")
    reader = DrugReader("")
    return list(zip(*reader.listings(reader.listings_block(drug)), strict=True))


def test_listings_keep_their_id_and_text_together_whatever_is_missing():
    whole, swapped = listing(ID, "<name>x</name>", TEXT), listing(TEXT, ID)
    no_id, no_text = listing(TEXT), listing(ID)
    assert listings(whole, swapped) == [(AXITINIB, DOWN)] * 2
    assert listings(whole, no_id, no_text, whole) == [
        (AXITINIB, DOWN),
        ("", DOWN),
        (AXITINIB, ""),
        (AXITINIB, DOWN),
    ]
    assert listings(listing("<drugbank-id/>", "<description/>")) == [("", "")]


def test_listings_with_the_right_number_of_fields_in_the_wrong_places_are_not_mixed_up():
    """Two ids in one listing and none in the next: as many ids as listings, but not one each."""
    other = "<drugbank-id>DB00001</drugbank-id>"
    assert listings(listing(ID, other, TEXT), listing(TEXT)) == [(AXITINIB, DOWN), ("", DOWN)]
