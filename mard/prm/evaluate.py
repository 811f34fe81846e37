"""How good a reward model is on held-out traces: on their steps, and on citations that a rule has spoilt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mard.errors import InputError
from mard.prm.corrupt import Corruptor
from mard.prm.dataset import StepRow
from mard.prm.metrics import step_metrics
from mard.prm.score import Prm

Metrics = dict[str, float | None]


def evaluate_prm(prm: Prm, rows: Sequence[StepRow], *, batch_size: int = 32) -> Metrics:
    """Step accuracy, AUROC and ECE over all steps and answers of ``rows``."""
    scores = prm.score([(row.prompt, row.trace) for row in rows], batch_size=batch_size)
    p = np.array([value for row in scores for value in row], dtype=np.float64)
    right = np.array([label for row in rows for label in row.labels], dtype=np.bool_)
    return step_metrics(p, right)


def evaluate_citations(
    prm: Prm, rows: Sequence[StepRow], corruptor: Corruptor, *, batch_size: int = 32
) -> Metrics:
    """The same over good steps and their doubles, in which one citation is spoilt and all else is equal.

    Raises:
        InputError: No row has a good step with a citation.
    """
    pairs = [(row, double) for row in rows if (double := corruptor.corrupt(row)) is not None]
    if not pairs:
        raise InputError(
            f"none of {len(rows)} held-out traces has a good step that cites something; hold out more "
            "(prm.holdout_share, prm.max_traces)"
        )
    intact = [(row.prompt, row.trace) for row, _ in pairs]
    spoilt = [(double.row.prompt, double.row.trace) for _, double in pairs]
    scores = prm.score([*intact, *spoilt], batch_size=batch_size)
    steps = [double.step for _, double in pairs]
    p = [own[step] for own, step in zip(scores, (*steps, *steps), strict=True)]
    right = np.arange(len(p)) < len(pairs)
    return step_metrics(np.array(p, dtype=np.float64), right)
