"""Step labels L1 to L4 that the process reward model learns from (section 8 of the method).

A step is "+" when all four hold:

- L1 every citation is grounded (and an evidence step has one),
- L2 its directional verbs agree with the direction,
- L3 its mechanistic claim agrees with the family,
- L4 every PK flag that it cites or asserts is on for that drug.

**Decision** L2 and L3 compare with the gold label, not with the trace's own answer: the model that
learns these labels reads a step before the answer, so it can know what the evidence supports but not
what the answer will be. **Decision** the final answer, scored as the last step, is "+" when family,
subtype, direction and polarity are all gold's; an abstention is not.
"""

from __future__ import annotations

from mard.judge.case import Case, StepFinding
from mard.schema import Label, Pool, Trace


def step_labels(trace: Trace, pool: Pool | Case, gold: Label) -> tuple[bool, ...]:
    """One label a step, then the final answer's.

    Args:
        trace: The trace.
        pool: Its pool, or the prepared case where many traces share one.
        gold: The pair's label, in the pool's order.

    Returns:
        ``len(trace.steps) + 1`` labels, True for "+".
    """
    case = pool if isinstance(pool, Case) else Case.of(pool)
    return (*(_holds(case.step(step), gold) for step in trace.steps), trace.final_answer.label == gold)


def _holds(found: StepFinding, gold: Label) -> bool:
    reading = found.reading
    return (
        not found.ungrounded
        and (not reading.directions or gold.direction in reading.directions)
        and (not reading.families or gold.family in reading.families)
        and not found.flags_off
    )
