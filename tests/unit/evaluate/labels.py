"""Hand-made labels for the tests of the metrics."""

from __future__ import annotations

import numpy as np

from mard.evaluate.answers import Labels

M, D, R, E, P = "PK_Metabolism", "PK_Distribution", "AdverseRisk", "Efficacy", "PD_Activity"


def labels(*rows: str) -> Labels:
    """Each row is ``family subtype direction [polarity]``; an empty row is an answer that was not parsed."""
    cells = [[*row.split(), "up"][:4] if row else ["", "", "", ""] for row in rows]
    return Labels(*(np.array(column, dtype=np.str_) for column in zip(*cells, strict=True)))


def families(*names: str) -> Labels:
    """Labels that differ only in their family."""
    return labels(*(f"{name} s a_to_b" for name in names))
