"""``mard run --dry-run``: parameters checked whole, and what every stage will do, need and take."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields
from typing import Any, Final

from mard.config import Params, load_params
from mard.lm.memory import Memory
from tasks.estimate import Estimate, estimates
from tasks.launch import TRAINING, command
from tasks.stage import PARAMS, preset_file
from tasks.versioning import stages_between

GIB: Final = 2**30
KINDS: Final = tuple(field.name for field in fields(Memory))


def dry_run(
    preset: str | None, overrides: Sequence[str], first: str | None, last: str | None, *, as_json: bool
) -> tuple[str, list[str]]:
    """What ``mard run`` with these options would do, and which stages need more memory than there is.

    It needs no artifacts folder, reads no data and writes nothing.

    Raises:
        ConfigError: The parameters are not valid.
        InputError: There is no such preset or stage, or a checkpoint's size cannot be known.
    """
    params = load_params(PARAMS, preset_file(preset), overrides)
    stages = stages_between(first, last)
    plan = [each for each in estimates(params) if each.stage in stages]
    text = json.dumps(_to_dict(plan, params), indent=2) if as_json else readable(plan, params)
    return text, list(does_not_fit(plan, params))


def readable(plan: Sequence[Estimate], params: Params) -> str:
    """The plan for a terminal."""
    launch = params.launch
    lines = [f"{'stage':<10} {'tokens':>8} {'time':>8}  work"]
    lines += [f"{each.stage:<10} {_count(each.tokens):>8} {_time(each):>8}  {each.what}" for each in plan]
    lines += ["", "GiB on each device, with the longest rows", f"{'stage':<10}" + _row((*KINDS, "total"))]
    lines += [
        f"{each.stage:<10}" + _row(f"{value / GIB:.2f}" for value in _values(each.memory))
        for each in plan
        if each.memory is not None
    ]
    lines += [
        "",
        f"Assumed: {launch.tflops:g} TFLOP/s (launch.tflops) and {launch.memory_gib:g} GiB a device;",
    ]
    lines += ["the most work that the parameters allow; rows of typical length for time."]
    lines += list(notes(params, {each.stage for each in plan}))
    return "\n".join(lines)


def notes(params: Params, stages: Collection[str]) -> Iterator[str]:
    """How processes are started, and what this machine lacks for the plan."""
    launch = params.launch
    if launch.processes > 1:
        started = shlex.join(command(launch, "tasks.launch", "JOB"))
        yield f"{', '.join(stage for stage in TRAINING if stage in stages)}: {started}"
        if launch.strategy != "ddp" and importlib.util.find_spec("deepspeed") is None:
            yield f"note: launch.strategy={launch.strategy} needs the package deepspeed"
    if "teach" in stages:
        keys = {teacher.api_key_env for teacher in params.teach.teachers} - {None}
        for key in sorted(str(key) for key in keys if key not in os.environ):
            yield f"note: {key} is not set, which a teacher takes its key from"


def does_not_fit(plan: Sequence[Estimate], params: Params) -> Iterator[str]:
    """One line a stage that needs more memory than a device has."""
    for each in plan:
        if each.memory is not None and each.memory.total > params.launch.memory_gib * GIB:
            yield (
                f"{each.stage} needs {each.memory.total / GIB:.1f} GiB of a device's "
                f"{params.launch.memory_gib:g} (launch.memory_gib): {_remedy(each.stage)}"
            )


def _remedy(stage: str) -> str:
    if stage in TRAINING:
        batch = "batch_pairs" if stage == "sft" else "batch_size"
        return f"lower {stage}.{batch}, set student.gradient_checkpointing, or raise launch.processes"
    return f"lower {'infer.batch_size' if stage == 'infer' else 'consensus.score_batch_size'}"


def _to_dict(plan: Sequence[Estimate], params: Params) -> dict[str, Any]:
    return {
        "launch": {name: getattr(params.launch, name) for name in params.launch.__dataclass_fields__},
        "stages": [each.to_dict() for each in plan],
    }


def _values(memory: Memory | None) -> Iterator[float]:
    if memory is not None:
        yield from (getattr(memory, kind) for kind in KINDS)
        yield memory.total


def _row(cells: Any) -> str:
    return "".join(f"{cell:>12}" for cell in cells)


def _count(tokens: float) -> str:
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if tokens >= size:
            return f"{tokens / size:.1f} {unit}"
    return f"{tokens:.0f}" if tokens else "-"


def _time(each: Estimate) -> str:
    if each.seconds is None:
        return "-"
    if each.seconds >= 3600:
        return f"{each.seconds / 3600:.1f} h"
    return f"{each.seconds / 60:.1f} min"
