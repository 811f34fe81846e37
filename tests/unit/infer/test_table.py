from __future__ import annotations

from dataclasses import replace

from mard.infer.router import Router
from mard.infer.situation import Situation
from mard.infer.stack import Fitted, Stack
from mard.infer.table import answer_rows, layer_names
from mard.mirror import mirror
from mard.schema import Direction
from tests.builders import metabolism_trace, voriconazole_axitinib
from tests.unit.infer.tiny import BLEEDING, DOWN, SERUM, greedy_pair, opinion, sample

POOL = voriconazole_axitinib()
STACK = Stack(("prm_vote_consensus", "verify", "rescue", "conformal"))


def candidates() -> list:
    return [*greedy_pair(BLEEDING), sample(0, DOWN, 0.9), sample(1, DOWN, 0.8), sample(2, BLEEDING, 0.3)]


def rows(own: list, stack: Stack = STACK) -> dict[tuple[str, str], dict]:
    return {(row["layer"], row["ordering"]): row for row in answer_rows(Situation(own, POOL), stack, stack)}


def test_the_raw_model_has_both_orders_and_every_layer_one_row() -> None:
    found = rows(candidates())
    assert [layer for layer, ordering in found if ordering == "ba"] == ["greedy", "symmetrise"]
    assert [layer for layer, ordering in found if ordering == "ab"] == layer_names(STACK)
    assert layer_names(STACK) == [
        *("greedy", "symmetrise", "self_consistency", "prm_argmax", "prm_vote_consensus"),
        *("verify", "rescue", "conformal", "stack", "hybrid"),
    ]


def test_the_last_layer_is_the_stack_and_its_row_counts_the_traces_citations() -> None:
    found = rows(candidates())
    final = found["stack", "ab"]
    assert final == {**found["conformal", "ab"], "layer": "stack"}
    assert final["family"] == "PK_Metabolism"
    assert (final["citations"], final["grounded"], final["claims"], final["supported"]) == (6, 6, 2, 2)
    assert (final["phi"], final["step_mean"]) == (0.9, 0.9)


def test_only_the_hybrid_hears_structural_models() -> None:
    heard = Stack(("router",), Fitted(router=Router("trees", 1.0, 0.1)))
    asked = Situation(candidates(), POOL, {"trees": opinion(SERUM, 0.9)})
    found = {row["layer"]: row["family"] for row in answer_rows(asked, Stack(("router",)), heard)}
    assert found["hybrid"] == "PK_Distribution"
    assert found["stack"] == "PK_Metabolism"


def test_flipped_answers_stay_in_canonical_order() -> None:
    own = candidates()
    own[1] = replace(own[1], trace=mirror(metabolism_trace()))
    assert rows(own)["greedy", "ba"]["direction"] == Direction.B_TO_A


def test_a_greedy_text_that_is_no_trace_is_an_unparsed_abstention() -> None:
    own = candidates()
    own[1] = replace(own[1], trace=None, step_scores=())
    row = rows(own)["greedy", "ba"]
    assert (row["parsed"], row["abstain"], row["direction"], row["citations"]) == (False, True, "n/a", 0)
    assert row["phi"] is None


def test_the_symmetrised_answer_is_one_for_both_orders() -> None:
    own = candidates()
    own[1] = replace(own[1], trace=mirror(metabolism_trace()))
    found = rows(own)
    assert found["symmetrise", "ba"] == {**found["symmetrise", "ab"], "ordering": "ba"}


def test_a_pair_without_any_trace_is_unanswered_by_every_layer() -> None:
    own = [replace(each, trace=None, step_scores=()) for each in candidates()]
    found = rows(own)
    assert {layer for layer, _ in found} == set(layer_names(STACK))
    assert not any(row["parsed"] for row in found.values())


def test_without_a_stack_the_raw_model_decides() -> None:
    found = rows(candidates(), Stack(()))
    assert found["stack", "ab"] == {**found["greedy", "ab"], "layer": "stack"}
