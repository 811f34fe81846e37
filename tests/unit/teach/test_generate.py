"""Every draw once, in a fixed order in the end, whatever the order of work and however often it stops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mard.errors import BudgetReached, TeacherUnavailable
from mard.io import write_jsonl
from mard.schema import Pool
from mard.teach.backend import Draw, TeacherBackend
from mard.teach.candidate import Candidate, read_candidates
from mard.teach.expense import Expense
from mard.teach.generate import Plan, Shard, cut, digests, generate, merged, spent_already
from mard.teach.ledger import Ledger
from mard.teach.symbolic.teacher import SymbolicTeacher
from tests.builders import voriconazole_axitinib

PAIRS = ["DB00582|DB06626", "DB00582|DB06627", "DB00582|DB06628"]
PLAN = Plan(cut(PAIRS, 2), (0.3, 1.0), seed=45)


def pool_of(pair_id: str) -> Pool:
    pool = voriconazole_axitinib()
    return replace(pool, b=replace(pool.b, drug_id=pair_id.split("|")[1]))


class Recorder:
    """A teacher that notes what it was asked, answers out of order and stops after ``lifetime`` answers."""

    name = "recorder"

    def __init__(self, lifetime: int = 1_000, order: int = 0) -> None:
        self.seen: list[Draw] = []
        self.lifetime = lifetime
        self.random = Random(order)

    def answer(self, draws: Iterable[Draw]) -> Iterator[Candidate]:
        waiting: list[Draw] = []
        for draw in draws:
            self.seen.append(draw)
            waiting.append(draw)
            if len(waiting) == 3:  # three under way at once
                yield self._one(waiting)
        while waiting:
            yield self._one(waiting)

    def _one(self, waiting: list[Draw]) -> Candidate:
        if not self.lifetime:
            raise TeacherUnavailable("teacher recorder: no answer")
        self.lifetime -= 1
        draw = waiting.pop(self.random.randrange(len(waiting)))
        return Candidate(
            draw.pair_id, self.name, draw.index, draw.temperature, draw.seed, None, "-", prompt_tokens=1_000
        )


def asked(teacher: str = "recorder", plan: Plan = PLAN, **settings: object) -> dict[Shard, str]:
    return digests(plan, pool_of, {teacher: settings})[teacher]


def run(teacher: TeacherBackend, folder: Path, plan: Plan = PLAN, expense: Expense | None = None) -> Ledger:
    ledger = Ledger(folder)
    own = asked(teacher.name, plan)
    spent = expense or Expense()
    spent_already(ledger, own, spent)
    generate(teacher, plan, pool_of, ledger, own, spent, lambda _: None)
    return ledger


def all_of(ledger: Ledger, teacher: str = "recorder", plan: Plan = PLAN) -> list[Candidate]:
    own = asked(teacher, plan)
    return [one for shard in plan.shards for one in merged(shard, [ledger.read(own[shard])])]


def test_shards_cover_the_pairs_in_order() -> None:
    assert [shard.pair_ids for shard in PLAN.shards] == [tuple(PAIRS[:2]), tuple(PAIRS[2:])]
    assert [shard.file_name for shard in PLAN.shards] == ["shard-00000.jsonl", "shard-00001.jsonl"]
    assert cut([], 2) == ()
    assert PLAN.candidates == 6


def test_a_shard_holds_every_draw_once_by_pair_then_teacher_then_index(tmp_path: Path) -> None:
    teachers = [SymbolicTeacher("pk_first", 0.9), SymbolicTeacher("analogy_first", 0.9)]
    shard = PLAN.shards[0]
    answers = [run(one, tmp_path / one.name).read(asked(one.name)[shard]) for one in teachers]
    assert [(one.pair_id, one.teacher, one.index) for one in merged(shard, answers)] == [
        (pair_id, teacher, index)
        for pair_id in PAIRS[:2]
        for teacher in ("pk_first", "analogy_first")
        for index in (0, 1)
    ]


def test_candidates_do_not_depend_on_how_pairs_are_cut_into_shards(tmp_path: Path) -> None:
    teacher = SymbolicTeacher("pk_first", 0.9)
    plans = [replace(PLAN, shards=cut(PAIRS, size)) for size in (1, 3)]
    one, three = (
        all_of(run(teacher, tmp_path / str(len(plan.shards)), plan), teacher.name, plan) for plan in plans
    )
    assert one == three
    assert len(one) == 6


def test_a_teacher_is_shown_pools_temperatures_and_seeds_only(tmp_path: Path) -> None:
    teacher = Recorder()
    run(teacher, tmp_path)
    draw = teacher.seen[0]
    assert draw == Draw(pool_of(PAIRS[0]), 0, 0.3, draw.seed)


@given(lifetimes=st.lists(st.integers(0, 4), max_size=6), order=st.integers(0, 99))
def test_however_often_it_stops_every_candidate_is_there_once(
    lifetimes: list[int], order: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    undisturbed = all_of(run(Recorder(), folder / "undisturbed"))
    answered = 0
    for lifetime in lifetimes:
        if lifetime < 6 - answered:
            with pytest.raises(TeacherUnavailable):
                run(Recorder(lifetime, order), folder / "disturbed")
            answered += lifetime
    last = Recorder(order=order)
    assert all_of(run(last, folder / "disturbed")) == undisturbed
    assert len(last.seen) == 6 - answered, "nothing that was answered is asked again"


def test_the_budget_stops_new_questions_and_keeps_all_answers(tmp_path: Path) -> None:
    teacher = Recorder()
    expense = Expense(price_prompt=1_000.0, budget=2.0)  # 1,000 tokens an answer: one unit each
    with pytest.raises(BudgetReached, match=r"recorder: 4\.00 spent, .* for 4 of 6 candidates"):
        run(teacher, tmp_path, expense=expense)
    assert len(teacher.seen) == 4, "2 are spent when the fourth has been asked"
    more = Expense(price_prompt=1_000.0, budget=100.0)
    again = Recorder()
    assert len(all_of(run(again, tmp_path, expense=more))) == 6
    assert (len(again.seen), more.spent) == (2, 6.0)


@pytest.mark.parametrize(
    "changed",
    [
        replace(PLAN, seed=46),
        replace(PLAN, temperatures=(0.3, 0.9)),
        replace(PLAN, shards=cut([PAIRS[1], PAIRS[0], PAIRS[2]], 2)),
    ],
)
def test_other_questions_have_other_digests(changed: Plan) -> None:
    assert set(asked().values()).isdisjoint({asked(plan=changed)[changed.shards[0]]})


def test_other_settings_and_other_evidence_have_other_digests() -> None:
    same = asked(model="m")
    assert same == asked(model="m")
    assert same != asked(model="n")
    shown = digests(PLAN, lambda pair_id: replace(pool_of(pair_id), neighbours=()), {"recorder": {}})
    assert shown["recorder"] != asked()


def test_candidates_read_back_pair_by_pair(tmp_path: Path) -> None:
    written = all_of(run(Recorder(), tmp_path / "ledger"))
    for shard in PLAN.shards:
        own = [one.to_dict() for one in written if one.pair_id in shard.pair_ids]
        write_jsonl(tmp_path / shard.file_name, own)
    groups = list(read_candidates(tmp_path))
    assert [{one.pair_id for one in group} for group in groups] == [{pair_id} for pair_id in PAIRS]
    assert [one for group in groups for one in group] == written
