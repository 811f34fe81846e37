"""How large a release of a given scale is.

Drugs, elements and bytes grow with the scale. Interacting drugs grow with its square root, so that a drug
interacts with the same share of the others at every scale; where they would be more than five sixths of
all drugs (below a scale of 0.11), there are more drugs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Self


@dataclass(frozen=True, slots=True)
class Sizes:
    """Counts of a release.

    Attributes:
        one_sided: Pairs that only one of their drugs lists.
        two_sentence: Pairs whose two listings say different things.
        classes: Latent classes of drugs.
        targets: Proteins that are neither enzyme nor transporter.
    """

    drugs: int
    interacting: int
    pairs: int
    one_sided: int
    two_sentence: int
    classes: int
    targets: int

    @classmethod
    def of(cls, scale: float) -> Self:
        """The counts at ``scale``; 1.0 is a full release.

        Raises:
            ValueError: The scale is not positive.
        """
        if scale <= 0:
            raise ValueError(f"scale must be above 0, got {scale}")
        interacting = max(12, round(4_700 * sqrt(scale)))
        pairs = min(max(12, round(1_400_000 * scale)), interacting * (interacting - 1) // 4)
        return cls(
            drugs=max(round(17_000 * scale), round(1.2 * interacting)),
            interacting=interacting,
            pairs=pairs,
            one_sided=round(pairs * 300 / 1_400_000) + 1,
            two_sentence=round(pairs * 0.002) + 1,
            classes=max(6, round(120 * sqrt(scale))),
            targets=max(40, round(1_500 * sqrt(scale))),
        )
