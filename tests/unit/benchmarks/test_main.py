from __future__ import annotations

import json
import sys
from types import ModuleType

import pytest

import benchmarks.__main__
from benchmarks.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["parse", "--scale", "0"], "argument --scale: invalid"),
        (["parse", "--scale", "nan"], "argument --scale: invalid"),
        (["nonesuch"], "invalid choice: 'nonesuch'"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(monkeypatch, capsys, arguments, said):
    monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
    with pytest.raises(SystemExit):
        main()
    assert said in capsys.readouterr().err


def test_artifacts_are_for_benchmarks_that_read_them(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "parse", "--artifacts", str(tmp_path)])
    with pytest.raises(SystemExit, match="makes its own data"):
        main()


def test_stdout_is_one_line_of_json_whatever_libraries_print(monkeypatch, capsys):
    chatty = ModuleType("benchmarks.chatty")
    chatty.DEFAULT_SCALE = 0.5
    chatty.run = lambda scale: (print("a library says hello"), ({"ratio": scale}, {}))[1]
    monkeypatch.setitem(sys.modules, "benchmarks.chatty", chatty)
    monkeypatch.setattr(benchmarks.__main__, "NAMES", ("chatty",))
    monkeypatch.setattr(sys, "argv", ["benchmarks", "chatty"])
    assert main() == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["ratios"] == {"ratio": 0.5}
    assert printed.err == "a library says hello\n"
