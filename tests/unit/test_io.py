"""Writes are atomic: a reader sees the old content or the new, never half."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from mard.errors import InputError
from mard.io import atomic_path, read_json, read_jsonl, sha256_file, write_json, write_jsonl, write_text


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "table.txt"
    write_text(target, "old")
    with pytest.raises(RuntimeError), atomic_path(target) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["table.txt"]


def test_a_failed_folder_keeps_the_old_folder(tmp_path: Path) -> None:
    target = tmp_path / "stage"
    target.mkdir()
    (target / "a").write_text("old")
    with pytest.raises(RuntimeError), atomic_path(target) as partial:
        partial.mkdir()
        (partial / "b").write_text("half")
        raise RuntimeError
    assert [path.name for path in target.iterdir()] == ["a"]
    assert [path.name for path in tmp_path.iterdir()] == ["stage"]


def test_a_new_folder_replaces_the_old_one_whole(tmp_path: Path) -> None:
    target = tmp_path / "stage"
    for name in ("a", "b"):
        with atomic_path(target) as partial:
            partial.mkdir()
            (partial / name).write_text(name)
    assert [path.name for path in target.iterdir()] == ["b"]


def test_the_rest_of_a_killed_process_is_cleared(tmp_path: Path) -> None:
    leftover = tmp_path / ".stage.partial"
    leftover.mkdir()
    (leftover / "stale").write_text("stale")
    with atomic_path(tmp_path / "stage") as partial:
        partial.mkdir()
        (partial / "fresh").write_text("fresh")
    assert [path.name for path in (tmp_path / "stage").iterdir()] == ["fresh"]


def test_json_is_sorted_and_refuses_nan(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    write_json(path, {"b": 1, "a": [2]})
    assert path.read_text() == '{\n  "a": [\n    2\n  ],\n  "b": 1\n}\n'
    with pytest.raises(ValueError, match="Out of range"):
        write_json(path, {"a": math.nan})
    assert read_json(path) == {"a": [2], "b": 1}


def test_jsonl_names_the_broken_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    assert write_jsonl(path, [{"a": 1}, {"a": 2}]) == 2
    assert list(read_jsonl(path)) == [{"a": 1}, {"a": 2}]
    path.write_text('{"a":1}\n{"a":')
    with pytest.raises(InputError, match="line 2: not JSON"):
        list(read_jsonl(path))


def test_reading_nothing_and_nonsense(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_json(tmp_path / "absent.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(InputError, match="not JSON"):
        read_json(tmp_path / "bad.json")
    with pytest.raises(InputError, match="cannot be read"):
        read_json(tmp_path)


def test_sha256_of_known_bytes(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert sha256_file(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
