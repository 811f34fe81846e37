from __future__ import annotations

from mard.evaluate.probes.alter import null_context
from mard.evaluate.probes.ask import ask
from mard.evaluate.probes.plan import Asked
from tests.builders import voriconazole_axitinib
from tests.unit.infer.tiny import decoder

POOL = voriconazole_axitinib()


def test_rows_say_what_was_answered_and_what_the_neighbours_show() -> None:
    asked = [Asked("masked", "p", POOL), Asked("null_context", "q", null_context(POOL))]
    rows = list(ask(decoder(), asked))
    assert [(row["probe"], row["pair_id"], row["shown"]) for row in rows] == [
        ("masked", "p", "PK_Metabolism"),
        ("null_context", "q", ""),
    ]
    assert all(row["grounded"] == row["citations"] for row in rows)
    assert all((row["direction"] == "n/a") == row["abstain"] for row in rows)
