from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from mard.errors import InputError
from mard.evaluate.adapter import align, read_predictions
from mard.schema import Protocol

GOLD = pl.DataFrame({"pair_id": ["DB00001|DB00002", "DB00001|DB00003", "DB00002|DB00003"]})


def _csv(folder: Path, *lines: str) -> Path:
    path = folder / "theirs.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_pairs_come_in_any_order_and_directions_follow_them(tmp_path: Path) -> None:
    path = _csv(
        tmp_path,
        "drug_a,drug_b,family,subtype,direction,polarity,confidence",
        "DB00002,DB00001,PK_Metabolism,metabolism,a_to_b,down,0.7",
        "DB00001,DB00003,PK_Metabolism,metabolism,a_to_b,down,",
        "DB00003,DB00002,AdverseRisk,,bidirectional,,0.25",
    )
    read = read_predictions(path)
    assert read.select("pair_id", "direction", "confidence").rows() == [
        ("DB00001|DB00002", "b_to_a", 0.7),
        ("DB00001|DB00003", "a_to_b", None),
        ("DB00002|DB00003", "bidirectional", 0.25),
    ]


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    lines = ["drug_a,drug_b,family,confidence", "DB00002,DB00001,Efficacy,0.5", "DB00001,DB00003,Efficacy,1"]
    text = _csv(tmp_path, *lines)
    pl.read_csv(text).write_parquet(tmp_path / "theirs.parquet")
    assert read_predictions(tmp_path / "theirs.parquet").equals(read_predictions(text))


def test_missing_pairs_are_wrong_and_counted_and_others_ignored(tmp_path: Path) -> None:
    path = _csv(
        tmp_path,
        "protocol,drug_a,drug_b,family",
        "warm,DB00001,DB00002,Efficacy",
        "pair_cold,DB00001,DB00003,Efficacy",
        "warm,DB00007,DB00008,Efficacy",
    )
    warm = align(read_predictions(path), GOLD, Protocol.WARM)
    assert (warm.missing, warm.ignored) == (2, 1)
    assert warm.answers.select("pair_id", "family", "parsed").rows() == [
        ("DB00001|DB00002", "Efficacy", True),
        ("DB00001|DB00003", "", False),
        ("DB00002|DB00003", "", False),
    ]
    cold = align(read_predictions(path), GOLD, Protocol.PAIR_COLD)
    assert (cold.missing, cold.ignored) == (2, 0)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("DB00001,DB00002,PK_Metabolsim,,,", "line 3: unknown family 'PK_Metabolsim'"),
        ("DB00001,DB00002,Efficacy,metabolism,,", "line 3: unknown subtype 'metabolism' of Efficacy"),
        ("DB00001,DB00002,Efficacy,,forwards,", "line 3: unknown direction 'forwards'"),
        ("DB00001,DB00002,Efficacy,,,1.5", "line 3: confidence '1.5' is not in"),
        ("aspirin,DB00002,Efficacy,,,", "line 3: drug_a 'aspirin' is no DrugBank id"),
        ("DB00002,DB00002,Efficacy,,,", "line 3: DB00002 is paired with itself"),
        ("DB00004,DB00003,AdverseRisk,,,", r"line 3: DB00003\|DB00004 was answered before, in 2"),
    ],
)
def test_what_means_nothing_is_named_with_its_line(tmp_path: Path, row: str, fault: str) -> None:
    head = "drug_a,drug_b,family,subtype,direction,confidence"
    with pytest.raises(InputError, match=fault):
        read_predictions(_csv(tmp_path, head, "DB00003,DB00004,Efficacy,,,", row))


def test_many_faults_are_counted(tmp_path: Path) -> None:
    rows = [f"DB0000{place},DB00009,nothing" for place in range(7)]
    with pytest.raises(InputError, match=r"line 2: .*; and 2 more$"):
        read_predictions(_csv(tmp_path, "drug_a,drug_b,family", *rows))


def test_a_file_that_is_no_table_of_answers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column family"):
        read_predictions(_csv(tmp_path, "drug_a,drug_b", "DB00001,DB00002"))
    with pytest.raises(InputError, match="no such file"):
        read_predictions(tmp_path / "absent.csv")
    with pytest.raises(InputError, match=r"read from .csv or .parquet"):
        read_predictions(tmp_path / "theirs.json")
