"""Money by hand."""

from __future__ import annotations

from mard.teach.expense import Expense


def test_prices_are_a_million_tokens() -> None:
    expense = Expense(price_prompt=0.5, price_completion=2.0)
    expense.add(1_200_000, 300_000)
    assert expense.spent == 0.5 * 1.2 + 2.0 * 0.3


def test_the_cap_is_reached_when_it_is_spent() -> None:
    expense = Expense(price_prompt=1.0, budget=1.0)
    expense.add(999_999, 50)
    assert not expense.is_capped
    expense.add(1, 0)
    assert expense.is_capped
    assert expense.answers == 2


def test_a_teacher_that_costs_nothing_meets_no_cap() -> None:
    expense = Expense()
    expense.add(10**9, 10**9)
    assert not expense.is_capped
