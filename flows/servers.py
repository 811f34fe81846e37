"""The Prefect and MLflow servers on loopback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import typer
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from mard.errors import MardError, PortInUse
from tasks.environment import REPOSITORY
from tasks.stage import tracking_store

HOST = "127.0.0.1"
SECONDS_TO_START = 90


def serve(prefect_port: int, mlflow_port: int, artifacts: Path | None) -> None:
    """Start both servers, print their addresses, and stop both when interrupted.

    Raises:
        PortInUse: A port is taken; nothing was started.
        MardError: A server did not come up or stopped by itself.
    """
    for server, port, option in (
        ("Prefect", prefect_port, "--prefect-port"),
        ("MLflow", mlflow_port, "--mlflow-port"),
    ):
        _require_free(server, port, option)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    home = REPOSITORY if artifacts is None else artifacts.resolve()
    servers = {
        "Prefect": (
            _start(prefect_command(prefect_port), prefect_environment(prefect_port)),
            f"http://{HOST}:{prefect_port}",
            "/api/health",
        ),
        "MLflow": (_start(mlflow_command(mlflow_port, home), {}), f"http://{HOST}:{mlflow_port}", "/health"),
    }
    try:
        for name, (process, address, health) in servers.items():
            _wait_until_healthy(name, process, address + health)
            typer.echo(f"{name:<8} {address}")
        typer.echo("Press Ctrl-C to stop both.")
        _wait_for_any({name: process for name, (process, _, _) in servers.items()})
    except KeyboardInterrupt:
        typer.echo("stopping")
    finally:
        for process, _, _ in servers.values():
            process.terminate()
        for process, _, _ in servers.values():
            process.wait(timeout=30)


@contextmanager
def one_prefect_server() -> Iterator[str]:
    """Settle which Prefect server a run speaks to, and yield its address.

    It is the one that ``PREFECT_API_URL`` names, else the one of ``mard ui`` when it is up, so that its
    page shows the run live, else a temporary one. Worker processes are told the address: left to
    themselves, each would start a temporary server of its own.
    """
    address = PREFECT_API_URL.value() or _running_server() or _temporary_server()
    with temporary_settings({PREFECT_API_URL: address}):
        yield address


def _running_server() -> str | None:
    address = f"http://{HOST}:{os.environ['MARD_PREFECT_PORT']}/api"
    try:
        healthy = httpx.get(f"{address}/health", timeout=1).json() is True
    except (httpx.HTTPError, ValueError):
        return None
    return address if healthy else None


def _temporary_server() -> str:
    """Prefect stops it when this process ends."""
    with get_client(sync_client=True) as client:
        return str(client.api_url)


def prefect_command(port: int) -> list[str]:
    """The command that serves Prefect's API and UI."""
    return [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port)]


def prefect_environment(port: int) -> dict[str, str]:
    """Where the UI, which runs in the browser, finds the API: without it, always at port 4200."""
    return {"PREFECT_SERVER_UI_API_URL": f"http://{HOST}:{port}/api"}


def mlflow_command(port: int, home: Path) -> list[str]:
    """The command that serves the tracking store of ``home``."""
    store = tracking_store(home)
    if store.startswith("sqlite:///"):
        Path(store.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    return [
        *(sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", store, "--artifacts-destination", str(home / "mlruns" / "artifacts")),
    ]


def _require_free(server: str, port: int, option: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortInUse(server, port, f"stop what listens there or give {option}") from error


def _start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _wait_until_healthy(name: str, process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise MardError(f"{name} stopped with status {process.returncode}; run it alone to see why")
        try:
            if httpx.get(address, timeout=2).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.3)
    raise MardError(f"{name} did not answer at {address} within {SECONDS_TO_START} s")


def _wait_for_any(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    while True:
        for name, process in processes.items():
            if process.poll() is not None:
                raise MardError(f"{name} stopped with status {process.returncode}")
        time.sleep(1)
