from __future__ import annotations

from pathlib import Path

import pytest

from mard.ingest.sample.release import write_release
from tasks import ingest
from tasks.__main__ import main


def test_ctrl_c_is_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_workspace: object, out: Path) -> None:
        (out / "half").write_text("written")
        raise KeyboardInterrupt

    monkeypatch.setattr(ingest, "compute", interrupted)
    release = write_release(tmp_path / "release")
    artifacts = tmp_path / "artifacts"
    given = ["ingest", "--artifacts", str(artifacts), "--set", f'ingest.release="{release}"']
    assert main(given) == 130
    assert capsys.readouterr().err == "ingest: interrupted; nothing is half-written\n"
    assert list(artifacts.iterdir()) == []


def test_a_deliberate_error_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["ingest", "--artifacts", str(tmp_path), "--set", 'ingest.release="/nonexistent.xml"']
    assert main(given) == 2
    assert capsys.readouterr().err.startswith("error: /nonexistent.xml: no such file or folder")
