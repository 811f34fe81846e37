"""Pausing a teacher: a Prefect variable that the UI, the command line and a running job all see."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from typing import Final

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import VariableCreate, VariableUpdate
from prefect.context import FlowRunContext

SECONDS_BETWEEN_LOOKS: Final = 5.0
PAUSED: Final = "paused"
RUNNING: Final = "running"


def variable_of(teacher: str) -> str:
    """Name of the variable that holds a teacher: ``mard_teacher_`` and its name in Prefect's letters."""
    return f"mard_teacher_{re.sub('[^a-z0-9]+', '_', teacher.lower())}"


class TeacherSwitch:
    """Says whether a teacher is paused, asking the server every few seconds at most.

    Outside a flow there is no server to ask, and nobody is paused.
    """

    def __init__(self, teacher: str) -> None:
        self.variable = variable_of(teacher)
        self._is_paused = False
        self._looked = float("-inf")

    def __call__(self) -> bool:
        """Whether the teacher may ask nothing new now."""
        now = time.monotonic()
        if now - self._looked >= SECONDS_BETWEEN_LOOKS and FlowRunContext.get() is not None:
            self._looked = now
            with suppress(httpx.HTTPError):  # a server that is away for a moment changes nothing
                self._is_paused = read_switch(self.variable) == PAUSED
        return self._is_paused


def read_switch(variable: str) -> str:
    """What a variable says; a teacher without one is running."""
    with get_client(sync_client=True) as client:
        found = client.read_variable_by_name(variable)
    return RUNNING if found is None else str(found.value)


def set_switch(variable: str, value: str) -> None:
    """Pause a teacher or let it go on, whatever the variable said before."""
    with get_client(sync_client=True) as client:
        if client.read_variable_by_name(variable) is None:
            client.create_variable(VariableCreate(name=variable, value=value))
        else:
            client.update_variable(VariableUpdate(name=variable, value=value))
