"""Run the pipeline from the command line, on a running Prefect server or an ephemeral one."""

from __future__ import annotations

from pathlib import Path

import typer

from flows.servers import one_prefect_server
from mard.ingest.sample.release import write_release
from mard.io import read_json
from tasks.borrow import borrow
from tasks.environment import REPOSITORY
from tasks.stage import workspace_for
from tasks.versioning import track_data


def run_pipeline(
    release: Path | None,
    artifacts: Path | None,
    preset: str | None,
    overrides: list[str],
    first: str | None,
    last: str | None,
    base: Path | None = None,
) -> None:
    """Check the parameters, run the ``retrain`` flow and say where its results are.

    Args:
        release: See :func:`flows.retrain.retrain`; likewise the others.
        base: Another run's folder, from which the stages before ``first`` are taken.

    Raises:
        MardError: Whatever stopped the flow.
    """
    if release is None or artifacts is not None or base is not None:
        workspace = workspace_for(artifacts, release=release, preset=preset, overrides=overrides)
        if base is not None:
            borrow(workspace, base, first)
    if release is None:
        _provide_sample()
    from flows.retrain import retrain

    with one_prefect_server():
        retrain(
            release=None if release is None else str(release.resolve()),
            artifacts=None if artifacts is None else str(artifacts),
            preset=preset,
            overrides=overrides,
            first=first,
            last=last,
        )
    typer.echo(readable(artifacts))


def _provide_sample() -> None:
    """Write the embedded sample release when the repository holds no release at all."""
    data = REPOSITORY / "data"
    if not data.exists():
        write_release(data)
        track_data()


def readable(artifacts: Path | None) -> str:
    """What there is to look at now, as lines for a terminal."""
    folder = REPOSITORY / "artifacts" if artifacts is None else artifacts.resolve()
    option = "" if artifacts is None else f" --artifacts {folder}"
    lines = ["", "Research use only; not a medical device. Done:"]
    registration = folder / "register" / "registration.json"
    pages = {
        "certificate": folder / "gates" / "certificate.html",
        "retrieval": folder / "retrieve" / "audit.html",
        "report": folder / "evaluate" / "report.html",
    }
    lines += [f"  {name:<18}{page}" for name, page in pages.items() if page.exists()]
    lines.append(f"  {'user interfaces':<18}mard ui{option}  (or `make ui`)")
    if registration.exists():
        lines.append(f"  {'registered model':<18}{_registered(registration)}")
        lines.append(f"  {'one prediction':<18}mard predict DB00582 DB06626{option}")
    return "\n".join(lines)


def _registered(path: Path) -> str:
    found = read_json(path)
    return f"models:/{found['name']}/{found['version']} ({found['alias']}: {found['reason']})"
