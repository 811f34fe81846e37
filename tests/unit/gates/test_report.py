from __future__ import annotations

import json

import pytest

from mard.errors import GateFailure
from mard.gates.leakage import GateResult
from mard.gates.report import enforce, to_rows

FINE = GateResult("pair_disjoint", "warm", 10, 0, ())
BROKEN = GateResult("drug_cold_disjoint", "drug_cold", 10, 7, ("train pair DB1|DB2 holds a held-out drug",))


def test_clean_results_pass():
    enforce([FINE, FINE])


def test_a_failure_names_gate_protocol_count_and_examples():
    with pytest.raises(GateFailure) as caught:
        enforce([FINE, BROKEN])
    assert str(caught.value) == (
        "gate drug_cold_disjoint fails on drug_cold: 7 violations, "
        "e.g. train pair DB1|DB2 holds a held-out drug"
    )


def test_rows_are_json_in_the_order_of_the_checks():
    rows = json.loads(json.dumps(to_rows([BROKEN, FINE])))
    assert [row["gate"] for row in rows] == ["drug_cold_disjoint", "pair_disjoint"]
    assert set(rows[0]) == {"gate", "protocol", "checked", "violations", "examples"}
