"""A broken table stops where it is written, with its first broken rows named."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from mard.errors import ContractError
from tasks import contracts
from tests.corpora import corpus

LABELS = corpus(drugs=8, share=1.0)
EVAL = pl.DataFrame(
    {
        "protocol": ["warm", "warm", "warm"],
        "part": ["test", "test", "val"],
        "size": [500, 5_000, 500],
        "pair_id": ["DB00001|DB00002", "DB00001|DB00002", "DB00001|DB00002"],
    }
)


@pytest.mark.parametrize("frame", [LABELS, LABELS.reverse(), LABELS.head(1), LABELS.clear()])
def test_a_sound_table_passes_in_any_order(frame: pl.DataFrame):
    assert contracts.validate("label/labels", frame).equals(frame)


@pytest.mark.parametrize("in_order", [True, False])
def test_a_repeated_row_is_found_wherever_it_lies(in_order: bool):
    twice = pl.concat([LABELS, LABELS.slice(3, 1)])
    frame = twice.sort("pair_id") if in_order else twice
    with pytest.raises(ContractError, match=r"pair_id must be unique.*DB00001\|DB00005"):
        contracts.validate("label/labels", frame)


def test_rows_are_compared_in_every_column_of_the_key():
    assert contracts.validate("split/eval", EVAL).height == 3
    with pytest.raises(ContractError, match="protocol, part, size, pair_id must be unique"):
        contracts.validate("split/eval", pl.concat([EVAL, EVAL.tail(1)]))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("pair_id", "DB00001-DB00002", "pair_id must be drug_a|drug_b"),
        ("pair_id", None, "pair_id: not_nullable"),
        ("drug_a", "aspirin", "drug_a: str_matches"),
        ("drug_a", "DB99999", "with drug_a < drug_b"),
        ("family", "PK_Magic", "family: isin"),
        ("direction", "n/a", "direction: isin"),
    ],
)
def test_each_fault_is_named_with_its_column(column: str, value: str | None, message: str):
    broken = LABELS.head(1).with_columns(pl.lit(value, pl.String).alias(column))
    with pytest.raises(ContractError) as caught:
        contracts.validate("label/labels", broken)
    assert message in str(caught.value)


def test_a_missing_and_an_unknown_column_are_refused():
    for frame in (LABELS.drop("polarity"), LABELS.with_columns(extra=pl.lit(1))):
        with pytest.raises(ContractError):
            contracts.validate("label/labels", frame)


def test_what_is_written_is_checked_before_and_read_back_the_same(tmp_path: Path):
    contracts.write(tmp_path, "label/labels", LABELS)
    assert contracts.read(tmp_path, "label/labels").equals(LABELS)
    with pytest.raises(ContractError):
        contracts.write(tmp_path, "label/labels", LABELS.with_columns(family=pl.lit("?")))
    assert contracts.read(tmp_path, "label/labels").equals(LABELS)
