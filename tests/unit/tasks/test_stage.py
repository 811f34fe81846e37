from __future__ import annotations

from pathlib import Path

import pytest

from mard.errors import InputError
from tasks import stage


@pytest.mark.parametrize(
    ("address", "remedy"),
    [
        ("https://me:secret@mlflow.example", "MLFLOW_TRACKING_PASSWORD"),
        ("postgresql+psycopg2://me:secret@db.example/mlflow", "PGPASSFILE"),
    ],
)
def test_a_password_in_the_trackers_address_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str, remedy: str
) -> None:
    monkeypatch.setattr(stage, "TEAM_SERVER", address)
    with pytest.raises(InputError, match=remedy) as caught:
        stage.workspace_for(tmp_path)
    assert "secret" not in str(caught.value)


def test_runs_go_to_the_teams_server_or_to_a_database_beside_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for address in ("https://mlflow.example", "postgresql://me@db.example/mlflow"):
        monkeypatch.setattr(stage, "TEAM_SERVER", address)
        assert stage.tracking_store(tmp_path) == address
    monkeypatch.setattr(stage, "TEAM_SERVER", None)
    assert stage.tracking_store(tmp_path) == f"sqlite:///{tmp_path}/mlruns/mlflow.db"
