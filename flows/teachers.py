"""Pause and resume a teacher from the command line, as the variable's page in the Prefect UI does."""

from __future__ import annotations

from flows.servers import one_prefect_server
from tasks.teacher_switch import PAUSED, RUNNING, set_switch, variable_of


def hold(teacher: str) -> str:
    """Pause a teacher; returns what to tell the user."""
    return f"{_switch(teacher, PAUSED)}; go on with: mard teacher resume {teacher}"


def release_hold(teacher: str) -> str:
    """Let a teacher go on; returns what to tell the user."""
    return _switch(teacher, RUNNING)


def _switch(teacher: str, value: str) -> str:
    variable = variable_of(teacher)
    with one_prefect_server():
        set_switch(variable, value)
    return f"{teacher} is {value} (Prefect variable {variable})"
