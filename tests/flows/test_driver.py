from __future__ import annotations

from pathlib import Path

from flows.driver import readable
from mard.io import write_json, write_text


def test_a_part_of_the_pipeline_promises_no_prediction(tmp_path: Path) -> None:
    write_text(tmp_path / "gates" / "certificate.html", "page")
    said = readable(tmp_path)
    assert str(tmp_path / "gates" / "certificate.html") in said
    assert "predict" not in said
    assert "report" not in said


def test_the_whole_says_what_was_registered_and_how_to_ask_it(tmp_path: Path) -> None:
    write_text(tmp_path / "evaluate" / "report.html", "page")
    found = {"name": "mard", "version": 3, "alias": "challenger", "reason": "macro-F1 is lower"}
    write_json(tmp_path / "register" / "registration.json", found)
    said = readable(tmp_path).splitlines()
    assert f"  report            {tmp_path / 'evaluate' / 'report.html'}" in said
    assert "  registered model  models:/mard/3 (challenger: macro-F1 is lower)" in said
    assert f"  one prediction    mard predict DB00582 DB06626 --artifacts {tmp_path}" in said
