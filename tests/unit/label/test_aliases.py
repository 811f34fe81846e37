from __future__ import annotations

import polars as pl
import pytest

from mard.errors import AmbiguousDrug, UnknownDrug
from mard.label.aliases import AliasIndex

INDEX = AliasIndex.build(
    pl.DataFrame(
        {
            "drug_id": ["DB00582", "DB06626", "DB01109", "DB01225", "DB00030", "DB00071"],
            "name": ["Voriconazole", "Axitinib", "Heparin", "Enoxaparin", "Insulin human", "Insulin pork"],
            "aliases": [["Vfend"], ["Inlyta"], ["Shared"], ["Heparin", "Shared"], ["Insulin"], ["Insulin"]],
            "secondary_ids": [["DB02351"], [], ["DB00099"], ["DB00099"], [], []],
        }
    )
)


@pytest.mark.parametrize(
    ("query", "drug"),
    [
        ("DB00582", "DB00582"),
        (" db00582 ", "DB00582"),
        ("DB02351", "DB00582"),  # retired
        ("voriconazole", "DB00582"),
        ("VFEND", "DB00582"),
        ("insulin   PORK", "DB00071"),
        ("Heparin", "DB01109"),  # its own name, though another drug has it as an alias
    ],
)
def test_a_drug_is_found_by_id_retired_id_name_or_alias(query: str, drug: str):
    assert INDEX.find(query) == drug


@pytest.mark.parametrize(
    ("query", "candidates"),
    [
        ("insulin", ("DB00030 (Insulin human)", "DB00071 (Insulin pork)")),
        ("Shared", ("DB01109 (Heparin)", "DB01225 (Enoxaparin)")),
        ("DB00099", ("DB01109 (Heparin)", "DB01225 (Enoxaparin)")),
    ],
)
def test_what_fits_several_drugs_lists_them(query: str, candidates: tuple[str, ...]):
    with pytest.raises(AmbiguousDrug) as caught:
        INDEX.find(query)
    assert caught.value.candidates == candidates


def test_an_unknown_name_offers_the_nearest():
    with pytest.raises(UnknownDrug, match=r"did you mean Voriconazole \(DB00582\)\?") as caught:
        INDEX.find("voriconazol")
    assert caught.value.nearest == ("Voriconazole (DB00582)",)
    with pytest.raises(UnknownDrug, match=r"no drug with the id or name 'qqqq' in this release$"):
        INDEX.find("qqqq")
    with pytest.raises(UnknownDrug):
        INDEX.find("")


def test_names_list_the_primary_first():
    assert INDEX.names("DB01225") == ("Enoxaparin", "Heparin", "Shared")
    with pytest.raises(UnknownDrug):
        INDEX.names("DB99999")
