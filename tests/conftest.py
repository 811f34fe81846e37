"""Fixtures that several folders share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import tasks  # noqa: F401 -- sets the environment before anything heavy is imported

ROOT = Path(__file__).parents[1]

# As the tests were started: MLflow's set_tracking_uri writes into the environment of its process.
OWN = dict(os.environ)

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")  # a busy machine is no fault

# Sizes at which the whole chain runs in about two minutes on two cores.
SMALL = (
    "split.subset_train=96",
    "split.subset_val=16",
    "split.subset_test=16",
    "split.eval_sizes=[500, 12]",
    "retrieve.audit_queries=50",
    "teach.candidates=4",
    "teach.shard_pairs=16",
    "prm.max_traces=200",
    "sft.epochs=1",
    "sft.save_steps=3",
    "dpo.max_pairs=32",
    "infer.manifest_size=12",
    "infer.samples_warm=2",
    "infer.samples_cold=2",
    "evaluate.bootstrap_resamples=100",
    "baselines.trees=20",
)


def mard(*arguments: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command ``mard`` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "flows", *arguments],
        cwd=ROOT,
        env={**OWN, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if check and done.returncode:
        pytest.fail(
            f"mard {' '.join(arguments)} exited with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        )
    return done


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded sample release."""
    folder = tmp_path_factory.mktemp("release")
    subprocess.run([sys.executable, "-m", "mard.ingest.sample", str(folder)], cwd=ROOT, check=True)
    (release,) = folder.iterdir()
    return release


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the Prefect server of the tests keeps its database."""
    return tmp_path_factory.mktemp("prefect")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, sample: Path, prefect_home: Path) -> Path:
    """Artifacts of the whole chain on the sample release, at small sizes."""
    artifacts = tmp_path_factory.mktemp("finished") / "artifacts"
    sets = [argument for item in SMALL for argument in ("--set", item)]
    mard(
        "run", "--release", str(sample), "--artifacts", str(artifacts), *sets, PREFECT_HOME=str(prefect_home)
    )
    return artifacts
