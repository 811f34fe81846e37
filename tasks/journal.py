"""What a run has to tell its tracking server, on disk first: an append-only journal a run.

Telling the server may then fail and be repeated, while the process lives or after it. Every entry has its
time from the start, and the server keeps one of two equal points, so what is told twice counts once.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Self
from uuid import uuid4

from mard.io import write_json

Entry = Mapping[str, Any]

FOLDER: Final = ".tracking"


class Journal:
    """The journal in ``folder``; :meth:`open` makes this process its only writer and deliverer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lines = folder / "journal.jsonl"
        self._state = folder / "state.json"
        self._appending = threading.Lock()
        self._held: int | None = None

    @classmethod
    def create(cls, home: Path) -> Journal:
        """A new one in ``home``; names sort by age."""
        journal = cls(home / f"{time.time_ns():019d}-{uuid4().hex[:8]}")
        journal.folder.mkdir(parents=True)
        return journal

    @property
    def name(self) -> str:
        """What other journals call it."""
        return self.folder.name

    def open(self) -> bool:
        """Hold it until :meth:`close` or the process ends; False where another process holds it."""
        held = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            return False
        self._held = held
        self._drop_torn_line()
        return True

    def close(self) -> None:
        """Let go of it."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, entry: Entry) -> None:
        """Add an entry; it outlives the process, though perhaps not the machine's power."""
        line = json.dumps({"time": int(time.time() * 1000), **entry}, separators=(",", ":")) + "\n"
        with self._appending, self._lines.open("a", encoding="utf-8") as out:
            out.write(line)

    def keep(self, path: Path) -> str:
        """Keep a file or folder as it is now, by hard links where possible; returns its name in here."""
        name = f"files/{uuid4().hex[:8]}/{path.name}"
        target = self.folder / name
        target.parent.mkdir(parents=True)
        if path.is_dir():
            shutil.copytree(path, target, copy_function=_link)
        else:
            _link(path, target)
        return name

    def forget(self, kept: str) -> None:
        """Drop what :meth:`keep` kept."""
        shutil.rmtree((self.folder / kept).parent, ignore_errors=True)

    def entries(self, start: int = 0) -> Iterator[Entry]:
        """The entries from number ``start``; a line still being written is not one yet."""
        if not self._lines.exists():
            return
        with self._lines.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                if number >= start and line.endswith("\n"):
                    yield json.loads(line)

    @property
    def state(self) -> dict[str, Any]:
        """What is known of the delivery.

        How many entries are ``delivered``, the server's ``run_id``, the ``error`` that ended the last
        attempt, and what the server ``refused``.
        """
        try:
            found: dict[str, Any] = json.loads(self._state.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {"delivered": 0, "run_id": None, "error": None, "refused": []}
        return found

    def update(self, **changes: Any) -> None:
        """Change the state."""
        write_json(self._state, {**self.state, **changes})

    @property
    def pending(self) -> int:
        """Entries that the server does not have."""
        return sum(1 for _ in self.entries(self.state["delivered"]))

    def remove(self) -> None:
        """Delete it."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _drop_torn_line(self) -> None:
        """Cut what a killed process left half-written."""
        if self._lines.exists():
            text = self._lines.read_bytes()
            whole = text[: text.rfind(b"\n") + 1]
            if whole != text:
                os.truncate(self._lines, len(whole))


def journals(home: Path) -> list[Journal]:
    """All journals in ``home``, oldest first."""
    return [Journal(path.parent) for path in sorted(home.glob("*/journal.jsonl"))]


def _link(source: str | Path, target: str | Path) -> object:
    try:
        os.link(source, target)
    except OSError:
        return shutil.copy2(source, target)
    return target
