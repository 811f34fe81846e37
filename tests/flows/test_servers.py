"""Both user interfaces come up on loopback, and a taken port is one clear line."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from flows.servers import serve
from mard.errors import PortInUse


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_port_in_use_stops_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=f"port {port} is in use, so MLflow cannot start there"):
            serve(free_port(), port, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_both_servers_start_answer_and_stop(tmp_path: Path) -> None:
    prefect_port, mlflow_port = free_port(), free_port()
    command = [sys.executable, "-m", "flows", "ui", "--artifacts", str(tmp_path)]
    command += ["--prefect-port", str(prefect_port), "--mlflow-port", str(mlflow_port)]
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path / "prefect")}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        lines = [server.stdout.readline() for _ in range(3)]
        assert f"http://127.0.0.1:{prefect_port}" in lines[0]
        assert f"http://127.0.0.1:{mlflow_port}" in lines[1]
        assert httpx.get(f"http://127.0.0.1:{prefect_port}/api/health").json() is True
        assert httpx.get(f"http://127.0.0.1:{mlflow_port}/health").text == "OK"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=60)
        if server.stdout is not None:
            server.stdout.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", mlflow_port)):
                return
        time.sleep(0.2)
    pytest.fail("MLflow still answers after the servers were stopped")
