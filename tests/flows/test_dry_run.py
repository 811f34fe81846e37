from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.dry_run import dry_run
from tests.conftest import mard


def said(*overrides: str, preset: str = "qwen2.5-7b", first: str | None = None) -> tuple[str, list[str]]:
    return dry_run(preset, overrides, first, "dpo", as_json=False)


def test_the_plan_of_the_paper() -> None:
    text, faults = said(first="teach")
    assert faults == []
    rows = {line.split()[0]: line for line in reversed(text.splitlines()) if line}
    assert "1,875 updates of 64 rows" in rows["sft"]
    assert rows["teach"].split()[1:3] == ["4.1", "G"]
    assert "label" not in rows
    assert "infer" not in rows
    assert "400 TFLOP/s (launch.tflops) and 80 GiB a device" in text


def test_what_does_not_fit_is_said_with_a_remedy() -> None:
    _, faults = said("student.gradient_checkpointing=false")
    assert [fault.split()[0] for fault in faults] == ["prm", "sft", "dpo"]
    assert "GiB of a device's 80 (launch.memory_gib): lower sft.batch_pairs" in faults[1]


def test_how_processes_start_is_shown() -> None:
    text, _ = said("launch.processes=4", "launch.strategy=zero3")
    assert "infra/accelerate/zero3.yaml --num_processes 4" in text
    assert "accelerate" not in said()[0]


def test_a_missing_key_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MARD_TEACHER_KEY", raising=False)
    assert "note: MARD_TEACHER_KEY is not set" in said()[0]
    monkeypatch.setenv("MARD_TEACHER_KEY", "secret")
    text, _ = said()
    assert "MARD_TEACHER_KEY" not in text
    assert "secret" not in text


def test_the_command_prints_json_and_refuses_what_does_not_fit(tmp_path: Path) -> None:
    options = ("run", "--dry-run", "--preset", "small", "--artifacts", str(tmp_path / "never"))
    found = json.loads(mard(*options, "--from", "sft", "--until", "dpo", "--json").stdout)
    assert [each["stage"] for each in found["stages"]] == ["sft", "dpo"]
    assert found["stages"][0]["memory"]["total"] > found["stages"][0]["memory"]["weights"] > 2e7
    refused = mard(*options, "--set", "launch.memory_gib=1", check=False)
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: sft needs ")
    assert "GiB on each device" in refused.stdout
    assert not (tmp_path / "never").exists()
