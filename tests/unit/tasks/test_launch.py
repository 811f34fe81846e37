from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from transformers.integrations import HfDeepSpeedConfig

from mard.config import Launch, load_params
from mard.errors import MardError
from tasks.environment import is_silent
from tasks.launch import CONFIGS, TRAINING, command, is_spread, spread
from tasks.stage import PARAMS, REPOSITORY, Workspace

STRATEGIES = ("ddp", "zero2", "zero3")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    params = load_params(PARAMS, overrides=["launch.processes=2"])
    return Workspace(params, f"sqlite:///{tmp_path}/mlflow.db", tmp_path / "artifacts", tags={"a": "b"})


def test_only_trainings_are_spread_and_not_twice(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [
        stage for stage in ("teach", "prm", "sft", "dpo", "infer") if is_spread(stage, workspace)
    ] == list(TRAINING)
    alone = replace(workspace, params=load_params(PARAMS))
    assert not is_spread("sft", alone)
    monkeypatch.setenv("RANK", "0")
    assert not is_spread("sft", workspace)
    assert not is_silent()
    monkeypatch.setenv("RANK", "1")
    assert is_silent()


def test_what_stops_the_first_process_is_the_stage_s_error(workspace: Workspace, tmp_path: Path) -> None:
    """Both processes look for the consensus traces, which are not there."""
    with pytest.raises(MardError, match=r"traces\.jsonl is missing.*consensus"):
        spread("sft", workspace, tmp_path / "out")


def test_checkpoints_of_one_division_are_not_read_by_another(workspace: Workspace) -> None:
    def work(processes: int, strategy: str) -> str:
        launch = replace(workspace.params.launch, processes=processes, strategy=strategy)
        return replace(workspace, params=replace(workspace.params, launch=launch)).work("sft", "f").name

    assert work(1, "zero3") == work(2, "ddp") == work(4, "ddp") == "f"
    assert len({work(2, "ddp"), work(2, "zero2"), work(2, "zero3"), work(4, "zero3")}) == 4


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_strategy_is_a_config_that_accelerate_reads(strategy: str) -> None:
    from accelerate.commands.config.config_args import load_config_from_file

    launch = Launch(processes=2, strategy=strategy, tflops=1.0, memory_gib=1.0)
    started = command(launch, "tasks.launch", "JOB")
    file = Path(started[started.index("--config_file") + 1])
    assert file.parent == CONFIGS
    found = load_config_from_file(str(file))
    assert (found.num_machines, found.use_cpu) == (1, False)
    kind = "MULTI_GPU" if strategy == "ddp" else "DEEPSPEED"
    assert str(found.distributed_type).endswith(kind)


@pytest.mark.parametrize(("strategy", "stage"), [("zero2", 2), ("zero3", 3)])
def test_a_deepspeed_config_divides_what_it_says(strategy: str, stage: int) -> None:
    accelerate = yaml.safe_load((CONFIGS / f"{strategy}.yaml").read_text(encoding="utf-8"))
    file = REPOSITORY / accelerate["deepspeed_config"]["deepspeed_config_file"]
    config = json.loads(file.read_text(encoding="utf-8"))
    known = HfDeepSpeedConfig(config)
    assert config["zero_optimization"]["stage"] == stage
    assert (known.is_zero2(), known.is_zero3()) == (stage == 2, stage == 3)
    assert not known.is_offload()
    for key in ("train_micro_batch_size_per_gpu", "gradient_accumulation_steps", "gradient_clipping"):
        assert known.get_value(key) == "auto", "the trainer's own arguments decide"
