from __future__ import annotations

from mard.evaluate.phases import phase_rows


def test_a_phase_that_was_not_measured_has_no_row() -> None:
    training = {
        "sft": {"untrained.mirror_error": 0.5, "held_out.mirror_error": 0.0, "held_out.kl": 0.01},
        "dpo": {"mean_weight": 0.2},
    }
    rows = phase_rows(training)
    assert [(row["phase"], row["mirror_error"], row["kl"]) for row in rows] == [
        ("before training", 0.5, None),
        ("after mirror SFT", 0.0, 0.01),
    ]
