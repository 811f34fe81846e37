"""The reasoning-safety pass over consensus winners.

**Decision** an unsafe winner gives way to the best safe trace of its pair; where there is none the pair
teaches nothing. Traces that are merely flagged keep their place and carry their flags.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from mard.judge.consensus import Contender, choose
from mard.judge.qc import Tier
from mard.judge.safety import FLAGS, safety_flags


class SafetyPass:
    """Chooses winners and counts what it found unsafe."""

    def __init__(self, action: Literal["drop", "flag"], tier_weights: Mapping[Tier, float]) -> None:
        self._action = action
        self._weights = tier_weights
        self._raised: Counter[str] = Counter()
        self._counts: Counter[str] = Counter(passed=0, unsafe=0, replaced=0, dropped=0)

    def winner(self, contenders: Sequence[Contender]) -> Contender | None:
        """The winner of scored contenders, or None where no safe one is left."""
        first = choose(contenders, self._weights)
        flags = safety_flags(first.trace)
        self._raised.update(flags)
        self._counts["unsafe" if flags else "passed"] += 1
        if not flags or self._action == "flag":
            return first
        safe = [one for one in contenders if not safety_flags(one.trace)]
        self._counts["replaced" if safe else "dropped"] += 1
        return choose(safe, self._weights) if safe else None

    def to_dict(self) -> dict[str, Any]:
        """First choices that passed or not, what became of those, and how often each flag was raised."""
        raised = {flag: self._raised[flag] for flag in FLAGS}
        return {"action": self._action, **self._counts, "flags": raised}
