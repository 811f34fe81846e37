"""``dvc.yaml``, ``flows`` and ``tasks`` describe the same pipeline."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import grimp
import pytest
import yaml
from prefect.cache_policies import NO_CACHE

from mard.config import Params
from tasks.stage import worth_retrying
from tasks.versioning import stage_names

STAGES = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]

# Modules that cannot change what a stage writes: they watch, guard or place it, or hold the shape of
# parameters whose values DVC tracks one by one.
BYSTANDERS = {
    "mard.config",
    "mard.validation",
    "mard",
    "mard.errors",
    "mard.io",
    "tasks",
    "tasks.environment",
    "tasks.launch",
    "tasks.stage",
    "tasks.progress",
    "tasks.tracking",
    "tasks.journal",
    "tasks.courier",
    "tasks.machine",
    "tasks.versioning",
    "tasks.contracts",
}


@cache
def _imports() -> Any:
    return grimp.build_graph("mard", "tasks", "flows")


def _file(module: str) -> Path:
    path = Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def test_flows_run_every_stage_in_the_order_of_dvc() -> None:
    stages = [
        stage.name
        for flow in ("corpus", "distill", "train", "release")
        for stage in import_module(f"flows.{flow}").STAGES
    ]
    assert tuple(stages) == stage_names()


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_is_one_command_one_function_and_one_retryable_task(name: str) -> None:
    module = import_module(f"tasks.{name}")
    task = getattr(module, name)
    assert STAGES[name]["cmd"] == f"python -m tasks {name}"
    assert STAGES[name]["outs"] == [f"artifacts/{name}"]
    assert callable(module.compute)
    assert (task.name, task.cache_policy) == (name, NO_CACHE)
    assert task.retries >= 1
    assert task.retry_condition_fn is worth_retrying


@pytest.mark.parametrize("name", STAGES)
def test_dvc_knows_all_the_code_that_a_stage_runs(name: str) -> None:
    modules = {f"tasks.{name}"} | _imports().find_upstream_modules(f"tasks.{name}")
    if name != "gates":
        modules = {module for module in modules if not module.startswith("mard.gates")}
    covered = [Path(dep) for dep in STAGES[name]["deps"]]
    missing = sorted(
        str(_file(module))
        for module in modules - BYSTANDERS
        if not any(_file(module) == dep or dep in _file(module).parents for dep in covered)
    )
    assert missing == []


@pytest.mark.parametrize("name", STAGES)
def test_dvc_names_no_code_that_a_stage_does_not_run(name: str) -> None:
    modules = {f"tasks.{name}"} | _imports().find_upstream_modules(f"tasks.{name}")
    files = {_file(module) for module in modules}
    code = [Path(dep) for dep in STAGES[name]["deps"] if dep.startswith(("mard/", "tasks/"))]
    folders = {file.parent for file in files}
    idle = [
        str(dep)
        for dep in code
        if not any(dep == file or dep in file.parents for file in files)
        and not (dep.suffix != ".py" and dep.parent in folders)
    ]
    assert idle == []


@pytest.mark.parametrize("name", STAGES)
def test_dvc_tracks_the_parameters_and_inputs_that_a_stage_reads(name: str) -> None:
    source = Path("tasks", f"{name}.py").read_text()
    sections = set(re.findall(r"params\.(\w+)", source)) & set(Params.__dataclass_fields__)
    assert sections <= set(STAGES[name].get("params", []))
    inputs = set(re.findall(r"(?:need|stage)\(\s*\"(\w+)\"", source)) & set(STAGES)
    read = {Path(dep).parts[1] for dep in STAGES[name]["deps"] if dep.startswith("artifacts/")}
    assert inputs - {name} <= read
