"""What the answers to a probe show, beside the same model's answers to the same pairs unaltered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from mard.evaluate.answers import Labels, texts
from mard.evaluate.bootstrap import Resamples, compare
from mard.evaluate.classification import macro_f1
from mard.evaluate.grounding import grounding_statistics
from mard.evaluate.polypharmacy import regimens, triangles
from mard.evaluate.probes.plan import MISLED, TRIANGLE
from mard.evaluate.statistic import Floats, Mask, Statistic, Texts, as_score, mean
from mard.schema import Direction, Family

PHARMACOKINETIC: Final = tuple(str(family) for family in Family if family.startswith("PK_"))
ONE_WAY: Final = (str(Direction.A_TO_B), str(Direction.B_TO_A))


@dataclass(frozen=True)
class Answered:
    """``n`` pairs with the answers before and after their evidence was altered.

    Attributes:
        gold: True labels.
        before: Answers to the pairs as they are.
        after: Answers to the altered pairs.
        confident: Confidence before and after, ``[n]`` each.
        abstain: Whether the answer after abstains ``[n]``.
        shown: Family of most neighbours shown after, empty where there are none ``[n]``.
    """

    gold: Labels
    before: Labels
    after: Labels
    confident: tuple[Floats, Floats]
    abstain: Mask
    shown: Texts

    @property
    def kept(self) -> Mask:
        """Where the family stays."""
        same: Mask = self.before.family == self.after.family
        return same

    @property
    def mechanistic(self) -> Mask:
        """Where the answer before is a pharmacokinetic one with an acting drug."""
        return np.isin(self.before.family, PHARMACOKINETIC) & np.isin(self.before.direction, ONE_WAY)


Expectation = Callable[[Answered], tuple[Mask, Mask]]
"""Where a model that reads its evidence is expected to react, and where it does."""


def _keeps_family(answered: Answered) -> tuple[Mask, Mask]:
    return np.ones_like(answered.abstain), answered.kept


def _abstains(answered: Answered) -> tuple[Mask, Mask]:
    return np.ones_like(answered.abstain), answered.abstain


def _turns_polarity(answered: Answered) -> tuple[Mask, Mask]:
    turned = answered.kept & (answered.before.polarity != answered.after.polarity)
    return answered.mechanistic, turned


def _turns_direction(answered: Answered) -> tuple[Mask, Mask]:
    one_way = np.isin(answered.after.direction, ONE_WAY)
    turned = answered.kept & one_way & (answered.before.direction != answered.after.direction)
    return answered.mechanistic, turned


def _gives_way(answered: Answered) -> tuple[Mask, Mask]:
    return answered.mechanistic, ~np.isin(answered.after.family, PHARMACOKINETIC) | answered.abstain


EXPECTED: Final[Mapping[str, Expectation]] = {
    "no_retrieval": _keeps_family,
    "masked": _keeps_family,
    "null_context": _abstains,
    MISLED: _keeps_family,
    "role_flip": _turns_polarity,
    "flags_exchanged": _turns_direction,
    "enzyme_swap": _gives_way,
}


def measure_probes(
    gold: pl.DataFrame, before: pl.DataFrame, probes: pl.DataFrame, *, resamples: int, seed: int
) -> list[dict[str, Any]]:
    """One row a probe that was asked, in the order of :data:`EXPECTED`.

    Args:
        gold: ``pair_id``, ``drug_a``, ``drug_b`` and label columns.
        before: The raw model's answers on (A, B), at least to all pairs probed.
        probes: Rows of ``probe/answers`` of the same protocol.
        resamples: Of the paired cluster bootstrap.
        seed: Of the bootstrap.
    """
    rows = []
    for name in EXPECTED:
        after = probes.filter(pl.col("probe") == name).sort("pair_id")
        if not after.is_empty():
            asked = after.select("pair_id")
            own, reference = (
                asked.join(each, on="pair_id", maintain_order="left") for each in (gold, before)
            )
            weights = Resamples.draw(texts(own["drug_a"]), texts(own["drug_b"]), resamples, seed)
            rows.append({"probe": name, **_measured(name, own, reference, after, weights)})
    return rows


def _measured(
    name: str, gold: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame, weights: Resamples
) -> dict[str, Any]:
    answered = Answered(
        Labels.of(gold),
        Labels.of(before),
        Labels.of(after),
        (before["confidence"].to_numpy(), after["confidence"].to_numpy()),
        after["abstain"].to_numpy(),
        texts(after["shown"]),
    )
    f1 = [macro_f1(answered.gold.family, labels.family) for labels in (answered.before, answered.after)]
    right = [mean(answered.gold.family == labels.family) for labels in (answered.before, answered.after)]
    expected, met = EXPECTED[name](answered)
    return {
        "pairs": after.height,
        **_twice("macro_f1", f1, weights),
        **_twice("accuracy", right, weights),
        "confidence_before": as_score(answered.confident[0].mean()),
        "confidence": as_score(answered.confident[1].mean()),
        "abstains": mean(answered.abstain).score(),
        "family_changed": mean(~answered.kept).score(),
        "follows_shown": mean(answered.after.family == answered.shown, among=answered.shown != "").score(),
        "expected_of": int(expected.sum()),
        "as_expected": mean(met, among=expected).score(),
        "hr": grounding_statistics(after.with_columns(parsed=pl.lit(True)))["hr"].score(),
    }


def _twice(name: str, statistics: list[Statistic], weights: Resamples) -> dict[str, Any]:
    before, after = statistics
    compared = compare(after, before, weights)
    return {
        f"{name}_before": before.score(),
        name: after.score(),
        f"{name}_difference": {key: compared[key] for key in ("difference", "pair", "cluster")},
    }


def measure_regimens(gold: pl.DataFrame, probes: pl.DataFrame) -> dict[str, Any]:
    """Of how many triples of drugs all three pairs are right (:func:`mard.evaluate.polypharmacy.regimens`).

    A triangle counts whole: one that the pairs asked happen to close counts too.
    """
    asked = probes.filter(pl.col("probe") == TRIANGLE).sort("pair_id")
    own = asked.select("pair_id").join(gold, on="pair_id", maintain_order="left")
    pair_ids = asked["pair_id"].to_list()
    return regimens(triangles(pair_ids), pair_ids, texts(own["family"]) == texts(asked["family"]))
