"""A circuit breaker: while an endpoint fails, nobody but one probe at a time asks it.

Closed, every request goes through. After ``threshold`` failures in a row it opens, and requests wait. When
the cooldown is over, one of them is let through as a probe: its success closes the breaker, its failure
doubles the cooldown. After ``patience`` failed probes in a row the endpoint counts as gone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


@dataclass
class Breaker:
    """The breaker of one endpoint; used from one event loop.

    Attributes:
        threshold: Failures in a row that open it.
        cooldown_s: Seconds until the first probe; doubles from probe to probe up to ``longest_s``.
        longest_s: The longest cooldown.
        patience: Failed probes in a row after which the endpoint is gone.
        clock: Monotonic time in seconds.
        sleep: Waits some seconds.
    """

    threshold: int = 8
    cooldown_s: float = 5.0
    longest_s: float = 120.0
    patience: int = 6
    clock: Clock = time.monotonic
    sleep: Sleep = asyncio.sleep
    failed_probes: int = field(default=0, init=False)
    last_success: float = field(default=float("-inf"), init=False)
    _failures: int = field(default=0, init=False)
    _opens_at: float | None = field(default=None, init=False)
    _probing: bool = field(default=False, init=False)

    @property
    def is_open(self) -> bool:
        """Whether requests have to wait."""
        return self._opens_at is not None

    @property
    def is_gone(self) -> bool:
        """Whether the endpoint has used up the patience."""
        return self.failed_probes >= self.patience

    async def admit(self) -> bool:
        """Wait until a request may be made; False where the endpoint is gone."""
        while self._opens_at is not None and not self.is_gone:
            wait = self._opens_at - self.clock()
            if wait <= 0 and not self._probing:
                self._probing = True
                return True
            await self.sleep(max(wait, self.cooldown_s / 10))
        return not self.is_gone

    def succeeded(self) -> None:
        """The endpoint has answered: the breaker closes."""
        self.last_success = self.clock()
        self._failures = self.failed_probes = 0
        self._opens_at, self._probing = None, False

    def failed(self) -> None:
        """The endpoint has failed: in transport, with 429 or with 5xx."""
        self._failures += 1
        if self._probing:
            self._probing = False
            self.failed_probes += 1
        elif self.is_open or self._failures < self.threshold:
            return
        cooldown = min(self.longest_s, self.cooldown_s * float(2**self.failed_probes))
        self._opens_at = self.clock() + cooldown
