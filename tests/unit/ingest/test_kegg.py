from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from mard.errors import InputError
from mard.ingest.kegg import read_kegg

DRUGS = pl.DataFrame({"drug_id": ["DB00582", "DB06626"]})


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "kegg.tsv"
    path.write_text(text, encoding="utf-8")
    return path


def test_pathways_of_known_drugs_once_and_sorted(tmp_path: Path):
    path = table(
        tmp_path,
        "drug_id\tpathway_id\nDB06626\thsa04010\nDB00582\thsa00982\nDB00582\thsa00982\n\nDB99999\thsa00982\n",
    )
    assert read_kegg(path, DRUGS).rows() == [("DB00582", "hsa00982", "kegg"), ("DB06626", "hsa04010", "kegg")]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1: expected the header"),
        ("drug,pathway\n", "line 1: expected the header"),
        ("drug_id\tpathway_id\nDB00582\thsa00982\nDB00582\tpathway\n", "line 3: 'DB00582\\\\tpathway'"),
        ("drug_id\tpathway_id\nDB00582\n", "line 2"),
    ],
)
def test_a_faulty_line_is_named(tmp_path: Path, text: str, problem: str):
    with pytest.raises(InputError, match=problem):
        read_kegg(table(tmp_path, text), DRUGS)


def test_a_missing_or_binary_file_is_one_clear_line(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be read as a KEGG table"):
        read_kegg(tmp_path / "nowhere.tsv", DRUGS)
    (tmp_path / "kegg.tsv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read as a KEGG table"):
        read_kegg(tmp_path / "kegg.tsv", DRUGS)
