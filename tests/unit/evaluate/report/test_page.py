from __future__ import annotations

import copy
from typing import Any

import pytest

from mard.evaluate.protocol import evaluate_protocol
from mard.evaluate.report.page import Report, render_page
from mard.evaluate.report.traces import Names
from mard.schema import Protocol
from tests.unit.evaluate.test_protocol import evaluation

FLAG = {"rule": "flag_off", "fired": 1200, "precision": 0.9, "otherwise": None}
MIRROR = {"held_out.mirror_error": 0.0625, "held_out.kl": 0.01, "untrained.mirror_error": 0.5}
RATES = {"all": {"1": 0.5, "5": 0.9}, "random": {"1": 0.2, "5": 0.5}, "without atc": {"1": 0.4, "5": 0.8}}


@pytest.fixture
def metrics() -> dict[str, Any]:
    body = evaluate_protocol(evaluation())
    stages = {
        "prm": {"held_out.auroc": None, "untrained.auroc": 0.5, "too_long": 3},
        "sft": MIRROR,
        "dpo": {},
    }
    return {
        "release": {"file": "a.xml", "version": "1", "exported_on": "2026-01-01", "sha256": "0"},
        "layers": ["greedy", "self_consistency", "stack"],
        "final_layer": "stack",
        "protocols": {str(protocol): copy.deepcopy(body) for protocol in Protocol},
        "gates": [_gate("pair_disjoint", 0), _gate("neighbour_universe", 0), _gate("neighbour_regime", 2)],
        "retrieval": dict.fromkeys(map(str, Protocol), RATES),
        "training": stages,
        "constraint": {
            "on": {"texts": 8, "parse_rate": 1.0, "hr": 0.0},
            "off": {"texts": 8, "parse_rate": 0.75, "hr": 0.5},
        },
        "flags": {str(protocol): [FLAG] for protocol in Protocol},
        "costs": [
            {
                "who": "teacher qwen",
                "traces": 24000,
                "prompt_tokens": 7200000,
                "completion_tokens": 3600000,
                "price": 10.8,
            }
        ],
    }


def _gate(name: str, violations: int) -> dict[str, Any]:
    return {"gate": name, "protocol": "warm", "checked": 5, "violations": violations, "examples": []}


def _page(metrics: dict[str, Any]) -> str:
    histories = {"prm": [{"step": 1, "loss": 1.0}, {"step": 2, "loss": 0.5}], "sft": [], "dpo": []}
    return render_page(Report(metrics, [("Corpus", "<8> pairs")], histories, [], Names({}, {}), "0123abc"))


def _row(page: str, text: str) -> str:
    """The table row that holds a text."""
    return next(row for row in page.split("<tr") if text in row)


def _set_wins(metrics: dict[str, Any], win: str) -> None:
    for body in metrics["protocols"].values():
        for compared in body["comparisons"].values():
            for result in compared.values():
                result["win"] = win


@pytest.mark.parametrize(
    ("win", "words", "student_bold", "baseline_bold"),
    [
        ("student", "▲ better than", True, False),
        ("baseline", "▼ worse than", False, True),
        ("none", "= not told apart from", False, False),
    ],
)
def test_a_figure_is_bold_only_for_a_win(
    metrics: dict[str, Any], win: str, words: str, student_bold: bool, baseline_bold: bool
) -> None:
    _set_wins(metrics, win)
    page = _page(metrics)
    assert words in page
    assert ("<td><b>" in _row(page, '<th scope="row">Student, whole stack</th>')) is student_bold
    assert ("<td><b>" in _row(page, '<th scope="row">neighbour vote</th>')) is baseline_bold


def test_gates_say_in_words_whether_they_passed_failed_or_were_not_run(metrics: dict[str, Any]) -> None:
    page = _page(metrics)
    assert "✓ passes" in _row(page, "1 pair_disjoint")
    assert "not run" in _row(page, "2 mirror_disjoint")
    assert "✗ fails" in _row(page, "7 neighbour_universe")  # its second check found two


def test_a_family_that_no_pair_has_is_hatched_not_zero(metrics: dict[str, Any]) -> None:
    assert _row(_page(metrics), '<th scope="row">Efficacy</th>').count("no pairs") == len(Protocol)


def test_facts_are_escaped_and_missing_figures_are_dashes(metrics: dict[str, Any]) -> None:
    page = _page(metrics)
    assert "&lt;8&gt; pairs" in page
    auroc = _row(page, '<th scope="row">auroc</th>')
    assert "<td>–</td>" in auroc
    assert "<td>0.5</td>" in auroc
    assert "too long: 3" in page


def test_one_order_only_is_said_and_not_drawn(metrics: dict[str, Any]) -> None:
    for body in metrics["protocols"].values():
        body["slices"]["mirror_events"] = "unscored"
    assert _page(metrics).count("only one order was asked") == len(Protocol)


def test_mirror_error_has_a_row_for_each_phase_that_was_measured(metrics: dict[str, Any]) -> None:
    page = _page(metrics)
    assert "<td>0.5</td>" in _row(page, '<th scope="row">before training</th>')
    assert "<td>0.0625</td><td>–</td><td>–</td><td>–</td><td>0.01</td>" in _row(
        page, '<th scope="row">after mirror SFT</th>'
    )
    assert "after preference training" not in page


def test_failures_probes_and_costs_are_on_the_page(metrics: dict[str, Any]) -> None:
    page = _page(metrics)
    assert "7,200,000" in _row(page, '<th scope="row">teacher qwen</th>')
    assert "0.500 → 0.500" in _row(page, '<th scope="row">Retrieval off</th>')
    assert "no such pair" in _row(page, '<th scope="row">Other enzyme</th>')
    assert page.count("A trace of its own accord has the right family, but the stack chose another.") == 1


def test_without_probes_the_page_says_so(metrics: dict[str, Any]) -> None:
    for body in metrics["protocols"].values():
        body["probes"] = []
    assert "No pair was asked." in _page(metrics)


def test_rules_of_the_verifier_are_shown_with_their_precision(metrics: dict[str, Any]) -> None:
    row = _row(_page(metrics), '<th scope="row">flag off</th>')
    assert row.count("<td>1,200</td><td>0.9</td><td>–</td>") == len(Protocol)
    assert "75 % of 8 texts are traces" in _page(metrics)
