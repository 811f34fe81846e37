"""How often an endpoint may be asked."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from mard.teach.breaker import Clock, Sleep


@dataclass
class Pace:
    """Spaces requests evenly, so that no minute holds more than ``per_minute``; None: no limit."""

    per_minute: float | None
    clock: Clock = time.monotonic
    sleep: Sleep = asyncio.sleep
    _next: float = field(default=0.0, init=False)

    async def turn(self) -> None:
        """Wait for this request's turn; turns are given in the order of the calls."""
        if self.per_minute is None:
            return
        now = self.clock()
        start = max(self._next, now)
        self._next = start + 60.0 / self.per_minute
        if start > now:
            await self.sleep(start - now)
