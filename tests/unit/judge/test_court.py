"""Shards heard apart give what they give together, by whichever process."""

from __future__ import annotations

from functools import partial
from itertools import chain
from pathlib import Path

import pytest

from mard.ingest.processes import map_in_order
from mard.io import write_jsonl
from mard.judge.court import Court, Session, Summons, different_traces, draw, hear
from mard.judge.gold import read_gold
from mard.judge.qc import JudgeBounds
from mard.judge.tally import Tally
from mard.retrieve.pools import PoolStore
from mard.teach.backend import Draw
from mard.teach.candidate import Candidate, read_shard
from mard.teach.symbolic.teacher import SymbolicTeacher
from tests.unit.tasks.teacher_set import PAIRS, gold, write_teacher_set

BOUNDS = JudgeBounds(max_summary_words=80, max_hedging=0.15, max_claim_words=40, sparse_citations=3)
SHARDS = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("court")
    write_teacher_set(folder)
    store = PoolStore.open(folder / "evidence", folder / "retrieve")
    for number in range(SHARDS):
        pairs = PAIRS[number::SHARDS]
        told = (_told(store, pair_id) for pair_id in pairs)
        write_jsonl(
            folder / f"shard-{number:05d}.jsonl", (one.to_dict() for one in chain.from_iterable(told))
        )
    return folder


def _told(store: PoolStore, pair_id: str) -> list[Candidate]:
    pool = store.pool("teacher", pair_id)
    draws = [Draw(pool, index, 1.0, index) for index in range(6)]
    return [*SymbolicTeacher("pk_first", 1.0).answer(draws), Candidate(pair_id, "mute", 0, 0.3, 1, None, "?")]


def summons(folder: Path, steps_per_pair: int = 24) -> Summons:
    subset = folder / "split" / "teacher_subset.parquet"
    return Summons(folder / "evidence", folder / "retrieve", subset, BOUNDS, steps_per_pair)


def shards(folder: Path) -> list[Path]:
    return sorted(folder.glob("shard-*.jsonl"))


def counts(session: Session) -> object:
    return session.verdicts, session.steps, session.different, session.pairs, session.tally.to_dict()


def test_two_processes_find_what_one_finds(folder: Path) -> None:
    court = Court.convene(summons(folder))
    alone = [counts(court.shard(shard)) for shard in shards(folder)]
    together = [
        counts(each) for each in map_in_order(partial(hear, summons(folder)), iter(shards(folder)), 2)
    ]
    assert together == alone


def test_tallies_of_shards_add_up_to_the_tally_of_all(folder: Path) -> None:
    court, merged = Court.convene(summons(folder)), Tally()
    for shard in shards(folder):
        merged.merge(court.shard(shard).tally)
    whole = court.hear(chain.from_iterable(map(read_shard, shards(folder))))
    assert merged.to_dict() == whole.tally.to_dict()
    assert whole.tally.to_dict()["mute"]["invalid"] == whole.pairs == len(PAIRS)


def test_a_cap_keeps_a_fixed_draw_of_different_traces_and_counts_them_all(folder: Path) -> None:
    (shard, *_) = shards(folder)
    free, capped = (Court.convene(summons(folder, limit)).shard(shard) for limit in (24, 2))
    assert capped.different == free.different == len(free.steps)
    assert capped.verdicts == free.verdicts
    assert len(capped.steps) <= 2 * capped.pairs < len(free.steps)
    kept = [line for line in free.steps if line in set(capped.steps)]
    assert kept == capped.steps, "a part of all rows, in their order"


def test_a_draw_is_by_lot_not_by_place(folder: Path) -> None:
    firsts = set()
    for candidates in chain.from_iterable(map(read_shard, shards(folder))):
        different = different_traces(candidates)
        assert all(one.trace == trace for trace, one in different.items())
        if len(different) > 1:
            ((one, _),) = draw(different, 1)
            firsts.add(one == next(iter(different.values())))
    assert firsts == {True, False}


def test_gold_is_read_by_pair(folder: Path) -> None:
    labels = read_gold(folder / "split" / "teacher_subset.parquet")
    assert labels == {pair_id: gold(pair_id) for pair_id in PAIRS}
