from __future__ import annotations

from dataclasses import replace

from mard.evaluate.probes.alter import null_context
from mard.evaluate.probes.ask import ask
from mard.evaluate.probes.plan import Asked
from mard.lm.form import Form
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


def test_a_student_is_probed_in_the_words_it_was_taught() -> None:
    form = Form("compact", "first")
    student = replace(decoder(), form=form)
    seen = []
    generate = student.generate

    def watched(requests, **options):
        seen.extend(requests)
        return generate(requests, **options)

    student.generate = watched
    (row,) = ask(student, [Asked("masked", "p", POOL)])
    assert form.evidence(POOL) in seen[0].prompt
    assert row["grounded"] == row["citations"]
