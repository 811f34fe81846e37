from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from mard.errors import ContractError
from mard.evaluate.evaluation import Evaluation
from mard.evaluate.protocol import evaluate_protocol
from mard.evaluate.statistic import UNSCORED
from mard.schema import Protocol

GOLD = pl.DataFrame(
    [
        ("DB1|DB2", "DB1", "DB2", "PK_Metabolism", "metabolism", "a_to_b", "down"),
        ("DB1|DB3", "DB1", "DB3", "AdverseRisk", "bleeding", "bidirectional", "up"),
        ("DB4|DB5", "DB4", "DB5", "PK_Distribution", "serum_concentration", "b_to_a", "up"),
        ("DB6|DB7", "DB6", "DB7", "AdverseRisk", "bleeding", "bidirectional", "up"),
    ],
    schema=["pair_id", "drug_a", "drug_b", "family", "subtype", "direction", "polarity"],
    orient="row",
)


def _rows(
    layer: str, ordering: str, *, wrong: tuple[int, ...] = (), abstain: tuple[int, ...] = ()
) -> pl.DataFrame:
    """Gold itself, but AdverseRisk where wrong, and abstaining where asked."""
    place = pl.int_range(pl.len())
    missed = place.is_in(list(wrong))
    return GOLD.drop("drug_a", "drug_b").with_columns(
        layer=pl.lit(layer),
        ordering=pl.lit(ordering),
        family=pl.when(missed).then(pl.lit("AdverseRisk")).otherwise("family"),
        abstain=place.is_in(list(abstain)),
        direction=pl.when(place.is_in(list(abstain))).then(pl.lit("n/a")).otherwise("direction"),
        confidence=pl.lit(0.9),
        margin=pl.lit(1.0),
        phi=pl.lit(0.5),
        step_mean=pl.lit(0.8),
        parsed=pl.lit(True),
        citations=pl.lit(4),
        grounded=pl.lit(4),
        claims=pl.lit(1),
        supported=pl.lit(1),
    )  # fmt: skip


def probes() -> pl.DataFrame:
    """Two pairs answered AdverseRisk without retrieval, and no triangle."""
    return (
        _rows("greedy", "ab", wrong=(0, 2))
        .head(2)
        .with_columns(probe=pl.lit("no_retrieval"), shown=pl.lit(""))
        .drop("layer", "ordering", "parsed")
    )


def evaluation() -> Evaluation:
    baseline = _rows("x", "ab", wrong=(0, 2)).select(
        "pair_id", "family", "subtype", "direction", "polarity", "confidence"
    )
    return Evaluation(
        protocol=Protocol.PAIR_COLD,
        gold=GOLD,
        predictions=pl.concat(
            [
                _rows("greedy", "ab", wrong=(0,)),
                _rows("greedy", "ba", wrong=(0, 2)),
                _rows("stack", "ab", abstain=(1,)),
            ]
        ),
        val=_rows("stack", "ab", wrong=(2,)).with_columns(gold=GOLD["family"]),
        neighbours=pl.DataFrame({"pair_id": ["DB1|DB2", "DB1|DB3"], "family": ["Efficacy", "AdverseRisk"]}),
        candidates=GOLD.head(3).select("pair_id", "family"),
        probes=probes(),
        labelled=GOLD,
        baselines=baseline.with_columns(model=pl.lit("neighbour vote")),
        counts=np.array([3, 3, 9, 12]),
        final_layer="stack",
        layers=["greedy", "self_consistency", "stack"],
        resamples=50,
        bins=10,
        seed=0,
    )


def test_the_student_is_the_final_layer_and_abstaining_keeps_its_best_guess() -> None:
    student = evaluate_protocol(evaluation())["student"]
    assert (student["accuracy"], student["coverage"], student["selective_accuracy"]) == (1.0, 0.75, 1.0)
    assert student["ths"] == pytest.approx((3 + 0.7) / 4)  # the abstention has no direction
    assert student["ece"] == pytest.approx(0.1)
    assert student["mfs"] == UNSCORED  # the stack answers in one order only


def test_mirror_consistency_is_of_the_raw_orderings() -> None:
    got = evaluate_protocol(evaluation())
    # greedy: AB wrong on 0, BA wrong on 0 and 2, both wrong answers being AdverseRisk
    assert got["layers"]["greedy"]["mfs"] == 0.75
    assert got["slices"]["mirror_events"]["family"] == {
        "both_right": 2,
        "ab_only": 1,
        "ba_only": 0,
        "both_wrong": 1,
    }
    assert list(got["layers"]) == ["greedy", "stack"]  # a layer without rows is left out


def test_baselines_get_the_same_figures_and_a_paired_comparison() -> None:
    got = evaluate_protocol(evaluation())
    assert got["baselines"]["neighbour vote"]["accuracy"] == 0.5
    compared = got["comparisons"]["neighbour vote"]["accuracy"]
    assert compared["difference"] == 0.5
    assert compared["pair"][0] <= 0.5 <= compared["pair"][1]
    assert compared["win"] in {"student", "none"}
    assert set(got["student"]["intervals"]) == {"macro_f1", "accuracy", "ths", "merged_macro_f1"}


