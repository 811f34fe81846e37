"""The results in one Markdown table."""

from __future__ import annotations

from typing import Any

from mard.evaluate.headline import results_table

SCORES = {"macro_f1": 0.816, "accuracy": 0.5, "ths": 0.25}
ANSWERS = {"coverage": 0.3, "selective_accuracy": 1.0, "csa": 0.98, "hr": 0.00037, "parse_rate": 1.0}


def protocol(**baselines: dict[str, float]) -> dict[str, Any]:
    bounds = {"macro_f1": {"cluster": [0.61, 0.957], "pair": [0.7, 0.9]}}
    return {
        "baselines": baselines,
        "variants": {"raw": SCORES},
        "student": {**SCORES, **ANSWERS, "intervals": bounds, "mfs": "unscored", "mps": "unscored"},
        "layers": {"greedy": {"macro_f1": 0.9, "accuracy": 0.8, "ths": 0.7, "mfs": 0.93, "mps": 0.92}},
    }


def test_every_system_is_a_row_and_every_protocol_a_column() -> None:
    plain = {"majority": SCORES, "logistic (i)": SCORES}
    metrics = {"protocols": {"pair_cold": protocol(majority=SCORES), "warm": protocol(**plain)}}
    metrics["protocols"]["warm"]["variants"]["unabstaining"] = SCORES
    metrics["protocols"]["pair_cold"]["student"]["intervals"]["macro_f1"]["cluster"] = "unscored"
    assert results_table(metrics).splitlines() == [
        "| macro-F1 / accuracy / THS | warm | pair_cold |",
        "| --- | --- | --- |",
        "| majority | 0.82 / 0.50 / 0.25 | 0.82 / 0.50 / 0.25 |",
        "| logistic (i) | 0.82 / 0.50 / 0.25 | unscored / unscored / unscored |",
        "| student, raw (greedy) | 0.90 / 0.80 / 0.70 | 0.90 / 0.80 / 0.70 |",
        "| student, never abstaining | 0.82 / 0.50 / 0.25 | unscored / unscored / unscored |",
        "| **student, whole stack** | 0.82 / 0.50 / 0.25 | 0.82 / 0.50 / 0.25 |",
        "| its macro-F1, 95 % over drugs | 0.61 to 0.96 | unscored |",
        "| coverage, accuracy when answering | 0.30, 1.00 | 0.30, 1.00 |",
        "| MFS, MPS of single orderings | 0.93, 0.92 | 0.93, 0.92 |",
        "| CSA, HR, parse rate | 0.98, 0.00037, 1.00 | 0.98, 0.00037, 1.00 |",
    ]
