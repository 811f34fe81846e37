"""Atomic writes and content hashes.

A file or folder appears under its final name only when it is complete: readers never see half of
one, and a killed process leaves at most a hidden ``.partial`` sibling that the next run removes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from mard.errors import InputError


@contextmanager
def atomic_path(target: Path, *, private: bool = False) -> Iterator[Path]:
    """Yield a temporary sibling that replaces ``target`` when the block ends without an error.

    Args:
        target: The file or folder.
        private: Share the temporary name with no other writer. For work that may be started a second
            time elsewhere while the first still runs; what a killed writer leaves is then not found again.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    writer = f"{uuid4().hex}." if private else ""
    partial = target.with_name(f".{target.name}.{writer}partial")
    _remove(partial)
    try:
        yield partial
        if target.is_dir():
            shutil.rmtree(target)
        os.replace(partial, target)
    finally:
        _remove(partial)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    with atomic_path(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON with sorted keys atomically; NaN is refused."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n")


def write_jsonl(path: Path, rows: Iterable[Any]) -> int:
    """Write one compact JSON value a line atomically; return how many."""
    count = 0
    with atomic_path(path) as partial, partial.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n")
            count += 1
    return count


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines of text atomically."""
    with atomic_path(path) as partial, partial.open("w", encoding="utf-8") as out:
        out.writelines(f"{line}\n" for line in lines)


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        InputError: The file is missing, cannot be read or is not JSON; the message names the file and line.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {error}") from error


def read_jsonl(path: Path) -> Iterator[Any]:
    """Read one JSON value a line, lazily.

    Raises:
        InputError: A line is not JSON; the message names the file and line.
    """
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise InputError(f"{path}, line {number}: not JSON: {error}") from error


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_text(text: str) -> str:
    """Hex SHA-256 of UTF-8 text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