def test_the_raw_model_has_a_row_of_its_own_with_its_consistency_and_its_own_comparisons() -> None:
    got = evaluate_protocol(evaluation())
    raw = got["variants"]["raw"]
    assert list(got["variants"]) == ["raw"]  # no layer symmetrises, the only other one abstains
    assert (raw["accuracy"], raw["mfs"]) == (0.75, 0.75)
    assert set(raw["intervals"]) == {"macro_f1", "accuracy", "ths", "merged_macro_f1", "mfs", "mps"}
    assert raw["comparisons"]["neighbour vote"]["accuracy"]["difference"] == 0.25
    assert got["student"]["abstained"] == 1


def test_a_stack_before_it_abstains_has_a_row_unless_it_never_does() -> None:
    stacked = replace(
        evaluation(),
        layers=["greedy", "verify", "stack", "hybrid"],
        predictions=pl.concat(
            [evaluation().predictions, _rows("verify", "ab", wrong=(2,)), _rows("hybrid", "ab", abstain=(1,))]
        ),
    )
    got = evaluate_protocol(stacked)
    assert list(got["variants"]) == ["raw", "unabstaining"]  # the hybrid answers as the whole stack does
    directions = {row["direction"]: row["direction_accuracy"] for row in got["slices"]["direction"]}
    assert directions == {"a_to_b": 1.0, "b_to_a": 1.0, "bidirectional": 1.0}  # before one is withheld
    assert (got["variants"]["unabstaining"]["accuracy"], got["variants"]["unabstaining"]["abstained"]) == (
        0.75,
        0,
    )


def test_reliability_is_shown_before_and_after_a_calibration_fitted_on_val() -> None:
    found = evaluate_protocol(evaluation())["reliability"]
    assert list(found["states"]) == ["raw", "stated", "calibrated"]
    assert found["val_pairs"] == 4
    # on val 3 of 4 answers of confidence .9 are right: the calibrated confidence lies between
    calibrated = next(row for row in found["states"]["calibrated"]["bins"] if row["pairs"])
    assert 0.75 < calibrated["confidence"] < 0.9
    # all four test answers are right, so each state's error is what its confidence lacks to 1
    assert found["states"]["stated"]["ece"] == pytest.approx(0.1)
    assert found["states"]["calibrated"]["ece"] == pytest.approx(1 - calibrated["confidence"], abs=1e-6)


def test_failures_and_the_reach_of_evidence_and_candidates() -> None:
    wrong = replace(evaluation(), final_layer="greedy")
    found = evaluate_protocol(wrong)["failures"]
    # greedy errs on the first pair only, of which the right family was drawn
    assert {row["failure"]: row["pairs"] for row in found["classes"] if row["pairs"]} == {"F3 selection": 1}
    assert found["examples"][0]["pair_id"] == "DB1|DB2"
    assert (found["within_neighbours"], found["within_candidates"]) == (0.25, 0.75)


def test_probes_are_set_beside_the_raw_model() -> None:
    got = evaluate_protocol(evaluation())
    (row,) = got["probes"]
    # of the two pairs asked, the raw model errs on the first, and so does the probe
    assert (row["probe"], row["pairs"], row["accuracy_before"], row["accuracy"]) == (
        "no_retrieval",
        2,
        0.5,
        0.5,
    )
    assert got["regimens"]["triangles"] == 0


def test_rarity_says_what_it_counted() -> None:
    rarity = evaluate_protocol(evaluation())["slices"]["rarity"]
    assert rarity["counted_in"] == "corpus"
    assert sum(row["pairs"] for row in rarity["deciles"]) == 4


def test_two_runs_give_the_same_figures() -> None:
    assert evaluate_protocol(evaluation()) == evaluate_protocol(evaluation())


def test_the_order_of_the_rows_does_not_matter() -> None:
    shuffled = replace(
        evaluation(),
        predictions=evaluation().predictions.reverse(),
        baselines=evaluation().baselines.reverse(),
    )
    assert evaluate_protocol(shuffled) == evaluate_protocol(evaluation())


def test_an_unanswered_test_pair_is_an_error_not_a_smaller_test() -> None:
    data = replace(evaluation(), predictions=evaluation().predictions.filter(pl.col("pair_id") != "DB4|DB5"))
    with pytest.raises(ContractError, match=r"answers 3 of the 4 test pairs of pair_cold"):
        evaluate_protocol(data)


def test_no_final_answers_at_all_is_an_error() -> None:
    with pytest.raises(ContractError, match="no rows of 'verify' for pair_cold test"):
        evaluate_protocol(replace(evaluation(), final_layer="verify"))
