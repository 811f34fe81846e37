from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from mard.errors import InputError
from mard.ingest.ddinter import read_severity

HEADER = "DDInterID_A,Drug_A,DDInterID_B,Drug_B,Level\n"
DRUGS = pl.DataFrame(
    {
        "drug_id": ["DB00582", "DB06626", "DB01109", "DB01225"],
        "name": ["Voriconazole", "Axitinib", "Heparin", "Enoxaparin"],
        "aliases": [["Vfend", "Shared"], ["Inlyta", "Shared"], [], ["Heparin"]],
    }
)


def severity(tmp_path: Path, *lines: str) -> list[tuple[str, str]]:
    (tmp_path / "ddinter_code_L.csv").write_text(HEADER + "\n".join(lines), encoding="utf-8")
    return read_severity(tmp_path, DRUGS).rows()


def test_names_and_aliases_become_canonical_pairs(tmp_path: Path):
    assert severity(tmp_path, "1,inlyta,2,VORICONAZOLE,Major", "3,Heparin,1,Axitinib,Minor") == [
        ("DB00582|DB06626", "Major"),
        ("DB01109|DB06626", "Minor"),  # Heparin's own name wins over Enoxaparin's alias
    ]


def test_the_gravest_of_two_ratings_counts(tmp_path: Path):
    (tmp_path / "ddinter_code_A.csv").write_text(HEADER + "1,Axitinib,2,Voriconazole,Moderate\n")
    assert severity(tmp_path, "2,Voriconazole,1,Axitinib,Major") == [("DB00582|DB06626", "Major")]
    assert severity(tmp_path, "2,Voriconazole,1,Axitinib,Unknown") == [("DB00582|DB06626", "Moderate")]


def test_unknown_and_ambiguous_names_and_self_pairs_give_nothing(tmp_path: Path):
    assert not severity(
        tmp_path, "1,Nobody,2,Axitinib,Major", "1,Shared,2,Heparin,Major", "1,Vfend,1,Voriconazole,Minor"
    )


def test_a_faulty_file_is_named_with_its_line(tmp_path: Path):
    with pytest.raises(InputError, match=r"L\.csv, line 3: 'Deadly' is none of Major"):
        severity(tmp_path, "1,Heparin,2,Axitinib,Major", "1,Heparin,2,Axitinib,Deadly")
    (tmp_path / "ddinter_code_L.csv").write_text("a,b\n")
    with pytest.raises(InputError, match=r"line 1: .* no column Drug_A, Drug_B, Level"):
        read_severity(tmp_path, DRUGS)


def test_an_empty_folder_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="no DDInter CSV there"):
        read_severity(tmp_path, DRUGS)
