from __future__ import annotations

import sys

import pytest

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
