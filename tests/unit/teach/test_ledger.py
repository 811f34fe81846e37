"""Answers are kept the moment they come, once, whatever happens to the writer."""

from __future__ import annotations

from pathlib import Path

from mard.teach.candidate import Candidate
from mard.teach.ledger import Ledger
from tests.builders import metabolism_trace


def candidate(index: int, pair_id: str = "DB00582|DB06626") -> Candidate:
    return Candidate(pair_id, "served", index, 0.3, index, metabolism_trace(), None, 10, 5)


def test_a_new_process_reads_what_the_last_one_recorded(tmp_path: Path) -> None:
    first = Ledger(tmp_path)
    first.record("d", candidate(1))
    first.record("d", candidate(0))
    assert Ledger(tmp_path).read("d") == [candidate(1), candidate(0)], "no close was needed"
    assert not Ledger(tmp_path).has_finished("d")
    first.close()


def test_a_finished_shard_is_sorted_and_has_no_journal(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for index in (2, 0, 1):
        ledger.record("d", candidate(index))
    ledger.finish("d")
    assert [one.index for one in Ledger(tmp_path).read("d")] == [0, 1, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["d.jsonl"]


def test_a_torn_last_line_is_dropped_and_written_over(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.record("d", candidate(0))
    ledger.close()
    journal = tmp_path / "d.journal"
    whole = journal.read_bytes()
    journal.write_bytes(whole + whole[: len(whole) // 2])
    again = Ledger(tmp_path)
    assert again.read("d") == [candidate(0)]
    again.record("d", candidate(1))
    again.finish("d")
    assert again.read("d") == [candidate(0), candidate(1)]


def test_usage_adds_up_tokens_and_answers(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    assert ledger.usage("d") == (0, 0, 0)
    ledger.record("d", candidate(0))
    ledger.record("d", candidate(1))
    assert ledger.usage("d") == (20, 10, 2)
    ledger.finish("d")
    assert ledger.usage("d") == (20, 10, 2)
