"""What a teacher has already answered, so that no candidate is lost and none is asked for twice.

A shard under way has a journal, to which every candidate is appended the moment it arrives; a finished shard
is one sorted file that has replaced its journal. Names are digests of all that an answer depends on, so
a changed pool, model or schedule finds nothing and an unchanged one finds everything.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from mard.io import read_jsonl, write_jsonl
from mard.teach.candidate import Candidate

Key = tuple[str, int]

_JOURNAL: Final = ".journal"
_FINISHED: Final = ".jsonl"


def key_of(candidate: Candidate) -> Key:
    """What a teacher answers once: a pair at a place in the temperature schedule."""
    return candidate.pair_id, candidate.index


@dataclass
class Ledger:
    """The answers of one teacher, in a folder of their own; one process writes at a time."""

    folder: Path
    _journals: dict[str, IO[bytes]] = field(default_factory=dict, init=False)

    def has_finished(self, digest: str) -> bool:
        """Whether every candidate of a shard is there."""
        return self._path(digest, _FINISHED).exists()

    def read(self, digest: str) -> list[Candidate]:
        """The candidates of a shard so far; sorted where it is finished."""
        return [Candidate.from_dict(row) for row in self._rows(digest)]

    def usage(self, digest: str) -> tuple[int, int, int]:
        """Prompt tokens, completion tokens and candidates of a shard so far."""
        rows = list(self._rows(digest))
        prompt, completion = (
            sum(row[kind] for row in rows) for kind in ("prompt_tokens", "completion_tokens")
        )
        return prompt, completion, len(rows)

    def record(self, digest: str, candidate: Candidate) -> None:
        """Append a candidate to its shard's journal; it survives the death of the process."""
        if digest not in self._journals:
            self._journals[digest] = self._open(digest)
        line = json.dumps(candidate.to_dict(), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        self._journals[digest].write(line.encode("utf-8") + b"\n")
        self._journals[digest].flush()

    def finish(self, digest: str) -> None:
        """Replace a shard's journal by the sorted file."""
        if digest in self._journals:
            self._journals.pop(digest).close()
        candidates = sorted(self.read(digest), key=key_of)
        write_jsonl(self._path(digest, _FINISHED), (candidate.to_dict() for candidate in candidates))
        self._path(digest, _JOURNAL).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the journals of shards that are not finished."""
        while self._journals:
            self._journals.popitem()[1].close()

    def _rows(self, digest: str) -> Iterator[dict[str, Any]]:
        finished, journal = (self._path(digest, suffix) for suffix in (_FINISHED, _JOURNAL))
        if finished.exists():
            yield from read_jsonl(finished)
        elif journal.exists():
            yield from _whole_lines(journal)

    def _open(self, digest: str) -> IO[bytes]:
        """The journal, its torn last line (of a writer that was killed) cut off."""
        path = self._path(digest, _JOURNAL)
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a+b")
        stream.seek(0)
        stream.truncate(stream.read().rfind(b"\n") + 1)
        return stream

    def _path(self, digest: str, suffix: str) -> Path:
        return self.folder / f"{digest}{suffix}"


def _whole_lines(journal: Path) -> Iterator[dict[str, Any]]:
    """Rows of a journal without the last one, if its writer was killed in the middle of it."""
    with journal.open("rb") as stream:
        yield from (json.loads(line) for line in stream if line.endswith(b"\n"))
