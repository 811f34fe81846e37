"""What a person sees: the report, Data Docs, and the MLflow and Prefect pages, in headless Chromium."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from mlflow import MlflowClient
from playwright.sync_api import Browser, Page

from flows.servers import mlflow_command, prefect_command, prefect_environment
from tests.conftest import ROOT
from tests.flows.test_servers import free_port

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1300, "height": 900})
    yield opened
    opened.close()


def _serve(command: list[str], health: str, **environment: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        try:
            if httpx.get(health, timeout=2).is_success:
                return process
        except httpx.HTTPError:
            time.sleep(0.3)
    process.kill()
    pytest.fail(f"no answer at {health}")


@pytest.fixture(scope="module")
def mlflow_address(finished: Path) -> Iterator[str]:
    port = free_port()
    process = _serve(mlflow_command(port, finished), f"http://127.0.0.1:{port}/health")
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(timeout=30)


@pytest.fixture(scope="module")
def prefect_address(finished: Path, prefect_home: Path) -> Iterator[str]:
    port = free_port()
    process = _serve(
        prefect_command(port),
        f"http://127.0.0.1:{port}/api/health",
        PREFECT_HOME=str(prefect_home),
        **prefect_environment(port),
    )
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(timeout=30)


@pytest.mark.parametrize(
    "path",
    [
        *("gates/certificate.html", "gates/data_docs/index.html"),
        *("retrieve/audit.html", "evaluate/report.html"),
    ],
)
def test_a_page_opens_offline_and_asks_for_nothing(finished: Path, browser: Browser, path: str) -> None:
    context = browser.new_context(offline=True)
    page = context.new_page()
    wanted: list[str] = []
    page.on("request", lambda request: wanted.append(request.url))
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((finished / path).as_uri())
    assert len(page.inner_text("body")) > 500
    assert [url for url in wanted if not url.startswith(("file:", "data:"))] == []
    assert errors == []
    context.close()


def test_every_citation_of_a_worked_trace_leads_to_its_evidence(finished: Path, page: Page) -> None:
    page.goto((finished / "evaluate" / "report.html").as_uri())
    links = page.locator("a.citation")
    assert links.count() > 10
    broken = page.evaluate(
        "() => [...document.querySelectorAll('a.citation')]"
        ".filter(a => !document.getElementById(decodeURIComponent(a.hash.slice(1)))).map(a => a.hash)"
    )
    assert broken == []


@pytest.mark.parametrize(
    "path",
    [
        *("gates/certificate.html", "gates/data_docs/index.html", "gates/data_docs/label-labels.html"),
        *("retrieve/audit.html", "evaluate/report.html"),
    ],
)
def test_a_page_does_not_scroll_sideways_on_a_phone(finished: Path, browser: Browser, path: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto((finished / path).as_uri())
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth + 1")
    marks = page.locator(".pass").all()
    assert all(mark.bounding_box()["height"] < 30 for mark in marks), "words are broken in the middle"
    page.close()


def test_mlflow_compares_the_training_runs(page: Page, mlflow_address: str) -> None:
    client = MlflowClient(mlflow_address)
    experiment = client.get_experiment_by_name("mard").experiment_id
    runs = {run.info.run_name: run.info.run_id for run in client.search_runs([experiment])}
    chosen = json.dumps([runs[stage] for stage in ("prm", "sft", "dpo")])
    page.goto(f"{mlflow_address}/#/compare-runs?runs={chosen}&experiments={json.dumps([experiment])}")
    page.get_by_text("Comparing 3 Runs").first.wait_for(timeout=60_000)
    for shown in (*("prm", "sft", "dpo"), "learning_rate"):
        page.get_by_text(shown, exact=True).first.wait_for(timeout=60_000)


def test_mlflow_shows_the_registered_model(page: Page, mlflow_address: str) -> None:
    page.goto(f"{mlflow_address}/#/models/mard")
    page.get_by_text("champion").first.wait_for(timeout=60_000)


def test_prefect_shows_the_flow_runs(page: Page, prefect_address: str) -> None:
    page.goto(f"{prefect_address}/runs")
    for flow in ("retrain", "corpus", "distill", "train", "release"):
        page.get_by_text(flow, exact=True).first.wait_for(timeout=60_000)
