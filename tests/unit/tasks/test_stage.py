from __future__ import annotations

from pathlib import Path

import pytest

from mard.errors import InputError
from tasks import stage


def test_a_password_in_the_trackers_address_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(stage, "TEAM_SERVER", "https://me:secret@mlflow.example")
    with pytest.raises(InputError, match="MLFLOW_TRACKING_PASSWORD") as caught:
        stage.workspace_for(tmp_path)
    assert "secret" not in str(caught.value)


def test_runs_go_to_the_teams_server_or_to_a_database_beside_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(stage, "TEAM_SERVER", "https://mlflow.example")
    assert stage.tracking_store(tmp_path) == "https://mlflow.example"
    monkeypatch.setattr(stage, "TEAM_SERVER", None)
    assert stage.tracking_store(tmp_path) == f"sqlite:///{tmp_path}/mlruns/mlflow.db"
