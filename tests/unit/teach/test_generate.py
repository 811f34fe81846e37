"""Shards: every draw once, in a fixed order, whatever the order of work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mard.io import write_jsonl
from mard.schema import Pool
from mard.teach.backend import Draw
from mard.teach.candidate import Candidate
from mard.teach.generate import Shard, generate, plan, read_candidates
from mard.teach.symbolic.teacher import SymbolicTeacher
from tests.builders import voriconazole_axitinib

PAIRS = ["DB00582|DB06626", "DB00582|DB06627", "DB00582|DB06628"]


def pool_of(pair_id: str) -> Pool:
    pool = voriconazole_axitinib()
    return replace(pool, b=replace(pool.b, drug_id=pair_id.split("|")[1]))


def test_shards_cover_the_pairs_in_order() -> None:
    shards = plan(PAIRS, 2)
    assert [shard.pair_ids for shard in shards] == [tuple(PAIRS[:2]), tuple(PAIRS[2:])]
    assert [shard.file_name for shard in shards] == ["shard-00000.jsonl", "shard-00001.jsonl"]
    assert plan([], 2) == []


def test_a_shard_holds_every_draw_once_by_pair_then_teacher_then_index() -> None:
    teachers = [SymbolicTeacher("pk_first", 0.9), SymbolicTeacher("analogy_first", 0.9)]
    found = generate(Shard(0, tuple(PAIRS[:2])), pool_of, teachers, (0.3, 1.0), seed=45)
    assert [(one.pair_id, one.teacher, one.index) for one in found] == [
        (pair_id, teacher, index)
        for pair_id in PAIRS[:2]
        for teacher in ("pk_first", "analogy_first")
        for index in (0, 1)
    ]


def test_candidates_do_not_depend_on_how_pairs_are_cut_into_shards() -> None:
    teachers = [SymbolicTeacher("pk_first", 0.9)]

    def all_of(size: int) -> list[Candidate]:
        return [one for s in plan(PAIRS, size) for one in generate(s, pool_of, teachers, (0.3, 1.0), seed=45)]

    assert all_of(1) == all_of(3)


class Recorder:
    """A teacher that notes what it was shown."""

    name = "recorder"

    def __init__(self) -> None:
        self.seen: list[Draw] = []

    def propose(self, draws: Sequence[Draw]) -> list[Candidate]:
        self.seen += draws
        return [
            Candidate(str(d.pool.pair_id), self.name, d.index, d.temperature, d.seed, None, "-")
            for d in draws
        ]


def test_a_teacher_is_shown_pools_temperatures_and_seeds_only() -> None:
    teacher = Recorder()
    generate(Shard(0, (PAIRS[0],)), pool_of, [teacher], (0.3,), seed=45)
    (draw,) = teacher.seen
    assert draw == Draw(pool_of(PAIRS[0]), 0, 0.3, draw.seed)


def test_candidates_read_back_pair_by_pair(tmp_path: Path) -> None:
    teachers = [SymbolicTeacher("pk_first", 0.9)]
    written = []
    for shard in plan(PAIRS, 2):
        found = generate(shard, pool_of, teachers, (0.3, 1.0), seed=45)
        write_jsonl(tmp_path / shard.file_name, (one.to_dict() for one in found))
        written += found
    (tmp_path / ".shard-00002.jsonl.partial").write_text("{half a li")  # what a killed run leaves
    pairs = list(read_candidates(tmp_path))
    assert [pair[0].pair_id for pair in pairs] == PAIRS
    assert [one for pair in pairs for one in pair] == written
