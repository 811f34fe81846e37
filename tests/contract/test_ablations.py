"""``infra/ablations.yaml`` changes what it says, from the first stage that the change touches."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from flows.ablate import ablate, ablations, settings
from mard.config import load_params
from mard.errors import ConfigError, InputError
from mard.io import write_json
from tasks.stage import workspace_for

STAGES = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]
GRID = ablations()


@pytest.mark.parametrize("name", GRID)
def test_an_ablation_changes_something_and_begins_with_the_first_stage_that_reads_it(name: str) -> None:
    assert load_params(Path("params.yaml"), None, GRID[name]["set"]) != load_params(Path("params.yaml"))
    sections = {override.split(".")[0] for override in GRID[name]["set"]}
    readers = [stage for stage, body in STAGES.items() if sections & set(body["params"])]
    assert GRID[name]["from"] in readers
    earlier = readers[: readers.index(GRID[name]["from"])]
    assert earlier == (["retrieve"] if sections == {"infer"} else []), (
        "retrieve reads how many pairs are asked"
    )


@pytest.mark.parametrize("preset", [None, *sorted(Path("infra/presets").glob("*.yaml"))], ids=str)
def test_parameters_come_back_from_the_settings_that_a_run_recorded(preset: Path | None) -> None:
    params = load_params(Path("params.yaml"), preset)
    assert load_params(Path("params.yaml"), None, settings(asdict(params))) == params


def test_an_ablation_that_does_not_exist_is_refused_by_name(tmp_path: Path) -> None:
    recorded = {"parameters": asdict(load_params(Path("params.yaml")))}
    write_json(tmp_path / "run" / "evaluate" / "metrics.json", recorded)
    with pytest.raises(InputError, match=r"'no_such'.*no_mirror_kl"):
        ablate(workspace_for(tmp_path / "run"), ["no_such"], tmp_path, [])


def test_a_run_that_does_not_know_a_parameter_is_not_ablated_with_todays_default(tmp_path: Path) -> None:
    parameters = asdict(load_params(Path("params.yaml")))
    del parameters["retrieve"]["sharpness"], parameters["launch"]
    write_json(tmp_path / "run" / "evaluate" / "metrics.json", {"parameters": parameters})
    with pytest.raises(ConfigError, match=r"run/evaluate/metrics.json.*retrieve.sharpness is missing"):
        ablate(workspace_for(tmp_path / "run"), ["no_mirror_kl"], tmp_path, [])


def test_an_ablation_that_changes_nothing_of_the_run_is_not_run(tmp_path: Path) -> None:
    parameters = asdict(load_params(Path("params.yaml"), None, ["sft.identity_dropout=0"]))
    del parameters["launch"]  # evaluate records the sections that a result depends on
    write_json(tmp_path / "run" / "evaluate" / "metrics.json", {"parameters": parameters})
    with pytest.raises(InputError, match="nothing is left"):
        ablate(workspace_for(tmp_path / "run"), ["no_identity_dropout"], tmp_path, [])
    assert not (tmp_path / "no_identity_dropout").exists()
